"""One rate, looked at after every unit, e.g. against a service-level objective.

Two confidence sequences for a Bernoulli rate; both depend on the counts alone and hold for independent units of one rate.
Two of them for two arms are valid but slow to part (median 620 canary units where the e-process needs 240): compare arms with
`eprocess`.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from scipy import special

from seatrial.stats.interval import CannotTell, Interval
from seatrial.stats.sequential.boundary import beta_binomial_log_mixture

if TYPE_CHECKING:
    from collections.abc import Callable


def log_e(k: float, n: float, rate: float, a: float = 0.5, b: float = 0.5) -> float:
    """log of the evidence against "the rate is exactly `rate`": the Beta(a, b) mixture over its likelihood (Robbins 1970)."""
    _check_counts(k, n)
    _check_prior(a, b)
    if not 0 <= rate <= 1:
        raise ValueError(f"a rate lies in 0..1, got {rate}")
    return float(_log_marginal(k, n, a, b) - special.xlogy(k, rate) - special.xlog1py(n - k, -rate))


def beta_binomial_interval(k: float, n: float, alpha: float, a: float = 0.5, b: float = 0.5) -> Interval | CannotTell:
    """{p : B(a + k, b + n - k) / B(a, b) < p^k (1 - p)^(n - k) / alpha}: all rates the mixture has not ruled out (Robbins 1970).

    Beta(a, b) is where the rate is expected, fixed beforehand: a good guess narrows the interval, a bad one never breaks it.
    """
    _check_alpha(alpha)
    _check_counts(k, n)
    _check_prior(a, b)
    if n == 0:
        return CannotTell("no trial")
    marginal = float(_log_marginal(k, n, a, b))

    def evidence(p: float) -> float:
        return marginal - float(special.xlogy(k, p) + special.xlog1py(n - k, -p))

    return _inside(evidence, k, n, alpha)


def sub_bernoulli_interval(k: float, n: float, alpha: float, t_opt: float) -> Interval | CannotTell:
    """The same with a mixture per candidate rate, each tightest after `t_opt` trials (Howard, Ramdas et al. 2021, prop. 7).

    Needs no guess of the rate; also holds for scores in 0..1, with `k` their sum (they are sub-Bernoulli), if loosely.
    """
    _check_alpha(alpha)
    _check_counts(k, n)
    if not 0 < t_opt < math.inf:
        raise ValueError(f"t_opt must be positive and finite, got {t_opt}")
    if n == 0:
        return CannotTell("no trial")

    def evidence(p: float) -> float:
        if not 0 < p < 1:
            return math.inf
        spread = p * (1 - p)
        return float(beta_binomial_log_mixture(k - p * n, spread * n, spread * t_opt, p, 1 - p))

    return _inside(evidence, k, n, alpha)


def _inside(evidence: Callable[[float], float], k: float, n: float, alpha: float) -> Interval:
    """The rates around k / n whose log evidence stays under log(1 / alpha); evidence falls up to k / n and rises after it."""
    target, rate = -math.log(alpha), k / n

    def edge(inside: float, outside: float) -> float:
        for _ in range(60):
            middle = (inside + outside) / 2
            inside, outside = (middle, outside) if evidence(middle) < target else (inside, middle)
        return outside

    low = 0.0 if k == 0 else edge(rate, 0.0)
    high = 1.0 if k == n else edge(rate, 1.0)
    return Interval(low, high, 1 - alpha)


def _log_marginal(k: float, n: float, a: float, b: float) -> float:
    return float(special.betaln(a + k, b + n - k) - special.betaln(a, b))


def _check_alpha(alpha: float) -> None:
    if not 0 < alpha < 1:
        raise ValueError(f"alpha must lie in (0, 1), got {alpha}")


def _check_counts(k: float, n: float) -> None:
    if not 0 <= k <= n < math.inf:
        raise ValueError(f"need 0 <= k <= n, got k={k}, n={n}")


def _check_prior(a: float, b: float) -> None:
    if not (0 < a < math.inf and 0 < b < math.inf):
        raise ValueError(f"a prior needs positive a and b, got {a} and {b}")
