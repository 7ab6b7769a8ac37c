"""Empirical-Bernstein confidence sequence: the mean of scores in [0, 1], in closed form.

Waudby-Smith and Ramdas 2024 (JRSS B 86:1), theorem 2, predictable plug-in. Each score is weighted by a stake known before it
came. Assumes independent scores, or any order in which each has the same conditional mean; one score a unit. Wider than
`betting`, a hundred times cheaper. The result depends on the order of scores: never sort them.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from seatrial.stats.interval import CannotTell, Interval
from seatrial.stats.validate import numbers, share

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

CAP = 0.5


@dataclass(frozen=True, slots=True)
class Band:
    """A confidence sequence: lower and upper limit after each score."""

    low: NDArray[np.float64]
    high: NDArray[np.float64]
    level: float


def bernstein_band(x: ArrayLike, alpha: float, running: bool = True) -> Band:
    """The sequence after each score. `running` keeps the best limit so far, which holds as long as the mean stays put.

    Raises:
        ValueError: a score outside 0..1 or not finite, alpha outside (0, 1).
    """
    x_ = scores(x, alpha)
    mean, stake = plug_in(x_, alpha)
    stake = np.minimum(stake, CAP)
    total = np.cumsum(stake)
    psi = -np.log1p(-stake) - stake
    half = (math.log(2 / alpha) + np.cumsum((x_ - mean) ** 2 * psi)) / total
    centre = np.cumsum(stake * x_) / total
    low, high = np.maximum(centre - half, 0.0), np.minimum(centre + half, 1.0)
    if running:
        low, high = np.maximum.accumulate(low), np.minimum.accumulate(high)
    return Band(low, high, 1 - alpha)


def bernstein_interval(x: ArrayLike, alpha: float, running: bool = True) -> Interval | CannotTell:
    """The sequence's interval after the last score of `x`."""
    band = bernstein_band(x, alpha, running)
    if band.low.size == 0:
        return CannotTell("no score")
    return limits(float(band.low[-1]), float(band.high[-1]), alpha)


def scores(x: ArrayLike, alpha: float) -> NDArray[np.float64]:
    """`x` as an array of scores in 0..1, or a ValueError."""
    x_ = numbers("scores", x).ravel()
    share("alpha", alpha)
    if x_.size and not (x_.min() >= 0 and x_.max() <= 1):
        raise ValueError("scores must lie in 0..1")
    return x_


def limits(low: float, high: float, alpha: float) -> Interval | CannotTell:
    """The interval, unless the limits have crossed: then no single mean fits the whole run."""
    if math.isnan(low) or math.isnan(high):
        raise ValueError("a limit is not a number")
    share("alpha", alpha)
    if low > high:
        return CannotTell("the limits of earlier and later scores do not overlap: the mean has moved")
    return Interval(low, high, 1 - alpha)


def plug_in(x: NDArray[np.float64], alpha: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """What is known before each score: the mean so far (from 1/2) and the stake sqrt(2 log(2 / alpha) / (v t log(1 + t)))."""
    share("alpha", alpha)
    t = np.arange(1, x.size + 1)
    after = (0.5 + np.cumsum(x)) / (t + 1)
    variance = (0.25 + np.cumsum((x - after) ** 2)) / (t + 1)
    before = np.concatenate([[0.5], after[:-1]])[: x.size]
    known = np.concatenate([[0.25], variance[:-1]])[: x.size]
    return before, np.sqrt(2 * math.log(2 / alpha) / (known * t * np.log1p(t)))
