"""Calibration error: how far stated and observed lie apart, with and without the part that noise alone makes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from seatrial.stats.calibration.bins import Scheme, bin_forecasts
from seatrial.stats.interval import CannotTell, Interval
from seatrial.stats.validate import complete, forecasts, share

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray


@dataclass(frozen=True, slots=True)
class CalibrationError:
    """Plug-in errors over bins, 0..1: the mean gap (ECE), the largest (MCE), the root mean square (L2), bins used, forecasts."""

    mean: float
    largest: float
    root_mean_square: float
    bins: int
    n: int


@dataclass(frozen=True, slots=True)
class DebiasedError:
    """Squared L2 calibration error with the noise part taken off.

    Attributes:
        estimate: unbiased for the bins' true mean squared gap up to the spread of p inside them; may be below 0, which
            says "no error seen".
        interval: bootstrap interval, conservative at small n: it misses a true error of 0 or .01 in 0 to 3 of 100 at a
            nominal 5.
        bins: bins used.
        n: forecasts.
    """

    estimate: float
    interval: Interval
    bins: int
    n: int


def calibration_error(
    p: ArrayLike, y: ArrayLike, bins: int = 10, scheme: Scheme = "equal-width"
) -> CalibrationError | CannotTell:
    """Expected calibration error and its kin (Naeini, Cooper and Hauskrecht 2015), for description.

    Never gate on it: noise alone gives a perfect scorer an ECE of .141 at 50 forecasts, .070 at 200, .032 at 1,000.
    Over- and under-confidence of two segments cancel in the pooled figure: quote it per segment.
    """
    found = bin_forecasts(p, y, bins, scheme)
    if isinstance(found, CannotTell):
        return found
    weight, gap = found.count / found.count.sum(), np.abs(found.came - found.stated)
    return CalibrationError(
        float((weight * gap).sum()),
        float(gap.max()),
        float(np.sqrt((weight * gap**2).sum())),
        int(found.count.size),
        int(found.index.size),
    )


def debiased_squared_error(
    p: ArrayLike,
    y: ArrayLike,
    rng: np.random.Generator,
    *,
    bins: int = 10,
    scheme: Scheme = "equal-mass",
    level: float = 0.95,
    draws: int = 1_000,
) -> DebiasedError | CannotTell:
    """sum w_b [(came - stated)^2 - came (1 - came) / (n_b - 1)] (Broecker 2012; Kumar, Liang and Ma 2019).

    Args:
        p, y: stated probabilities and their 0/1 outcomes, one per independent decision.
        rng: draws the bootstrap: rows resampled inside their bins, bins kept.
        bins, scheme: equal-mass bins are the ones whose noise term is the same everywhere.
        level: of the interval.
        draws: bootstrap resamples.

    A resample adds its own noise to every squared gap, so the bootstrap's law is moved back by that much before its
    quantiles are read. A bin with one forecast has no noise estimate: "cannot tell", use fewer bins.
    """
    share("level", level)
    draws = complete("draws", draws)
    p_, y_ = forecasts(p, y)
    found = bin_forecasts(p_, y_, bins, scheme)
    if isinstance(found, CannotTell):
        return found
    if found.count.min() < 2:
        return CannotTell("a bin holds one forecast, whose noise nothing estimates; use fewer bins")
    weight = found.count / found.count.sum()
    noise = found.came * (1 - found.came) / (found.count - 1)
    estimate = float((weight * ((found.came - found.stated) ** 2 - noise)).sum())
    resampled = np.zeros(draws)
    for b, n in enumerate(found.count.astype(int)):
        rows = np.flatnonzero(found.index == b)
        rows = rows[np.lexsort((y_[rows], p_[rows]))]
        gap, came = _resample(p_[rows], y_[rows], rng, draws)
        resampled += weight[b] * (gap**2 - came * (1 - came) / (n - 1))
    if np.ptp(resampled) < 1e-15:
        return CannotTell("no bin varies, neither in what was said nor in what came, so the error's spread is unknown")
    tails = np.quantile(resampled - resampled.mean(), [(1 - level) / 2, (1 + level) / 2])
    interval = Interval(estimate + float(tails[0]), estimate + float(tails[1]), level)
    return DebiasedError(estimate, interval, int(found.count.size), int(p_.size))


def _resample(
    p: NDArray[np.float64], y: NDArray[np.float64], rng: np.random.Generator, draws: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    gap, came = np.empty(draws), np.empty(draws)
    chunk = max(1, 2_000_000 // p.size)
    for start in range(0, draws, chunk):
        rows = rng.integers(0, p.size, size=(min(chunk, draws - start), p.size))
        here = slice(start, start + rows.shape[0])
        came[here] = y[rows].mean(axis=1)
        gap[here] = came[here] - p[rows].mean(axis=1)
    return gap, came
