"""A confidence band under its floor: "high confidence, low positive rate", with the error of saying so bounded."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import special

from seatrial.stats.interval import CannotTell
from seatrial.stats.multiplicity import weighted_holm
from seatrial.stats.validate import counts, share, trials

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

MIN_N = 10


@dataclass(frozen=True, slots=True)
class Band:
    """One band's evidence.

    Attributes:
        positive, n: positive outcomes of decided ones.
        floor: positive rate the band promises.
        p: chance of so few positives if the rate were exactly the floor.
        adjusted: p after the family's correction; flagged where it is at most alpha.
        flagged: the band is under its floor.
    """

    positive: int
    n: int
    floor: float
    p: float
    adjusted: float
    flagged: bool


def low_tail(k: int, n: int, rate: float) -> float:
    """P(X <= k) for X binomial (n, rate): the exact one-sided p that the rate is lower.

    At most alpha exactly where the Clopper-Pearson upper bound is under `rate`.
    """
    trials(k, n, "band")
    if not 0 <= rate <= 1:
        raise ValueError(f"rate must lie in 0..1, got {rate}")
    return 1.0 if k >= n else float(special.betainc(n - k, k + 1, 1 - rate))


def band_flag(positive: int, n: int, floor: float, alpha: float = 0.05, min_n: int = MIN_N) -> Band | CannotTell:
    """Flag one band when P(X <= positive | n, floor) <= `alpha`; under `min_n` decided outcomes it is "cannot tell"."""
    return bands([positive], [n], [floor], [1.0], alpha, min_n)[0]


def bands(
    positive: ArrayLike,
    n: ArrayLike,
    floors: ArrayLike,
    weights: ArrayLike | None = None,
    alpha: float = 0.05,
    min_n: int = MIN_N,
) -> tuple[Band | CannotTell, ...]:
    """Flag bands as one family by weighted Holm, in the order given.

    Args:
        positive, n: whole counts of decided outcomes; neutral ones do not enter.
        floors: positive rate each band promises, in (0, 1).
        weights: shares of alpha, summing to 1; default equal.
        alpha: family-wise.
        min_n: a band with fewer leaves the family before its outcomes are looked at, and its weight goes to the others.

    Assumes independent decisions, one a thread, that entered at the same age. For a fixed window: looking every night
    needs `overconfidence`.
    """
    share("alpha", alpha)
    k_, n_, floor_ = counts("positive", positive), counts("n", n), counts("floors", floors)
    w = np.full(n_.size, 1 / max(1, n_.size)) if weights is None else counts("weights", weights)
    if len({k_.size, n_.size, floor_.size, w.size}) != 1:
        raise ValueError("positive, n, floors and weights must have one entry per band each")
    if n_.size == 0:
        return ()
    if np.any(k_ > n_) or np.any(k_ % 1 != 0) or np.any(n_ % 1 != 0):
        raise ValueError("each band needs whole counts with 0 <= positive <= n")
    if np.any(floor_ <= 0) or np.any(floor_ >= 1):
        raise ValueError("floors must lie in (0, 1)")
    if np.any(w <= 0) or abs(float(w.sum()) - 1) > 1e-6:
        raise ValueError("weights must be positive and sum to 1")
    enough = n_ >= max(1, min_n)
    p = np.array([low_tail(int(k), int(m), float(f)) for k, m, f in zip(k_, n_, floor_, strict=True)])
    adjusted = np.ones(n_.size)
    if enough.any():
        adjusted[enough] = weighted_holm(p[enough], w[enough] / w[enough].sum(), alpha).adjusted
    return tuple(
        Band(int(k_[i]), int(n_[i]), float(floor_[i]), float(p[i]), float(adjusted[i]), bool(adjusted[i] <= alpha))
        if enough[i]
        else CannotTell(f"{int(n_[i])} decided outcomes, and a band needs {max(1, min_n)}")
        for i in range(n_.size)
    )
