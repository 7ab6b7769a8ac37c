"""Is a drop of a given size ruled out: Student's t on cluster differences with one added cluster that lost everything."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from seatrial.stats.normal import quantile
from seatrial.stats.student import t_quantile
from seatrial.stats.validate import complete, finite, numbers, share

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

LEVEL = 0.05
"""One-sided level at which a drop is ruled out."""


def largest_drop(d: ArrayLike, alpha: float = LEVEL) -> float | None:
    """One-sided upper bound of the drop (0..1) in the mean of `d`, candidate minus baseline, one number per cluster.

    Student's t interval of the differences with one more of -1 (a cluster that lost everything): the added cluster keeps
    it honest where nothing moved, and where a few of many did. Simulated size at alpha .05: at most .06 for scores 0 or 1,
    .07 for the worst distribution found; clusters of 1 to 30 examples .044, three repetitions .047. Newcombe's and Tango's
    score intervals reach .10 to .14 at base rates of .5 and small margins and are not used.

    Assumes independent clusters and differences within -1..1. None without any cluster. It says nothing of a baseline that
    cannot fall so far: the caller asks that first.
    """
    values = finite("differences", d)
    share("alpha", alpha)
    if values.size == 0:
        return None
    return float(largest_drops(values.sum(), (values**2).sum(), values.size, alpha))


def largest_drops(total: ArrayLike, squares: ArrayLike, n: int, alpha: float = LEVEL) -> NDArray[np.float64]:
    """The same from sums and sums of squares of `n` differences, elementwise.

    Raises:
        ValueError: sums that no `n` differences within -1..1 have, or of two shapes; `n` below 1.
    """
    share("alpha", alpha)
    n = complete("n", n, least=1)
    sums, of_squares = numbers("total", total), numbers("squares", squares)
    most = n * (1 + 1e-9)
    if sums.ndim and of_squares.ndim and sums.shape != of_squares.shape:
        raise ValueError(f"total and squares must have one shape, got {sums.shape} and {of_squares.shape}")
    if not (np.all(np.abs(sums) <= most) and np.all((of_squares >= 0) & (of_squares <= most))):
        raise ValueError(f"total must lie in -{n}..{n} and squares in 0..{n}: the differences lie within -1..1")
    more = n + 1
    mean = (sums - 1) / more
    spread = np.maximum((of_squares + 1) / more - mean * mean, 0.0) * more / n
    return np.minimum(1.0, -mean + t_quantile(1 - alpha, n) * np.sqrt(spread / more))


@lru_cache(maxsize=4096)
def clusters_to_rule_out(drop: float, flips: float = 0.0, alpha: float = LEVEL, power: float = 0.8) -> int | None:
    """Clusters on which an unchanged candidate is shown not worse by `drop` or more, with chance `power`.

    Args:
        drop: the drop to rule out, 0..1.
        flips: mean square of a cluster's difference between two unchanged versions (for single 0/1 answers: the share of
            examples that flip, half each way).
        alpha: one-sided level.
        power: wanted chance.

    Without flips it is exact: n at which (1 + t) / (n + 1) < drop, so 9 / 13 / 27 / 53 for .3 / .2 / .1 / .05. With
    flips the mean of the differences is taken as normal. None for drop <= 0.
    """
    share("power", power)
    share("alpha", alpha)
    if not (np.isfinite(drop) and drop <= 1):
        raise ValueError(f"drop must be a number of at most 1, got {drop}")
    if not 0 <= flips <= 1:
        raise ValueError(f"flips must lie in 0..1, got {flips}")
    if drop <= 0:
        return None
    least = 1
    while not _ruled_out(least, drop, flips, alpha, power):
        least *= 2
        if least > 1 << 40:
            return None
    low, high = least // 2, least
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if _ruled_out(middle, drop, flips, alpha, power) else (middle, high)
    return high


def _ruled_out(n: int, drop: float, flips: float, alpha: float, power: float) -> bool:
    unlucky = quantile(power) * math.sqrt(flips / n)
    return float(largest_drops(-unlucky * n, flips * n, n, alpha)) < drop
