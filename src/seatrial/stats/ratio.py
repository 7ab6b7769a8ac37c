"""Did the split of units among arms come out as planned? A mismatch makes an experiment invalid, not lost.

Check it per cell and stage, on units, never on events. An arm of weight 0 takes no part in the test (its degree of freedom
goes), and one unit seen in it is an alarm at once.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from scipy import special

from seatrial.stats.interval import CannotTell
from seatrial.stats.validate import numbers

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

CONCENTRATION = 200.0
_DENSEST = 1e12


@dataclass(frozen=True, slots=True)
class SampleRatio:
    """The check at one look.

    Attributes:
        p: chance of a split at least this far off, had assignment worked; 0 when a weight-0 arm was seen.
        alarm: p < alpha.
        method: "e-value" where some arm expects fewer than 5 units and chi-square's p would be a guess: p is 1 / E there.
        statistic: chi-square, None with the e-value.
        df: degrees of freedom, arms with weight less one.
    """

    p: float
    alarm: bool
    method: Literal["chi-square", "e-value", "impossible"]
    statistic: float | None
    df: int


def sample_ratio(counts: ArrayLike, weights: ArrayLike, alpha: float = 0.001) -> SampleRatio | CannotTell:
    """Chi-square goodness of fit of `counts` to `weights` (any scale), one look planned beforehand.

    Alarm at p < .001 (Fabijan et al. 2019). Assumes units assigned independently. For looks at will use `ratio_log_e`.

    Raises:
        ValueError: negative, fractional or non-finite counts, weights without a positive one, alpha outside (0, 1).
    """
    n, share = _check(counts, weights)
    if n.ndim != 1:
        raise ValueError("one count an arm")
    if not 0 < alpha < 1:
        raise ValueError(f"alpha must lie in (0, 1), got {alpha}")
    live = share > 0
    df = int(live.sum()) - 1
    if np.any(n[~live] > 0):
        return SampleRatio(0.0, True, "impossible", None, df)
    if n.sum() == 0:
        return CannotTell("no unit was assigned")
    if df == 0:
        return CannotTell("only one arm has weight, so there is no split to check")
    expected = n.sum() * share[live]
    if expected.min() < 5:
        p = min(1.0, math.exp(-float(ratio_log_e(n, share))))
        return SampleRatio(p, p < alpha, "e-value", None, df)
    statistic = float(((n[live] - expected) ** 2 / expected).sum())
    p = float(special.gammaincc(df / 2, statistic / 2))
    return SampleRatio(p, p < alpha, "chi-square", statistic, df)


def ratio_log_e(counts: ArrayLike, weights: ArrayLike, concentration: float = CONCENTRATION) -> NDArray[np.float64]:
    """log of the multinomial-Dirichlet evidence against the planned split (Lindon and Malek 2022), valid at every look.

    Alarm once E >= 1 / alpha. Depends on the counts so far alone, so their order and the batches do not matter; further axes
    in front of the last (arms) are looks or cells. Infinite once a weight-0 arm was seen.

    `concentration` says how close to the plan a broken split is expected to be: a Dirichlet(concentration x weights) prior. The
    published default of 10,000 looks for deviations of half a point and is all but blind to a canary's few hundred units
    (600 / 400 against half and half, chi-square p 2.5e-10, gives p .170); 200 gives 1.3e-7, and costs 2 in log E at 10^6 units.
    """
    n, share = _check(counts, weights)
    if not 0 < concentration <= _DENSEST:
        raise ValueError(f"concentration must be positive and finite, at most {_DENSEST:g}, got {concentration}")
    live = share > 0
    seen, prior = n[..., live], concentration * share[live]
    total = seen.sum(axis=-1)
    log_e = (
        special.gammaln(concentration)
        - special.gammaln(concentration + total)
        + (special.gammaln(prior + seen) - special.gammaln(prior) - special.xlogy(seen, share[live])).sum(axis=-1)
    )
    return np.asarray(np.where(n[..., ~live].sum(axis=-1) > 0, math.inf, log_e))


def ratio_p(looks: ArrayLike, weights: ArrayLike, concentration: float = CONCENTRATION) -> NDArray[np.float64]:
    """Always-valid p after each look: 1 over the largest E so far. `looks`: cumulative counts, one row a look."""
    log_e = ratio_log_e(looks, weights, concentration)
    if log_e.ndim != 1:
        raise ValueError("one row of counts a look")
    return np.exp(-np.maximum.accumulate(np.maximum(log_e, 0.0)))


def _check(counts: ArrayLike, weights: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    n, w = numbers("counts", counts), numbers("weights", weights)
    if n.ndim == 0 or w.ndim != 1 or n.shape[-1] != w.size:
        raise ValueError("need one count and one weight an arm")
    if not (np.all(np.isfinite(n)) and np.all(n >= 0) and np.all(n == np.rint(n))):
        raise ValueError("counts must be whole numbers, finite and not negative")
    if not (np.all(np.isfinite(w)) and np.all(w >= 0) and w.sum() > 0):
        raise ValueError("weights must be finite and not negative, one of them positive")
    return n, w / w.sum()
