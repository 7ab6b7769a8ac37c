"""Quarantine at the edge: which examples of a project's `gates/quarantine.toml` are in force."""

from __future__ import annotations

from typing import TYPE_CHECKING

from seatrial.dataset.fingerprint import identity
from seatrial.gate.quarantine_file import Quarantine, in_force, load_quarantine

if TYPE_CHECKING:
    from datetime import date

    from seatrial.gate.quarantine_file import Entry
    from seatrial.project import Project

FILE = "gates/quarantine.toml"


def quarantine_of(project: Project, graph: str, kind: str, today: date) -> Quarantine:
    """What is in force for one graph's examples of one kind."""
    entries = load_quarantine(project.root / FILE, today)
    if not any((e.graph, e.dataset) == (graph, kind) for e in entries):
        return Quarantine()
    contents = {example.id: identity(example) for example in project.dataset(graph, kind).examples}
    return in_force(entries, graph, kind, contents, today, str(project.root / FILE))


def debt(project: Project, today: date) -> tuple[Entry, ...]:
    """Every entry, the next to expire first.

    Raises:
        ConfigError: a graph or an example that the project does not have.
    """
    entries = load_quarantine(project.root / FILE, today)
    for graph, kind in {(e.graph, e.dataset): None for e in entries}:
        project.spec(graph)
        quarantine_of(project, graph, kind, today)
    return tuple(sorted(entries, key=lambda e: (e.expires, e.graph, e.example)))
