"""Flaky: a version of a project's graph against itself, and its flaky examples put in quarantine."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

from seatrial.certify.design import design_of
from seatrial.certify.required import rules_out
from seatrial.dataset.fingerprint import identity
from seatrial.errors import DataError, UsageError
from seatrial.gate.churn import churn_of, contradictions
from seatrial.gate.quarantine_file import Entry, load_quarantine, longest, quarantine_text
from seatrial.segment import critical_segments, for_graph
from seatrial.trial.evaluate import Part, evaluate, new_run_id
from seatrial.trial.policies import policy_of
from seatrial.trial.quarantine import FILE
from seatrial.trial.runs import RUNS, evidence_of, summary
from seatrial.wording import count

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from seatrial.evidence import Evidence
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
        chosen = project.spec(graph).version(version or None).name
        every = frozenset(example.id for example in project.dataset(graph).examples)
        # Named for its purpose: its many repetitions must not stand for the version in the next gate.
        part = Part(new_run_id(graph, chosen, datetime.now(UTC)), every, "flaky")
        result = evaluate(
            project, graph, chosen, repeat=repeat, concurrency=concurrency, limit=limit, part=part, progress=progress
        )
        if not result.complete:
            raise DataError(
                f"{graph}@{chosen} was stopped after {result.done} of {count(result.planned, 'run')}; nothing was counted"
            )
        run_id = result.run_dir.name
    wording = summary(project, run_id)
    policy = policy_of(project, wording["graph"])
    evidence = evidence_of(project, run_id)
    if not wording.get("rows", {}).get("scored"):
        raise DataError(
            f"{wording['graph']}@{wording['version']} answered and scored none of {wording.get('planned')} runs: a version that always fails agrees with itself and says nothing of its churn; .seatrial/runs/{run_id}/rows.jsonl has the reasons"
        )
    critical = critical_segments(for_graph(project.dimensions, wording["graph"]))
    return churn_by_key(evidence, wording["version"], policy, critical), policy


def churn_by_key(evidence: Evidence, version: str, policy: Policy, critical: Collection[str]) -> tuple[Churn, ...]:
    """Churn of every tested key, with the repetitions that the policy's gate asks for on the sizes of `evidence`."""
    shape = design_of(evidence, policy, critical)
    must = rules_out(shape, policy)
    return tuple(
        churn_of(
            evidence,
            version,
            key,
            policy,
            critical=critical,
            levels=dict(zip(shape.segments, shape.alpha_row[k].tolist(), strict=True)),
            rules_out=dict(zip(shape.segments, must[k].tolist(), strict=True)),
        )
        for k, key in enumerate(shape.keys)
    )


def put_in_quarantine(
    project: Project,
    name: str,
    ids: Sequence[str],
    *,
    owner: str,
    reason: str,
    expires: date,
    repeat: int,
    today: date | None = None,
    concurrency: int | None = None,
    progress: Callable[[str, int, int], None] | None = None,
) -> tuple[Entry, ...]:
    """Measure that examples are flaky, and write them to `gates/quarantine.toml`; an entry of the same example is renewed.

    Args:
        project: the mounted project.
        name: `GRAPH[@VERSION]`, of which these examples are run `repeat` times, or a run that has repetitions.
        ids: the examples.
        owner: who fixes them.
        reason: one sentence.
        expires: last day they are report-only.
        repeat: runs per example.
        today: the day it is; None asks the clock.
        concurrency: as in `evaluate`.
        progress: as in `evaluate`.

    Raises:
        UsageError: an example is unknown or never contradicted itself, or the version is one on trial.
        ConfigError: the quarantine is longer than 90 days.
    """
    today = today or datetime.now(UTC).date()
    longest(expires, today, "--expires")
    if expires < today:
        raise UsageError(f"--expires {expires} lies in the past; today is {today}")
    for word, text in (("--owner", owner), ("--reason", reason)):
        if not text.strip() or not text.isprintable():
            raise UsageError(f"{word} is one line of text, got {text!r}")
    before = load_quarantine(project.root / FILE, today)
    run_id = _measured(project, name, frozenset(ids), repeat, concurrency, progress)
    wording = summary(project, run_id)
    graph, version, kind = wording["graph"], wording["version"], str(wording["dataset"]["name"]).rpartition(":")[2]
    _in_service(project, graph, version)
    dataset = project.dataset(graph, kind)
    if dataset.hash != wording["dataset"]["hash"]:
        raise UsageError(
            f"the dataset changed since run {run_id}; measure again with seatrial flaky {graph} --quarantine"
        )
    contents = {example.id: identity(example) for example in dataset.examples}
    evidence = evidence_of(project, run_id)
    keys = [rule.name for rule in policy_of(project, graph).keys if not rule.zero_tolerance] or list(evidence.keys)
    found = [contradictions(evidence, version, key) for key in keys if key in evidence.keys]
    entries = []
    for example in dict.fromkeys(ids):
        if example not in contents:
            raise UsageError(f"{graph} has no example {example!r} in its {kind} dataset")
        disagree, runs = max((of[example] for of in found if example in of), default=(0.0, 0))
        if not disagree:
            raise UsageError(
                f"{example} gave the same scores in {count(runs, 'run')} of {graph}@{version}: it is not flaky, so when a candidate breaks it the candidate is to blame; nothing was written"
                if runs > 1
                else f"{example} has fewer than two measured runs in {run_id}; nothing was written"
            )
        entries.append(Entry(graph, example, owner, reason, expires, contents[example], version, runs, disagree, kind))
    new = {(e.graph, e.dataset, e.example) for e in entries}
    kept = [e for e in before if (e.graph, e.dataset, e.example) not in new]
    file = project.root / FILE
    file.parent.mkdir(exist_ok=True)
    file.write_text(quarantine_text([*kept, *entries]), encoding="utf-8")
    return tuple(entries)


def _measured(
    project: Project,
    name: str,
    ids: frozenset[str],
    repeat: int,
    concurrency: int | None,
    progress: Callable[[str, int, int], None] | None,
) -> str:
    """A run that has repetitions of these examples: the one named, or a fresh one of them alone."""
    if (project.root / RUNS / name / "evidence.parquet").is_file():
        return name
    graph, _, wanted = name.partition("@")
    version = project.spec(graph).version(wanted or None).name
    _in_service(project, graph, version)
    row = next((row for row in project.settings.trial if row.graph == graph), None)
    part = Part(new_run_id(graph, version, datetime.now(UTC)), ids, "flaky examples measured")
    result = evaluate(
        project,
        graph,
        version,
        kind=row.dataset if row else "golden",
        repeat=repeat,
        concurrency=concurrency,
        part=part,
        progress=progress,
    )
    if not result.complete:
        raise UsageError(f"stopped after {result.done} of {count(result.planned, 'run')}; nothing was written")
    return result.run_dir.name


def _in_service(project: Project, graph: str, version: str) -> None:
    """An example is flaky by itself, not by a candidate: what is on trial may not name its own exceptions."""
    served = {project.spec(graph).current, *(row.baseline for row in project.settings.trial if row.graph == graph)}
    if version not in served:
        raise UsageError(
            f"{graph}@{version} is not in service ({', '.join(sorted(served))} is): whether an example is flaky is measured on the version a candidate is compared with"
        )
