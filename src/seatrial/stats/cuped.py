"""CUPED: a difference of means with what was known before the experiment taken out of its noise."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from seatrial.stats.interval import CannotTell
from seatrial.stats.validate import finite
from seatrial.stats.welch import Moments, Welch, welch

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from seatrial.stats.interval import Interval


@dataclass(frozen=True, slots=True)
class Cuped:
    """The adjusted comparison, first arm minus second.

    Attributes:
        difference: adjusted difference of means, in the unit of the outcome.
        error: its standard error.
        interval: Welch's interval on the adjusted outcomes.
        p: two-sided.
        theta: outcome per unit of the covariate, pooled over arms.
        variance_reduction: 1 - (adjusted error / plain error)^2; negative where the covariate only added noise.
        plain: the comparison without the covariate.
    """

    difference: float
    error: float
    interval: Interval
    p: float
    theta: float
    variance_reduction: float
    plain: Welch


def cuped(y1: ArrayLike, x1: ArrayLike, y2: ArrayLike, x2: ArrayLike, level: float = 0.95) -> Cuped | CannotTell:
    """Difference of means of y - theta (x - mean x) (Deng, Xu, Kohavi and Walker 2013).

    theta = sum over arms of Sxy / sum over arms of Sxx, each arm about its own means, i.e. the slope of a covariance
    analysis: a treatment effect cannot leak into it. One row per unit of randomisation.

    `x` must be fixed before the unit saw its version; a covariate that the version can move biases the difference
    without warning. Where the same request was scored under both versions, that is the paired design: use `paired`
    instead. A covariate without spread is "cannot tell".
    """
    a, b = _arm(y1, x1, "first"), _arm(y2, x2, "second")
    if min(a[0].size, b[0].size) < 2:
        return CannotTell("each arm needs at least two units")
    # About the overall means: a difference does not see them, and sums of squares keep their digits.
    y_middle, x_middle = (float(np.concatenate([a[i], b[i]]).mean()) for i in (0, 1))
    a, b = (a[0] - y_middle, a[1] - x_middle), (b[0] - y_middle, b[1] - x_middle)
    plain = welch(_moments(a[0]), _moments(b[0]), level)
    if isinstance(plain, CannotTell):
        return plain
    # Asked of the values: equal floats about their mean need not be exactly 0.
    if np.ptp(a[1]) == 0 and np.ptp(b[1]) == 0:
        return CannotTell("the covariate has no spread within the arms; use the plain difference")
    centred = [(y - y.mean(), x - x.mean()) for y, x in (a, b)]
    sxx = float(sum((x * x).sum() for _, x in centred))
    theta = float(sum((y * x).sum() for y, x in centred)) / sxx
    adjusted = welch(_moments(a[0] - theta * a[1]), _moments(b[0] - theta * b[1]), level)
    if isinstance(adjusted, CannotTell) or adjusted.error < 1e-9 * plain.error:
        return CannotTell("the covariate explains every unit's outcome exactly; is it the outcome itself?")
    kept = (adjusted.error / plain.error) ** 2
    return Cuped(adjusted.difference, adjusted.error, adjusted.interval, adjusted.p, theta, 1 - kept, plain)


def _arm(y: ArrayLike, x: ArrayLike, name: str) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    outcome, covariate = finite(f"{name} arm's outcomes", y), finite(f"{name} arm's covariates", x)
    if outcome.shape != covariate.shape:
        raise ValueError(f"{name} arm: {outcome.size} outcomes but {covariate.size} covariates")
    return outcome, covariate


def _moments(values: NDArray[np.float64]) -> Moments:
    return Moments(values.size, float(values.sum()), float((values**2).sum()))
