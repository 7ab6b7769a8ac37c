"""Tables of docs/explanation/speed.md: some rows of benchmarks/RESULTS.md, and every row there that is over its budget."""

from __future__ import annotations

from pathlib import Path

from written.tables import table

RESULTS = Path(__file__).parents[2] / "benchmarks" / "RESULTS.md"
HEADLINES = (
    "import seatrial",
    "seatrial gate, 2,000 rows",
    "gate, wall",
    "gate, peak memory",
    "pure code, 2 evaluators",
    "LangGraph, 3 sync nodes, 1 at once",
    "LangGraph, 3 sync nodes, 1 ms of work",
    "win-rate interval",
    "certify, 2,000 gates",
    "a step over 10,000,000 events",
    "a year in DuckDB, CPU",
    "plugin + gate of a new project",
    "hub over the openai SDK, threads",
)
"""Beginnings of the rows that the page shows; of several rows the first."""


def rows() -> list[list[str]]:
    """The cells of every row: what, n, ours, floor, ratio, unit, budget."""
    lines = RESULTS.read_text(encoding="utf-8").splitlines()
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if line.startswith("| ")]
    return [row for row in cells if len(row) == 7 and row[0] != "what"]


def headlines() -> str:
    """The rows of HEADLINES, in their order."""
    found = [next(row for row in rows() if row[0].startswith(name)) for name in HEADLINES]
    return table(("what", "n", "seatrial", "floor", "ratio", "unit", "budget"), (tuple(row) for row in found))


def over() -> str:
    """Every row that is over its budget."""
    found = [(row[0], _reported(row), row[6].removesuffix(": **over**")) for row in rows() if "**over**" in row[6]]
    return table(("what", "measured", "budget"), found) if found else "Nothing.\n"


def _reported(row: list[str]) -> str:
    return f"{row[2]} {row[5]}; ratio {row[4]}" if row[4] != "–" else f"{row[2]} {row[5]}"
