"""Many tests: weighted Holm for one decision, Benjamini and Hochberg for a report."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from seatrial.stats.validate import numbers

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray


@dataclass(frozen=True, slots=True)
class Holm:
    """Weighted Holm over one family, in the order the tests were given.

    Attributes:
        adjusted: p-values comparable with the family's alpha.
        first_alpha: each test's level at the first step, alpha x weight; what power is planned with.
        rejected: which nulls fall at the family's alpha.
    """

    adjusted: NDArray[np.float64]
    first_alpha: NDArray[np.float64]
    rejected: NDArray[np.bool_]


def weighted_holm(p: ArrayLike, weights: ArrayLike, alpha: float) -> Holm:
    """Step down through p / w, comparing with alpha over the weight still standing (Holm 1979; Benjamini and Hochberg 1997).

    Controls the family-wise error at `alpha` whatever the dependence, if each p is valid. Weights are shares of alpha:
    positive, summing to at most 1 (what they leave is spent elsewhere, not here).
    """
    p_, w = numbers("p-values", p).ravel(), numbers("weights", weights).ravel()
    if p_.shape != w.shape:
        raise ValueError(f"{p_.size} p-values but {w.size} weights")
    if not 0 < alpha < 1:
        raise ValueError(f"alpha must lie in (0, 1), got {alpha}")
    if p_.size and (np.any(~np.isfinite(p_)) or p_.min() < 0 or p_.max() > 1):
        raise ValueError("p-values must lie in 0..1; a test without an answer does not enter the family")
    if w.size and (np.any(~np.isfinite(w)) or w.min() <= 0 or w.sum() > 1 + 1e-9):
        raise ValueError("weights must be positive and sum to at most 1")
    order = np.argsort(p_ / w, kind="stable") if p_.size else np.empty(0, dtype=np.int64)
    total = w.sum() if w.size else 1.0
    current = total - np.concatenate([[0.0], np.cumsum(w[order])[:-1]]) if w.size else w
    adjusted = np.empty_like(p_)
    if p_.size:
        # Level of step j is alpha * w_j / standing_j * total: the whole family spends alpha x total.
        adjusted[order] = np.minimum(
            1.0, np.maximum.accumulate(p_[order] * np.maximum(current, w[order]) / w[order] / total)
        )
    return Holm(adjusted, alpha * w, adjusted <= alpha * (1 + 1e-12))


@dataclass(frozen=True, slots=True)
class Discoveries:
    """Benjamini-Hochberg over one list, in the order the tests were given: adjusted p-values and which are discoveries."""

    adjusted: NDArray[np.float64]
    rejected: NDArray[np.bool_]


def benjamini_hochberg(p: ArrayLike, rate: float) -> Discoveries:
    """Step up through p_(i) <= i rate / m: at most a share `rate` of the discoveries is expected to be false.

    Benjamini and Hochberg 1995; valid for independent or positively dependent p. For reports ("which segments look
    worse"), never for a block: one rejection is one block, so under the global null it buys nothing over Holm, and
    beside true effects it lets false ones in.
    """
    p_ = numbers("p-values", p).ravel()
    if not 0 < rate < 1:
        raise ValueError(f"rate must lie in (0, 1), got {rate}")
    if p_.size and (np.any(~np.isfinite(p_)) or p_.min() < 0 or p_.max() > 1):
        raise ValueError("p-values must lie in 0..1; a test without an answer does not enter the family")
    order = np.argsort(p_, kind="stable")
    steps = p_[order] * p_.size / np.arange(1, p_.size + 1)
    adjusted = np.empty_like(p_)
    adjusted[order] = np.minimum(1.0, np.minimum.accumulate(steps[::-1])[::-1])
    return Discoveries(adjusted, adjusted <= rate * (1 + 1e-12))
