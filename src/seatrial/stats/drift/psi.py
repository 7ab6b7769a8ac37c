"""Population stability index and Jensen-Shannon divergence of two windows' bins."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import special

from seatrial.stats.interval import CannotTell
from seatrial.stats.validate import counts, share

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

BAND = 0.1


@dataclass(frozen=True, slots=True)
class PSIDrift:
    """A PSI beside what no drift at all would give.

    Attributes:
        value: the index, in nats.
        null_mean: its mean under no drift at these window sizes.
        limit: its 1 - alpha point under no drift.
        flagged: above the band *and* above the limit.
    """

    value: float
    null_mean: float
    limit: float
    flagged: bool


def psi(a: ArrayLike, b: ArrayLike) -> float | CannotTell:
    """sum (a - b) ln(a / b) over bin shares: symmetric, 0 = the same, natural log.

    Takes counts or shares; each window is brought to sum 1. A bin empty in one window only makes it infinite: "cannot
    tell", merge it with its neighbour. A bin empty in both says nothing and is left out.
    """
    windows = _windows(a, b)
    if isinstance(windows, CannotTell):
        return windows
    first, second = windows
    missing = int(((first == 0) != (second == 0)).sum())
    if missing:
        return CannotTell(
            f"{missing} bins are empty in one window only, where the index is infinite; merge them with neighbours"
        )
    live = first > 0
    return float(((first[live] - second[live]) * np.log(first[live] / second[live])).sum())


def psi_drift(a: ArrayLike, b: ArrayLike, alpha: float = 0.05, band: float = BAND) -> PSIDrift | CannotTell:
    """PSI of two windows' counts, flagged only where it beats both the customary band and its own noise.

    Without drift PSI is near (1/N + 1/M) chi-square with bins - 1 degrees of freedom (Yurdakul 2018): with 10 bins and
    200 a window it passes .1 in 37 of 100 quiet comparisons. Bins fixed on the reference window, independent items,
    five or more a bin.
    """
    share("alpha", alpha)
    if not 0 <= band < np.inf:
        raise ValueError(f"band must be finite and not negative, got {band}")
    value = psi(a, b)
    if isinstance(value, CannotTell):
        return value
    first, second = counts("first window", a), counts("second window", b)
    df = int(((first > 0) | (second > 0)).sum()) - 1
    if df < 1:
        return CannotTell("everything lies in one bin")
    scale = float(1 / first.sum() + 1 / second.sum())
    if min(first.sum(), second.sum()) < 2:
        return CannotTell("a window holds fewer than two items; shares are not counts")
    limit = float(special.chdtri(df, alpha)) * scale
    return PSIDrift(value, df * scale, limit, value > band and value > limit)


def jensen_shannon(a: ArrayLike, b: ArrayLike) -> float | CannotTell:
    """Jensen-Shannon divergence of two windows' bins in bits, 0..1 (Lin 1991): finite also where bins are empty.

    For display: its noise at a given window size is not tabled here. Its square root is a metric.
    """
    windows = _windows(a, b)
    if isinstance(windows, CannotTell):
        return windows
    first, second = windows
    middle = (first + second) / 2
    nats = float((special.rel_entr(first, middle) + special.rel_entr(second, middle)).sum()) / 2
    return min(1.0, max(0.0, nats / float(np.log(2))))


def _windows(a: ArrayLike, b: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]] | CannotTell:
    first, second = counts("first window", a), counts("second window", b)
    if first.size != second.size:
        raise ValueError(f"the windows have {first.size} and {second.size} bins")
    if first.sum() == 0 or second.sum() == 0:
        return CannotTell("a window holds nothing")
    return first / first.sum(), second / second.sum()
