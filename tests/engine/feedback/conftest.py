"""Small tables on disk, and the gate asked about them."""

from __future__ import annotations

import csv
import json
from dataclasses import dataclass

import pytest

from seatrial.cli.app import run


@dataclass
class Answer:
    code: int
    data: dict
    out: str
    err: str

    @property
    def kinds(self):
        return " ".join(self.data["details"]["problems"])

    def row(self, segment="overall", key=None):
        return next(f for f in self.data["findings"] if f["segment"] == segment and (key is None or f["key"] == key))


@pytest.fixture
def project(tmp_path, monkeypatch):
    """An empty folder to work in."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def write(project):
    """Write a CSV file of dicts or a text file, and return its name."""

    def written(name, rows):
        file = project / name
        file.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(rows, str):
            file.write_text(rows, encoding="utf-8")
        else:
            with file.open("w", newline="", encoding="utf-8") as out:
                writer = csv.DictWriter(out, list(rows[0]))
                writer.writeheader()
                writer.writerows(rows)
        return name

    return written


@pytest.fixture
def gate(project, capsys):
    """Run feedback-gate with --json; code, decision and what was printed."""

    def requested(*arguments):
        code = run(["feedback-gate", "--json", *arguments])
        printed = capsys.readouterr()
        return Answer(code, json.loads(printed.out), printed.out, printed.err)

    return requested
