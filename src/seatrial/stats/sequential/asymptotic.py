"""Asymptotic confidence sequence: a mean of any kind (cost, tokens), or a difference of two, looked at after every unit.

Waudby-Smith, Arbour, Sinha, Kennedy and Ramdas 2024 (arXiv 2103.06476v7, equation 161 for rho). With A = n rho^2 + 1 and s
the standard deviation of one unit, the half-width is s sqrt(2 A / (n rho)^2 log(sqrt(A) / alpha)) two-sided, with
log(1 + sqrt(A) / (2 alpha)) one-sided.

Assumes independent units and a variance that can be estimated; the bound is a limit, so the first `burn_in` units get no
answer. Not for rates near 0 or 1 (use the e-process) nor for heavy tails whose variance is still growing.
"""

from __future__ import annotations

import math
from typing import Literal

from seatrial.stats.interval import CannotTell, Interval
from seatrial.stats.validate import LARGEST

Side = Literal["both", "lower", "upper"]
_SIDES = ("both", "lower", "upper")


def tuned_rho(alpha: float, t_opt: float, side: Side = "both") -> float:
    """The rho whose sequence is tightest after `t_opt` units, to 2 %; fix it before looking. One-sided: `alpha` < .5."""
    _check(alpha, side)
    if not 0 < t_opt < math.inf:
        raise ValueError(f"t_opt must be positive and finite, got {t_opt}")
    log = -2 * math.log(alpha if side == "both" else 2 * alpha)
    return math.sqrt((log + math.log1p(log)) / t_opt)


def half_width(n: float, sd: float, alpha: float, rho: float, side: Side = "both") -> float:
    """Distance from the estimate to its bound after `n` units of standard deviation `sd`, in the unit of `sd`."""
    _check(alpha, side)
    _check_sample(n, sd, rho)
    a = n * rho * rho + 1
    log = math.log(math.sqrt(a) / alpha) if side == "both" else math.log1p(math.sqrt(a) / (2 * alpha))
    return sd * math.sqrt(2 * a * log) / (n * rho)


def interval(
    n: float,
    estimate: float,
    standard_error: float,
    alpha: float,
    t_opt: float,
    side: Side = "both",
    burn_in: int = 100,
) -> Interval | CannotTell:
    """The sequence's interval at this look, for a mean or a difference of means with its standard error.

    Args:
        n: units seen; both arms together for a difference.
        estimate: the mean, or the difference.
        standard_error: its fixed-n standard error; sd = standard_error x sqrt(n).
        alpha: chance of ever leaving the truth out, over all looks.
        t_opt: the n at which the interval is tightest, fixed beforehand.
        side: "upper" bounds the truth from above only (low is minus infinity), "lower" from below only.
        burn_in: units before which the limit theorem is not leaned on.
    """
    rho = tuned_rho(alpha, t_opt, side)
    unanswered = _unanswered(n, estimate, standard_error, burn_in)
    if unanswered is not None:
        return unanswered
    half = half_width(n, standard_error * math.sqrt(n), alpha, rho, side)
    low = -math.inf if side == "upper" else float(estimate - half)
    high = math.inf if side == "lower" else float(estimate + half)
    return Interval(low, high, 1 - alpha)


def p_value(
    n: float, estimate: float, standard_error: float, rho: float, side: Side = "both", burn_in: int = 100
) -> float | CannotTell:
    """Smallest alpha at which the sequence with this rho leaves 0 out: an always-valid p at this look.

    "upper" tests truth >= 0 (small p: below 0), "lower" tests truth <= 0. Two-sided, 1 / p is the Gaussian mixture SPRT with
    mixing variance (rho sd)^2 (Johari, Koomen, Pekelis and Walsh 2022).
    """
    _check(0.25, side)
    unanswered = _unanswered(n, estimate, standard_error, burn_in)
    if unanswered is not None:
        return unanswered
    _check_sample(n, standard_error, rho)
    if (side == "upper" and estimate >= 0) or (side == "lower" and estimate <= 0):
        return 1.0
    a = n * rho * rho + 1
    gain = min(abs(estimate) / max(standard_error, 1 / LARGEST), LARGEST) ** 2 * n * rho * rho / (2 * a)
    if side == "both":
        return min(1.0, math.sqrt(a) * math.exp(-gain))
    # sqrt(a) / (2 (e^gain - 1)) without overflow
    return min(1.0, math.sqrt(a) / 2 * math.exp(-gain) / -math.expm1(-gain)) if gain > 0 else 1.0


def _unanswered(n: float, estimate: float, standard_error: float, burn_in: int) -> CannotTell | None:
    if not (0 <= n < math.inf):
        raise ValueError(f"n must be finite and not negative, got {n}")
    if n < max(burn_in, 2):
        return CannotTell(f"{n:g} units so far; the asymptotic sequence starts at {max(burn_in, 2)}")
    if not (math.isfinite(estimate) and math.isfinite(standard_error)):
        return CannotTell("the estimate or its standard error is not finite")
    if standard_error < 0:
        raise ValueError(f"a standard error cannot be negative, got {standard_error}")
    if standard_error == 0:
        return CannotTell("every unit had the same value, so their spread is unknown")
    return None


def _check(alpha: float, side: Side) -> None:
    if side not in _SIDES:
        raise ValueError(f"side {side!r} is unknown; choose one of: {', '.join(_SIDES)}")
    most = 1.0 if side == "both" else 0.5
    if not 0 < alpha < most:
        raise ValueError(f"alpha must lie in (0, {most:g}), got {alpha}")


def _check_sample(n: float, sd: float, rho: float) -> None:
    if not (0 < n <= LARGEST and 0 <= sd <= LARGEST and 0 < rho <= LARGEST):
        raise ValueError(f"need a positive n, sd and rho, got n={n}, sd={sd}, rho={rho}")
