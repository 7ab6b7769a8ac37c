"""Ramp of a plan: its thresholds, stakes and margins as the numbers that are simulated."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from seatrial.rollout.alpha import levels, try_alpha
from seatrial.rollout.ramp_simulation.ramp import Ramp, Stage

if TYPE_CHECKING:
    from seatrial.experiment.plan import RolloutPlan


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
