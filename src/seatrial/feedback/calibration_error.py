"""Calibration error of a histogram of stated confidences, with the part that noise alone makes taken off."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from seatrial.feedback.cells import Histogram

BINS = 10


def equal_mass(histogram: Histogram, bins: int = BINS) -> NDArray[np.float64]:
    """At most `bins` bins of about equal numbers, cut between hundredths: rows of (n, positive, sum stated)."""
    n = histogram.n
    total = n.sum()
    if total == 0:
        return np.zeros((0, 3))
    middle = np.cumsum(n) - n / 2
    index = np.minimum((middle * bins / total).astype(np.int64), bins - 1)
    table = np.stack([np.bincount(index, part, bins) for part in (n, histogram.positive, histogram.stated)], axis=1)
    return np.asarray(table[table[:, 0] > 0])


def debiased_squared_error(histogram: Histogram) -> float | None:
    """sum w [(came - stated)^2 - came (1 - came) / (n - 1)] over equal-mass bins (Broecker 2012; Kumar, Liang and Ma 2019).

    Unbiased for the bins' squared gap and possibly below 0, which says "no error seen". For display: it never decides.

    Returns:
        None where a bin holds one decision, whose noise nothing estimates.
    """
    bins = equal_mass(histogram)
    if not len(bins) or bins[:, 0].min() < 2:
        return None
    n, came, stated = bins[:, 0], bins[:, 1] / bins[:, 0], bins[:, 2] / bins[:, 0]
    return float((n / n.sum() * ((came - stated) ** 2 - came * (1 - came) / (n - 1))).sum())
