"""Alpha of a rollout: which row may spend how much of it, fixed before the rollout starts.

Critical cells on the primary metric take .8, every other cell and metric .1, the traffic as a whole .1; try j spends
alpha / 2^(j + 1), so that all tries together never spend more than alpha.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from seatrial.experiment.plan import Split


class Levels(NamedTuple):
    """Alpha of each row: cells x metrics, and per metric for the whole traffic (0 where no row is watched)."""

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
    first_rank = np.zeros((len(critical), metrics), dtype=bool)
    first_rank[:, 0] = critical
    overall = split.overall if len(critical) > 1 else 0.0
    left = 1 - overall
    if first_rank.all():
        shares = (left, 0.0)
    elif not first_rank.any():
        shares = (0.0, left)
    else:
        both = split.critical + split.other
        shares = (left * split.critical / both, left * split.other / both)
    each = np.where(first_rank, shares[0] / max(1, int(first_rank.sum())), shares[1] / max(1, int((~first_rank).sum())))
    return Levels(alpha * each, np.full(metrics, alpha * overall / metrics))
