"""Bootstrap of a mean of per-example scores: resample the examples, by counts where scores repeat.

A resample of n scores that take k distinct values is one draw of how often each value comes up, Multinomial(n, shares): the
same law as drawing n indices, at a cost that does not depend on n (Efron 1979; Efron and Tibshirani 1993). A win rate has
three values; clusters of half-point verdicts have a dozen.

Assumes independent examples, one score each: average repetitions, judges and both orders inside the example first
(`cluster_means`). Not where few examples decide: with every score equal there is no answer here, and near 0 or 1 the
percentile bound is too bold (.12 instead of .025 at .9 of 20); keep an exact test beside it (`winrate.sign_test`).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from seatrial.stats.interval import CannotTell, Interval
from seatrial.stats.validate import LARGEST, complete, numbers, share
from seatrial.stats.winrate import check_verdicts

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import ArrayLike, NDArray

Method = Literal["percentile", "bca"]
_METHODS = ("percentile", "bca")
DRAWS = 10_000
_CELLS = 4_000_000
_ALIKE = "every score is the same, so resampling shows no spread; a bound from wilson on the half-points still holds"


@dataclass(frozen=True, slots=True)
class Resampled:
    """A mean and its resamples.

    Attributes:
        estimate: the mean of the scores, in their unit.
        draws: resampled means, sorted.
        skew: the jackknife acceleration of BCa, sum d^3 / (6 (sum d^2)^1.5) for a mean; None when all scores are equal.
        n: examples resampled.
    """

    estimate: float
    draws: NDArray[np.float64]
    skew: float | None
    n: int


def resample_verdicts(
    wins: int, ties: int, losses: int, rng: np.random.Generator, draws: int = DRAWS
) -> Resampled | CannotTell:
    """Resamples of a win rate (ties count one half) from its three counts."""
    check_verdicts(wins, ties, losses)
    return _by_counts(np.array([1.0, 0.5, 0.0]), np.array([wins, ties, losses], dtype=np.int64), rng, draws)


def resample(scores: ArrayLike, rng: np.random.Generator, draws: int = DRAWS) -> Resampled | CannotTell:
    """Resamples of the mean of `scores`, one score an example; independent of their order.

    By counts where the distinct scores are few (at most n / 2 and 1,000), else by indices: n x draws steps, in bounded memory.
    """
    x = _finite(scores)
    values, counts = np.unique(x, return_counts=True)
    if values.size <= max(2, min(1000, x.size // 2)):
        return _by_counts(values, counts, rng, draws)
    _check_draws(draws)
    ordered = np.sort(x)
    means = np.empty(draws)
    chunk = max(1, _CELLS // x.size)
    for start in range(0, draws, chunk):
        stop = min(start + chunk, draws)
        means[start:stop] = ordered[rng.integers(0, x.size, size=(stop - start, x.size))].mean(axis=1)
    return Resampled(float(x.mean()), np.sort(means), _skew(values, counts), int(x.size))


def cluster_means(scores: ArrayLike, clusters: ArrayLike) -> NDArray[np.float64]:
    """One mean score per cluster, in the order of the sorted cluster names; feed it to `resample`.

    Every cluster then has one vote, however many rows it has. Names that are small whole numbers (a dictionary's codes) need no
    sorting: 12 ms instead of .7 s for a million rows.
    """
    x = _finite(scores)
    try:
        names = np.asarray(clusters).ravel()
    except ValueError:
        raise ValueError("cluster names must be one flat list") from None
    if x.shape != names.shape:
        raise ValueError(f"{x.size} scores but {names.size} cluster names")
    code = _codes(names)
    sizes = np.bincount(code)
    sums = np.bincount(code, weights=x)
    return np.asarray(sums[sizes > 0] / sizes[sizes > 0])


def interval(found: Resampled, level: float = 0.95, method: Method = "percentile") -> Interval | CannotTell:
    """Two-sided interval of the mean: percentile, or BCa, which corrects for bias and skew (Efron 1987).

    Percentile ends are rounded outwards to a resample. All scores equal, or a correction without a finite value, is "cannot
    tell".
    """
    if method not in _METHODS:
        raise ValueError(f"method {method!r} is unknown; choose one of: {', '.join(_METHODS)}")
    share("level", level)
    if found.skew is None:
        return CannotTell(_ALIKE)
    tails = np.array([(1 - level) / 2, (1 + level) / 2])
    if method == "bca":
        size = found.draws.size
        below = np.searchsorted(found.draws, found.estimate - _slack(found), "left")
        up_to = np.searchsorted(found.draws, found.estimate + _slack(found), "right")
        from scipy import special  # noqa: PLC0415 - for BCa alone

        bias = float(special.ndtri((below + up_to) / (2 * size)))
        if not math.isfinite(bias):
            return CannotTell("every resample fell on one side of the estimate")
        z = bias + special.ndtri(tails)
        room = 1 - found.skew * z
        if np.any(room <= 0):
            return CannotTell("the scores are too skewed for BCa's correction")
        tails = special.ndtr(bias + z / room)
    low = _at(found, float(tails[0]), outward=math.floor)
    high = _at(found, float(tails[1]), outward=math.ceil)
    return Interval(low, high, level)


def lower_bound(found: Resampled, alpha: float = 0.025) -> float | CannotTell:
    """The one-sided percentile bound: the mean lies above it with confidence 1 - alpha. All scores equal is "cannot tell"."""
    share("alpha", alpha)
    if found.skew is None:
        return CannotTell(_ALIKE)
    return _at(found, alpha, outward=math.floor)


def _at(found: Resampled, tail: float, outward: Callable[[float], int]) -> float:
    return float(found.draws[outward(tail * (found.draws.size - 1))])


def _slack(found: Resampled) -> float:
    """Rounding between two sums of the same scores; draws this close to the estimate are ties with it."""
    return 1e-12 * float(found.draws[-1] - found.draws[0])


def _by_counts(
    values: NDArray[np.float64], counts: NDArray[np.int64], rng: np.random.Generator, draws: int
) -> Resampled | CannotTell:
    _check_draws(draws)
    n = int(counts.sum())
    if n == 0:
        return CannotTell("no score")
    drawn = rng.multinomial(n, counts / n, size=draws)
    means = np.sort((drawn @ values) / n)
    return Resampled(float(counts @ values) / n, means, _skew(values, counts), n)


def _skew(values: NDArray[np.float64], counts: NDArray[np.int64]) -> float | None:
    seen = values[counts > 0]
    # means of the same numbers in another order differ in their last bit; that is no spread
    if np.ptp(seen) <= 1e-12 * np.abs(seen).max():
        return None
    d = values - float(counts @ values) / float(counts.sum())
    d = d / np.abs(d).max()  # without a unit, and cubes of it stay numbers
    third, second = float((counts * d**3).sum()), float((counts * d**2).sum())
    return third / (6 * second * math.sqrt(second))


def _codes(names: NDArray[np.generic]) -> NDArray[np.int64]:
    """Cluster names as small numbers; whole numbers that are small already serve as they are."""
    if names.dtype.kind in "iu" and names.size and names.min() >= 0 and names.max() <= 4 * names.size:
        return np.asarray(names, dtype=np.int64)
    # A name that is missing is not equal to itself (NaN), or cannot be sorted among the others (None).
    try:
        code = np.asarray(np.unique(names, return_inverse=True)[1], dtype=np.int64)
    except TypeError:
        code = None
    if code is None or bool(np.any(names != names)):  # noqa: PLR0124
        raise ValueError("cluster names must be of one kind, and none may be missing")
    return code


def _finite(scores: ArrayLike) -> NDArray[np.float64]:
    x = numbers("scores", scores).ravel()
    if not np.all(np.abs(x) <= LARGEST):
        raise ValueError(f"scores must be finite, up to {LARGEST:g}; a missing one is decided before it comes here")
    return x


def _check_draws(draws: int) -> None:
    complete("draws", draws, 100)
