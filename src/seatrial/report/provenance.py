"""Facts: everything a verdict rests on, the command that gives it again, and what only some reports carry."""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING

from seatrial.evidence.schema import SEVERAL
from seatrial.gate.sentence import sentence
from seatrial.reason import JointLevel
from seatrial.report.sanitize import line
from seatrial.verdict import Verdict
from seatrial.wording import count, drop, p_value

if TYPE_CHECKING:
    from seatrial.gate.budget import Budget
    from seatrial.gate.confirm import Look
    from seatrial.gate.report import Report

QUARANTINED = 20
"""Examples in quarantine that are named."""


def facts(report: Report) -> tuple[tuple[str, str], ...]:
    """(name, value) of everything the verdict rests on."""
    levels = [f.alpha_row for f in report.findings if f.alpha_row is not None]
    return tuple(
        (name, value)
        for name, value in (
            ("Evidence", report.source),
            ("Graph", report.graph),
            ("Baseline", report.baseline),
            ("Candidate", report.candidate),
            ("Policy", _file(str(report.policy.get("source", "")))),
            ("Policy hash", str(report.policy.get("hash", ""))),
            ("Owner", str(report.policy.get("owner", "")) or 'nobody is named; say owner = "..." in the policy'),
            ("Mode", report.mode),
            ("Family", f"{count(report.family_size, 'test')}, alpha {_family(report.budget)}, {_level(report)}"),
            ("Levels", f"a row starts at {p_value(min(levels))} to {p_value(max(levels))}" if levels else ""),
            (
                "Must detect",
                f"every critical segment shown not worse by {drop(report.must_detect)} or more, overall by {drop(report.must_detect_overall)}, at one-sided .05",
            ),
            ("Segments file", _segments(report)),
            ("Price table", report.prices),
            ("Churn", f"{100 * report.churn:g} % taken for granted; a row that flips more counts with its own"),
        )
        if value
    )


def _segments(report: Report) -> str:
    """Which segments file put the examples into their segments."""
    if not report.segments_hash:
        return "unknown: the evidence does not say what put its examples into segments"
    return f"version {report.segments_version or 'unknown'}: {report.segments_hash}"


def _family(budget: Budget) -> str:
    """The family's part of alpha, and of how much it is a part."""
    parts = (("measurements", budget.measures), ("the last release", budget.anchor))
    others = [f"{alpha:g} for {name}" for name, alpha in parts if alpha]
    return f"{budget.family:g}" + (f" of {budget.total:g} ({', '.join(others)})" if others else "")


def _level(report: Report) -> str:
    """Which procedure the family was tested by."""
    found = [sentence(one) for one in report.overall.reasons if isinstance(one, JointLevel)]
    return found[0] if found else "weighted Holm or joint level"


def _file(source: str) -> str:
    """A file by its folder and its name: the rest of its path is one machine's, and its hash says which it is."""
    return "/".join(source.replace("\\", "/").split("/")[-2:])


def runs_of(source: str) -> tuple[str, str] | None:
    """Baseline and candidate run of evidence that is two runs of a project; None of any other."""
    # `runs A and B` is how the project's own gate names its evidence, and what it was confirmed on or held against comes after a comma.
    found = re.fullmatch(r"runs (\S+) and (\S+)", source.partition(", ")[0])
    return (found[1], found[2]) if found else None


def second_stage(report: Report) -> str:
    """The command that gives the same verdict once more, as a shell takes it."""
    runs = runs_of(report.source)
    if runs is not None:
        once = " --no-confirm" if report.confirm is None else ""
        return f"seatrial gate {shlex.quote(runs[0])} {shlex.quote(runs[1])}{once}"
    where = " ".join(f"--evidence {shlex.quote(file)}" for file in report.source.split(SEVERAL))
    return (
        f"seatrial gate {where} --baseline {shlex.quote(report.baseline)} --candidate {shlex.quote(report.candidate)}"
    )


def notes(report: Report) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Sections that only some reports carry."""
    found = []
    if report.anchor is not None:
        anchor = report.anchor
        rows = [f.reason for f in anchor.findings if f.verdict is Verdict.FAIL]
        wording = f"{anchor.baseline} → {anchor.candidate}: {anchor.verdict.name}. {anchor.reason}"
        found.append(("Against the last release", tuple(map(line, [wording, *rows[:QUARANTINED]]))))
    if report.reruns is not None:
        found.append(("Looks at this candidate", (line(report.reruns.sentence),)))
    if report.confirm is not None:
        found.append(("Looked at twice", tuple(map(line, [report.confirm.reason, *map(_look, report.confirm.rows)]))))
    if report.quarantine is not None:
        kept = [
            f"{one.entry.example}: {one.moved}; {one.entry.reason} ({one.entry.owner}, until {one.entry.expires})"
            for one in report.quarantine.examples
        ]
        more = [f"and {len(kept) - QUARANTINED} more"] if len(kept) > QUARANTINED else []
        complete = [
            f"{segment}: judged with all its examples, too many are in quarantine"
            for segment in report.quarantine.kept_complete
        ]
        found.append(
            ("In quarantine", tuple(map(line, [report.quarantine.sentence, *complete, *kept[:QUARANTINED], *more])))
        )
    return tuple(found)


def _look(one: Look) -> str:
    wording = f"{one.segment} · {one.key}: p {p_value(one.p)} at the first look"
    if one.confirmed is None:
        return wording
    return f"{wording}, {p_value(one.p_fresh)} on {count(one.n_fresh, 'fresh cluster')}: {'confirmed' if one.confirmed else 'not confirmed'}"
