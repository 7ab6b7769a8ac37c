"""Trial: the main job. Evaluate baseline and candidate of every row, gate them, write the reports.

This is the edge where runs, clocks and folders meet; the decision itself is `gate.merge.check`.
"""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from seatrial.certify.design import design_of
from seatrial.errors import DataError, UsageError
from seatrial.evidence.read import read_evidence
from seatrial.evidence.table import combine
from seatrial.gate.churn import churn_of
from seatrial.gate.merge import check
from seatrial.gate.policy import Policy, load_policy
from seatrial.graph.invoke import graph_target
from seatrial.project import Project, TrialRow, open_project
from seatrial.runner import RunPlan, RunResult, run
from seatrial.segment import assign, critical_segments, for_graph

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from seatrial.dataset import Example
    from seatrial.gate.churn import Churn
    from seatrial.gate.report import Report

__all__ = ["Trial", "evaluate", "flaky", "gate_runs", "latest_run", "open_project", "trials"]

RUNS = ".seatrial/runs"
DEFAULT_TIMEOUT_S = 120.0


@dataclass(frozen=True, slots=True)
class Trial:
    """One decided row: what was asked, what came out, whether that is what its row expects."""

    row: TrialRow
    report: Report

    @property
    def surprise(self) -> str:
        """Empty when the verdict is as expected, else one sentence."""
        if self.report.verdict != self.row.expect:
            return f"expected {self.row.expect}, got {self.report.verdict.value}"
        failing = {f.segment for f in self.report.findings if f.verdict == "fail"}
        absent = [name for name in self.row.expect_segments if name not in failing]
        return (
            f"expected {', '.join(absent)} among the failing segments, found {', '.join(sorted(failing)) or 'none'}"
            if absent
            else ""
        )


def new_run_id(graph: str, version: str, now: datetime) -> str:
    """`20261120-174502-text_to_sql-v1-3f9a`: sorts by time, says what it is, never collides."""
    return f"{now:%Y%m%d-%H%M%S}-{graph}-{version}-{secrets.token_hex(2)}"


def evaluate(
    project: Project,
    graph: str,
    version: str | None = None,
    *,
    kind: str = "golden",
    repeat: int = 1,
    concurrency: int | None = None,
    timeout_s: float = DEFAULT_TIMEOUT_S,
    limit: int | None = None,
    resume: str | None = None,
    retry_errors: bool = False,
    label: str | None = None,
    progress: Callable[[str, int, int], None] | None = None,
) -> RunResult:
    """Run one version of a graph over its dataset and leave its evidence under `.seatrial/runs/`.

    Args:
        project: the mounted project.
        graph: assistant id.
        version: version name; None means the current one.
        kind: which examples.
        repeat: runs per example.
        concurrency: runs at once; None means 1 for graphs made of rules (they only compute) and 8 for the rest.
        timeout_s: seconds a run may take.
        limit: only the first so many examples.
        resume: id of a run to go on with.
        retry_errors: with `resume`, also run again what was not measured.
        label: name the version is recorded under, instead of its own.
        progress: told (what, done, planned).
    """
    spec = project.spec(graph)
    chosen = spec.version(version)
    suite = project.evaluators(graph)
    dataset = project.dataset(graph, kind)
    dimensions = for_graph(project.dimensions, graph)
    target = graph_target(project.runtime.compiled(graph, chosen.name))
    name = label or chosen.name
    run_id = resume or new_run_id(graph, name, datetime.now(UTC))
    if resume and not (project.root / RUNS / resume).is_dir():
        raise UsageError(f"no run is called {resume!r}; {_known(project)}")
    plan = RunPlan(
        run_id=run_id,
        graph=graph,
        version=name,
        dataset=dataset.name,
        dataset_hash=dataset.hash,
        examples=dataset.examples,
        version_config=chosen.config,
        dataset_version=dataset.version,
        repetitions=repeat,
    )

    def segments(example: Example) -> dict[str, str]:
        return assign(dimensions, example.row())

    return run(
        plan,
        target,
        suite,
        segments,
        project.root / RUNS / run_id,
        concurrency=concurrency or (1 if spec.family == "rules" else 8),
        timeout_s=timeout_s,
        resume=resume is not None,
        retry_errors=retry_errors,
        limit=limit,
        progress=None if progress is None else lambda done, planned: progress(f"{graph}@{name}", done, planned),
    )


def trials(
    project: Project,
    rows: tuple[TrialRow, ...],
    *,
    concurrency: int | None = None,
    progress: Callable[[str, int, int], None] | None = None,
) -> Iterator[Trial]:
    """Decide every row, one after the other, each as soon as it is measured."""
    if not rows:
        raise UsageError(f"{project.root}/pyproject.toml has no [[tool.seatrial.trial]] row: nothing to put to trial")
    for row in rows:
        policy = load_policy(project.root / row.policy, row.graph) if row.policy else Policy()
        done = [
            evaluate(
                project,
                row.graph,
                version,
                kind=row.dataset,
                repeat=row.repeat,
                concurrency=concurrency,
                progress=progress,
            )
            for version in (row.baseline, row.candidate)
        ]
        for result in done:
            if not result.complete:
                raise DataError(
                    f"{result.run_dir} was stopped after {result.done} of {result.planned} runs; go on with seatrial eval {row.graph} --resume {result.run_dir.name}"
                )
        yield Trial(row, _gate(project, row.graph, done[0].run_dir.name, done[1].run_dir.name, policy))


def gate_runs(project: Project, a: str, b: str, policy: Path | None = None) -> Report:
    """Gate two runs, each named `GRAPH@VERSION` (its latest complete run) or by its run id, with the trial row's policy."""
    first, second = latest_run(project, a), latest_run(project, b)
    graph = _summary(project, first)["graph"]
    if graph != _summary(project, second)["graph"]:
        raise UsageError(
            f"{a} is a run of {graph!r} and {b} of {_summary(project, second)['graph']!r}; two graphs are not compared"
        )
    rules = load_policy(policy, graph) if policy is not None else _policy_of(project, graph)
    return _gate(project, graph, first, second, rules)


def latest_run(project: Project, name: str) -> str:
    """The run id behind `GRAPH@VERSION`, `GRAPH` (current version) or a run id."""
    if (project.root / RUNS / name / "run.json").is_file():
        return name
    graph, _, version = name.partition("@")
    wanted = version or project.spec(graph).current
    runs = sorted(folder.name for folder in (project.root / RUNS).glob("*") if (folder / "evidence.parquet").is_file())
    found = [run_id for run_id in runs if _is_whole(_summary(project, run_id), graph, wanted)]
    if not found:
        raise UsageError(
            f"{name}: no complete run of {graph}@{wanted} over its whole dataset yet; make one with seatrial eval {graph}@{wanted}"
        )
    return max(found, key=lambda run_id: (_summary(project, run_id)["started"], run_id))


def _policy_of(project: Project, graph: str) -> Policy:
    """The policy of the graph's trial row, else the built-in defaults."""
    row = next((row for row in project.settings.trial if row.graph == graph), None)
    return load_policy(project.root / row.policy, graph) if row and row.policy else Policy()


def _is_whole(said: dict[str, Any], graph: str, version: str) -> bool:
    """Whether a run covers the whole dataset; one made with --limit has to be asked for by its name."""
    return bool(
        said["graph"] == graph and said["version"] == version and said.get("complete") and said.get("limit") is None
    )


def _gate(project: Project, graph: str, baseline: str, candidate: str, policy: Policy) -> Report:
    names = [_summary(project, run_id)["version"] for run_id in (baseline, candidate)]
    if names[0] == names[1]:
        # An A/A comparison: two runs of one version are told apart by their own names.
        names = [baseline, candidate]
    arms = [
        read_evidence(project.root / RUNS / run_id / "evidence.parquet").named(name)
        for run_id, name in zip((baseline, candidate), names, strict=True)
    ]
    evidence = combine(arms, f"{baseline} and {candidate}")
    critical = critical_segments(for_graph(project.dimensions, graph))
    return check(evidence, policy, baseline=names[0], candidate=names[1], critical=critical)


def _summary(project: Project, run_id: str) -> dict[str, Any]:
    file = project.root / RUNS / run_id / "run.json"
    try:
        found: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise DataError(f"{file} cannot be read: {error}") from error
    return found


def _known(project: Project) -> str:
    runs = sorted(folder.name for folder in (project.root / RUNS).glob("*"))
    return f"the last ones: {', '.join(runs[-5:])}" if runs else "there is none yet; make one with seatrial eval GRAPH"


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
    said = _summary(project, run_id)
    policy = _policy_of(project, said["graph"])
    evidence = read_evidence(project.root / RUNS / run_id / "evidence.parquet")
    critical = critical_segments(for_graph(project.dimensions, said["graph"]))
    shape = design_of(evidence, policy, critical)
    levels = {
        key: dict(zip(shape.segments, shape.alpha_row[k].tolist(), strict=True)) for k, key in enumerate(shape.keys)
    }
    return tuple(
        churn_of(evidence, said["version"], key, policy, critical=critical, levels=levels[key]) for key in shape.keys
    ), policy
