"""Curves that a centred sum stays under at all times with chance 1 - alpha, by mixing over how it might drift.

`v` is the sum's variance so far (intrinsic time), `v_opt` the v at which the curve is tuned to be tightest, and the
curves are in the unit of the sum; `tuned_at` is the level for which they are tightest there. Howard, Ramdas, McAuliffe and Sekhon 2021 (Annals of Statistics 49:1055), propositions 5 to 9 and
theorem 1. The tuning must be chosen before looking; a poor choice costs width, never validity.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Literal

import numpy as np
from scipy import special

from seatrial.stats.validate import LARGEST, numbers

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import ArrayLike, NDArray

Sides = Literal[1, 2]


def normal_log_mixture(
    s: ArrayLike, v: ArrayLike, v_opt: float, sides: Sides = 1, tuned_at: float = 0.05
) -> NDArray[np.float64]:
    """log of the mixture supermartingale at sum `s`, for sub-Gaussian sums (Robbins 1970; Howard et al. prop. 5 and 6)."""
    s_, v_ = _matching(s, v)
    rho = _rho(v_opt, sides, tuned_at)
    if not (np.all(np.abs(s_) <= LARGEST) and np.all((v_ >= 0) & (v_ <= LARGEST))):
        raise ValueError("s and v must be finite, v not negative")
    bell = s_**2 / (2 * (v_ + rho))
    if sides == 2:
        return np.asarray(0.5 * np.log(rho / (v_ + rho)) + bell)
    return np.asarray(0.5 * np.log(4 * rho / (v_ + rho)) + bell + special.log_ndtr(s_ / np.sqrt(v_ + rho)))


def normal_bound(
    v: ArrayLike, alpha: float, v_opt: float, sides: Sides = 1, tuned_at: float = 0.05
) -> NDArray[np.float64]:
    """Curve for sums with sub-Gaussian steps of total variance `v`; two-sided bounds |sum|."""
    v_ = _check(v, alpha, v_opt, sides)
    if sides == 2:
        rho = _rho(v_opt, sides, tuned_at)
        return np.asarray(np.sqrt((v_ + rho) * (np.log1p(v_ / rho) - 2 * math.log(alpha))))
    return _solve(lambda s: normal_log_mixture(s, v_, v_opt, sides, tuned_at), v_, alpha)


def gamma_exponential_bound(
    v: ArrayLike, alpha: float, v_opt: float, scale: float, tuned_at: float = 0.05
) -> NDArray[np.float64]:
    """One-sided curve for sub-exponential sums of scale `scale` (Howard et al. prop. 9), e.g. empirical-Bernstein sums."""
    v_ = _check(v, alpha, v_opt, 1)
    if not 1 / LARGEST <= scale <= LARGEST:
        raise ValueError(f"scale must be positive and finite, got {scale}")
    c2 = scale * scale
    rho = _rho(v_opt, 1, tuned_at)
    shape = rho / c2
    lead = shape * math.log(shape) - special.gammaln(shape) - math.log(special.gammainc(shape, shape))

    def log_mixture(s: NDArray[np.float64]) -> NDArray[np.float64]:
        a, x = (v_ + rho) / c2, (scale * s + v_) / c2
        reach = x + shape
        return np.asarray(lead + special.gammaln(a) + np.log(special.gammainc(a, reach)) - a * np.log(reach) + x)

    return _solve(log_mixture, v_, alpha)


def beta_binomial_log_mixture(
    s: ArrayLike,
    v: ArrayLike,
    v_opt: ArrayLike,
    down: ArrayLike,
    up: ArrayLike,
    sides: Sides = 2,
    tuned_at: float = 0.05,
) -> NDArray[np.float64]:
    """log of the mixture supermartingale for sums of steps in [-down, up], mean 0 (sub-Bernoulli; Howard et al. prop. 7, 8).

    `v` is down x up x steps. With down = p, up = 1 - p these are centred Bernoulli(p) counts, for which it is a martingale.
    """
    s_, v_, g, h = _matching(s, v, down, up)
    if not (
        np.all((v_ >= 0) & (v_ <= LARGEST)) and np.all((g > 0) & (g <= LARGEST)) and np.all((h > 0) & (h <= LARGEST))
    ):
        raise ValueError("v must be finite and not negative, and steps must reach both ways")
    # A sum is a difference of counts of up to v / (down up) steps, and loses as many of their last bits.
    slack = 1e-9 * (1 + v_) + 1e-14 * v_ / np.minimum(g, h)
    if not (np.all(g * s_ <= v_ + slack) and np.all(-h * s_ <= v_ + slack)):
        raise ValueError("a sum of v / (down up) steps in [-down, up] lies within -v / up and v / down")
    s_ = np.clip(s_, -v_ / h, v_ / g)
    r = np.maximum(_rho(v_opt, sides, tuned_at) - g * h, 1e-3 * g * h)
    complete = g + h
    a0, b0 = r / (g * complete), r / (h * complete)
    a, b = (r + v_ - g * s_) / (g * complete), (r + v_ + h * s_) / (h * complete)
    log_share = special.betaln(a, b) - special.betaln(a0, b0)
    if sides == 1:
        x = h / complete
        log_share = log_share + np.log(special.betainc(a, b, x)) - np.log(special.betainc(a0, b0, x))
    return np.asarray(
        v_ / (g * h) * np.log(complete)
        - (v_ + h * s_) / (h * complete) * np.log(g)
        - (v_ - g * s_) / (g * complete) * np.log(h)
        + log_share
    )


def beta_binomial_bound(
    v: ArrayLike, alpha: float, v_opt: float, down: float, up: float, sides: Sides = 2, tuned_at: float = 0.05
) -> NDArray[np.float64]:
    """Upper curve for sums of steps in [-down, up]; infinite where even the largest sum, v / down, is not unlikely enough.

    Two-sided: the same mixture also bounds the sum below, at minus the curve with `down` and `up` exchanged.
    """
    v_ = _check(v, alpha, v_opt, sides)
    if not (down > 0 and up > 0 and math.isfinite(down + up)):
        raise ValueError(f"steps must reach both ways, got down={down}, up={up}")
    return _solve(lambda s: beta_binomial_log_mixture(s, v_, v_opt, down, up, sides, tuned_at), v_, alpha, v_ / down)


def stitched_bound(v: ArrayLike, alpha: float, v_min: float, scale: float = 0.0) -> NDArray[np.float64]:
    """One-sided curve of iterated-logarithm rate, closed form, from v_min on (Howard et al. theorem 1, s = 1.4, eta = 2).

    `scale` 0 is for sub-Gaussian sums, else sub-gamma ones. Wider than the mixtures near their v_opt, narrower far beyond.
    """
    v_ = np.maximum(_check(v, alpha, v_min, 1), v_min)
    if not 0 <= scale <= LARGEST:
        raise ValueError(f"scale must be finite and not negative, got {scale}")
    s, eta = 1.4, 2.0
    k1, k2 = (eta**0.25 + eta**-0.25) / math.sqrt(2), (math.sqrt(eta) + 1) / 2
    level = s * np.log(np.log(eta * v_ / v_min)) + math.log(special.zeta(s) / math.log(eta) ** s / alpha)
    linear = k2 * scale * level
    return np.asarray(np.sqrt(k1**2 * v_ * level + linear**2) + linear)


def _matching(*given: ArrayLike) -> tuple[NDArray[np.float64], ...]:
    arrays = tuple(numbers("sums, variances and steps", a) for a in given)
    try:
        np.broadcast_shapes(*(a.shape for a in arrays))
    except ValueError:
        raise ValueError(f"arrays of sizes {', '.join(str(a.size) for a in arrays)} do not match") from None
    return arrays


def _rho(v_opt: ArrayLike, sides: Sides, tuned_at: float) -> NDArray[np.float64]:
    """The mixture's spread that makes its curve tightest at v_opt, for level `tuned_at` (Howard et al. proposition 3)."""
    if not np.all((np.asarray(v_opt) > 0) & (np.asarray(v_opt) <= LARGEST)):
        raise ValueError(f"v_opt must be positive and finite, got {v_opt!r}")
    if sides not in (1, 2):
        raise ValueError(f"sides must be 1 or 2, got {sides}")
    if not 0 < tuned_at < sides / 2:
        raise ValueError(f"tuned_at must lie in (0, {sides / 2:g}), got {tuned_at}")
    alpha = tuned_at if sides == 2 else 2 * tuned_at
    log = -2 * math.log(alpha)
    return np.asarray(v_opt, dtype=float) / (log + math.log1p(log))


def _solve(
    log_mixture: Callable[[NDArray[np.float64]], NDArray[np.float64]],
    v: NDArray[np.float64],
    alpha: float,
    most: NDArray[np.float64] | None = None,
) -> NDArray[np.float64]:
    """The s >= 0 at which the mixture reaches 1 / alpha, by halving; infinite where not even `most` does."""
    target = -math.log(alpha)
    if most is None:
        high = np.maximum(v, 1.0)
        for _ in range(60):
            short = log_mixture(high) < target
            if not np.any(short):
                break
            high = np.where(short, 2 * high, high)
    else:
        high = most.astype(float)
    low = np.zeros_like(high)
    never = log_mixture(high) < target
    for _ in range(64):
        middle = (low + high) / 2
        over = log_mixture(middle) >= target
        low, high = np.where(over, low, middle), np.where(over, middle, high)
    return np.asarray(np.where(never, math.inf, high))


def _check(v: ArrayLike, alpha: float, v_opt: float, sides: Sides) -> NDArray[np.float64]:
    v_ = numbers("v", v)
    if not 0 < alpha < 1:
        raise ValueError(f"alpha must lie in (0, 1), got {alpha}")
    if not 0 < v_opt <= LARGEST:
        raise ValueError(f"v_opt must be positive and finite, got {v_opt}")
    if sides not in (1, 2):
        raise ValueError(f"sides must be 1 or 2, got {sides}")
    if not np.all((v_ > 0) & (v_ <= LARGEST)):
        raise ValueError("v must be positive and finite")
    return v_
