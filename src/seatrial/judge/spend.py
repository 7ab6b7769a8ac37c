"""Spend: a cap in USD that is never exceeded: each call reserves its worst case before it is made.

Admission by what is already booked lets every call under way pass the cap; a reservation does not. Amounts are whole
billionths of a USD, so that sums are exact.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from seatrial.price import Price

NANO = 1_000_000_000
FRAME_TOKENS = 64
"""Tokens a provider may add around the messages of a call."""


class Spend:
    """What was spent and what is reserved; shared by the workers of a run.

    Args:
        price: of the judge's model; None = unknown: calls are counted, not priced.
        max_usd: the cap; None = none.
    """

    def __init__(self, price: Price | None, max_usd: float | None = None) -> None:
        # What is read may be written to a provider's cache, which some charge more for: the cap must hold all the same.
        self._price = None if price is None else (max(price.input, price.cache_write or 0.0), price.output)
        self._cap = None if max_usd is None else int(max_usd * NANO)
        self._spent = self._kept = 0
        self._changed = threading.Condition()
        self.calls = 0
        self.uncounted = 0

    @property
    def usd(self) -> float | None:
        """USD booked so far; None where no price is known."""
        return None if self._price is None else self._spent / NANO

    def worst(self, characters_utf8: int, max_tokens: int) -> int:
        """The most that a call may cost: a token is at least one byte, and the reply is bounded."""
        return self._cost(characters_utf8 + FRAME_TOKENS, max_tokens)

    def reserve(self, amount: int) -> bool:
        """Hold an amount until `settle`; False where the cap would be exceeded, whatever the calls under way cost."""
        with self._changed:
            while self._cap is not None and self._spent + self._kept + amount > self._cap:
                if self._kept == 0 or self._spent + amount > self._cap:
                    return False
                self._changed.wait()
            self._kept += amount
            return True

    def settle(self, amount: int, read: int | None, written: int | None, *, made: bool = True) -> None:
        """Book what a call cost in place of what was held; at the full reserve where nobody counted its tokens.

        Args:
            amount: what was reserved.
            read: tokens read, None where the provider did not say.
            written: tokens written, likewise.
            made: whether the provider may have charged for it.
        """
        counted = read is not None and written is not None
        with self._changed:
            self._kept -= amount
            self.calls += made
            self.uncounted += made and not counted
            if made:
                self._spent += self._cost(read, written) if read is not None and written is not None else amount
            self._changed.notify_all()

    def _cost(self, read: int, written: int) -> int:
        # Per million tokens: a token costs price * 1000 billionths.
        return 0 if self._price is None else round((read * self._price[0] + written * self._price[1]) * 1000)
