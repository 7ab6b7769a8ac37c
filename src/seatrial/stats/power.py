"""What a paired test can see: its power at a drop, the drop it would detect, the examples it would need.

The model behind every figure: of n examples a share `drop + churn (1 - drop) / 2` breaks and `churn (1 - drop) / 2` is
fixed; `churn` is what flips both ways when nothing changed.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from seatrial.stats.normal import below, quantile
from seatrial.stats.validate import complete, share

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from seatrial.stats.paired import Method

POWER = 0.8
_EXACT_UP_TO = 4_000


@lru_cache(maxsize=4096)
def mcnemar_power(n: int, drop: float, churn: float, alpha: float, method: Method = "mid-p") -> float:
    """Chance that the one-sided McNemar test at `alpha` rejects, when `n` examples truly lose `drop` (both 0..1).

    Exact enumeration over the number of discordant pairs (cut where its tail is under 1e-12) while at most 4,000 of them
    are expected, the normal approximation beyond. 0 for n = 0.
    """
    _check(drop, churn, alpha)
    _known(method)
    complete("n", n, least=0)
    if n <= 0:
        return 0.0
    regressed, fixed = drop + churn * (1 - drop) / 2, churn * (1 - drop) / 2
    flips = regressed + fixed
    if flips <= 0:
        return 0.0
    if n * flips > _EXACT_UP_TO:
        z = -quantile(alpha)
        spread = math.sqrt(max(flips - drop * drop, 1e-300))
        return below((drop * math.sqrt(n) - z * math.sqrt(flips)) / spread)
    centre, reach = n * flips, 7.5 * math.sqrt(n * flips * (1 - flips)) + 30
    least, most = max(0, int(centre - reach)), min(n, int(centre + reach))
    weight = _binomial_pmf(least, most, n, flips)
    rejects = _rejects(critical_values(alpha, method, most)[: most + 1], regressed / flips)
    return float(min(1.0, (weight * rejects[least:]).sum()))


@lru_cache(maxsize=4096)
def detectable_drop(n: int, churn: float, alpha: float, method: Method = "mid-p", power: float = POWER) -> float | None:
    """Smallest drop (0..1, to .001) the test detects with chance `power`; None when not even a total loss would show."""
    share("power", power)
    if mcnemar_power(n, 1.0, churn, alpha, method) < power:
        return None
    low, high = 0, 1000
    while high - low > 1:
        middle = (low + high) // 2
        if mcnemar_power(n, middle / 1000, churn, alpha, method) >= power:
            high = middle
        else:
            low = middle
    return high / 1000


@lru_cache(maxsize=4096)
def needed_n(drop: float, churn: float, alpha: float, method: Method = "mid-p", power: float = POWER) -> int | None:
    """Smallest n from which the test sees `drop` with chance `power`; None for drop <= 0.

    Power is a saw-tooth in n: the answer is the first n of the final climb, so that one example more never undoes it by
    much; the teeth are under .03.
    """
    share("power", power)
    if drop <= 0:
        return None
    high = 4
    while mcnemar_power(high, drop, churn, alpha, method) < power:
        high *= 2
        if high > 1 << 40:
            return None
    low = high // 2
    while high - low > 1:
        middle = (low + high) // 2
        if mcnemar_power(middle, drop, churn, alpha, method) >= power:
            high = middle
        else:
            low = middle
    return high


@lru_cache(maxsize=256)
def _critical_table(alpha: float, method: Method, size: int) -> NDArray[np.int64]:
    """For m = 0 .. size: the smallest b of m discordant pairs that rejects, m + 1 where none does.

    At least one pair must have broken, whatever alpha is. One more pair leaves the value or raises it by one, so the tail and
    the chances beside it are carried from m to m + 1. Sums of halves are exact in floats up to 52 pairs, where a tie with
    alpha is possible.
    """
    critical = np.empty(size + 1, dtype=np.int64)
    half = 0.0 if method == "exact" else 0.5
    b, tail, at, before = 1, 0.0, 0.0, 1.0  # of 0 coins: P(>= b), P(= b), P(= b - 1)
    for m in range(size):
        critical[m] = b
        after = at * (m - b) / (b + 1) if b <= m else 0.0  # P(= b + 1)
        earlier = before * (b - 1) / (m - b + 2)  # P(= b - 2)
        stays = tail + before / 2
        if stays - half * (at + before) / 2 <= alpha:
            tail, at, before = stays, (at + before) / 2, (before + earlier) / 2
        else:
            b, tail, at, before = b + 1, tail - at / 2, (after + at) / 2, (at + before) / 2
    critical[size] = b
    return critical


def critical_values(alpha: float, method: Method, largest: int) -> NDArray[np.int64]:
    """For m = 0 .. at least `largest` discordant pairs: the smallest b that rejects at `alpha`, m + 1 where none does."""
    _known(method)
    size = 64
    while size < largest:
        size *= 2
    return _critical_table(alpha, method, size)


def _rejects(critical: NDArray[np.int64], q: float) -> NDArray[np.float64]:
    """P(Bin(m, q) >= critical[m]) for m = 0 .., summed along the way the critical value goes.

    One more trial adds q P(= b - 1) where b stays, and takes (1 - q) P(= b) off where b is one more afterwards.
    """
    m, k = np.arange(critical.size - 1), critical[1:] - 1
    steps = np.where(np.diff(critical) == 0, q, q - 1) * np.where(k <= m, _pmf(np.minimum(k, m), m, q), 0.0)
    return np.asarray(np.clip(np.concatenate([[0.0], np.cumsum(steps)]), 0.0, 1.0))


def _pmf(k: NDArray[np.int64], m: NDArray[np.int64], q: float) -> NDArray[np.float64]:
    """P(Bin(m, q) = k), elementwise."""
    if q >= 1.0:
        return np.asarray(np.where(k == m, 1.0, 0.0))
    log_factorial = _log_factorials(int(m.max(initial=0)))
    ways = log_factorial[m] - log_factorial[k] - log_factorial[m - k]
    return np.asarray(np.exp(ways + k * math.log(q) + (m - k) * math.log1p(-q)))


def _binomial_pmf(least: int, most: int, n: int, p: float) -> NDArray[np.float64]:
    """P(Bin(n, p) = m) for m = `least` .. `most`, a stretch that holds all but nothing of it."""
    m = np.arange(least, most + 1)
    if p >= 1.0:
        return np.asarray(np.where(m == n, 1.0, 0.0))
    # Relative to the first, and then whole: what is left out beyond the stretch is nothing, and log n! of a large n would
    # lose the digits that matter.
    odds = math.log(p) - math.log1p(-p)
    log = np.concatenate([[0.0], np.cumsum(np.log((n - m[:-1]) / (m[:-1] + 1.0)) + odds)])
    weight = np.exp(log - log.max())
    return np.asarray(weight / weight.sum())


def _log_factorials(largest: int) -> NDArray[np.float64]:
    size = 64
    while size < largest:
        size *= 2
    return _log_factorial_table(size)


@lru_cache(maxsize=16)
def _log_factorial_table(size: int) -> NDArray[np.float64]:
    return np.array([math.lgamma(k + 1) for k in range(size + 1)])


def _known(method: str) -> None:
    if method not in ("mid-p", "exact"):
        raise ValueError(f"method {method!r} is unknown; choose one of: mid-p, exact")


def _check(drop: float, churn: float, alpha: float) -> None:
    if not 0 <= drop <= 1:
        raise ValueError(f"drop must lie in 0..1, got {drop}")
    if not 0 <= churn <= 1:
        raise ValueError(f"churn must lie in 0..1, got {churn}")
    if not 0 < alpha < 1:
        raise ValueError(f"alpha must lie in (0, 1), got {alpha}")
