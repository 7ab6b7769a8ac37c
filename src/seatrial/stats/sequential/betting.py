"""Betting confidence sequence: the mean of scores in [0, 1], by betting against every value it could have.

Waudby-Smith and Ramdas 2024 (JRSS B 86:1), theorem 3, hedged capital: K+(m) = prod(1 + min(stake, c / m) (x - m)) bets that
the mean is above m, K-(m) the reverse with c / (1 - m); m leaves the interval when half of either reaches 1 / alpha. K+ falls
and K- rises in m, so the two limits are roots, not a scan over a grid. c = 1/2.

Assumes scores in [0, 1] with one conditional mean, one score a unit; depends on their order: never sort them. About 100
passes over `x`: for millions of scores take `bernstein`.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from seatrial.stats.interval import CannotTell, Interval
from seatrial.stats.sequential.bernstein import CAP, limits, plug_in, scores

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

_HALVINGS = 40


def betting_interval(x: ArrayLike, alpha: float, running: bool = True) -> Interval | CannotTell:
    """The interval after the last score of `x`; `running` keeps what earlier looks had ruled out.

    Raises:
        ValueError: a score outside 0..1 or not finite, alpha outside (0, 1).
    """
    x_ = scores(x, alpha)
    if x_.size == 0:
        return CannotTell("no score")
    _, stake = plug_in(x_, alpha)
    return limits(_lowest(x_, stake, alpha, running), 1 - _lowest(1 - x_, stake, alpha, running), alpha)


def log_capital(x: ArrayLike, mean: float, alpha: float) -> NDArray[np.float64]:
    """log of K+ after each score: evidence that the true mean is above `mean`, E <= 1 on average while it is not.

    For evidence below, pass 1 - x and 1 - mean. `alpha` only sets the stakes.
    """
    if not 0 < mean < 1:
        raise ValueError(f"mean must lie in (0, 1), got {mean}")
    x_ = scores(x, alpha)
    return _log_capital(x_, plug_in(x_, alpha)[1], mean)


def _log_capital(x: NDArray[np.float64], stake: NDArray[np.float64], mean: float) -> NDArray[np.float64]:
    bet = np.minimum(stake, CAP / mean) if mean > 0 else stake
    return np.cumsum(np.log1p(bet * (x - mean)))


def _lowest(x: NDArray[np.float64], stake: NDArray[np.float64], alpha: float, running: bool) -> float:
    """The largest mean that the bets on "above" have ruled out, 0 when they have ruled out none."""
    target = math.log(2 / alpha)

    def ruled_out(mean: float) -> bool:
        path = _log_capital(x, stake, mean)
        return bool((path.max() if running else path[-1]) >= target)

    if not ruled_out(0.0):
        return 0.0
    low, high = 0.0, 1.0
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if ruled_out(middle) else (low, middle)
    return low
