"""The normal law: its distribution and its quantiles, the p of a z, and the interval around an estimate.

One number at a time and by the standard library, so that a gate that asks for three quantiles does not load scipy.
"""

from __future__ import annotations

import math
from statistics import NormalDist
from typing import Literal

from seatrial.stats.interval import Interval
from seatrial.stats.validate import share

Alternative = Literal["two-sided", "larger", "smaller"]
ALTERNATIVES: tuple[Alternative, ...] = ("two-sided", "larger", "smaller")


_STANDARD = NormalDist()


def below(z: float) -> float:
    """P(Z <= z), with full relative accuracy in the lower tail."""
    if math.isnan(z):
        raise ValueError("z is not a number: nothing lies below it")
    return math.erfc(-z / math.sqrt(2)) / 2


def quantile(p: float) -> float:
    """The z that P(Z <= z) = `p` holds for, 0 < p < 1; ValueError elsewhere."""
    if not 0 < p < 1:
        raise ValueError(f"a normal quantile needs a probability in (0, 1), got {p}")
    return _STANDARD.inv_cdf(p)


def p_of(z: float, alternative: Alternative) -> float:
    """Chance under the null of a z at least this far towards the alternative; ValueError for an unknown alternative."""
    if math.isnan(z):
        raise ValueError("z is not a number: a test without an answer has no p")
    _known(alternative)
    if alternative == "two-sided":
        return 2 * below(-abs(z))
    return below(-z if alternative == "larger" else z)


def around(estimate: float, error: float, level: float = 0.95, alternative: Alternative = "two-sided") -> Interval:
    """Interval of `estimate` with standard error `error`.

    `larger` is the test's own one-sided interval, [lower bound, inf), at coverage `level`; `smaller` its mirror.
    Assumes an estimate near normal and an error > 0.
    """
    share("level", level)
    _known(alternative)
    if not (abs(estimate) < math.inf and 0 <= error < math.inf):
        raise ValueError(f"an interval needs a finite estimate and error, got {estimate} and {error}")
    if alternative == "two-sided":
        half = quantile((1 + level) / 2) * error
        return Interval(estimate - half, estimate + half, level)
    reach = quantile(level) * error
    if alternative == "larger":
        return Interval(estimate - reach, math.inf, level)
    return Interval(-math.inf, estimate + reach, level)


def _known(alternative: str) -> None:
    if alternative not in ALTERNATIVES:
        raise ValueError(f"alternative {alternative!r} is unknown; choose one of: {', '.join(ALTERNATIVES)}")
