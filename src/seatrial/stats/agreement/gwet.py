"""Gwet's AC1: agreement beyond chance that does not collapse where one class is rare."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from scipy import special

from seatrial.stats.agreement.table import square
from seatrial.stats.interval import CannotTell, Interval
from seatrial.stats.validate import share

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

Convention = Literal["n-1", "n"]
CONVENTIONS: tuple[Convention, ...] = ("n-1", "n")


@dataclass(frozen=True, slots=True)
class AC1:
    """AC1 with its standard error under the named convention and a t interval (n - 1 df), cut at 1."""

    estimate: float
    error: float
    interval: Interval | CannotTell
    observed: float
    expected: float
    n: float


def gwet_ac1(table: ArrayLike, level: float = 0.95, convention: Convention = "n-1") -> AC1 | CannotTell:
    """(po - pe) / (1 - pe), pe = sum pi (1 - pi) / (k - 1) with pi the mean share of each category (Gwet 2008).

    Args:
        table: square counts of two raters over *all* k categories they could use; k counts, so name the unseen ones.
        level: of the interval.
        convention: variance over `n-1` items (irrCAC, Gwet's later software; the default, wider) or `n` (the formula of
            2008).

    A large-sample error: with a class of one tenth a nominal .95 interval covered .89 at 50 items and .92 at 200: take
    `resampled_agreement` there. Says
    nothing on whether the rare class is ever found: quote its recall beside it. One category is "cannot tell".
    """
    share("level", level)
    if convention not in CONVENTIONS:
        raise ValueError(f"convention {convention!r} is unknown; choose one of: {', '.join(CONVENTIONS)}")
    counts = square(table)
    if isinstance(counts, CannotTell):
        return counts
    k, n = counts.shape[0], float(counts.sum())
    if k < 2:
        return CannotTell("with one category raters cannot disagree")
    if n < 2:
        return CannotTell("agreement needs at least two items")
    p = counts / n
    shares = (p.sum(axis=0) + p.sum(axis=1)) / 2
    observed, expected = float(np.trace(p)), float((shares * (1 - shares)).sum()) / (k - 1)
    ac1 = (observed - expected) / (1 - expected)
    # Each item's part in the estimate, linearised: its own agreement, and its pull on the chance term.
    pull = ((1 - shares)[:, None] + (1 - shares)[None, :]) / 2 / (k - 1)
    part = (np.eye(k) - expected) / (1 - expected) - 2 * (1 - ac1) * (pull - expected) / (1 - expected)
    squares = float((p * (part - ac1) ** 2).sum())
    error = math.sqrt(max(0.0, squares) / (n - 1 if convention == "n-1" else n))
    interval: Interval | CannotTell = CannotTell("agreement is total, so the error of AC1 is 0")
    if error > 1e-9:
        half = float(special.stdtrit(n - 1, (1 + level) / 2)) * error
        interval = Interval(ac1 - half, min(1.0, ac1 + half), level)
    return AC1(ac1, error, interval, observed, expected, n)
