"""One rate: interval estimates that stay honest near 0 and 1."""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np

from seatrial.stats.beta import beta_quantile
from seatrial.stats.interval import CannotTell, Interval
from seatrial.stats.normal import quantile
from seatrial.stats.validate import complete, share


def wilson(k: float, n: float, level: float = 0.95) -> Interval | CannotTell:
    """Wilson's score interval for a rate of `k` out of `n` (Wilson 1927).

    Assumes n independent trials; for repeated or clustered trials it is too narrow. n = 0 is "cannot tell".
    """
    if n == 0:
        return CannotTell("no trial")
    _check(k, n, level)
    z = quantile((1 + level) / 2)
    p = k / n
    centre = (p + z * z / (2 * n)) / (1 + z * z / n)
    half = z * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n)) / (1 + z * z / n)
    low = 0.0 if k == 0 else max(0.0, centre - half)
    high = 1.0 if k == n else min(1.0, centre + half)
    return Interval(low, high, level)


def clopper_pearson(k: int, n: int, level: float = 0.95) -> Interval | CannotTell:
    """The exact interval for `k` out of `n` (Clopper and Pearson 1934): never under its level, often well over it."""
    if n == 0:
        return CannotTell("no trial")
    _check(k, n, level)
    tail = (1 - level) / 2
    low = 0.0 if k == 0 else beta_quantile(tail, k, n - k + 1)
    high = 1.0 if k == n else 1 - beta_quantile(tail, n - k, k + 1)
    return Interval(low, high, level)


@lru_cache(maxsize=4096)
def highest_rate(k: int, n: int, alpha: float = 0.05) -> float | CannotTell:
    """One-sided Clopper-Pearson upper bound of a rate, without scipy: the largest one that `k` of `n` does not reject.

    For clusters and fractional scores give the sum of the clusters' means, rounded up, of so many clusters: their sum
    varies less than that of single answers of the same mean.
    """
    if n == 0:
        return CannotTell("no trial")
    _check(complete("k", k, least=0), complete("n", n), 1 - share("alpha", alpha))
    if k >= n:
        return 1.0
    # Terms further down than this weigh nothing beside that of k itself.
    first = max(0, k - 40 - int(12 * math.sqrt(n)))
    at = np.arange(first, k + 1)
    ways = np.concatenate([[0.0], np.cumsum(np.log((n - at[1:] + 1) / at[1:]))])
    ways += math.lgamma(n + 1) - math.lgamma(first + 1) - math.lgamma(n - first + 1)
    low, high = k / n, 1.0
    for _ in range(60):
        middle = (low + high) / 2
        if middle in (low, high):
            break
        tail = float(np.exp(ways + at * math.log(middle) + (n - at) * math.log1p(-middle)).sum()) if middle > 0 else 1.0
        low, high = (middle, high) if tail > alpha else (low, middle)
    return high


def _check(k: float, n: float, level: float) -> None:
    if not (0 <= k <= n and math.isfinite(n)):
        raise ValueError(f"need 0 <= k <= n, got k={k}, n={n}")
    if not 0 < level < 1:
        raise ValueError(f"level must lie in (0, 1), got {level}")
