"""One difference of rates over strata: Mantel-Haenszel, and weighted to a population."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from seatrial.stats.interval import CannotTell, Interval
from seatrial.stats.normal import around
from seatrial.stats.validate import counts, share

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from seatrial.stats.strata.table import Strata


@dataclass(frozen=True, slots=True)
class RiskDifference:
    """A pooled difference of rates, first arm minus second.

    Attributes:
        estimate: -1..1.
        error: standard error; 0 where no stratum's rate lies inside (0, 1), and then there is no interval.
        interval: normal interval, or why there is none.
        strata: strata that had trials in both arms.
        dropped: strata that had not, and said nothing.
    """

    estimate: float
    error: float
    interval: Interval | CannotTell
    strata: int
    dropped: int


def mantel_haenszel(strata: Strata, level: float = 0.95) -> RiskDifference | CannotTell:
    """sum w (p1 - p2) / sum w with w = n1 n2 / N, and the error of Greenland and Robins (1985).

    var = sum w^2 (p1 q1 / n1 + p2 q2 / n2) / (sum w)^2. Consistent for few large strata and many small ones alike.
    Assumes one difference common to all strata (else it is a weighted mean of unlike things: see `homogeneity`) and
    independent trials.
    """
    share("level", level)
    kept = strata.kept()
    if kept.n1.size == 0:
        return CannotTell("no stratum has trials in both arms")
    return _weighted(kept, kept.n1 * kept.n2 / (kept.n1 + kept.n2), level, strata.n1.size - kept.n1.size)


def post_stratified(
    strata: Strata, weights: ArrayLike | None = None, level: float = 0.95
) -> RiskDifference | CannotTell:
    """sum W (p1 - p2): the difference in a population with these shares of strata.

    Args:
        strata: every stratum with weight needs trials in both arms, else the population's difference is not known.
        weights: population shares, summing to 1; default the strata's own shares of all trials.
        level: of the interval.

    Unlike Mantel-Haenszel it stays meaningful when the difference varies over strata, and pays with a larger error.
    """
    share("level", level)
    total = strata.n1 + strata.n2
    if weights is None:
        if total.sum() == 0:
            return CannotTell("no trial")
        part = total / total.sum()
    else:
        part = counts("weights", weights)
        if part.shape != total.shape:
            raise ValueError(f"{part.size} weights for {total.size} strata")
        if abs(float(part.sum()) - 1) > 1e-6:
            raise ValueError(f"weights must sum to 1, got {part.sum():g}")
    missing = int(((part > 0) & ~strata.comparable).sum())
    if missing:
        return CannotTell(
            f"{missing} of {total.size} strata lack trials in an arm, so the population's difference is unknown"
        )
    return _weighted(strata.kept(), part[strata.comparable], level, int((~strata.comparable).sum()))


def _weighted(kept: Strata, w: NDArray[np.float64], level: float, dropped: int) -> RiskDifference:
    p1, p2 = kept.x1 / kept.n1, kept.x2 / kept.n2
    w = w / w.sum()
    estimate = min(1.0, max(-1.0, float((w * (p1 - p2)).sum())))  # shares rounded one by one may sum to a hair above 1
    error = math.sqrt(float((w**2 * (p1 * (1 - p1) / kept.n1 + p2 * (1 - p2) / kept.n2)).sum()))
    interval: Interval | CannotTell = CannotTell("every stratum's rates are 0 or 1, so their spread is unknown")
    if error > 0:
        interval = around(estimate, error, level)
    return RiskDifference(estimate, error, interval, int(kept.n1.size), int(dropped))
