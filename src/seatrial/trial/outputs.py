"""Answers: the texts of flipped examples, read from the runs' rows.jsonl and the dataset when a page is written."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from seatrial.errors import SeatrialError
from seatrial.judge.answer_text import as_text
from seatrial.pool.row_log import read_lines
from seatrial.report.html import SideBySide
from seatrial.report.provenance import runs_of
from seatrial.trial.runs import RUNS, summary

if TYPE_CHECKING:
    from pathlib import Path

    from seatrial.gate.report import Flip, Report
    from seatrial.project import Project


class _Answer(NamedTuple):
    """One repetition: what came out, and the score of each key that has one."""

    outputs: str | None
    scores: dict[str, float]


_Answers = dict[str, dict[int, _Answer]]


def answers(project: Project, report: Report) -> dict[tuple[str, str], SideBySide]:
    """(example id, key) -> what went in and what came out of both versions, of every flip the runs still know.

    Of several repetitions the first is taken whose score moved the way the example's did. Inputs and reference come from
    the dataset while it is the one the runs were made of; a text that nobody kept is None. Texts are as they were
    recorded: the page strips and cuts them.
    """
    runs = runs_of(report.source)
    if runs is None or not report.flips:
        return {}
    wanted = {flip.example for flip in report.flips}
    base, cand = (_recorded(project.root / RUNS / run / "rows.jsonl", wanted) for run in runs)
    given = _given(project, runs[1], wanted)
    found = {}
    for flip in report.flips:
        before, after = _moved(flip, base.get(flip.example, {}), cand.get(flip.example, {}))
        inputs, reference = given.get(flip.example, (None, None))
        found[flip.example, flip.key] = SideBySide(inputs, reference, before, after)
    return found


def _moved(flip: Flip, before: Mapping[int, _Answer], after: Mapping[int, _Answer]) -> tuple[str | None, str | None]:
    both = sorted(before.keys() & after.keys())
    sign = 1 if flip.after > flip.before else -1

    def moved(repetition: int) -> bool:
        # Where a crash left no score, it was worth 0.
        change = after[repetition].scores.get(flip.key, 0.0) - before[repetition].scores.get(flip.key, 0.0)
        return sign * change > 0

    chosen = next((r for r in both if moved(r)), both[0] if both else None)
    return (None, None) if chosen is None else (before[chosen].outputs, after[chosen].outputs)


def _recorded(file: Path, wanted: set[str]) -> _Answers:
    found: _Answers = {}
    for text in read_lines(file):
        try:
            row = json.loads(text)
            if row["example_id"] in wanted:
                # A resumed run writes a repetition again: the last line is the one that counts.
                found.setdefault(row["example_id"], {})[row["repetition"]] = _Answer(_outputs(row), _scores(row))
        except (ValueError, KeyError, TypeError, AttributeError):
            continue  # no line of ours; the evidence was judged without it
    return found


def _outputs(row: Mapping[str, Any]) -> str | None:
    if "outputs" in row:
        return as_text(row["outputs"])
    if "outputs_begin" in row:
        return str(row["outputs_begin"])
    return f"({row['outcome']}: {row.get('error') or row.get('error_kind') or 'no output'})"


def _scores(row: Mapping[str, Any]) -> dict[str, float]:
    wording = [one for result in row["results"].values() if isinstance(result, list) for one in result]
    return {key: score for key, score, _ in wording if score is not None}


def _given(project: Project, run: str, wanted: set[str]) -> dict[str, tuple[str, str | None]]:
    try:
        wording = summary(project, run)
        dataset = project.dataset(wording["graph"], str(wording["dataset"]["name"]).rpartition(":")[2])
    except SeatrialError:
        return {}  # the answers are shown all the same
    if dataset.hash != wording["dataset"]["hash"]:
        return {}
    return {
        example.id: (as_text(example.inputs), None if example.outputs is None else as_text(example.outputs))
        for example in dataset.examples
        if example.id in wanted
    }
