"""Gating: two runs of a project, its policy and its critical segments, put to the gate."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from seatrial.errors import InvalidComparison, UsageError
from seatrial.evidence.combine import combine
from seatrial.gate.anchor import check_anchored
from seatrial.gate.policy import load_policy
from seatrial.segment import critical_segments, for_graph
from seatrial.trial.baselines import ANCHOR, accepted, critical_of, no_longer_critical, refuse_another
from seatrial.trial.confirm import NEVER, Confirming, confirm
from seatrial.trial.judged import standings, win_rates_of
from seatrial.trial.overrides import let_through, runs_bound
from seatrial.trial.policies import for_project, policy_of
from seatrial.trial.quarantine import quarantine_of
from seatrial.trial.reruns import looks_of, pooled
from seatrial.trial.runs import latest_run, summary, unfinished_since
from seatrial.trial.segment_rules import refuse_edited_rules, refuse_rules_edited_since

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date
    from pathlib import Path

    from seatrial.gate.policy import Policy
    from seatrial.gate.report import Report
    from seatrial.project import Project


def gate_runs(
    project: Project,
    a: str,
    b: str,
    policy: Path | None = None,
    *,
    confirming: Confirming = NEVER,
    changed: Mapping[str, Any] | None = None,
) -> Report:
    """Gate two runs, each named `GRAPH@VERSION` (its latest finished run) or by its run id, with the trial row's policy.

    `changed`: words of the policy that the caller says otherwise, e.g. its `goal`.
    """
    first, second = latest_run(project, a), latest_run(project, b)
    graph = summary(project, first)["graph"]
    if graph != summary(project, second)["graph"]:
        raise UsageError(
            f"{a} is a run of {graph!r} and {b} of {summary(project, second)['graph']!r}; two graphs are not compared"
        )
    if first == second:
        raise UsageError(f"{a} and {b} are both run {first}; a run is not compared with itself")
    rules = for_project(project, graph, load_policy(policy, graph)) if policy else policy_of(project, graph)
    rules = replace(rules, **(changed or {}))
    report = gate(project, graph, first, second, rules, confirming=confirming)
    newer = [unfinished_since(project, run_id) for name, run_id in ((a, first), (b, second)) if name != run_id]
    return replace(report, warnings=(*report.warnings, *filter(None, newer)))


def gate(
    project: Project,
    graph: str,
    baseline: str,
    candidate: str,
    policy: Policy,
    *,
    confirming: Confirming = NEVER,
    today: date | None = None,
) -> Report:
    """Gate two runs, named by their ids.

    Args:
        project: the mounted project.
        graph: assistant id.
        baseline: run id.
        candidate: run id.
        policy: the rules.
        confirming: whether suspicious rows are decided on fresh repetitions, which this then runs.
        today: the day quarantines and overrides are counted from; None asks the clock.

    Earlier runs of the same two versions are pooled with these: a rerun replaces nothing.
    """
    pairs, reruns = looks_of(project, graph, baseline, candidate)
    baseline, candidate = pairs[-1]
    versions = [summary(project, run_id)["version"] for run_id in (baseline, candidate)]
    # An A/A comparison: two runs of one version are told apart by their own names.
    names = [baseline, candidate] if versions[0] == versions[1] else versions
    arms, planned = pooled(project, pairs, names, policy.repetitions)
    _same_evaluators(project, graph, baseline, candidate)
    critical = critical_segments(for_graph(project.dimensions, graph))
    judged = win_rates_of(project, baseline, candidate, names[1], policy)
    evidence = combine([*arms, *judged], f"runs {baseline} and {candidate}")
    refuse_rules_edited_since(project, graph, candidate, evidence)
    if all(_took_turns(project, *pair) for pair in pairs):
        evidence = evidence.stamped(interleaved="true")
    kind = str(summary(project, candidate)["dataset"]["name"]).rpartition(":")[2]
    now = datetime.now(UTC)
    today = today or now.date()
    kept = quarantine_of(project, graph, kind, today)
    anchor = accepted(project, graph, ANCHOR)
    if anchor is not None:
        refuse_another(project, anchor, kind, ANCHOR, least=policy.common)
        refuse_edited_rules(project, anchor, arms[1], ANCHOR)
    votes = standings(project, graph, (baseline, candidate), policy, now.timestamp(), evidence, (names[0], names[1]))
    first = check_anchored(
        evidence,
        policy if policy.repetitions is None else replace(policy, repetitions=planned),
        baseline=names[0],
        candidate=names[1],
        critical=critical,
        quarantine=kept,
        anchor=anchor,
        standings=votes,
        prices=project.settings.model.prices,
    )
    # Of all pairs more is planned than of one: the policy is the one that was named all the same.
    first = replace(first, reruns=reruns, policy={**first.policy, "hash": policy.hash})
    report = first
    if len(pairs) == 1:
        report = confirm(
            project,
            (baseline, candidate),
            first,
            evidence,
            policy,
            confirming,
            critical=critical,
            kept=kept,
            standings=votes,
        )
    before = {one for run_id in (baseline, candidate) for one in critical_of(summary(project, run_id)) or ()}
    uncritical = no_longer_critical(before, critical, "when the runs were made")
    report = replace(report, warnings=(*report.warnings, *uncritical))
    return let_through(project, report, runs_bound(project, baseline, candidate), today)


def _same_evaluators(project: Project, graph: str, baseline: str, candidate: str) -> None:
    """Raise an InvalidComparison where an evaluator changed between two runs, or a run does not say by what it was scored."""
    wording = [summary(project, run_id) for run_id in (baseline, candidate)]
    hashes = [{one["key"]: one.get("hash") for one in run["evaluators"]} for run in wording]
    repeated = " and ".join(
        f"seatrial eval {graph}@{version}" for version in dict.fromkeys(run["version"] for run in wording)
    )
    for run_id, known in zip((baseline, candidate), hashes, strict=True):
        if not all(known.values()):
            raise InvalidComparison(
                f"run {run_id} does not say by which evaluators it was scored: it was made before their code was part of their identity. Run both again: {repeated}"
            )
    changed = sorted(key for key in hashes[0].keys() & hashes[1].keys() if hashes[0][key] != hashes[1][key])
    if changed:
        raise InvalidComparison(
            f"the evaluators changed ({', '.join(changed)}) between run {baseline} and run {candidate}: their scores cannot be compared. Score both with the same code: {repeated}"
        )


def _took_turns(project: Project, baseline: str, candidate: str) -> bool:
    """Whether the two were run in turns, by models that really answered: then their latencies may be compared."""
    wording = [summary(project, run_id) for run_id in (baseline, candidate)]
    each_other = wording[0].get("beside") == candidate and wording[1].get("beside") == baseline
    return each_other and not any(one.get("replayed") for one in wording)
