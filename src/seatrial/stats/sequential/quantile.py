"""A quantile (p95 latency), looked at after every unit: two order statistics between which it stays.

Howard and Ramdas 2022 (Bernoulli 28:1704): the count of values below the true q-quantile, less its mean, is a sub-Bernoulli
sum; the beta-binomial curve of `boundary` bounds it at all times, and the ranks at the curve bound the quantile. Assumes
independent units of one distribution, which may have ties or jumps; nothing about its tails. To compare latency with a limit
turn "over the limit" into a failure and use `eprocess`: simpler, and it sees more.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import special

from seatrial.stats.interval import CannotTell, Interval
from seatrial.stats.sequential.boundary import beta_binomial_log_mixture
from seatrial.stats.validate import complete, numbers

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

_A = 0.85
_THINNEST, _LONGEST = 1e-9, 1e15


@dataclass(frozen=True, slots=True)
class Ranks:
    """Ranks (1 = smallest) of the values that bound a quantile; None on a side where `n` values are too few."""

    low: int | None
    high: int | None
    n: int


def quantile_ranks(n: int, q: float, alpha: float, t_opt: float = 500) -> Ranks:
    """The two ranks after `n` values, each side at alpha / 2: floor(nq - l) and ceil(nq + u).

    The lower rank is one below what the theorem needs. At q = .95, alpha .05: 927 and 970 of 1,000, 179 and 199 of 200.
    """
    _check(q, alpha, t_opt)
    n = complete("n", n, least=0)
    if n == 0:
        return Ranks(None, None, 0)
    high = _unlikely_count(n, q, alpha / 2, t_opt)
    beyond = _unlikely_count(n, 1 - q, alpha / 2, t_opt)
    return Ranks(n - beyond if beyond is not None and beyond < n else None, high, n)


def _unlikely_count(n: int, q: float, side: float, t_opt: float) -> int | None:
    """The smallest count, of n units each counted with chance q, that lies on the curve: ceil(nq + u); None where none does."""
    spread = q * (1 - q)

    def crosses(count: int) -> bool:
        evidence = beta_binomial_log_mixture(count - n * q, spread * n, spread * t_opt, q, 1 - q, 1, side)
        return float(evidence) >= -math.log(side)

    if not crosses(n):
        return None
    low, high = math.floor(n * q), n
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if crosses(middle) else (middle, high)
    return high


def quantile_interval(values: ArrayLike, q: float, alpha: float, t_opt: float = 500) -> Interval | CannotTell:
    """The values at those ranks, in their own unit; an end with too few values beyond it is infinite.

    At q = .95 and alpha .05 the upper end appears at 132 values; with neither end there is no answer.
    """
    x = _values(values)
    ranks = quantile_ranks(x.size, q, alpha, t_opt)
    if ranks.low is None and ranks.high is None:
        return CannotTell(f"{x.size} values bound the {q:g} quantile on neither side")
    x.sort()
    low = -math.inf if ranks.low is None else float(x[ranks.low - 1])
    high = math.inf if ranks.high is None else float(x[ranks.high - 1])
    return Interval(low, high, 1 - alpha)


def equal_quantiles_p(a: ArrayLike, b: ArrayLike, q: float, t_opt: float = 500) -> float | CannotTell:
    """Always-valid two-sided p that two arms share their q-quantile (Howard and Ramdas 2022, theorem 5).

    1 over the smallest product of both arms' mixtures over all values x the common quantile could have. `t_opt`: the units
    of one arm at which it is sharpest.
    """
    _check(q, 0.5, t_opt)
    arms = [np.sort(_values(a)), np.sort(_values(b))]
    if min(arm.size for arm in arms) == 0:
        return CannotTell("an arm has no value")
    # Between two neighbouring values nothing changes, and at a value each arm may take the better of its two sides.
    x = np.unique(np.concatenate(arms))
    total = sum(_log_mixture_at(arm, x, q, t_opt) for arm in arms)
    return float(min(1.0, math.exp(-max(0.0, float(np.min(total))))))


def stitched_radius(n: float, q: float, alpha: float, t_opt: float) -> float:
    """Bound on the count above nq, for all quantiles and times at once (Howard and Ramdas 2022, theorem 3), from `t_opt` on."""
    _check(q, alpha, t_opt)
    if not 0 <= n <= _LONGEST:
        raise ValueError(f"n must be finite and not negative, got {n}")
    s, eta, delta = 1.4, 2.0, 0.5
    t = max(n, t_opt)
    logit = math.log(q / (1 - q))
    r = q if q >= 0.5 else min(0.5, float(special.expit(logit + 2 * delta * math.sqrt(t_opt * eta / t))))
    spread = r * (1 - r)
    epoch = math.sqrt(t / t_opt) * abs(logit) / (2 * delta) + 1
    zeta = float(special.zeta(s))
    level = s * math.log(math.log(eta * t / t_opt)) + s * math.log(epoch)
    level += math.log(2 * zeta * (2 * zeta + 1) / (alpha * math.log(eta) ** s))
    k1, k2 = (eta**0.25 + eta**-0.25) / math.sqrt(2), (math.sqrt(eta) + 1) / 2
    linear = k2 * (1 - 2 * q) / 3 * level
    return delta * math.sqrt(eta * t * spread / t_opt) + math.sqrt(k1**2 * spread * t * level + linear**2) + linear


def distribution_radius(n: float, alpha: float, t_min: float) -> float:
    """Half-width, as a share, of a band round the whole distribution function from `t_min` on (ibid., theorem 2, A = .85)."""
    _check(0.5, alpha, t_min)
    if not 0 <= n <= _LONGEST:
        raise ValueError(f"n must be finite and not negative, got {n}")
    if n < t_min:
        return math.inf
    return _A * math.sqrt((math.log1p(math.log(n / t_min)) + _lil_constant(alpha)) / n)


def _lil_constant(alpha: float) -> float:
    """The C at which theorem 2's error is alpha, at its best eta."""
    low, high = 1.0, 2.0

    def error(c: float) -> float:
        eta = np.linspace(1, 2 * _A * _A, 20_001)[1:-1]
        gain = 2 / eta * np.maximum(_A - np.sqrt(2 * (eta - 1) / c), 0) ** 2
        fits = gain > 1
        if not fits.any():
            return math.inf
        gain, eta = gain[fits], eta[fits]
        return float(np.min(4 * np.exp(-gain * c) * (1 + 1 / ((gain - 1) * np.log(eta)))))

    while error(high) > alpha:
        low, high = high, 2 * high
    for _ in range(50):
        middle = (low + high) / 2
        low, high = (middle, high) if error(middle) > alpha else (low, middle)
    return high


def _log_mixture_at(arm: NDArray[np.float64], x: NDArray[np.float64], q: float, t_opt: float) -> NDArray[np.float64]:
    """The arm's log mixture if the common quantile were x, at the share below x that speaks least against it."""
    n = arm.size
    spread = q * (1 - q)

    def log_mixture(count: NDArray[np.float64]) -> NDArray[np.float64]:
        return beta_binomial_log_mixture(count - q * n, spread * n, spread * t_opt, q, 1 - q)

    # it is convex in the count: thirds close in on its minimum
    low, high = 0.0, float(n)
    for _ in range(80):
        third = (high - low) / 3
        left, right = log_mixture(np.array([low + third, high - third]))
        low, high = (low, high - third) if left < right else (low + third, high)
    below, up_to = np.searchsorted(arm, x, "left"), np.searchsorted(arm, x, "right")
    return log_mixture(np.clip((low + high) / 2, below, up_to))


def _values(values: ArrayLike) -> NDArray[np.float64]:
    x = numbers("values", values).ravel().copy()
    if not np.all(np.isfinite(x)):
        raise ValueError("values must be finite; one that never came is a failure of its own")
    return x


def _check(q: float, alpha: float, t_opt: float) -> None:
    if not _THINNEST <= q <= 1 - _THINNEST:
        raise ValueError(f"q must lie in (0, 1), got {q}")
    if not 0 < alpha < 1:
        raise ValueError(f"alpha must lie in (0, 1), got {alpha}")
    if not 0 < t_opt <= _LONGEST:
        raise ValueError(f"t_opt must be positive and finite, got {t_opt}")
