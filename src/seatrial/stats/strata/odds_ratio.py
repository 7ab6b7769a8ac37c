"""One odds ratio over strata, and the test that it is 1 (Mantel and Haenszel 1959)."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from scipy import special

from seatrial.stats.interval import CannotTell, Interval
from seatrial.stats.normal import around
from seatrial.stats.validate import share

if TYPE_CHECKING:
    from seatrial.stats.strata.table import Strata


@dataclass(frozen=True, slots=True)
class OddsRatio:
    """Common odds ratio, first arm against second: the estimate, the standard error of its log, and its interval."""

    estimate: float
    log_error: float
    interval: Interval


@dataclass(frozen=True, slots=True)
class ChiSquare:
    """A chi-square statistic with its degrees of freedom and p."""

    statistic: float
    df: int
    p: float


def odds_ratio(strata: Strata, level: float = 0.95) -> OddsRatio | CannotTell:
    """sum (a d / N) / sum (b c / N), error of the log by Robins, Breslow and Greenland (1986).

    a, b are the first arm's successes and failures, c, d the second's. Where one of the two sums is 0 the ratio is 0 or
    infinite and no error exists: "cannot tell".
    """
    share("level", level)
    k = strata.kept()
    n = k.n1 + k.n2
    b, d = k.n1 - k.x1, k.n2 - k.x2
    r, s = k.x1 * d / n, b * k.x2 / n
    if r.sum() == 0 or s.sum() == 0:
        return CannotTell("no stratum has a success on one side with a failure on the other in both directions")
    p, q = (k.x1 + d) / n, (b + k.x2) / n
    variance = (
        (p * r).sum() / (2 * r.sum() ** 2)
        + (p * s + q * r).sum() / (2 * r.sum() * s.sum())
        + (q * s).sum() / (2 * s.sum() ** 2)
    )
    log, error = math.log(float(r.sum() / s.sum())), math.sqrt(float(variance))
    reach = around(log, error, level)
    return OddsRatio(math.exp(log), error, Interval(math.exp(reach.low), math.exp(reach.high), level))


def cochran_mantel_haenszel(strata: Strata, *, correction: bool = True) -> ChiSquare | CannotTell:
    """Chi-square (1 df) that every stratum's odds ratio is 1 (Cochran 1954; Mantel and Haenszel 1959).

    `correction` takes .5 off the total's distance from its expectation (R's default). Weak where strata differ in
    direction. Strata in which nothing varies add nothing; none left is "cannot tell".
    """
    k = strata.kept()
    n, x = k.n1 + k.n2, k.x1 + k.x2
    live = n > 1
    k1, n1, n2, n, x = k.x1[live], k.n1[live], k.n2[live], n[live], x[live]
    variance = float((n1 * n2 * x * (n - x) / (n**2 * (n - 1))).sum())
    if variance <= 0:
        return CannotTell("no stratum has both arms and both outcomes")
    away = abs(float((k1 - n1 * x / n).sum()))
    statistic = max(0.0, away - (0.5 if correction else 0.0)) ** 2 / variance
    return ChiSquare(statistic, 1, float(special.chdtrc(1, statistic)))
