"""Student's t distribution for whole degrees of freedom, without scipy: a gate of a few rows does not wait for it."""

from __future__ import annotations

import math
from functools import lru_cache

from seatrial.stats.normal import quantile
from seatrial.stats.validate import complete, finite, share

_SERIES_UP_TO = 2_000
"""Degrees of freedom up to which the finite series is summed; beyond, the expansion's error is under 1e-10."""


@lru_cache(maxsize=4096)
def t_quantile(p: float, df: int) -> float:
    """The value below which a t with `df` degrees of freedom lies with chance `p`.

    By bisection of the closed form of the distribution function for whole degrees of freedom (Abramowitz and Stegun 1964,
    26.7.3 and 26.7.4); by the expansion around the normal quantile (26.7.5) beyond 2,000 of them.
    """
    share("p", p)
    complete("df", df, least=1)
    z = quantile(p)
    if df > _SERIES_UP_TO:
        z3, z5, z7 = z**3, z**5, z**7
        return (
            z
            + (z3 + z) / (4 * df)
            + (5 * z5 + 16 * z3 + 3 * z) / (96 * df**2)
            + (3 * z7 + 19 * z5 + 17 * z3 - 15 * z) / (384 * df**3)
        )
    low, high = -1.0, 1.0
    while _below(low, df) > p:
        low *= 2
    while _below(high, df) < p:
        high *= 2
    for _ in range(200):
        middle = (low + high) / 2
        if middle in (low, high):
            break
        low, high = (middle, high) if _below(middle, df) < p else (low, middle)
    return high


def t_below(t: float, df: int) -> float:
    """P(T <= t) for a t with `df` degrees of freedom, 2,000 at most: the series has half as many terms.

    Raises:
        ValueError: `t` is not finite, or `df` is no whole number from 1 to 2,000.
    """
    finite("t", t)
    complete("df", df, least=1)
    if df > _SERIES_UP_TO:
        raise ValueError(f"df must be {_SERIES_UP_TO:,} or less, got {df:,}; beyond, t_quantile has an expansion")
    return _below(t, int(df))


def _below(t: float, df: int) -> float:
    angle = math.atan(t / math.sqrt(df))
    sine, square = math.sin(angle), math.cos(angle) ** 2
    odd = df % 2
    term = math.cos(angle) if odd else 1.0
    total = 0.0 if df == 1 else term
    for k in range(2 + odd, df - 1, 2):
        term *= square * (k - 1) / k
        total += term
    inside = 2 / math.pi * (angle + sine * total) if odd else sine * total
    return (1 + inside) / 2
