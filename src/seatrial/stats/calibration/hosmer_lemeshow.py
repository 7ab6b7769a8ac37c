"""Hosmer and Lemeshow's chi-square over bins, for forecasts that were not fitted to these outcomes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import special

from seatrial.stats.calibration.bins import Scheme, bin_forecasts
from seatrial.stats.interval import CannotTell

if TYPE_CHECKING:
    from numpy.typing import ArrayLike


@dataclass(frozen=True, slots=True)
class HosmerLemeshow:
    """The chi-square, its degrees of freedom (= bins: nothing was fitted) and p."""

    statistic: float
    df: int
    p: float


def hosmer_lemeshow(
    p: ArrayLike, y: ArrayLike, bins: int = 10, scheme: Scheme = "equal-mass"
) -> HosmerLemeshow | CannotTell:
    """sum n (came - stated)^2 / (stated (1 - stated)) over bins (Hosmer and Lemeshow 1980).

    df = bins for external forecasts; the textbook's bins - 2 belongs to a model fitted on the same outcomes. Depends on
    the bins: a description beside `spiegelhalter`, not the gate's test. Needs about five expected outcomes of each kind
    a bin.
    """
    found = bin_forecasts(p, y, bins, scheme)
    if isinstance(found, CannotTell):
        return found
    spread = found.stated * (1 - found.stated)
    if np.any(spread == 0):
        return CannotTell("a bin states certainty throughout, which no chi-square can weigh")
    statistic = float((found.count * (found.came - found.stated) ** 2 / spread).sum())
    return HosmerLemeshow(statistic, int(found.count.size), float(special.chdtrc(found.count.size, statistic)))
