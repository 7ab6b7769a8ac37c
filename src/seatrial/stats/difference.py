"""Two rates from different examples: how far apart, and is the first not worse than a margin.

`x1` of `n1` against `x2` of `n2`; every difference is first minus second (candidate first, baseline second), -1..1. All
assume independent trials within and between the arms: the same examples in both arms belong to `paired`, clusters and
repetitions must be averaged first. Counts may be whole numbers up to about 1e9.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from seatrial.stats.interval import CannotTell, Interval
from seatrial.stats.normal import Alternative, p_of, quantile
from seatrial.stats.proportions import wilson
from seatrial.stats.validate import share, trials

if TYPE_CHECKING:
    from collections.abc import Callable

Score = Literal["miettinen-nurminen", "farrington-manning"]
SCORES: tuple[Score, ...] = ("miettinen-nurminen", "farrington-manning")
_EMPTY = CannotTell("an arm has no trial")


@dataclass(frozen=True, slots=True)
class RateTest:
    """A test on two rates.

    Attributes:
        difference: observed first minus second rate.
        z: standard normal under the null's edge.
        p: chance of a z at least as far towards the alternative.
    """

    difference: float
    z: float
    p: float


@dataclass(frozen=True, slots=True)
class RestrictedRates:
    """The two rates most likely among all pairs that differ by exactly the tested value."""

    first: float
    second: float


def pooled_z(
    x1: float, n1: float, x2: float, n2: float, alternative: Alternative = "two-sided"
) -> RateTest | CannotTell:
    """z-test of equal rates with the pooled variance (Pearson 1900); `larger` = the first rate is larger.

    Needs about five expected successes and failures an arm. All trials alike leaves nothing to pool: "cannot tell".
    """
    _check(x1, n1, x2, n2)
    if n1 == 0 or n2 == 0:
        return _EMPTY
    pooled = (x1 + x2) / (n1 + n2)
    if pooled in (0.0, 1.0):
        return CannotTell("every trial of both arms came out the same, so the pooled rate has no spread")
    difference = x1 / n1 - x2 / n2
    z = difference / math.sqrt(pooled * (1 - pooled) * (1 / n1 + 1 / n2))
    return RateTest(difference, z, p_of(z, alternative))


def newcombe(x1: float, n1: float, x2: float, n2: float, level: float = 0.95) -> Interval | CannotTell:
    """Hybrid score interval: Wilson limits of both rates joined by the root of squares (Newcombe 1998, method 10).

    Closed form and never of width 0. A nominal .95 covers .953 on average and .905 at worst over all rates with 15 an
    arm, where `score_interval` covers .953 and .924.
    """
    _check(x1, n1, x2, n2)
    first, second = wilson(x1, n1, level), wilson(x2, n2, level)
    if isinstance(first, CannotTell) or isinstance(second, CannotTell):
        return _EMPTY
    p1, p2 = x1 / n1, x2 / n2
    low = p1 - p2 - math.hypot(p1 - first.low, second.high - p2)
    high = p1 - p2 + math.hypot(first.high - p1, p2 - second.low)
    return Interval(max(-1.0, low), min(1.0, high), level)


def restricted_rates(x1: float, n1: float, x2: float, n2: float, difference: float) -> RestrictedRates:
    """Maximum-likelihood rates under first = second + `difference`: the middle root of a cubic in closed form.

    Miettinen and Nurminen 1985, Statistics in Medicine 4:213, appendix. The likelihood is concave, so where it still
    rises at an end of the allowed stretch that end is the answer, exactly; one Newton step fixes the trigonometric root
    elsewhere.
    """
    _check(x1, n1, x2, n2)
    if n1 == 0 or n2 == 0:
        raise ValueError("restricted rates need a trial in each arm")
    if not -1 <= difference <= 1:
        raise ValueError(f"difference must lie in -1..1, got {difference}")
    # Plain floats: a numpy scalar would warn where an infinite slope meets another.
    x1, n1, x2, n2, d = (float(value) for value in (x1, n1, x2, n2, difference))
    n = n1 + n2
    lowest, highest = max(0.0, -d), min(1.0, 1 - d)
    if lowest >= highest or _rise(x1, n1, x2, n2, d, lowest) <= 0:
        return RestrictedRates(max(0.0, d), lowest)
    if _rise(x1, n1, x2, n2, d, highest) >= 0:
        return RestrictedRates(min(1.0, 1 + d), highest)
    # p2 solves p^3 + c2 p^2 + c1 p + c0 = 0, the paper's coefficients divided by N
    c2 = ((n1 + 2 * n2) * d - n - (x1 + x2)) / n
    c1 = ((n2 * d - n - 2 * x2) * d + x1 + x2) / n
    c0 = x2 * d * (1 - d) / n
    q = c2**3 / 27 - c1 * c2 / 6 + c0 / 2
    size = math.sqrt(max(0.0, c2 * c2 / 9 - c1 / 3))
    reach = math.copysign(size, q)
    turn = 1.0 if size == 0 else min(1.0, max(-1.0, q / reach**3))
    root = 2 * reach * math.cos((math.pi + math.acos(turn)) / 3) - c2 / 3
    slope = (3 * root + 2 * c2) * root + c1
    if abs(slope) > 1e-9:
        step = (((root + c2) * root + c1) * root + c0) / slope
        root -= step if abs(step) < 1e-3 else 0.0
    second = min(max(root, lowest), highest)
    return RestrictedRates(min(1.0, max(0.0, second + d)), second)


def score_z(
    x1: float, n1: float, x2: float, n2: float, value: float = 0.0, method: Score = "miettinen-nurminen"
) -> float | CannotTell:
    """The score statistic of "first minus second = `value`", its variance taken at the restricted rates.

    `miettinen-nurminen` widens the variance by N / (N - 1); `farrington-manning` (1990; Mee's interval, 1984) does not.
    Infinite where the value is impossible given the data; "cannot tell" where neither arm varies and the value is what
    was seen.
    """
    _check(x1, n1, x2, n2)
    if method not in SCORES:
        raise ValueError(f"method {method!r} is unknown; choose one of: {', '.join(SCORES)}")
    if n1 == 0 or n2 == 0:
        return _EMPTY
    if n1 + n2 < 3 and method == "miettinen-nurminen":
        return CannotTell("two trials are too few for a score variance")
    rates = restricted_rates(x1, n1, x2, n2, value)
    variance = rates.first * (1 - rates.first) / n1 + rates.second * (1 - rates.second) / n2
    if method == "miettinen-nurminen":
        variance *= (n1 + n2) / (n1 + n2 - 1)
    away = x1 / n1 - x2 / n2 - value
    if variance <= 0:
        if abs(away) < 1e-12:
            return CannotTell("neither arm varies, so the score has no variance")
        return math.copysign(math.inf, away)
    return away / math.sqrt(variance)


def score_interval(
    x1: float, n1: float, x2: float, n2: float, level: float = 0.95, method: Score = "miettinen-nurminen"
) -> Interval | CannotTell:
    """All differences that the two-sided score test at 1 - `level` does not reject.

    Miettinen and Nurminen 1985, or Mee 1984 without N / (N - 1). The interval to prefer at rates near 0 or 1 and small
    arms.
    """
    share("level", level)
    start = score_z(x1, n1, x2, n2, 0.0, method)
    if isinstance(start, CannotTell) and (n1 == 0 or n2 == 0 or n1 + n2 < 3):
        return start
    critical = -quantile((1 - level) / 2)
    seen = x1 / n1 - x2 / n2

    def rejected(value: float) -> bool:
        z = score_z(x1, n1, x2, n2, value, method)
        return not isinstance(z, CannotTell) and abs(z) > critical

    low = -1.0 if not rejected(-1.0) else _edge(rejected, outside=-1.0, inside=seen)
    high = 1.0 if not rejected(1.0) else _edge(rejected, outside=1.0, inside=seen)
    return Interval(low, high, level)


def non_inferiority(
    x1: float, n1: float, x2: float, n2: float, margin: float, method: Score = "miettinen-nurminen"
) -> RateTest | CannotTell:
    """Score test of H0 "the first rate is lower than the second by `margin` or more"; a small p says it is not.

    Args:
        x1, n1: successes and trials of the candidate.
        x2, n2: of the baseline.
        margin: tolerated drop in rate, 0..1 (.05 = five points); 0 tests plain superiority.
        method: the variance, see `score_z`.
    """
    if not 0 <= margin < 1:
        raise ValueError(f"margin must lie in 0..1, got {margin}")
    z = score_z(x1, n1, x2, n2, -margin, method)
    if isinstance(z, CannotTell):
        return z
    return RateTest(x1 / n1 - x2 / n2, z, p_of(z, "larger"))


def _rise(x1: float, n1: float, x2: float, n2: float, d: float, second: float) -> float:
    """Slope of the log-likelihood in the second rate; infinite where a rate of 0 or 1 is refuted."""
    first = second + d

    def part(count: float, rate: float) -> float:
        if count == 0:
            return 0.0
        return count / rate if rate > 0 else math.inf

    return part(x1, first) - part(n1 - x1, 1 - first) + part(x2, second) - part(n2 - x2, 1 - second)


def _edge(rejected: Callable[[float], bool], outside: float, inside: float) -> float:
    # 60 halvings of a stretch of at most 2 reach 2e-18: below the last bit of any answer
    for _ in range(60):
        middle = (outside + inside) / 2
        if rejected(middle):
            outside = middle
        else:
            inside = middle
    return inside


def _check(x1: float, n1: float, x2: float, n2: float) -> None:
    trials(x1, n1, "first arm")
    trials(x2, n2, "second arm")
