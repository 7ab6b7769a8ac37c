"""The normal law's two services: the p of a z, and the interval around an estimate."""

from __future__ import annotations

import math
from typing import Literal

from scipy import special

from seatrial.stats.argument import share
from seatrial.stats.interval import Interval

Alternative = Literal["two-sided", "larger", "smaller"]
ALTERNATIVES: tuple[Alternative, ...] = ("two-sided", "larger", "smaller")


def p_of(z: float, alternative: Alternative) -> float:
    """Chance under the null of a z at least this far towards the alternative; ValueError for an unknown alternative."""
    if math.isnan(z):
        raise ValueError("z is not a number: a test without an answer has no p")
    _known(alternative)
    if alternative == "two-sided":
        return float(2 * special.ndtr(-abs(z)))
    return float(special.ndtr(-z if alternative == "larger" else z))


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
        half = float(special.ndtri((1 + level) / 2)) * error
        return Interval(estimate - half, estimate + half, level)
    reach = float(special.ndtri(level)) * error
    if alternative == "larger":
        return Interval(estimate - reach, math.inf, level)
    return Interval(-math.inf, estimate + reach, level)


def _known(alternative: str) -> None:
    if alternative not in ALTERNATIVES:
        raise ValueError(f"alternative {alternative!r} is unknown; choose one of: {', '.join(ALTERNATIVES)}")
