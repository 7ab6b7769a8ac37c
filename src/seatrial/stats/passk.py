"""pass^k: the chance that all of k tries succeed, from repeated tries per task."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import special

from seatrial.stats.interval import CannotTell
from seatrial.stats.validate import complete, finite

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray


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
    s, n = finite("successes", successes), finite("tries", tries)
    k = complete("k", k)
    if s.shape != n.shape or np.any(s < 0) or np.any(s > n):
        raise ValueError("need one 0 <= successes <= tries per task")
    if s.size == 0:
        return CannotTell("no task")
    if np.any(n < k):
        return CannotTell(f"{int((n < k).sum())} of {s.size} tasks were tried fewer than {k} times")
    share = _all_of(s, n, k)
    error = float(share.std(ddof=1) / math.sqrt(share.size)) if share.size > 1 else None
    return PassK(k, float(share.mean()), error, int(share.size))


def _all_of(s: NDArray[np.float64], n: NDArray[np.float64], k: int) -> NDArray[np.float64]:
    """C(s, k) / C(n, k)."""
    ways = special.binom(n, k)
    if np.all(np.isfinite(ways)):
        return np.asarray(special.binom(s, k) / ways)
    # So many tries that the counts of subsets are no floats: by their logarithms.
    enough = np.maximum(s, k)
    log = special.gammaln(enough + 1) - special.gammaln(enough - k + 1)
    log += special.gammaln(n - k + 1) - special.gammaln(n + 1)
    return np.where(s >= k, np.exp(np.minimum(log, 0.0)), 0.0)
