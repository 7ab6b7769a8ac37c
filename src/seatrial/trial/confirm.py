"""Confirm at the edge: runs the fresh repetitions a first look asks for, of its suspicious examples and nothing else."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from seatrial.canonical import content_hash
from seatrial.errors import ConfigError, RunStopped, UsageError
from seatrial.evidence.combine import combine
from seatrial.gate.confirm import REPETITIONS, alone, needed, resolved
from seatrial.gate.confirmation import check_second_stage, fresh_examples
from seatrial.trial.evaluate import Part, evaluate
from seatrial.trial.runs import RUNS, changed_since, evidence_of, summary
from seatrial.wording import count

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from seatrial.evidence import Evidence
    from seatrial.gate.policy import Policy
    from seatrial.gate.quarantine_file import Quarantine
    from seatrial.gate.report import Report
    from seatrial.project import Project
    from seatrial.vote import Standing

RULES = "rules"


@dataclass(frozen=True, slots=True)
class Confirming:
    """How a gate confirms.

    Attributes:
        wanted: True or False as asked; None = for every graph that is not made of rules.
        repeat: fresh repetitions per example and version.
        concurrency: runs at once; None as in `evaluate`.
        progress: told (what, done, planned).
    """

    wanted: bool | None = None
    repeat: int = REPETITIONS
    concurrency: int | None = None
    progress: Callable[[str, int, int], None] | None = None


NEVER = Confirming(wanted=False)


def confirm(
    project: Project,
    runs: tuple[str, str],
    first: Report,
    evidence: Evidence,
    policy: Policy,
    how: Confirming,
    *,
    critical: Collection[str],
    kept: Quarantine,
    standings: Mapping[str, Standing] | None = None,
) -> Report:
    """The first look's report, with its suspicious rows decided on fresh repetitions where that is wanted and needed.

    The repetitions are named by the two runs and the examples: a second gate of the same runs reads the same repetitions,
    goes on with them where they were stopped, and refuses to add to what was decided. It is no second draw.

    Args:
        project: the mounted project.
        runs: ids of the baseline's and the candidate's run.
        first: the report of the first look.
        evidence: the table it was made from.
        policy: the same.
        how: whether, and with how many repetitions.
        critical: the same.
        held: the same.
        standings: the same.

    Raises:
        UsageError: a version is no longer what was run, so nothing can repeat it.
        RunStopped: the repetitions were stopped.
    """
    graph = summary(project, runs[0])["graph"]
    rules = project.spec(graph).deterministic
    if how.wanted is False or (how.wanted is None and rules):
        return first
    done = resolved(first, deterministic=rules)
    if done is not None:
        return replace(first, confirm=done)
    labels = [str(summary(project, run_id)["version"]) for run_id in runs]
    unknown = [label for label in labels if not _registered(project, graph, label)]
    if unknown and how.wanted is None:
        return replace(first, confirm=alone(unknown))
    for run_id in runs:
        _can_be_repeated(project, run_id, first)
    examples = fresh_examples(first, evidence, policy, critical=critical)
    found = _fresh(project, runs, frozenset(examples), how)
    names = (first.baseline, first.candidate)
    parts = [evidence_of(project, run_id).named(name) for run_id, name in zip(found, names, strict=True)]
    fresh = combine(parts, f"runs {found[0]} and {found[1]}")
    report = check_second_stage(
        first,
        evidence,
        fresh,
        policy,
        critical=critical,
        quarantine=kept,
        standings=standings,
        prices=project.settings.model.prices,
    )
    return replace(report, source=f"{first.source}, fresh {fresh.source}")


def _fresh(project: Project, runs: tuple[str, str], examples: frozenset[str], how: Confirming) -> tuple[str, str]:
    """Run both versions in turn, one repetition after the other, so that a slow drift of a provider meets both alike."""
    named = content_hash({"runs": runs, "examples": sorted(examples)})[:8]
    ids = tuple(f"{run_id}-again-{named}-{arm}" for run_id, arm in zip(runs, ("a", "b"), strict=True))
    # Each fresh repetition is a new draw of every model, not the reply it gave at the first look.
    before = max(int(summary(project, run_id)["repetitions"]) for run_id in runs)
    decided = _decided_on(project, (ids[0], ids[1]))
    if decided is not None and decided != how.repeat:
        # At level .03, adding repetitions until one of them blocks blocks .039 of what did not change.
        raise UsageError(
            f"runs {runs[0]} and {runs[1]} were decided on {count(decided, 'fresh repetition')}; {how.repeat} after the answer is known would be another draw. Leave out --confirm-repeat {how.repeat}, or run both versions again"
        )
    for repeat in range(1, how.repeat + 1):
        # Whoever goes first changes places, so that a steady drift leans neither way.
        for run_id, fresh_id in list(zip(runs, ids, strict=True))[:: 1 if repeat % 2 else -1]:
            _repetition(
                project,
                run_id,
                Part(fresh_id, examples, f"confirms {runs[0]} and {runs[1]} on {how.repeat}", first=before),
                repeat,
                how,
            )
    return ids[0], ids[1]


def _decided_on(project: Project, ids: tuple[str, str]) -> int | None:
    """How many fresh repetitions an earlier gate of the same runs decided on; None when there was none, or it was stopped."""
    if not all((project.root / RUNS / run_id / "run.json").is_file() for run_id in ids):
        return None
    wording = [summary(project, run_id) for run_id in ids]
    # What a part is for says how many repetitions were wanted: fewer were stopped, and decided nothing.
    complete = all(one.get("complete") and str(one["part"]).endswith(f" on {one['repetitions']}") for one in wording)
    return int(wording[0]["repetitions"]) if complete else None


def _repetition(project: Project, run_id: str, part: Part, repeat: int, how: Confirming) -> None:
    wording = summary(project, run_id)
    if (project.root / RUNS / part.run_id / "run.json").is_file():
        before = summary(project, part.run_id)
        if before.get("complete") and before["repetitions"] >= repeat and not before.get("measurement_failures"):
            return
    planned = len(part.examples) * how.repeat

    def tell(_what: str, done: int, _planned: int) -> None:
        if how.progress is not None:
            how.progress(f"again {wording['graph']}@{wording['version']}", done, planned)

    result = evaluate(
        project,
        wording["graph"],
        wording["version"],
        kind=str(wording["dataset"]["name"]).rpartition(":")[2],
        repeat=repeat,
        concurrency=how.concurrency,
        part=part,
        retry_errors=True,
        progress=tell,
    )
    if not result.complete:
        raise RunStopped(
            f"the fresh repetitions were stopped after {result.done} of {count(planned, 'run')} of {wording['graph']}@{wording['version']}; the same command goes on with them"
        )


def _registered(project: Project, graph: str, version: str) -> bool:
    return version in {one.name for one in project.spec(graph).versions}


def _can_be_repeated(project: Project, run_id: str, first: Report) -> None:
    wording = summary(project, run_id)
    graph, version = wording["graph"], wording["version"]
    try:
        project.spec(graph).version(version)
        why = changed_since(project, wording)
    except ConfigError:
        why = f"the registry has no version {version!r} (a run recorded under a label of its own)"
    if why:
        raise UsageError(
            f"{count(len(needed(first)), 'row')} of {graph} look suspicious or are not shown, and cannot be confirmed: {why} since run {run_id}, so nothing can repeat it. Run both versions again, or decide on what there is with --no-confirm"
        )
