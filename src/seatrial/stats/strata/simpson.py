"""Simpson's flag: does the crude comparison point the other way than the one within strata?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from seatrial.stats.interval import CannotTell
from seatrial.stats.strata.risk_difference import mantel_haenszel

if TYPE_CHECKING:
    from seatrial.stats.strata.table import Strata


@dataclass(frozen=True, slots=True)
class Simpson:
    """The two answers, and whether they contradict.

    Attributes:
        crude: first rate minus second with the strata thrown together.
        adjusted: Mantel-Haenszel difference; what to act on when flagged.
        error: its standard error.
        flagged: the signs differ and the two are more than two errors apart.
    """

    crude: float
    adjusted: float
    error: float
    flagged: bool


def simpson(strata: Strata) -> Simpson | CannotTell:
    """Flag when sign(crude) != sign(Mantel-Haenszel) and |crude - Mantel-Haenszel| > 2 errors of the latter.

    A rule, not a test: it asks whether the mix of strata moved the answer, never which strata were the right ones to
    adjust for. Strata that the version itself changes must not be adjusted for. No error, or a stratum in one arm only,
    is "cannot tell".
    """
    pooled = mantel_haenszel(strata)
    if isinstance(pooled, CannotTell):
        return pooled
    if pooled.error == 0:
        return CannotTell("every stratum's rates are 0 or 1, so there is no error to judge the gap by")
    if pooled.dropped:
        return CannotTell(
            f"{pooled.dropped} strata have trials in one arm only: the crude rates hold units nothing compares"
        )
    crude = float(strata.x1.sum() / strata.n1.sum() - strata.x2.sum() / strata.n2.sum())
    reversed_ = crude * pooled.estimate < 0
    return Simpson(crude, pooled.estimate, pooled.error, reversed_ and abs(crude - pooled.estimate) > 2 * pooled.error)
