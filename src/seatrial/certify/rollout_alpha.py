"""Rollout alpha: which row of a ramp may spend how much of it, fixed before the ramp starts.

Critical cells on the primary metric take .8, every other cell and metric .1, the traffic as a whole .1; try j spends
alpha / 2^(j + 1), so that all tries together never spend more than alpha.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from seatrial.stats.simulate.ramp import Ramp, Stage

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from seatrial.experiment import RolloutPlan, Split


class Levels(NamedTuple):
    """Alpha of each row: cells x metrics, and per metric for the whole traffic (0 where nobody watches)."""

    cells: NDArray[np.float64]
    overall: NDArray[np.float64]


def try_alpha(alpha: float, attempt: int) -> float:
    """What try `attempt` (0 = the first) may spend."""
    if attempt < 0:
        raise ValueError(f"tries are counted from 0, got {attempt}")
    return alpha / 2.0 ** (attempt + 1)


def levels(critical: tuple[bool, ...], metrics: int, alpha: float, split: Split) -> Levels:
    """Alpha of each row; the first metric is the primary one.

    A class without rows leaves its share to the other class of cells; one cell alone is the whole traffic and takes all.
    """
    vital = np.zeros((len(critical), metrics), dtype=bool)
    vital[:, 0] = critical
    overall = split.overall if len(critical) > 1 else 0.0
    left = 1 - overall
    if vital.all():
        shares = (left, 0.0)
    elif not vital.any():
        shares = (0.0, left)
    else:
        both = split.critical + split.other
        shares = (left * split.critical / both, left * split.other / both)
    each = np.where(vital, shares[0] / max(1, int(vital.sum())), shares[1] / max(1, int((~vital).sum())))
    return Levels(alpha * each, np.full(metrics, alpha * overall / metrics))


def ramp_of(plan: RolloutPlan, attempt: int = 0) -> Ramp:
    """The plan in numbers: thresholds 1 / alpha of each row, equal stakes on every stage, advance at 1 / alpha unsplit."""
    found = levels(
        tuple(cell.critical for cell in plan.cells), len(plan.metrics), try_alpha(plan.alpha, attempt), plan.weights
    )
    with np.errstate(divide="ignore"):
        thresholds, pooled = 1 / found.cells, 1 / found.overall
    return Ramp(
        shares=np.array([cell.share for cell in plan.cells]),
        rates=np.array([cell.rates for cell in plan.cells]),
        stages=tuple(Stage(s.share, s.units, s.margin, 1 / len(plan.stages)) for s in plan.stages),
        thresholds=thresholds,
        pooled=pooled,
        advance=1 / plan.alpha,
    )
