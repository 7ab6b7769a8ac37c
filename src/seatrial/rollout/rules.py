"""Rules: what a running rollout goes by, fixed at its start and kept in its ledger."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields, replace
from typing import TYPE_CHECKING, Any

from seatrial.canonical import content_hash
from seatrial.experiment.plan import Cell, OnMismatch, PlanStage, Shadow, Split
from seatrial.experiment.snapshot import partition_data
from seatrial.outcome.metric import Metric, MetricKind, Pick, Source, SourceKind
from seatrial.outcome.polarity import Polarity

if TYPE_CHECKING:
    from collections.abc import Mapping

    from seatrial.experiment.plan import RolloutPlan
    from seatrial.stats.sequential.eprocess import Estimates


@dataclass(frozen=True, slots=True)
class Rules:
    """A plan with its metrics resolved: everything a decision depends on besides evidence and clock.

    Attributes:
        rollout: the plan's name and the beginning of its hash: a changed plan is another rollout.
        plan_hash: hash of the plan file's rules and of its metrics; of the rules alone where an older version began it.
        graph: whose versions are compared.
        control: the version that answers today.
        candidate: the version that may come.
        owner: who is called.
        metrics: rates that act, the primary one first; aligned with every cell's `rates`.
        watch: metrics of zero tolerance, which act at once, and means, which are shown.
        cells: the partition of the traffic.
        stages: the ramp below the whole traffic.
        alpha: chance, over all tries, to roll anything back when nothing changed.
        weights: how alpha is shared.
        min_units: candidate units with mature outcomes before a cell leaves a stage.
        bake: seconds a cell stays in a stage at least.
        sample_ratio_alpha: level of the check of the shares.
        on_mismatch: what a sample ratio that is not the planned one does.
        shadow: the stage before the first share.
        on_rollback: what happens to threads that the candidate has begun: `drain` or `pause`.
        salt: of the assignment.
        parts: the partition as plain data, as router snapshots hold it.
        heaviest_unit: share of a cell's requests above which one unit is named and holds the cell.
        estimates: what "not worse by the margin" is bet on; a rollout goes on as it began.
        testers: (unit, `control` or `candidate`): they always get that version and count in no rate.
        header: whether rows of the ledger hold their verdict and the hash of their evidence, likewise.
        plan_file: the plan's file from the project's root; "": `experiments/NAME.toml`.
    """

    rollout: str
    plan_hash: str
    graph: str
    control: str
    candidate: str
    owner: str
    metrics: tuple[Metric, ...]
    watch: tuple[Metric, ...]
    cells: tuple[Cell, ...]
    stages: tuple[PlanStage, ...]
    alpha: float
    weights: Split
    min_units: int
    bake: float
    sample_ratio_alpha: float
    on_mismatch: OnMismatch
    shadow: Shadow
    on_rollback: str
    salt: str = ""
    parts: tuple[Mapping[str, Any], ...] = ()
    heaviest_unit: float = 0.01
    estimates: Estimates = "separate"
    testers: tuple[tuple[str, str], ...] = ()
    header: bool = False
    plan_file: str = ""

    @property
    def top(self) -> int:
        """Number of the rung that is the whole traffic; rung 0 is no traffic, rung 1 the first stage."""
        return len(self.stages) + 1

    @property
    def means(self) -> tuple[Metric, ...]:
        """Metrics without a rate: shown with their confidence sequence; one that is worse holds its cell."""
        return tuple(metric for metric in self.watch if metric.kind is MetricKind.MEAN)

    @property
    def zero_tolerance(self) -> tuple[Metric, ...]:
        """Metrics of which one event takes the cell to 0 %."""
        return tuple(metric for metric in self.watch if metric.kind is MetricKind.ZERO_TOLERANCE)

    def share(self, rung: int) -> float:
        """The candidate's share of a cell on a rung."""
        return (0.0, *(stage.share for stage in self.stages), 1.0)[rung]

    def stage(self, rung: int) -> PlanStage | None:
        """The stage of a rung; None on rung 0 and on the whole traffic, where there are no two versions to compare."""
        return self.stages[rung - 1] if 1 <= rung <= len(self.stages) else None

    def cell(self, name: str) -> Cell:
        """The cell of that name; KeyError where there is none."""
        for cell in self.cells:
            if cell.name == name:
                return cell
        raise KeyError(name)


AT_ONCE = 300.0
"""Seconds from an exposure within which a key or a measurement is written: it is known at once, and an answer takes time."""


def rules_of(plan: RolloutPlan, metrics: Mapping[str, Metric]) -> Rules:
    """The rules of a plan read by `load_runnable_plan`."""
    acting = tuple(observed(metrics[metric.name]) for metric in plan.metrics)
    watch = tuple(observed(metrics[name]) for name in plan.watch)
    hashed = content_hash([plan.hash, [_hashed(metric) for metric in (*acting, *watch)]])
    return Rules(
        rollout=f"{plan.name}@{hashed[:8]}",
        plan_hash=hashed,
        graph=plan.graph,
        control=plan.control,
        candidate=plan.candidate,
        owner=plan.owner,
        metrics=acting,
        watch=watch,
        cells=plan.cells,
        stages=plan.stages,
        alpha=plan.alpha,
        weights=plan.weights,
        min_units=plan.min_units,
        bake=plan.bake,
        sample_ratio_alpha=plan.sample_ratio.alpha,
        on_mismatch=plan.sample_ratio.action,
        shadow=plan.shadow,
        on_rollback=plan.on_rollback.value,
        salt=plan.exposure_salt,
        parts=tuple(partition_data(plan.partition)),
        heaviest_unit=plan.heaviest_unit,
        estimates="shrunk",
        testers=plan.testers,
        header=True,
    )


def rules_data(rules: Rules) -> dict[str, Any]:
    """The rules as plain data, for the ledger; a word that older ledgers do not have is left out where it says the same."""
    data = asdict(rules)
    if rules.estimates == "separate":
        del data["estimates"]
    for name in ("testers", "header", "plan_file"):
        if not data[name]:
            del data[name]
    return data


def rules_from(data: Mapping[str, Any]) -> Rules:
    """The rules that `rules_data` wrote.

    Raises:
        KeyError, TypeError, ValueError: it wrote none.
    """
    made = {
        "metrics": tuple(_metric(one) for one in data["metrics"]),
        "watch": tuple(_metric(one) for one in data["watch"]),
        "cells": tuple(Cell(**{**one, "rates": tuple(one["rates"])}) for one in data["cells"]),
        "stages": tuple(PlanStage(**one) for one in data["stages"]),
        "weights": Split(**data["weights"]),
        "on_mismatch": OnMismatch(data["on_mismatch"]),
        "shadow": Shadow(**{**data["shadow"], "keys": tuple(data["shadow"]["keys"])}),
        "parts": tuple(data["parts"]),
        "testers": tuple((unit, arm) for unit, arm in data.get("testers", ())),
    }
    return Rules(**{**data, **made})


def same_plan(rules: Rules, plan: RolloutPlan, metrics: Mapping[str, Metric]) -> bool:
    """Whether a plan and its metrics are still what a rollout goes by."""
    planned = rules_of(plan, metrics)
    begun_before_metrics_were_hashed = rules.plan_hash == plan.hash
    same_metrics = (rules.metrics, rules.watch) == (planned.metrics, planned.watch)
    return rules.plan_hash == planned.plan_hash or (begun_before_metrics_were_hashed and same_metrics)


def _hashed(metric: Metric) -> dict[str, Any]:
    """What a metric says beyond the defaults: a word that a later version adds changes no hash."""
    defaults = {one.name: one.default for one in fields(Metric)}
    return {name: value for name, value in asdict(metric).items() if value != defaults[name]}


def observed(metric: Metric) -> Metric:
    """The metric as a rollout counts it: what is known at once still waits for its writer."""
    at_once = metric.source.kind is not SourceKind.OUTCOME and not metric.horizon
    return replace(metric, horizon=AT_ONCE) if at_once else metric


def _metric(data: Mapping[str, Any]) -> Metric:
    source = data["source"]
    made = {
        "source": Source(SourceKind(source["kind"]), source["name"], source["over"]),
        "kind": MetricKind(data["kind"]),
        "default": Polarity(data["default"]),
        "pick": Pick(data["pick"]),
        "labels": tuple((label, Polarity(polarity)) for label, polarity in data.get("labels", ())),
    }
    return Metric(**{**data, **made})
