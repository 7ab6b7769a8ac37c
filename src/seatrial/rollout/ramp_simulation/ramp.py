"""Ramp: what is watched while a canary's share of the traffic grows, in numbers alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from seatrial.stats.sequential.eprocess import Estimates


@dataclass(frozen=True, slots=True)
class Stage:
    """One step of the ramp.

    Attributes:
        share: the canary's share of every cell's traffic, strictly between 0 and 1.
        units: units of traffic, of all cells and both arms, until the stage's time is up.
        margin: the drop in rate that may be left when the stage is passed, 0 <= margin < 1.
        weight: the stake on this stage's e-process in the fixed-weight mean over stages.
    """

    share: float
    units: int
    margin: float
    weight: float


@dataclass(frozen=True)
class Ramp:
    """Cells x metrics x stages, each an e-process of its own; every metric is a rate of good outcomes.

    Attributes:
        shares: per cell, its share of the traffic; positive, summing to at most 1.
        rates: cells x metrics, the control's rate of good outcomes, 0..1.
        stages: in order; their weights sum to at most 1 (what they leave is never bet).
        thresholds: cells x metrics, the E at which the cell is stopped; inf where nobody watches.
        pooled: per metric, the E at which everything is stopped, for the process that reads the blocks of all cells in the
            order of exposure; inf where nobody watches.
        advance: the E of "not worse than margin" that every metric of a cell needs before the cell moves on; inf where
            nobody moves on, which saves half of the work.
        estimates: what "not worse than margin" is bet on, as in `eprocess.update`.
    """

    shares: NDArray[np.float64]
    rates: NDArray[np.float64]
    stages: tuple[Stage, ...]
    thresholds: NDArray[np.float64]
    pooled: NDArray[np.float64]
    advance: float
    estimates: Estimates = "shrunk"

    def __post_init__(self) -> None:
        """Refuse what cannot mean anything.

        Raises:
            ValueError: shapes do not fit, or a number is out of its range.
        """
        cells, metrics = self.rates.shape if self.rates.ndim == 2 else (0, 0)
        if not cells or not metrics or self.shares.shape != (cells,) or self.thresholds.shape != (cells, metrics):
            raise ValueError(
                "need one share a cell, and one rate and threshold a cell and metric; at least one of each"
            )
        if self.pooled.shape != (metrics,):
            raise ValueError(f"{metrics} metrics but {self.pooled.size} pooled thresholds")
        # written as what must hold, so that NaN fails too
        if not (np.all(self.shares > 0) and self.shares.sum() <= 1 + 1e-9):
            raise ValueError("shares must be positive and sum to at most 1")
        if not (np.all(self.rates >= 0) and np.all(self.rates <= 1)):
            raise ValueError("rates must lie in 0..1")
        if not (np.all(self.thresholds > 1) and np.all(self.pooled > 1) and self.advance > 1):
            raise ValueError("thresholds are 1 / alpha: above 1")
        if not self.stages:
            raise ValueError("need at least one stage")
        for stage in self.stages:
            if not (0 < stage.share < 1 and 0 <= stage.margin < 1 and stage.units >= 1 and stage.weight > 0):
                raise ValueError(f"a stage needs a share in (0, 1), a margin in [0, 1), units and a weight: {stage}")
        if sum(stage.weight for stage in self.stages) > 1 + 1e-9:
            raise ValueError("the stages' weights must sum to at most 1")
