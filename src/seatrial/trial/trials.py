"""Trials: evaluate baseline and candidate of every row of the main job, and gate them."""

from __future__ import annotations

import traceback
from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from seatrial.errors import ConfigError, ExitCode, RunStopped, SeatrialError, UsageError
from seatrial.runner.stored import stored_evidence
from seatrial.segment import assign, critical_segments, for_graph
from seatrial.trial.confirm import Confirming
from seatrial.trial.evaluate import evaluate
from seatrial.trial.gating import gate
from seatrial.trial.interleave import in_turns, take_turns
from seatrial.trial.judged import ask_judges
from seatrial.trial.policies import row_policy
from seatrial.wording import count

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from seatrial.gate.policy import Policy
    from seatrial.gate.report import Report
    from seatrial.judge.spend import Purse
    from seatrial.project import Project, TrialRow
    from seatrial.runner import RunResult


@dataclass(frozen=True, slots=True)
class Trial:
    """One judged row: its report, and whether that is what the row expects."""

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


@dataclass(frozen=True, slots=True)
class Unjudged:
    """One row that could not be judged; the others are.

    Attributes:
        row: the trial row.
        reason: one sentence.
        reason_class: the error's, as in `seatrial/gate/1`.
        exit_code: the error's.
        stopped: somebody stopped its run; no further row is begun.
        trace: the traceback of a bug in seatrial; else empty.
    """

    row: TrialRow
    reason: str
    reason_class: str
    exit_code: int = ExitCode.COULD_NOT_TELL
    stopped: bool = False
    trace: str = ""

    @property
    def surprise(self) -> str:
        """One sentence: no row expects that it cannot be judged."""
        return f"expected {self.row.expect}, and it could not be judged"


def trials(
    project: Project,
    rows: tuple[TrialRow, ...],
    *,
    concurrency: int | None = None,
    confirming: Confirming | None = None,
    judges: Purse | None = None,
    progress: Callable[[str, int, int], None] | None = None,
) -> Iterator[Trial | Unjudged]:
    """Decide every row, one after the other, each as soon as it is measured.

    A row that cannot be judged (its graph, dataset, evaluators, policy or baseline is broken) does not keep the others from
    being judged. What no row can do without, the registry and the segments, is read first.

    Args:
        project: the mounted project.
        rows: what is put to trial.
        concurrency: runs at once; None as in `evaluate`.
        confirming: how suspicious rows are confirmed; None = for every graph that is not made of rules.
        judges: the cap under which the judges of each row's policy are asked, which calls their models; None = what they have
            said before counts.
        progress: told (what, done, planned).
    """
    confirming = confirming or Confirming(concurrency=concurrency, progress=progress)
    if not rows:
        raise UsageError(f"{project.root}/pyproject.toml has no [[tool.seatrial.trial]] row: nothing to put to trial")
    _ = project.graphs, project.dimensions
    for row in rows:
        found = _judge(project, row, concurrency=concurrency, confirming=confirming, judges=judges, progress=progress)
        yield found
        if isinstance(found, Unjudged) and found.stopped:
            return


def _judge(
    project: Project,
    row: TrialRow,
    *,
    concurrency: int | None,
    confirming: Confirming,
    judges: Purse | None,
    progress: Callable[[str, int, int], None] | None,
) -> Trial | Unjudged:
    try:
        preflight(project, (row,))
        report = _decide(project, row, concurrency=concurrency, confirming=confirming, judges=judges, progress=progress)
    except SeatrialError as error:
        return Unjudged(row, str(error), error.reason_class, error.exit_code, stopped=isinstance(error, RunStopped))
    except OSError as error:
        return Unjudged(row, f"{error.filename or 'a file'} cannot be read or written: {error.strerror}", "invalid")
    except Exception as error:  # noqa: BLE001 - our bug, told with its traceback; the other rows are judged all the same
        wording = f"this is a bug in seatrial, not in your graph ({type(error).__name__}: {error}); nothing was decided"
        return Unjudged(row, wording, "invalid", trace=traceback.format_exc())
    return Trial(row, report)


def _decide(
    project: Project,
    row: TrialRow,
    *,
    concurrency: int | None,
    confirming: Confirming,
    judges: Purse | None,
    progress: Callable[[str, int, int], None] | None,
) -> Report:
    if row.baseline == row.candidate:
        raise UsageError(
            f"the trial row of {row.graph!r} compares {row.baseline} with itself, which always ships; name two versions in the registry, or hold what is there against what was accepted: pytest {row.policy or ''}".rstrip()
        )
    policy = row_policy(project, row)
    done = []
    for result in _both(project, row, policy, concurrency=concurrency, progress=progress):
        if not result.complete:
            raise RunStopped(
                f"{result.run_dir} was stopped after {result.done} of {count(result.planned, 'run')}; go on with seatrial eval {row.graph} --resume {result.run_dir.name}, then seatrial gate {row.graph}@{row.baseline} {row.graph}@{row.candidate}"
            )
        _keys_are_there(result.run_dir, policy)
        done.append(result.run_dir.name)
    refused = ask_judges(project, (done[0], done[1]), policy, judges) if judges is not None else ()
    report = gate(project, row.graph, done[0], done[1], policy, confirming=confirming)
    return replace(report, warnings=(*report.warnings, *refused)) if refused else report


def _both(
    project: Project,
    row: TrialRow,
    policy: Policy,
    *,
    concurrency: int | None,
    progress: Callable[[str, int, int], None] | None,
) -> Iterator[RunResult]:
    versions = (row.baseline, row.candidate)
    if row.baseline != row.candidate and take_turns(project, row.graph, policy):
        yield from in_turns(
            project,
            row.graph,
            versions,
            kind=row.dataset,
            repeat=row.repeat,
            concurrency=concurrency,
            progress=progress,
        )
        return
    for version in versions:
        yield evaluate(
            project,
            row.graph,
            version,
            kind=row.dataset,
            repeat=row.repeat,
            concurrency=concurrency,
            progress=progress,
        )


def preflight(project: Project, rows: tuple[TrialRow, ...]) -> None:
    """Everything about the rows that can be known before a graph runs: versions, policies, datasets, segments."""
    for row in rows:
        spec = project.spec(row.graph)
        for version in (row.baseline, row.candidate):
            spec.version(version)
        row_policy(project, row)
        dimensions = for_graph(project.dimensions, row.graph)
        for example in project.dataset(row.graph, row.dataset).examples:
            assign(dimensions, example.row())


def too_few_examples(project: Project, rows: tuple[TrialRow, ...]) -> Iterator[str]:
    """A sentence on each critical segment with fewer examples than its dimension says it is decided on."""
    for row in rows:
        policy, dimensions = row_policy(project, row), for_graph(project.dimensions, row.graph)
        sizes = Counter(
            f"{name}={value}"
            for example in project.dataset(row.graph, row.dataset).examples
            for name, value in assign(dimensions, example.row()).items()
        )
        for segment in sorted(critical_segments(dimensions)):
            n, least = sizes[segment], policy.least(segment)
            what = f"{segment} has {count(n, 'example')} in {row.dataset} and is decided on {least} at least"
            if policy.only_reports(segment, n):
                yield f'{what}: it is only reported (thin = "report"), and a drop that is not proven passes'
            elif policy.too_few(segment, n):
                yield f"{what}: no change of an answer passes before it has more"


def _keys_are_there(run_dir: Path, policy: Policy) -> None:
    """The baseline's run shows which keys there are, before the candidate's is paid for."""
    have = stored_evidence(run_dir).keys
    absent = [rule.name for rule in policy.keys if rule.name not in have]
    if absent:
        raise ConfigError(
            f"{policy.source}: key {absent[0]!r} gates but no evaluator gives it; the run holds: {', '.join(have)}"
        )
