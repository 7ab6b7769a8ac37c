"""A true rate behind an imperfect yes/no judge: the observed rate corrected for what the judge misses and invents."""

from __future__ import annotations

import math
from dataclasses import dataclass

from seatrial.stats.interval import CannotTell, Interval
from seatrial.stats.normal import quantile
from seatrial.stats.validate import share, trials

LEAST_YOUDEN = 0.3


@dataclass(frozen=True, slots=True)
class Corrected:
    """The corrected rate.

    Attributes:
        estimate: (observed + specificity - 1) / youden, cut to 0..1 (Rogan and Gladen 1978).
        delta_error: delta-method standard error of the uncut estimate.
        centre: Lang and Reiczigel's point, which their interval is built around before its shift.
        interval: Lang and Reiczigel's interval, cut to 0..1.
        youden: sensitivity + specificity - 1; what the judge is worth, 0 = nothing.
    """

    estimate: float
    delta_error: float
    centre: float
    interval: Interval
    youden: float


def rogan_gladen(
    flagged: int, n: int, hits: int, positives: int, clears: int, negatives: int, level: float = 0.95
) -> Corrected | CannotTell:
    """True rate from a judge's observed one and its record on human labels.

    Args:
        flagged, n: items the judge called positive, of the items it judged.
        hits, positives: truly positive items it called positive, of those labelled: sensitivity.
        clears, negatives: truly negative items it called negative, of those labelled: specificity.
        level: of the interval (Lang and Reiczigel 2014, Preventive Veterinary Medicine 113:13).

    Assumes the judge errs on the judged items as it did on the labelled ones. Where labels come from the same
    population, `ppi_mean` needs less and is preferred. A Youden index under .3 is "cannot tell": the correction divides
    by it, and would turn a small misjudged sensitivity into any rate at all.
    """
    share("level", level)
    for pair in ((flagged, n, "judged items"), (hits, positives, "positives"), (clears, negatives, "negatives")):
        trials(*pair)
    if min(n, positives, negatives) == 0:
        return CannotTell("the correction needs judged items, labelled positives and labelled negatives")
    p, se, sp = flagged / n, hits / positives, clears / negatives
    youden = se + sp - 1
    if youden < LEAST_YOUDEN:
        return CannotTell(f"the judge's Youden index is {youden:.2f}, under {LEAST_YOUDEN}: too weak to correct with")
    raw = (p + sp - 1) / youden
    delta = math.sqrt(_variance(p, n, se, positives, sp, negatives, raw)) / youden
    z = quantile((1 + level) / 2)
    # Agresti-Coull for the observed rate, add-one for the judge's two.
    n_, pos, neg = n + z * z, positives + 2, negatives + 2
    p_, se_, sp_ = (flagged + z * z / 2) / n_, (hits + 1) / pos, (clears + 1) / neg
    j = se_ + sp_ - 1
    if j <= 0:
        return CannotTell("too few labels: with one more of each kind the judge is no better than a coin")
    centre = (p_ + sp_ - 1) / j
    shift = 2 * z * z * (centre * se_ * (1 - se_) / pos - (1 - centre) * sp_ * (1 - sp_) / neg)
    half = z * math.sqrt(_variance(p_, n_, se_, pos, sp_, neg, centre)) / j
    low, high = (min(1.0, max(0.0, centre + shift + side * half)) for side in (-1, 1))
    return Corrected(min(1.0, max(0.0, raw)), delta, centre, Interval(low, high, level), youden)


def _variance(p: float, n: float, se: float, positives: float, sp: float, negatives: float, rate: float) -> float:
    return p * (1 - p) / n + rate**2 * se * (1 - se) / positives + (1 - rate) ** 2 * sp * (1 - sp) / negatives
