"""Contracts: the runs that `must_pass` asks for beyond those of the whole dataset."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from seatrial.evidence.combine import combine
from seatrial.evidence.table import Evidence
from seatrial.trial.runs import RUNS, summary

if TYPE_CHECKING:
    from seatrial.gate.policy import Policy
    from seatrial.project import Project

WHY = "must_pass"


def for_family(project: Project, graph: str, policy: Policy) -> Policy:
    """The policy with as many runs of a contract test as the graph needs: one, where it always answers the same."""
    return replace(policy, must_pass_runs=1) if project.spec(graph).deterministic else policy


def contracts_run(run_id: str) -> str:
    """The run that holds a run's extra repetitions."""
    return f"{run_id}-{WHY}"


def with_contracts(project: Project, run_id: str, evidence: Evidence) -> Evidence:
    """A run's evidence with its extra repetitions, counted on from its own."""
    extra = project.root / RUNS / contracts_run(run_id)
    # One that was finished and has lost its evidence is refused, not left out.
    if not (extra / "run.json").is_file() or not summary(project, extra.name).get("complete"):
        return evidence
    from seatrial.runner.stored import stored_evidence  # noqa: PLC0415 - Arrow, for a run that has them

    found = stored_evidence(extra)
    later = found.later(int(summary(project, run_id)["repetitions"]))
    return combine([evidence, later], evidence.source)
