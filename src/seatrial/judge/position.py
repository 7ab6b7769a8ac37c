"""Position: how often a judge says the same of a pair shown in both orders, and how often it favours the first answer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from seatrial.stats.interval import CannotTell
from seatrial.stats.proportions import wilson

if TYPE_CHECKING:
    from seatrial.judge.scores import Scores


@dataclass(frozen=True, slots=True)
class Position:
    """Shares over the examples that have a pair of orders, with Wilson intervals.

    Attributes:
        n: examples with such a pair.
        consistency: share of pairs that favour the same answer in both orders.
        consistency_ci: its interval.
        first: share of verdicts that favour the answer shown first, a tie as one half; .5 without position bias.
        first_ci: its interval.
    """

    n: int
    consistency: float
    consistency_ci: tuple[float, float]
    first: float
    first_ci: tuple[float, float]


def position_of(scores: Scores, level: float = 0.95) -> Position | None:
    """Position bias; None where no example has both orders.

    Several pairs of one example are averaged first and count once: intervals of means inside 0..1, so Wilson's are not too narrow.
    """
    full = ~np.isnan(scores.consistent)
    n = int(full.sum())
    if not n:
        return None
    shares = [float(values[full].mean()) for values in (scores.consistent, scores.first)]
    ends = [wilson(share * n, n, level) for share in shares]
    (consistency, first), (inner, outer) = shares, ends
    assert not isinstance(inner, CannotTell)  # noqa: S101 - n is positive
    assert not isinstance(outer, CannotTell)  # noqa: S101
    return Position(n, consistency, (inner.low, inner.high), first, (outer.low, outer.high))
