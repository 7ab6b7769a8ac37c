"""The results of the benchmarks: every budget has its row there, and the page of speed shows each row that is over its budget."""

import importlib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture
def report(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT))
    return importlib.import_module("benchmarks.report")


def test_every_budget_has_a_row_on_the_page(report):
    page = (ROOT / "benchmarks" / "RESULTS.md").read_text(encoding="utf-8")
    rows = [line for line in page.splitlines() if line.startswith("| ")]
    without = [b.what for b in report.BUDGETS if not any(r.startswith(f"| {b.what}") and b.reported in r for r in rows)]
    assert without == []


def test_the_page_of_speed_shows_every_row_that_is_over_its_budget():
    results = (ROOT / "benchmarks" / "RESULTS.md").read_text(encoding="utf-8")
    broken = [line.split("|")[1].strip() for line in results.splitlines() if line.endswith(": **over** |")]
    page = (ROOT / "docs" / "explanation" / "speed.md").read_text(encoding="utf-8")
    assert broken
    assert [what for what in broken if f"| {what} |" not in page] == []


def test_a_row_on_the_wrong_side_of_its_budget_is_said_to_be_over_before_anything_else(report):
    slow = {"what": "gate, wall", "ours": 1.6, "floor": 0.8, "ratio": 2.0, "unit": "s wall", "n": 1_000_000}
    assert report.over("gate", slow) is True
    assert report.over("gate", slow | {"ours": 1.5}) is False
    assert report.over("gate", slow | {"ours": None}) is None
    text = report.table({"gate": [slow]}, "2026-01-02", (0.1, 1.2))
    assert text.splitlines()[4] == "- gate, wall: 1.6, at most 1.5 s"
    assert "| gate, wall | 1,000,000 | 1.6 | 0.8 | 2 | s wall | at most 1.5 s: **over** |" in text


def test_a_rate_below_its_floor_is_over_budget_too(report):
    row = {"what": "LangGraph, 3 sync nodes", "ours": 1.0, "floor": 1.2, "ratio": 0.83, "unit": "examples/s", "n": 600}
    assert report.over("evaluation", row) is True
    assert report.over("evaluation", row | {"ratio": 0.9}) is False


def test_writing_replaces_only_what_stands_between_the_marks(report, tmp_path):
    page = tmp_path / "page.md"
    page.write_text(f"before\n{report.BEGIN}\nold\n{report.END}\nafter\n", encoding="utf-8")
    report.write(page, "new\n")
    assert page.read_text(encoding="utf-8") == f"before\n{report.BEGIN}\n\nnew\n\n{report.END}\nafter\n"
    page.write_text("no marks", encoding="utf-8")
    with pytest.raises(ValueError, match="has no place for the table"):
        report.write(page, "new")
