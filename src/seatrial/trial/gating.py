"""Gating: two runs of a project, its policy and its critical segments, put to the gate."""

from __future__ import annotations

from typing import TYPE_CHECKING

from seatrial.errors import ConfigError, UsageError
from seatrial.evidence.combine import combine
from seatrial.evidence.read import read_evidence
from seatrial.gate.merge import check
from seatrial.gate.policy import Policy, load_policy
from seatrial.segment import critical_segments, for_graph
from seatrial.trial.runs import RUNS, latest_run, summary

if TYPE_CHECKING:
    from pathlib import Path

    from seatrial.gate.report import Report
    from seatrial.project import Project, TrialRow


def gate_runs(project: Project, a: str, b: str, policy: Path | None = None) -> Report:
    """Gate two runs, each named `GRAPH@VERSION` (its latest complete run) or by its run id, with the trial row's policy."""
    first, second = latest_run(project, a), latest_run(project, b)
    graph = summary(project, first)["graph"]
    if graph != summary(project, second)["graph"]:
        raise UsageError(
            f"{a} is a run of {graph!r} and {b} of {summary(project, second)['graph']!r}; two graphs are not compared"
        )
    if first == second:
        raise UsageError(f"{a} and {b} are both run {first}; a run is not compared with itself")
    return gate(project, graph, first, second, load_policy(policy, graph) if policy else policy_of(project, graph))


def gate(project: Project, graph: str, baseline: str, candidate: str, policy: Policy) -> Report:
    """Gate two runs, named by their ids."""
    names = [summary(project, run_id)["version"] for run_id in (baseline, candidate)]
    if names[0] == names[1]:
        # An A/A comparison: two runs of one version are told apart by their own names.
        names = [baseline, candidate]
    arms = [
        read_evidence(project.root / RUNS / run_id / "evidence.parquet").named(name)
        for run_id, name in zip((baseline, candidate), names, strict=True)
    ]
    critical = critical_segments(for_graph(project.dimensions, graph))
    return check(
        combine(arms, f"runs {baseline} and {candidate}"),
        policy,
        baseline=names[0],
        candidate=names[1],
        critical=critical,
    )


def policy_of(project: Project, graph: str) -> Policy:
    """The policy of the graph's trial row, else the built-in defaults."""
    row = next((row for row in project.settings.trial if row.graph == graph), None)
    return row_policy(project, row) if row else Policy()


def row_policy(project: Project, row: TrialRow) -> Policy:
    """The policy a trial row names, else the built-in defaults."""
    if row.policy is None:
        return Policy()
    file = project.root / row.policy
    if not file.is_file():
        raise ConfigError(f"the trial row of {row.graph!r} names the policy {row.policy}, and {file} does not exist")
    return load_policy(file, row.graph)
