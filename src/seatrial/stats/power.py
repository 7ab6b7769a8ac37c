"""What a paired test can see: its power at a drop, the drop it would detect, the examples it would need.

The model behind every figure: of n examples a share `drop + churn (1 - drop) / 2` breaks and `churn (1 - drop) / 2` is
fixed; `churn` is what flips both ways when nothing changed.
"""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
from scipy import special

from seatrial.stats.argument import share, whole
from seatrial.stats.paired import Method, mcnemar

POWER = 0.8
_EXACT_UP_TO = 4_000


def mcnemar_power(n: int, drop: float, churn: float, alpha: float, method: Method = "mid-p") -> float:
    """Chance that the one-sided McNemar test at `alpha` rejects, when `n` examples truly lose `drop` (both 0..1).

    Exact enumeration over the number of discordant pairs (cut where its tail is under 1e-12) while at most 4,000 of them
    are expected, the normal approximation beyond. 0 for n = 0.
    """
    _check(drop, churn, alpha)
    whole("n", n, least=0)
    if n <= 0:
        return 0.0
    broke, fixed = drop + churn * (1 - drop) / 2, churn * (1 - drop) / 2
    flips = broke + fixed
    if flips <= 0:
        return 0.0
    if n * flips > _EXACT_UP_TO:
        z = float(special.ndtri(1 - alpha))
        spread = math.sqrt(max(flips - drop * drop, 1e-300))
        return float(special.ndtr((drop * math.sqrt(n) - z * math.sqrt(flips)) / spread))
    centre, reach = n * flips, 7.5 * math.sqrt(n * flips * (1 - flips)) + 30
    m = np.arange(max(0, int(centre - reach)), min(n, int(centre + reach)) + 1)
    weight = _binomial_pmf(m, n, flips)
    critical = critical_values(alpha, method, int(m[-1]))[m]
    reachable = np.clip(critical, 1, np.maximum(m, 1))
    reject = special.betainc(reachable, np.maximum(m, 1) - reachable + 1, broke / flips)
    reject = np.where((critical <= m) & (m > 0), reject, 0.0)
    return float(min(1.0, (weight * reject).sum()))


@lru_cache(maxsize=4096)
def detectable_drop(n: int, churn: float, alpha: float, method: Method = "mid-p", power: float = POWER) -> float | None:
    """Smallest drop (0..1, to .001) the test would see with chance `power`; None when not even a total loss would show."""
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
def _critical_table(alpha: float, method: Method, size: int) -> np.ndarray:
    """For m = 0 .. size: the smallest b of m discordant pairs that rejects, m + 1 where none does."""
    m = np.arange(size + 1, dtype=float)
    low, high = np.floor(m / 2), m + 1
    for _ in range(size.bit_length() + 1):
        middle = np.floor((low + high) / 2)
        inside = middle <= m
        rejects = np.zeros(m.shape, dtype=bool)
        b = np.minimum(middle, m)
        rejects[inside] = np.asarray(mcnemar(b, m - b, method))[inside] <= alpha
        open_ = high - low > 1
        high = np.where(open_ & (rejects | ~inside), middle, high)
        low = np.where(open_ & ~rejects & inside, middle, low)
    return high


def critical_values(alpha: float, method: Method, largest: int) -> np.ndarray:
    """For m = 0 .. at least `largest` discordant pairs: the smallest b that rejects at `alpha`, m + 1 where none does."""
    size = 64
    while size < largest:
        size *= 2
    return _critical_table(alpha, method, size)


def _binomial_pmf(k: np.ndarray, n: int, p: float) -> np.ndarray:
    if p >= 1.0:
        return np.where(k == n, 1.0, 0.0)
    log = (
        special.gammaln(n + 1)
        - special.gammaln(k + 1)
        - special.gammaln(n - k + 1)
        + k * math.log(p)
        + (n - k) * math.log1p(-p)
    )
    return np.asarray(np.exp(log))


def _check(drop: float, churn: float, alpha: float) -> None:
    if not 0 <= drop <= 1:
        raise ValueError(f"drop must lie in 0..1, got {drop}")
    if not 0 <= churn <= 1:
        raise ValueError(f"churn must lie in 0..1, got {churn}")
    if not 0 < alpha < 1:
        raise ValueError(f"alpha must lie in (0, 1), got {alpha}")
