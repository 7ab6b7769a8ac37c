"""Overrides at the edge: the file they stand in, and what the two arms of a project are by content."""

from __future__ import annotations

from typing import TYPE_CHECKING

from seatrial.errors import DataError, UsageError
from seatrial.gate.override import Bound, apply, override_line, read_overrides
from seatrial.trial.code_hash import code_hash
from seatrial.trial.runs import latest_run, summary

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date
    from pathlib import Path

    from seatrial.gate.override import Override
    from seatrial.gate.report import Report
    from seatrial.project import Project

FILE = "gates/overrides.jsonl"


def overrides_of(project: Project) -> tuple[Override, ...]:
    """Every override the project has on record, oldest first."""
    file = project.root / FILE
    return read_overrides(text_of(file), file) if file.is_file() else ()


def let_through(project: Project, report: Report, bound: Bound, today: date) -> Report:
    """The report with the overrides that stand for its failing rows."""
    return apply(report, overrides_of(project), bound, today)


def record(project: Project, overrides: Iterable[Override]) -> Path:
    """Append overrides; the file."""
    file = project.root / FILE
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        if lines := "".join(map(override_line, overrides)):
            append(file, lines)
    except OSError as error:
        raise UsageError(f"{file} cannot be written: {error.strerror}; nothing was overridden") from error
    return file


def text_of(file: Path) -> str:
    """What a committed file holds; one that is no text is a sentence, and lets nothing through."""
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{file} cannot be read: {error}") from error


def append(file: Path, line: str) -> None:
    """Add one line to a file of lines, beneath the last one even where somebody's editor left it without an end."""
    with file.open("a+b") as lines:
        if lines.tell():
            lines.seek(-1, 2)
            line = line if lines.read(1) == b"\n" else f"\n{line}"
        lines.write(line.encode())


def runs_bound(project: Project, baseline: str, candidate: str) -> Bound:
    """Two runs, by the content of what was run; one that does not say is what its version is now."""
    return Bound(_content(project, baseline), _content(project, candidate))


def versions_bound(project: Project, graph: str, baseline: str, candidate: str) -> Bound:
    """The latest runs of two versions, likewise."""
    return runs_bound(project, latest_run(project, f"{graph}@{baseline}"), latest_run(project, f"{graph}@{candidate}"))


def _content(project: Project, run_id: str) -> str:
    wording = summary(project, run_id)
    # Two commits under one label, or a run of last week named by its id, are not what the registry holds now.
    return str(wording.get("code") or code_hash(project, wording["graph"], wording["version"]))
