"""Standing: the current version of a graph, held against the baseline that was accepted for it."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from seatrial.errors import DataError, InvalidComparison, UsageError
from seatrial.evidence.check import check as check_table
from seatrial.evidence.combine import combine
from seatrial.evidence.numpy_table import coded
from seatrial.evidence.schema import provenance
from seatrial.evidence.write import write_parquet
from seatrial.gate.anchor import check_anchored
from seatrial.gate.merge import check
from seatrial.gate.override import Bound
from seatrial.gate.unchanged import same_answers
from seatrial.segment import critical_segments, for_graph
from seatrial.trial.baselines import (
    ANCHOR,
    CURRENT,
    FOLDER,
    MIN_REPETITIONS,
    accept,
    accepted,
    no_longer_critical,
    other_evaluators,
    other_model,
    refuse_another,
    renewal,
    too_old,
)
from seatrial.trial.code_hash import code_hash
from seatrial.trial.evaluate import evaluate
from seatrial.trial.judged import key_standings_on
from seatrial.trial.overrides import let_through
from seatrial.trial.policies import row_policy
from seatrial.trial.quarantine import quarantine_of
from seatrial.trial.runs import changed_since
from seatrial.trial.segment_rules import refuse_edited_rules
from seatrial.verdict import Verdict
from seatrial.wording import count

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date
    from pathlib import Path
    from typing import Any, TypeAlias

    from seatrial.evidence import Evidence
    from seatrial.evidence.write import Repeated
    from seatrial.gate.baseline import Baseline
    from seatrial.gate.report import Report
    from seatrial.project import Project, TrialRow

    Made: TypeAlias = dict[tuple[Path, str, int], Evidence]
    """Evidence of the runs that this process has made: folder, version, repetitions."""


def gate_against_baseline(
    project: Project,
    row: TrialRow,
    *,
    against: str,
    into: Path,
    today: date,
    models: bool,
    made: Made | None = None,
) -> Report:
    """Gate `GRAPH@current` against what was accepted.

    Args:
        project: the mounted project.
        row: the graph's trial row: its dataset and its policy; its own versions are not looked at.
        against: `current` or `anchor`, both committed, or a version of the registry, which is run again.
        into: folder for the runs this takes; a complete run that lies there is used as it is.
        today: the day the age of a baseline is counted to.
        models: real models may be called, so a baseline too old to stand is run again beside the candidate.
        made: where the evidence of these runs is kept, and found again, in this process; None writes it into their
            folders, for other processes to find.

    Raises:
        UsageError: no baseline was accepted yet.
        InvalidComparison: the baseline is of other examples or other evaluators, or too old.
    """
    graph, policy = row.graph, row_policy(project, row)
    current = project.spec(graph).current
    valid = _current(project, row, against)
    bound = _bound(project, row, against, valid)
    repeat, version, old = row.repeat, against, ""
    if valid is not None:
        refuse_another(project, valid, row.dataset, against, least=policy.common)
        policy = replace(
            policy, baseline_system_failures=max(policy.baseline_system_failures, valid.header.system_failures)
        )
        repeat, version = valid.header.repetitions, valid.header.version
        old = too_old(project, valid, today)
        _can_be_renewed(project, valid, old, models=models)
        repeat = max(repeat, MIN_REPETITIONS) if old else repeat
    mine = _run(project, row, current, repeat, into / "candidate", made)
    if valid is not None and not old:
        old = other_model(project, valid, mine)
        _can_be_renewed(project, valid, old, models=models)
    valid = None if old else valid
    base = valid.evidence if valid is not None else _run(project, row, version, repeat, into / "baseline", made)
    name = f"{version} (accepted)" if version == current else version
    anchor = accepted(project, graph, ANCHOR) if against == CURRENT else None
    if anchor is not None:
        refuse_another(project, anchor, row.dataset, ANCHOR, least=policy.common)
        refuse_edited_rules(project, anchor, mine, ANCHOR)
    critical = critical_segments(for_graph(project.dimensions, graph))
    if valid is not None:
        refuse_edited_rules(project, valid, mine, against)
    evidence = combine([base.named(name), mine], f"{graph}@{current} and its baseline")
    report = check_anchored(
        evidence,
        replace(policy, judges=()),
        baseline=name,
        candidate=current,
        critical=critical,
        quarantine=quarantine_of(project, graph, row.dataset, today),
        anchor=anchor,
        standings=key_standings_on(project, graph, policy, evidence, (name, current), today),
        prices=project.settings.model.prices,
    )
    if valid is not None:
        uncritical = no_longer_critical(valid.header.critical, critical, "when the baseline was accepted")
        report = replace(report, warnings=(*report.warnings, *uncritical))
    if policy.judges:
        # An accepted baseline keeps scores and no answers, so there is nothing a judge could compare.
        names = ", ".join(rule.name for rule in policy.judges)
        stated = f"not judged here by {names}: EVAL=1 pytest -m llm has an item for each judge, and seatrial trial asks them too"
        report = replace(report, warnings=(*report.warnings, stated))
    return let_through(project, report, bound, today)


def _can_be_renewed(project: Project, current: Baseline, old: str, *, models: bool) -> None:
    """Refuse a baseline that may not stand, unless it can be run again beside the candidate."""
    header = current.header
    if old and not models:
        raise InvalidComparison(old)
    version = project.spec(header.graph).current
    if old and header.version == version and header.code != code_hash(project, header.graph, version):
        # Run again under its own name it would be the candidate, held against itself.
        raise InvalidComparison(
            f"{old}. It cannot be run again beside the candidate: {version} is the current version, and what was accepted under that name is not what it is now"
        )


def valid_bound(project: Project, row: TrialRow, against: str) -> Bound:
    """What an override of this comparison is bound to: the baseline's content and the current version's."""
    return _bound(project, row, against, _current(project, row, against))


def _bound(project: Project, row: TrialRow, against: str, current: Baseline | None) -> Bound:
    baseline = code_hash(project, row.graph, against) if current is None else current.name
    return Bound(baseline, code_hash(project, row.graph, project.spec(row.graph).current))


def renew(project: Project, row: TrialRow, *, today: date, author: str, reason: str) -> str:
    """Run `GRAPH@current` over its dataset and make that its baseline; the sentence that says so.

    What the gate stops is not accepted: while it says FAIL against the rows that are kept, the baseline is renewed from a run
    of the version that was accepted, where the registry has it and it still answers as it did.

    Raises:
        UsageError: the gate says FAIL, or cannot compare, and the accepted version cannot be run again.
    """
    spec = project.spec(row.graph)
    repeat = row.repeat if spec.deterministic else max(row.repeat, MIN_REPETITIONS)
    note = ""
    for version in _may_be_accepted(project, row):
        run = evaluate(project, row.graph, version, kind=row.dataset, repeat=repeat)
        stopped = _stopped(project, row, version, run.run_dir.name, today) if run.complete else ""
        if not stopped:
            break
        note = note or f" Not from {version}: {stopped}."
    else:
        raise UsageError(
            f"{row.graph}: the baseline was not renewed.{note} Fix {spec.current}, or override the failing row (seatrial override); or restore what was accepted, renew from that, and change it then. To start anew, remove {FOLDER}/{row.graph}/{CURRENT}: a review sees that"
        )
    baseline, before = accept(project, run.run_dir.name, CURRENT, reason=reason, author=author, today=today)
    same = "unchanged" if before == baseline.name else f"was {before}" if before else "the first"
    return f"{row.graph}: baseline is now {baseline.name} ({baseline.header.version}, {count(len(baseline.evidence.codes('example_id').values), 'example')}; {same}).{note} Commit gates/baselines/"


def _may_be_accepted(project: Project, row: TrialRow) -> tuple[str, ...]:
    """The versions a new baseline may be a run of: the current one, and then the one that was accepted."""
    spec = project.spec(row.graph)
    with suppress(DataError):  # damaged: a review sees it replaced
        kept = accepted(project, row.graph)
        if kept is not None and any(one.name == kept.header.version for one in spec.versions):
            return tuple(dict.fromkeys((spec.current, kept.header.version)))
    return (spec.current,)


def _stopped(project: Project, row: TrialRow, version: str, run_id: str, today: date) -> str:
    """Why a run of a version may not become the baseline, as a sentence without its end; empty when it may."""
    try:
        kept = accepted(project, row.graph)
    except DataError:
        return ""  # what was accepted is damaged: a review sees it replaced
    accepted_code = kept is None or (kept.header.version, kept.header.code) == (
        version,
        code_hash(project, row.graph, version),
    )
    if kept is None or accepted_code:
        return ""  # the first, or the very code that was accepted
    from seatrial.trial.runs import evidence_of  # noqa: PLC0415 - Arrow, for a run that was written

    mine, base = evidence_of(project, run_id), kept.evidence.named(f"{kept.header.version} (accepted)")
    changed = other_evaluators(project, kept)
    if changed and kept.header.evaluator_hashes:
        if same_answers(base, mine):
            return ""  # whoever scores them, the answers are the ones that were accepted
        return f"{'; '.join(changed)}, and so did the answers of {version}: whether they got worse nobody can tell"
    if not _share_an_example(base, mine):
        return "Not one example of what was accepted is left in the dataset: there is nothing to compare"
    # One that does not say which example is which is read by their ids.
    mismatch = "refuse" if base.has("example_hash") else "warn"
    policy = replace(row_policy(project, row), common=0.0, measures=(), dataset_mismatch=mismatch)
    critical = critical_segments(for_graph(project.dimensions, row.graph))
    retained = quarantine_of(project, row.graph, row.dataset, today)
    try:
        both = combine([base, mine], "the kept rows")
        report = check(
            both,
            policy,
            baseline=base.versions[0],
            candidate=mine.versions[0],
            critical=critical,
            quarantine=retained,
            standings=key_standings_on(project, row.graph, policy, both, (base.versions[0], mine.versions[0]), today),
            prices=project.settings.model.prices,
        )
    except (InvalidComparison, DataError) as error:
        return f"It cannot be compared with what was accepted ({error})"
    report = let_through(project, report, _bound(project, row, CURRENT, kept), today)
    return (
        ""
        if report.verdict is not Verdict.FAIL or report.exit_code == 0
        else f"The gate against it says FAIL: {report.reason.rstrip('.')}"
    )


def _share_an_example(base: Evidence, mine: Evidence) -> bool:
    """Whether any example is the same in both, by its content where both say it, else by its id."""
    by = "example_hash" if base.has("example_hash") and mine.has("example_hash") else "example_id"
    return not set(base.codes(by).values).isdisjoint(mine.codes(by).values)


def _current(project: Project, row: TrialRow, against: str) -> Baseline | None:
    """The committed baseline `against` names; None where it names a version to run again."""
    if against not in (CURRENT, ANCHOR):
        versions = [version.name for version in project.spec(row.graph).versions]
        if against not in versions:
            raise UsageError(
                f"--seatrial-baseline {against!r} is neither {CURRENT}, {ANCHOR} nor a version of {row.graph}; its versions: {', '.join(versions)}"
            )
        if against == project.spec(row.graph).current:
            raise UsageError(
                f"--seatrial-baseline {against!r} is the current version of {row.graph}; a version is not compared with itself"
            )
        return None
    found = accepted(project, row.graph, against)
    if found is None:
        raise UsageError(
            f"{row.graph} has no {'baseline' if against == CURRENT else 'anchor'} yet: nothing to compare with. Accept one with {renewal(project, row.graph, against)}, and commit gates/baselines/"
        )
    return found


def _run(project: Project, row: TrialRow, version: str, repeat: int, into: Path, made: Made | None) -> Evidence:
    kept: Made = {} if made is None else made
    this = into, version, repeat
    if this in kept:
        _refuse_changed(project, into, _stated(into))
        return _checked(kept[this])

    def keep(columns: Mapping[str, Sequence[Any] | Repeated], path: Path, metadata: Mapping[str, str]) -> str | None:
        found = None if made is None else coded(columns, str(path), provenance(metadata))
        if found is None:
            return write_parquet(columns, path, metadata)
        kept[this] = found
        return None

    if not _is_done(project, version, repeat, into):
        result = evaluate(project, row.graph, version, kind=row.dataset, repeat=repeat, into=into, keep=keep)
        if not result.complete:
            raise KeyboardInterrupt  # nothing else ends this run early, and the runner keeps it to itself
    if this in kept:
        return _checked(kept[this])
    from seatrial.runner.stored import stored_evidence  # noqa: PLC0415 - Arrow, for what was written

    return stored_evidence(into)


def _is_done(project: Project, version: str, repeat: int, into: Path) -> bool:
    """Whether a worker of this session ran it already, to its end and as it is now."""
    if not (into / "evidence.parquet").is_file():
        return False
    wording = _stated(into)
    same = (wording.get("version"), wording.get("repetitions"), bool(wording.get("complete"))) == (
        version,
        repeat,
        True,
    )
    _refuse_changed(project, into, wording if same else {})
    return True


def _stated(into: Path) -> dict[str, Any]:
    from seatrial.runner.summary import read_summary  # noqa: PLC0415 - as in evaluate

    return read_summary(into / "run.json") or {}


def _refuse_changed(project: Project, into: Path, reported: dict[str, Any]) -> None:
    """Raise a DataError where a run is not the one asked for, or what ran is not what it was: a test may have edited it."""
    if not reported or changed_since(project, reported):
        raise DataError(f"{into} holds another run than the one asked for; take it away")


def _checked(evidence: Evidence) -> Evidence:
    check_table(evidence)
    return evidence
