"""pass^k: the chance that all of k tries succeed, from repeated tries per task."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import special

from seatrial.stats.interval import CannotTell

if TYPE_CHECKING:
    from numpy.typing import ArrayLike


@dataclass(frozen=True, slots=True)
class PassK:
    """pass^k over tasks: the estimate, its standard error over tasks (None with one task), and the number of tasks."""

    k: int
    estimate: float
    standard_error: float | None
    tasks: int


def pass_k(successes: ArrayLike, tries: ArrayLike, k: int) -> PassK | CannotTell:
    """Mean over tasks of C(s, k) / C(n, k): unbiased for the chance that k fresh tries all succeed (Yao et al. 2024, tau-bench).

    Args:
        successes: per task, tries that succeeded.
        tries: per task, tries made; a task with fewer than k makes the whole unanswerable.
        k: 1 or more; k = 1 is the plain success rate, one vote a task.

    The task is the unit: its tries are not independent, so the standard error is over tasks (sample deviation / sqrt T).
    """
    s, n = np.asarray(successes, dtype=float).ravel(), np.asarray(tries, dtype=float).ravel()
    if k < 1:
        raise ValueError(f"k must be 1 or more, got {k}")
    if s.shape != n.shape or np.any(s < 0) or np.any(s > n):
        raise ValueError("need one 0 <= successes <= tries per task")
    if s.size == 0:
        return CannotTell("no task")
    if np.any(n < k):
        return CannotTell(f"{int((n < k).sum())} of {s.size} tasks were tried fewer than {k} times")
    share = special.binom(s, k) / special.binom(n, k)
    error = float(share.std(ddof=1) / math.sqrt(share.size)) if share.size > 1 else None
    return PassK(k, float(share.mean()), error, int(share.size))
