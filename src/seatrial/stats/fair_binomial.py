"""Fair coins: how likely so many heads are, which is what a paired test of two versions asks.

Whole numbers while the coins are few, so that a p is the nearest float to the true fraction and a tie with alpha is a
tie. scipy's incomplete beta says the same to twelve digits, and takes longer to load than a small gate to decide.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from seatrial.stats.validate import complete

if TYPE_CHECKING:
    from numpy.typing import NDArray

FEW = 1_000
"""Up to so many coins the law is counted in whole numbers."""
MOST = 10_000_000
"""Coins whose law still fits in memory."""


class Heads(NamedTuple):
    """The law of m coins from b heads upwards: P(at least b), and the same with half of P(exactly b) taken off."""

    at_least: float
    mid: float


def heads(b: int, m: int) -> Heads:
    """How likely at least `b` heads of `m` fair coins are; ValueError unless 0 <= b <= m."""
    b, m = complete("b", b, least=0), complete("m", m, least=0)
    if b > m:
        raise ValueError(f"{m} coins do not show {b} heads")
    if m > FEW:
        upper = law(m)[b:]
        at_least = min(1.0, float(upper.sum()))
        return Heads(at_least, at_least - float(upper[0]) / 2)
    here = ways = math.comb(m, b)
    # The shorter side is summed, b itself and what lies beyond or below it.
    summed = 0
    for k in range(max(b, m - b), m):
        ways = ways * (m - k) // (k + 1)
        summed += ways
    total = here + summed if 2 * b > m else 2**m - summed
    return Heads(total / 2**m, (2 * total - here) / 2 ** (m + 1))


def law(m: int) -> NDArray[np.float64]:
    """P(k heads of `m` fair coins), k = 0 .. m; relative error under 1e-12 wherever it is not under 1e-300."""
    m = complete("m", m, least=0)
    if m > MOST:
        raise ValueError(f"the law of {m} coins is a list of as many numbers; at most {MOST}")
    middle = (m + 1) // 2
    k = np.arange(middle, m, dtype=float)
    upper = _middle(m) * np.concatenate([[1.0], np.cumprod((m - k) / (k + 1))])
    return np.concatenate([upper[::-1], upper[1:] if m % 2 == 0 else upper])


def _middle(m: int) -> float:
    """P(exactly (m + 1) // 2 heads of m)."""
    if m <= FEW:
        return float(math.comb(m, (m + 1) // 2) / 2**m)
    # C(2n, n) / 4^n by Stirling's series; the first term left out is 399 / (2^18 n^5), under 1e-16 here.
    n = (m + 1) // 2
    series: float = 1 - 1 / (8 * n) + 1 / (128 * n**2) + 5 / (1024 * n**3) - 21 / (32768 * n**4)
    return series / math.sqrt(math.pi * n)
