"""Over-confidence watched night after night: wealth won by betting against stated confidences."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from seatrial.stats.validate import forecasts, share

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

SHIFTS = (0.02, 0.05, 0.1, 0.2, 0.4)
"""Over-statements bet on, in probability: each has its own product, and the evidence is their mean."""
_LEAST, _MOST = 1e-9, 0.999


@dataclass(frozen=True, slots=True)
class OverConfidence:
    """Evidence so far that fewer positives come than the stated confidences promise. Start with `OverConfidence()`.

    Attributes:
        log_wealth: natural log of each bet's product, one per entry of `SHIFTS`.
        n: decisions seen.

    The state is all there is: store it, load it, go on.
    """

    log_wealth: tuple[float, ...] = field(default=(0.0,) * len(SHIFTS))
    n: int = 0

    def __post_init__(self) -> None:
        if len(self.log_wealth) != len(SHIFTS) or not all(math.isfinite(w) for w in self.log_wealth) or self.n < 0:
            raise ValueError(f"a state needs {len(SHIFTS)} finite log wealths and n >= 0, got {self}")

    @property
    def log_e(self) -> float:
        """Natural log of the e-value, the mean of the products; 0 = no evidence."""
        top = max(self.log_wealth)
        return top + math.log(math.fsum(math.exp(w - top) for w in self.log_wealth) / len(self.log_wealth))

    def flagged(self, alpha: float) -> bool:
        """Whether e >= 1 / alpha now. At most `alpha` of honest forecasters are ever flagged, however often one looks."""
        return self.log_e >= -math.log(share("alpha", alpha))


def update(state: OverConfidence, p: ArrayLike, y: ArrayLike) -> OverConfidence:
    """Add decisions: stated confidence `p` (0..1) and outcome `y` (0/1), in the order they were decided.

    Per decision and shift s each product grows by q / p on a positive and (1 - q) / (1 - p) on a negative, q = max(p -
    s, p / 2). Its expectation is at most 1 wherever the chance of a positive, given the past, is at least p; so the
    mean of products is a supermartingale (Ville 1939; betting: Shafer 2021; Waudby-Smith and Ramdas 2024), and
    under-confidence never counts as evidence. Holds at every look at once and for decisions that depend on earlier
    ones. Confidences above .999 count as .999: the claim tested gets weaker, so the guarantee stays, and one failure
    cannot end it all.

    The order of decisions does not change the evidence, but which decisions enter must not depend on their outcomes
    (all at the same age). Do not restart after a bad night: that is the peeking it saves from.
    """
    p_, y_ = forecasts(p, y)
    capped = np.minimum(p_, _MOST)
    grown = []
    for shift, before in zip(SHIFTS, state.log_wealth, strict=True):
        # A stated 0 (or next to it) leaves nothing to bet on: its ratio is 1 either way.
        lower = np.where(capped > _LEAST, np.maximum(capped - shift, capped / 2), capped)
        won = lower / np.maximum(capped, _LEAST)
        won[capped <= _LEAST] = 1.0
        factor = np.where(y_ == 1, np.log(won), np.log1p((capped - lower) / (1 - capped)))
        grown.append(before + math.fsum(factor))
    return OverConfidence(tuple(grown), state.n + int(p_.size))
