"""Spend: a cap in USD that is never exceeded: each call reserves its worst case before it is made.

Admission by what is already booked lets every call under way pass the cap; a reservation does not. Amounts are whole
billionths of a USD, so that sums are exact.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from seatrial.errors import UsageError

if TYPE_CHECKING:
    from seatrial.price import Price

NANO = 1_000_000_000
FRAME_TOKENS = 64
"""Tokens a provider may add around the messages of a call."""


class Purse:
    """A cap in USD that several judges share: what one has spent or reserved, none of the others can.

    Args:
        max_usd: the cap; None = none.
    """

    def __init__(self, max_usd: float | None = None) -> None:
        if max_usd is not None and not 0 < max_usd < 1e9:
            raise UsageError(f"--max-usd {max_usd:g} is out of range; choose more than 0")
        self._cap = None if max_usd is None else int(max_usd * NANO)
        self._spent = self._kept = 0
        self._changed = threading.Condition()

    @property
    def capped(self) -> bool:
        """Whether there is a cap."""
        return self._cap is not None

    @property
    def usd(self) -> float:
        """USD booked so far."""
        return self._spent / NANO

    def reserve(self, amount: int) -> bool:
        """Hold an amount until `settle`; False where the cap would be exceeded, whatever the calls under way cost."""
        with self._changed:
            while self._cap is not None and self._spent + self._kept + amount > self._cap:
                if self._kept == 0 or self._spent + amount > self._cap:
                    return False
                self._changed.wait()
            self._kept += amount
            return True

    def settle(self, reserved: int, cost: int) -> None:
        """Book a cost in place of what was reserved for it."""
        with self._changed:
            self._kept -= reserved
            self._spent += cost
            self._changed.notify_all()


class Spend:
    """What one judge has spent, under a cap that others may share; shared by the workers of a run.

    Args:
        price: of the judge's model; None = unknown: calls are counted, not priced.
        purse: the cap.
    """

    def __init__(self, price: Price | None, purse: Purse | None = None) -> None:
        # What is read may be written to a provider's cache, which some charge more for: the cap must hold all the same.
        self._price = None if price is None else (max(price.input, price.cache_write or 0.0), price.output)
        self._purse = purse or Purse()
        self._spent = 0
        self._counting = threading.Lock()
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
        """Hold an amount until `settle`; False where the cap would be exceeded."""
        return self._purse.reserve(amount)

    def settle(self, amount: int, read: int | None, written: int | None, *, made: bool = True) -> None:
        """Book what a call cost in place of what was held; at the full reserve where nobody counted its tokens.

        Args:
            amount: what was reserved.
            read: tokens read, None where the provider did not say.
            written: tokens written, likewise.
            made: whether the provider may have charged for it.
        """
        cost = 0
        if made:
            cost = self._cost(read, written) if read is not None and written is not None else amount
        with self._counting:
            self.calls += made
            self.uncounted += made and (read is None or written is None)
            self._spent += cost
        self._purse.settle(amount, cost)

    def _cost(self, read: int, written: int) -> int:
        # Per million tokens: a token costs price * 1000 billionths.
        return 0 if self._price is None else round((read * self._price[0] + written * self._price[1]) * 1000)
