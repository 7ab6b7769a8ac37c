"""Mean, median and 95th percentile of runs in clusters, resampled cluster by cluster (Efron 1979; Field and Welsh 2007)."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from seatrial.stats.validate import complete, finite, numbers, share

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

DRAWS = 2_000
SHARES = {"median": 0.5, "p95": 0.95}
"""Quantiles by name."""
_AT_ONCE = 4_000_000


def statistic(values: ArrayLike, name: str) -> float:
    """Mean, median or p95 of the values; a quantile is the smallest value that so large a share does not exceed."""
    _known(name)
    found = np.sort(finite("values", values))
    if not found.size:
        raise ValueError("a statistic needs a value")
    if name not in SHARES:
        return float(found.mean())
    return float(found[max(0, math.ceil(SHARES[name] * found.size - 1e-9) - 1)])


def resampled(
    values: ArrayLike, cluster: ArrayLike, name: str, rng: np.random.Generator, draws: int = DRAWS
) -> NDArray[np.float64]:
    """The statistic of `draws` resamples of whole clusters; arrays of one row a series give one column each.

    Args:
        values: one series of runs, or several of the same runs (rows), resampled together.
        cluster: the cluster of each run.
        name: `mean`, `median` or `p95`.
        rng: of the draws.
        draws: how many.

    Assumes independent clusters. A quantile near the end of a few runs is a step from one run to the next: from 100 on it is one.
    """
    _known(name)
    complete("draws", draws)
    series = np.atleast_2d(numbers("values", values))
    groups = finite("clusters", cluster)
    if not finite("values", series).size or series.shape[-1] != groups.size:
        raise ValueError("a statistic needs values, and each of them a cluster")
    _, of = np.unique(groups, return_inverse=True)
    clusters = int(of.max()) + 1
    order = np.argsort(series, axis=1, kind="stable")
    found = np.empty((draws, series.shape[0]))
    turn = max(1, _AT_ONCE // max(series.shape[1], clusters))
    for start in range(0, draws, turn):
        stop = min(start + turn, draws)
        weight = rng.multinomial(clusters, np.full(clusters, 1 / clusters), size=stop - start)[:, of.ravel()]
        total = weight.sum(axis=1)
        for i, one in enumerate(series):
            if name not in SHARES:
                found[start:stop, i] = weight @ one / total
                continue
            reached = weight[:, order[i]].cumsum(axis=1) >= (SHARES[name] * total - 1e-9)[:, None]
            found[start:stop, i] = one[order[i]][reached.argmax(axis=1)]
    return found


def ratio_p(
    base: ArrayLike,
    cand: ArrayLike,
    cluster: ArrayLike,
    name: str,
    limit: float,
    rng: np.random.Generator,
    alpha: float,
) -> float:
    """One-sided p that the candidate's statistic is at most `limit` times the baseline's, by resampling whole clusters.

    (1 + #{ratio <= limit}) / (1 + draws), at least 20 / alpha draws (Davison and Hinkley 1997).
    """
    pair = finite("base", base), finite("cand", cand)
    if pair[0].size != pair[1].size:
        raise ValueError(f"{pair[0].size} runs of the baseline but {pair[1].size} of the candidate")
    finite("limit", [limit])
    share("alpha", alpha)
    drawn = resampled(np.stack(pair), cluster, name, rng, max(DRAWS, math.ceil(20 / alpha)))
    within = int(np.count_nonzero(drawn[:, 1] <= limit * drawn[:, 0] * (1 + 1e-12)))
    return (1 + within) / (1 + int(drawn.shape[0]))


def at_least(values: ArrayLike, cluster: ArrayLike, name: str, rng: np.random.Generator, alpha: float) -> float:
    """One-sided lower bound of a statistic at level `alpha`: that quantile of its resamples."""
    share("alpha", alpha)
    drawn = np.sort(resampled(values, cluster, name, rng, max(DRAWS, math.ceil(20 / alpha)))[:, 0])
    return float(drawn[max(0, math.floor(alpha * drawn.size) - 1)])


def _known(name: str) -> None:
    if name != "mean" and name not in SHARES:
        raise ValueError(f"statistic {name!r} is unknown; choose one of: mean, median, p95")
