"""Visible: the loss a slice of a given size must have to be found, decided from sizes alone, never from what was observed."""

from __future__ import annotations

import math
from bisect import bisect_left
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from seatrial.slice.lattice import SUPPORT
from seatrial.stats.power import critical_values

if TYPE_CHECKING:
    from collections.abc import Sequence

    from seatrial.slice.lattice import Slice

SHARES = (0.05, 0.10, 0.15, 0.25, 0.50)
POWER = 0.8
CHURN = 0.05
"""Share of examples that flip on their own; the gate's default."""
MISSING = 0.05
"""Share of all examples that break besides, while the threshold is learnt: what a slice worth finding loses."""
_DRAWS, _EXAMPLES, _SLICES = 1000, 400, 2000


@dataclass(frozen=True, slots=True)
class Visible:
    """A slice of `n` examples is found with power .8 when it lost `loss`, or more; None when no loss would do."""

    n: int
    loss: float | None


def visible(slices: Sequence[Slice], n: int, alpha: float, churn: float = CHURN) -> tuple[Visible, ...]:
    """What a search over `slices` of `n` examples with scores of 0 and 1 could have found.

    The threshold is the 1 - alpha quantile of the largest of the slices' statistics when the examples that move (`churn` and
    a twentieth more) are fair coins; on at most 400 examples and 2,000 slices, taken evenly, as their overlap hardly depends
    on either. Of a slice of m examples that lost D, churn / 2 + D broke and churn / 2 got better; D is the smallest, in whole
    points, that passes the threshold in .8 of the draws.
    """
    if not slices:
        return ()
    # A constant of the method, not a draw on anybody's evidence: the seed is fixed.
    rng = np.random.default_rng(11)
    limit = _limit(slices, n, alpha, churn, rng)
    sizes = sorted({SUPPORT, *(math.ceil(share * n) for share in SHARES if share * n > SUPPORT)})
    return tuple(Visible(m, _loss(m, limit, alpha, churn, rng)) for m in sizes if m <= n - SUPPORT)


def _limit(slices: Sequence[Slice], n: int, alpha: float, churn: float, rng: np.random.Generator) -> float:
    rows = _evenly(len(slices), _SLICES)
    columns = _evenly(n, _EXAMPLES)
    member = np.array([slices[i].members for i in rows])[:, columns].T.astype(np.float32)
    # A sample of the examples moves as many as all of them would: what counts is how many flips a slice sees.
    moved = min(1.0, (churn + MISSING) * n / len(columns))
    coins = rng.integers(0, 2, size=(_DRAWS, len(columns))) * 2 - 1
    d = (coins * (rng.random(coins.shape) < moved)).astype(np.float32)
    norm = np.sqrt(np.abs(d) @ member)
    return float(np.quantile(((d @ member) / np.maximum(norm, 1)).max(axis=1), 1 - alpha))


def _evenly(size: int, most: int) -> list[int]:
    return [i * size // most for i in range(most)] if size > most else list(range(size))


def _loss(m: int, limit: float, alpha: float, churn: float, rng: np.random.Generator) -> float | None:
    alone = critical_values(alpha, "exact", m)

    def seen(points: int) -> bool:
        regressed_rate = min(1.0, points / 100 + churn / 2)
        regressed = rng.binomial(m, regressed_rate, size=_DRAWS)
        fixed = rng.binomial(m - regressed, min(1.0, churn / 2 / max(1 - regressed_rate, churn / 2)))
        past = (regressed - fixed) / np.sqrt(np.maximum(regressed + fixed, 1)) >= limit
        # However few slices there are, none is found that would not be alone.
        return bool(np.mean(past & (regressed >= alone[regressed + fixed])) >= POWER)

    points = bisect_left(range(1, 101), True, key=seen) + 1
    return points / 100 if points <= 100 else None
