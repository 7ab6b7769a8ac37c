"""Bootstrap intervals of kappa and AC1, for where one class is rare and the large-sample error is too bold."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from seatrial.stats.agreement.table import square
from seatrial.stats.interval import CannotTell, Interval
from seatrial.stats.validate import complete, share

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

Measure = Literal["kappa", "ac1"]
MEASURES: tuple[Measure, ...] = ("kappa", "ac1")
_MOST = 1e15
IMAGINED = 2.0
"""Items added to the table before it is drawn from, spread over all cells: what was not seen yet is not impossible."""


@dataclass(frozen=True, slots=True)
class ResampledAgreement:
    """The measure's own estimate (of the table as it is), its bootstrap interval, and the resamples behind it."""

    estimate: float
    interval: Interval
    draws: int


def resampled_agreement(
    table: ArrayLike,
    rng: np.random.Generator,
    measure: Measure = "kappa",
    *,
    level: float = 0.95,
    draws: int = 2_000,
) -> ResampledAgreement | CannotTell:
    """Percentile interval of unweighted `kappa` or `ac1` over items drawn from the smoothed table.

    Args:
        table: square counts of two raters, as `cohen_kappa` and `gwet_ac1` take them.
        rng: draws the items.
        measure: `kappa` or `ac1`.
        level: of the interval.
        draws: resamples, 100 or more.

    Each resample is as many items as the table holds, drawn from its shares after two imagined items were spread evenly
    over its cells (Efron and Tibshirani 1993 on smoothing; a cell that happens to be empty would otherwise stay empty in
    every resample, and the lower bound be too high). A resample in which both raters used one label only counts as 0.

    When to use it: a class under a fifth, or under 100 items, or agreement total, where the large-sample interval does not
    exist. With a class of one tenth a nominal .95 covered, at 50 / 200 items and 600 runs a cell (standard error .009),
    .955-.98 / .94-.97 for kappa and .955-.995 / .935-.965 for AC1, where the large-sample intervals covered .90-.91 / .92-.95
    and .86-.88 / .92-.93 and a plain bootstrap .88-.94 / .92-.96 and .89-.91 / .92-.935. From 200 balanced items on the
    three agree. The interval need not have the estimate in its middle. Assumes independent items. No item, one category, or
    (for kappa) one label throughout is "cannot tell".
    """
    share("level", level)
    draws = complete("draws", draws, 100)
    if measure not in MEASURES:
        raise ValueError(f"measure {measure!r} is unknown; choose one of: {', '.join(MEASURES)}")
    counts = square(table)
    if isinstance(counts, CannotTell):
        return counts
    k, n = counts.shape[0], float(counts.sum())
    if k < 2:
        return CannotTell("with one category raters cannot disagree")
    if n != round(n) or not 2 <= n <= _MOST:
        return CannotTell("resampling needs a whole number of items, from two on")
    of = _kappas if measure == "kappa" else _ac1s
    estimate = float(of(counts[None] / n)[0])
    if np.isnan(estimate):
        return CannotTell("both raters used one and the same label throughout: chance agreement is already total")
    smooth = (counts + IMAGINED / k**2) / (n + IMAGINED)
    drawn = rng.multinomial(int(n), smooth.ravel() / smooth.sum(), size=draws).reshape(draws, k, k) / n
    low, high = np.quantile(np.nan_to_num(of(drawn), nan=0.0), [(1 - level) / 2, (1 + level) / 2])
    return ResampledAgreement(estimate, Interval(float(low), float(high), level), draws)


def _kappas(shares: NDArray[np.float64]) -> NDArray[np.float64]:
    """Kappa of each table of shares; NaN where chance agreement is total."""
    expected = (shares.sum(axis=2) * shares.sum(axis=1)).sum(axis=1)
    return _beyond(np.trace(shares, axis1=1, axis2=2), expected)


def _ac1s(shares: NDArray[np.float64]) -> NDArray[np.float64]:
    middle = (shares.sum(axis=2) + shares.sum(axis=1)) / 2
    expected = (middle * (1 - middle)).sum(axis=1) / (shares.shape[1] - 1)
    return _beyond(np.trace(shares, axis1=1, axis2=2), expected)


def _beyond(observed: NDArray[np.float64], expected: NDArray[np.float64]) -> NDArray[np.float64]:
    """(observed - expected) / (1 - expected), NaN where nothing is beyond chance."""
    room = 1 - expected
    return np.asarray(np.divide(observed - expected, room, out=np.full(room.shape, np.nan), where=room > 1e-12))
