"""Cohen's kappa, plain and weighted: agreement beyond what two raters with these habits reach by chance."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from seatrial.stats.agreement.table import square
from seatrial.stats.interval import CannotTell, Interval
from seatrial.stats.normal import around
from seatrial.stats.validate import share

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

Weights = Literal["none", "linear", "quadratic"]
WEIGHTS: tuple[Weights, ...] = ("none", "linear", "quadratic")


@dataclass(frozen=True, slots=True)
class Kappa:
    """Cohen's kappa.

    Attributes:
        estimate: 1 = perfect, 0 = chance, below 0 = worse than chance.
        error: large-sample standard error; 0 at perfect agreement, where there is no interval.
        interval: estimate +- z error (its ends may pass 1), or why there is none.
        observed, expected: (weighted) agreement seen, and by chance.
        n: items.
    """

    estimate: float
    error: float
    interval: Interval | CannotTell
    observed: float
    expected: float
    n: float


def cohen_kappa(table: ArrayLike, weights: Weights = "none", level: float = 0.95) -> Kappa | CannotTell:
    """(po - pe) / (1 - pe) with the non-null error of Fleiss, Cohen and Everitt (1969).

    Args:
        table: square counts, rater one in rows; ordered categories when weighted.
        weights: credit for near misses over the steps between categories: `linear` 1 - steps / (k - 1), `quadratic` its
            square form.
        level: of the interval.

    Falls to 0 or below where nearly all items are of one class, however good the raters (quote AC1 and the rare
    class' recall beside it). Under 50 items the interval is wider than +- .25, and a large-sample one: with a class of
    one tenth a nominal .95 covered .83 at 50 items and .92 at 200: take `resampled_agreement` there. Both raters using one label only is "cannot tell".
    """
    share("level", level)
    counts = square(table)
    if isinstance(counts, CannotTell):
        return counts
    n = float(counts.sum())
    p = counts / n
    w = _credit(p.shape[0], weights)
    rows, columns = p.sum(axis=1), p.sum(axis=0)
    observed, expected = float((w * p).sum()), float(rows @ w @ columns)
    if 1 - expected < 1e-12:
        return CannotTell("both raters used one and the same label throughout: chance agreement is already total")
    kappa = (observed - expected) / (1 - expected)
    by_row, by_column = w @ columns, rows @ w
    spread = (w - (by_row[:, None] + by_column[None, :]) * (1 - kappa)) ** 2
    variance = float((p * spread).sum()) - (kappa - expected * (1 - kappa)) ** 2
    error = math.sqrt(max(0.0, variance) / n) / (1 - expected)
    if error < 1e-9:
        none = CannotTell("agreement is total, so the error of kappa is 0 and its interval has no width")
        return Kappa(kappa, 0.0, none, observed, expected, n)
    return Kappa(kappa, error, around(kappa, error, level), observed, expected, n)


def _credit(k: int, weights: str) -> NDArray[np.float64]:
    steps = np.abs(np.subtract.outer(np.arange(k), np.arange(k))) / max(1, k - 1)
    if weights == "none":
        return np.eye(k)
    if weights == "linear":
        return np.asarray(1 - steps)
    if weights == "quadratic":
        return np.asarray(1 - steps**2)
    raise ValueError(f"weights {weights!r} are unknown; choose one of: {', '.join(WEIGHTS)}")
