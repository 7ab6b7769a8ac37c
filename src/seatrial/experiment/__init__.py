"""Experiments: the plan, who sees which version, and what an A/B test says."""

from __future__ import annotations

from seatrial.experiment.assign import ALGORITHM
from seatrial.experiment.partition import REST, Partition
from seatrial.experiment.plan import (
    SCHEMA,
    Cell,
    Metric,
    OnMismatch,
    OnRollback,
    PlanStage,
    RolloutPlan,
    SampleRatio,
    Shadow,
    Split,
    Unit,
)
from seatrial.experiment.read import is_rollout_plan, load_rollout_plan, load_runnable_plan, parse_rollout_plan

__all__ = [
    "ALGORITHM",
    "REST",
    "SCHEMA",
    "Cell",
    "Metric",
    "OnMismatch",
    "OnRollback",
    "Partition",
    "PlanStage",
    "RolloutPlan",
    "SampleRatio",
    "Shadow",
    "Split",
    "Unit",
    "is_rollout_plan",
    "load_rollout_plan",
    "load_runnable_plan",
    "parse_rollout_plan",
]
