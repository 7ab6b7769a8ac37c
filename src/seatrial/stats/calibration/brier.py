"""The Brier score and Murphy's three parts of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from seatrial.stats.calibration.bins import Scheme, bin_forecasts
from seatrial.stats.interval import CannotTell
from seatrial.stats.validate import forecasts

if TYPE_CHECKING:
    from numpy.typing import ArrayLike


@dataclass(frozen=True, slots=True)
class Brier:
    """score = reliability - resolution + uncertainty + within.

    Attributes:
        score: mean squared distance of stated probability and outcome; lower is better, 0..1.
        reliability: squared gap of stated and observed over bins; lower is better.
        resolution: how far the bins' observed rates spread around the base rate; higher is better.
        uncertainty: base rate x (1 - base rate); not the forecaster's doing.
        within: what the binning hides; 0 where each bin holds one stated probability.
    """

    score: float
    reliability: float
    resolution: float
    uncertainty: float
    within: float


def brier(p: ArrayLike, y: ArrayLike, bins: int = 10, scheme: Scheme = "equal-mass") -> Brier | CannotTell:
    """Brier (1950), split as Murphy (1973).

    For description, and for comparison on the same outcomes; scores at different base rates do not compare.
    """
    p_, y_ = forecasts(p, y)
    found = bin_forecasts(p_, y_, bins, scheme)
    if isinstance(found, CannotTell):
        return found
    weight, base = found.count / found.count.sum(), float(y_.mean())
    score = float(((p_ - y_) ** 2).mean())
    reliability = float((weight * (found.stated - found.came) ** 2).sum())
    resolution = float((weight * (found.came - base) ** 2).sum())
    uncertainty = base * (1 - base)
    return Brier(score, reliability, resolution, uncertainty, score - (reliability - resolution + uncertainty))
