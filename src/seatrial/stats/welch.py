"""Two means from their sums: Welch's t, so that an experiment needs three numbers an arm and no rows."""

from __future__ import annotations

import math
from dataclasses import dataclass

from scipy import special

from seatrial.stats.interval import CannotTell, Interval
from seatrial.stats.validate import LARGEST, share


@dataclass(frozen=True, slots=True)
class Moments:
    """One arm: how many units, their sum, and the sum of their squares."""

    n: float
    total: float
    squares: float

    @property
    def mean(self) -> float:
        """Mean of the units, in their unit."""
        return self.total / self.n

    @property
    def variance(self) -> float:
        """Sample variance (n - 1); 0 where it is not above what rounding leaves of the sums."""
        spread = self.squares - self.total**2 / self.n
        return spread / (self.n - 1) if spread > 1e-12 * self.squares else 0.0


@dataclass(frozen=True, slots=True)
class Welch:
    """Difference of two means (first minus second), its error, degrees of freedom, two-sided p and interval."""

    difference: float
    error: float
    df: float
    p: float
    interval: Interval


def welch(first: Moments, second: Moments, level: float = 0.95) -> Welch | CannotTell:
    """Welch's t for unequal variances (Welch 1947, degrees of freedom by Satterthwaite).

    Assumes independent units and means near normal (a few hundred units where tails are long). Sums of squares lose
    digits when the mean is huge against the spread: from a thousand spreads centre the values first, at a million there
    is none left.
    """
    share("level", level)
    for arm in (first, second):
        if not all(abs(x) <= LARGEST**2 for x in (arm.n, arm.total, arm.squares)) or arm.n < 0 or arm.squares < 0:
            raise ValueError(f"moments must be finite, with n and squares not negative, got {arm}")
    if min(first.n, second.n) < 2:
        return CannotTell("each arm needs at least two units")
    a, b = first.variance / first.n, second.variance / second.n
    if a + b <= 0:
        return CannotTell("every unit of both arms has the same value, so the difference has no spread")
    error = math.sqrt(a + b)
    df = (a + b) ** 2 / (a**2 / (first.n - 1) + b**2 / (second.n - 1))
    difference = first.mean - second.mean
    half = float(special.stdtrit(df, (1 + level) / 2)) * error
    p = float(2 * special.stdtr(df, -abs(difference) / error))
    return Welch(difference, error, df, p, Interval(difference - half, difference + half, level))
