"""The beta law without scipy: a gate that asks for a rate's exact limits does not wait for it, nor need it installed."""

from __future__ import annotations

import math
from functools import lru_cache

from seatrial.stats.validate import share

MOST = 1e10
"""Beyond it the continued fraction takes too many steps."""
_TINY = 1e-300
_MOST_STEPS = 100_000


def beta_below(x: float, a: float, b: float) -> float:
    """P(X <= x) of a beta law with `a`, `b` > 0: the regularised incomplete beta function.

    By its continued fraction (Press et al. 2007, Numerical Recipes, 6.4, evaluated by Lentz's method) on the side where it
    converges fast; agrees with scipy's to 1e-9, where
    `a` or `b` goes into the hundred thousands, and to 1e-12 below.
    """
    if not (0 < a <= MOST and 0 < b <= MOST):
        raise ValueError(f"a beta law needs a, b > 0 and at most {MOST:g}, got {a} and {b}")
    if not 0 <= x <= 1:
        raise ValueError(f"a beta law lives on 0..1, got {x}")
    if x in (0.0, 1.0):
        return x
    front = math.exp(math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log1p(-x))
    if x < (a + 1) / (a + b + 2):
        return front * _fraction(x, a, b) / a
    return 1 - front * _fraction(1 - x, b, a) / b


def _fraction(x: float, a: float, b: float) -> float:
    c, d = 1.0, 1 - (a + b) * x / (a + 1)
    d = 1 / (d if abs(d) > _TINY else _TINY)
    found = d
    for m in range(1, _MOST_STEPS):
        for term in (
            m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)),
            -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1)),
        ):
            d = 1 + term * d
            d = 1 / (d if abs(d) > _TINY else _TINY)
            c = 1 + term / c
            c = c if abs(c) > _TINY else _TINY
            found *= c * d
        if abs(c * d - 1) < 1e-16:
            break
    return found


@lru_cache(maxsize=4096)
def beta_quantile(p: float, a: float, b: float) -> float:
    """The x that P(X <= x) = `p` holds for, by bisection down to neighbouring floats."""
    share("p", p)
    low, high = 0.0, 1.0
    for _ in range(1100):
        middle = (low + high) / 2
        if middle in (low, high):
            break
        low, high = (middle, high) if beta_below(middle, a, b) < p else (low, middle)
    return high
