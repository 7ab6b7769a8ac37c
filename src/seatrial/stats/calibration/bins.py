"""Bins of stated probability: what was said, what came."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from seatrial.stats.interval import CannotTell
from seatrial.stats.validate import complete, forecasts

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

Scheme = Literal["equal-mass", "equal-width"]
SCHEMES: tuple[Scheme, ...] = ("equal-mass", "equal-width")


@dataclass(frozen=True, slots=True)
class Bins:
    """Occupied bins in rising order of probability.

    Attributes:
        index: bin of each forecast, in the order given.
        count: forecasts per bin.
        stated: mean stated probability per bin.
        came: share of positive outcomes per bin.
    """

    index: NDArray[np.int64]
    count: NDArray[np.float64]
    stated: NDArray[np.float64]
    came: NDArray[np.float64]


def bin_forecasts(p: ArrayLike, y: ArrayLike, bins: int = 10, scheme: Scheme = "equal-mass") -> Bins | CannotTell:
    """Sort forecasts into at most `bins` bins.

    `equal-mass` cuts at order statistics, never between equal probabilities (so the order of rows has no say, and many
    ties mean fewer bins); `equal-width` cuts [0, 1] into equal stretches, each open on the right except the last.
    """
    p_, y_ = forecasts(p, y)
    bins = complete("bins", bins)
    if scheme not in SCHEMES:
        raise ValueError(f"scheme {scheme!r} is unknown; choose one of: {', '.join(SCHEMES)}")
    if p_.size == 0:
        return CannotTell("no forecast")
    if scheme == "equal-width":
        # .29 * 100 is 28.999999999999996: a probability on an edge belongs to the bin above it.
        index = np.minimum((p_ * bins + 1e-12).astype(np.int64), bins - 1)
    else:
        cuts = np.unique(np.sort(p_)[np.arange(1, bins) * p_.size // bins])
        index = np.searchsorted(cuts, p_, side="right")
    _, index = np.unique(index, return_inverse=True)
    count = np.bincount(index).astype(float)
    # Sums over sorted values, so that the order of rows has no say in the last digit.
    order = np.lexsort((y_, p_))
    stated = np.bincount(index[order], p_[order]) / count
    return Bins(index.astype(np.int64), count, stated, np.bincount(index, y_) / count)
