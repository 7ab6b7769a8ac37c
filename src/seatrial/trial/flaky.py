"""Flaky: a version of a project's graph against itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from seatrial.certify.design import design_of
from seatrial.evidence.read import read_evidence
from seatrial.gate.churn import churn_of
from seatrial.segment import critical_segments, for_graph
from seatrial.trial.evaluate import evaluate
from seatrial.trial.gating import policy_of
from seatrial.trial.runs import RUNS, summary

if TYPE_CHECKING:
    from collections.abc import Callable

    from seatrial.gate.churn import Churn
    from seatrial.gate.policy import Policy
    from seatrial.project import Project


def flaky(
    project: Project,
    name: str,
    *,
    repeat: int,
    concurrency: int | None = None,
    limit: int | None = None,
    progress: Callable[[str, int, int], None] | None = None,
) -> tuple[tuple[Churn, ...], Policy]:
    """Churn of every tested key, of a run that has repetitions or of a fresh one of `GRAPH[@VERSION]`; and the policy it is read by."""
    if (project.root / RUNS / name / "evidence.parquet").is_file():
        run_id = name
    else:
        graph, _, version = name.partition("@")
        run_id = evaluate(
            project, graph, version or None, repeat=repeat, concurrency=concurrency, limit=limit, progress=progress
        ).run_dir.name
    said = summary(project, run_id)
    policy = policy_of(project, said["graph"])
    evidence = read_evidence(project.root / RUNS / run_id / "evidence.parquet")
    critical = critical_segments(for_graph(project.dimensions, said["graph"]))
    shape = design_of(evidence, policy, critical)
    levels = {
        key: dict(zip(shape.segments, shape.alpha_row[k].tolist(), strict=True)) for k, key in enumerate(shape.keys)
    }
    return tuple(
        churn_of(evidence, said["version"], key, policy, critical=critical, levels=levels[key]) for key in shape.keys
    ), policy
