"""Overrides at the edge: the file they stand in, and what the two arms of a project are by content."""

from __future__ import annotations

from typing import TYPE_CHECKING

from seatrial.errors import UsageError
from seatrial.gate.override import Bound, apply, override_line, read_overrides
from seatrial.trial.code import code_hash

if TYPE_CHECKING:
    from datetime import date
    from pathlib import Path

    from seatrial.gate.override import Override
    from seatrial.gate.report import Report
    from seatrial.project import Project

FILE = "gates/overrides.jsonl"


def overrides_of(project: Project) -> tuple[Override, ...]:
    """Every override the project has on record, oldest first."""
    file = project.root / FILE
    return read_overrides(file.read_text(encoding="utf-8"), file) if file.is_file() else ()


def let_through(project: Project, report: Report, bound: Bound, today: date) -> Report:
    """The report with the overrides that stand for its failing rows."""
    return apply(report, overrides_of(project), bound, today)


def record(project: Project, override: Override) -> Path:
    """Append one override; the file."""
    file = project.root / FILE
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with file.open("a", encoding="utf-8") as lines:
            lines.write(override_line(override))
    except OSError as error:
        raise UsageError(f"{file} cannot be written: {error.strerror}; nothing was overridden") from error
    return file


def versions_bound(project: Project, graph: str, baseline: str, candidate: str) -> Bound:
    """Two versions of the registry, by content."""
    return Bound(code_hash(project, graph, baseline), code_hash(project, graph, candidate))
