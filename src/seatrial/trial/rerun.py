"""Rerun: the stored runs of a version over its dataset, as nights that are compared with one another."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from seatrial.feedback.rerun import Change, Night, RerunRules
from seatrial.segment import critical_segments, for_graph
from seatrial.table.column import SEGMENT_PREFIX
from seatrial.trial.policies import policy_of
from seatrial.trial.runs import RUNS, evidence_of, summary
from seatrial.verdict import MEASUREMENT_FAILURES, Outcome

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from seatrial.evidence import Evidence
    from seatrial.project import Project

_SAME = (
    ("dataset", "the dataset"),
    ("evaluators", "an evaluator"),
    ("version_config", "the version's configuration"),
    ("code", "the code"),
    ("prompt", "the prompt"),
)
"""What two nights must share to be compared, and its name in a sentence."""


def nights_of(
    project: Project, graph: str, version: str, kind: str, *, alpha: float, since: float, keys: Sequence[str] = ()
) -> tuple[list[Night], RerunRules, Change | None]:
    """Every stored night that is comparable with the latest, the rules, and what ended the series before.

    Only complete runs over the whole dataset count; one replayed from recordings says nothing of the provider.
    """
    found = sorted(_runs(project, graph, version, kind), key=lambda one: (str(one["started"]), str(one["run_id"])))
    policy = policy_of(project, graph)
    gating = tuple(keys) or tuple(rule.name for rule in sorted(policy.keys, key=lambda rule: not rule.primary))
    critical = tuple(sorted(critical_segments(for_graph(project.dimensions, graph))))
    if not found:
        return [], RerunRules(gating, {}, critical, alpha, since, policy.missing_tolerance), None
    evidence = {str(one["run_id"]): evidence_of(project, str(one["run_id"])) for one in found}
    marks = [_mark(one, evidence[str(one["run_id"])]) for one in found]
    first = len(found) - 1
    while first and marks[first - 1] == marks[-1]:
        first -= 1
    nights = [_night(one, evidence[str(one["run_id"])]) for one in found[first:]]
    change = None
    if first:
        differ = [words for name, words in _SAME if marks[first - 1][name] != marks[first][name]]
        change = Change(" and ".join(differ), nights[0].at, first)
    segments = _segments(evidence[nights[-1].run_id])
    have = {one for names in segments.values() for one in names}
    rules = RerunRules(
        tuple(key for key in gating if key in nights[-1].scores) or tuple(sorted(nights[-1].scores)),
        segments,
        tuple(one for one in critical if one in have),
        alpha,
        since,
        policy.missing_tolerance,
    )
    return nights, rules, change


def _runs(project: Project, graph: str, version: str, kind: str) -> list[dict[str, Any]]:
    folders = [folder.name for folder in (project.root / RUNS).glob("*") if (folder / "run.json").is_file()]
    return [
        one
        for one in (summary(project, name) for name in folders)
        if one["graph"] == graph
        and one["version"] == version
        and str(one["dataset"]["name"]).endswith(f":{kind}")
        and one.get("complete")
        and one.get("limit") is None
        and not one.get("part")
        and not one.get("replayed")
    ]


def _mark(one: Mapping[str, Any], evidence: Evidence) -> dict[str, Any]:
    prompt = evidence.codes("prompt_hash").values if evidence.has("prompt_hash") else ()
    return {
        "dataset": one["dataset"]["hash"],
        "evaluators": one["evaluators"],
        "version_config": one["version_config"],
        "code": one.get("code", ""),
        "prompt": sorted(prompt),
    }


def _night(one: Mapping[str, Any], evidence: Evidence) -> Night:
    names = ("key", "outcome", "score", "example_id")
    columns = [evidence.values(name) for name in names]
    cluster = evidence.values("cluster") if evidence.has("cluster") else columns[3]
    sums: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    missing = 0
    for key, outcome, score, example, group in zip(*columns, cluster, strict=True):
        if Outcome(outcome) in MEASUREMENT_FAILURES:
            missing += 1
            continue
        sums[key][group or example].append(0.0 if score is None else float(score))
    models = tuple(sorted(evidence.codes("model").values)) if evidence.has("model") else ()
    return Night(
        str(one["run_id"]),
        _seconds(str(one["started"])),
        models,
        {key: {name: sum(own) / len(own) for name, own in by.items()} for key, by in sums.items()},
        missing,
        len(evidence),
    )


def _segments(evidence: Evidence) -> dict[str, frozenset[str]]:
    example = evidence.values("example_id")
    cluster = evidence.values("cluster") if evidence.has("cluster") else example
    out: dict[str, set[str]] = defaultdict(set)
    for name in evidence.dimensions:
        for one, group, value in zip(example, cluster, evidence.values(SEGMENT_PREFIX + name), strict=True):
            out[group or one].add(f"{name}={value}")
    return {name: frozenset(own) for name, own in out.items()}


def _seconds(text: str) -> float:
    at = datetime.fromisoformat(text)
    return (at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp()
