"""Control charts against a frozen reference: EWMA and CUSUM.

The reference is measured once and stays: a baseline that adapts swallows the drift it should show (a point against its
own moving mean and spread raises a false alarm every 24 to 164 points and sees a slow ramp to three sigma no more often than
nothing at all).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from seatrial.stats.interval import CannotTell
from seatrial.stats.validate import LARGEST, counts, finite

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray


@dataclass(frozen=True, slots=True)
class Reference:
    """What the value looked like when all was well: its mean and the standard deviation of one point, > 0."""

    mean: float
    deviation: float


@dataclass(frozen=True, slots=True)
class Chart:
    """A chart over points in time order, in units of the reference deviation.

    Attributes:
        upper: the statistic that rises when the value does.
        lower: the one that rises when it falls.
        limit: alarm where either is above it.
        first_alarm: index of the first such point, None where there is none.
    """

    upper: NDArray[np.float64]
    lower: NDArray[np.float64]
    limit: float
    first_alarm: int | None


def freeze(values: ArrayLike) -> Reference | CannotTell:
    """Reference from a window of independent points (200 or more, or the chart's stated run length is not its real one)."""
    window = finite("reference window", values)
    if window.size < 2:
        return CannotTell("a reference needs at least two points")
    # Asked of the values: the standard deviation of equal floats need not be exactly 0.
    if np.ptp(window) == 0:
        return CannotTell("the reference window does not vary, so nothing says how far is far")
    return Reference(float(window.mean()), float(window.std(ddof=1)))


def rate_points(k: ArrayLike, n: ArrayLike, rate: float) -> NDArray[np.float64]:
    """Daily counts as points of deviation 1 around a frozen `rate`: (k / n - rate) / sqrt(rate (1 - rate) / n).

    Chart them against `Reference(0, 1)`. A day without trials is no point: leave it out. Needs about five expected
    events a day.
    """
    k_, n_ = counts("k", k), counts("n", n)
    if not 0 < rate < 1:
        raise ValueError(f"rate must lie in (0, 1), got {rate}")
    if k_.size != n_.size or np.any(n_ == 0) or np.any(k_ > n_):
        raise ValueError("each day needs 0 <= k <= n and n > 0; leave a day without trials out")
    return np.asarray((k_ / n_ - rate) / np.sqrt(rate * (1 - rate) / n_))


def ewma(values: ArrayLike, reference: Reference, weight: float = 0.1, width: float = 2.7) -> Chart | CannotTell:
    """Exponentially weighted mean of standardised points against `width` x sqrt(weight / (2 - weight)) (Roberts 1959).

    Average run length without drift 369 points, with a shift of one deviation 9.7, at (.1, 2.7); 500 and 14.3 at (.4,
    3.054), both by `run_length.ewma_run_length`. Assumes independent points, near normal, and the reference known.
    """
    if not 0 < weight <= 1:
        raise ValueError(f"weight must lie in (0, 1], got {weight}")
    if not 0 < width < math.inf:
        raise ValueError(f"width must be positive and finite, got {width}")
    points = _standardised(values, reference)
    if points.size == 0:
        return CannotTell("no point")
    level, mean = np.empty(points.size), 0.0
    for i, point in enumerate(points):
        mean += weight * (point - mean)
        level[i] = mean
    return _chart(level, -level, width * math.sqrt(weight / (2 - weight)))


def cusum(values: ArrayLike, reference: Reference, slack: float = 0.5, limit: float = 5.0) -> Chart | CannotTell:
    """Two one-sided cumulative sums, max(0, sum + z - slack) and its mirror (Page 1954).

    Tuned to a shift of 2 x `slack` deviations. Average run length of the pair without drift 465 points, with a shift of
    one deviation 10.4, at (.5, 5); 168 and 8.4 at (.5, 4), by `run_length.cusum_run_length`. Assumes independent
    points, near normal, and the reference known. Page-Hinkley is this sum with an estimated mean: not offered, its run
    length depends on the stream's start.
    """
    if not 0 <= slack < math.inf:
        raise ValueError(f"slack must be finite and not negative, got {slack}")
    if not 0 < limit < math.inf:
        raise ValueError(f"limit must be positive and finite, got {limit}")
    points = _standardised(values, reference)
    if points.size == 0:
        return CannotTell("no point")
    upper, lower, up, down = np.empty(points.size), np.empty(points.size), 0.0, 0.0
    for i, point in enumerate(points):
        up, down = max(0.0, up + point - slack), max(0.0, down - point - slack)
        upper[i], lower[i] = up, down
    return _chart(upper, lower, limit)


def _standardised(values: ArrayLike, reference: Reference) -> NDArray[np.float64]:
    if not (abs(reference.mean) <= LARGEST and 1 / LARGEST <= reference.deviation <= LARGEST):
        raise ValueError(f"a reference needs a finite mean and a deviation > 0, got {reference}")
    return np.asarray((finite("values", values) - reference.mean) / reference.deviation)


def _chart(upper: NDArray[np.float64], lower: NDArray[np.float64], limit: float) -> Chart:
    over = np.flatnonzero((upper > limit) | (lower > limit))
    return Chart(upper, lower, limit, int(over[0]) if over.size else None)
