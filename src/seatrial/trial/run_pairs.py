"""Run pairs: what two stored runs answered to one example, side by side, as a judge or a person is shown it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from seatrial.errors import DataError
from seatrial.judge.answer_text import as_text, field_text
from seatrial.judge.pairs import Answer, Pair
from seatrial.pool.row_log import read_lines

if TYPE_CHECKING:
    from pathlib import Path

    from seatrial.dataset import Example
    from seatrial.judge.spec import Judge

Rows = dict[tuple[str, int], Mapping[str, Any]]


def answers_of(file: Path, judge: Judge) -> tuple[Rows, tuple[str, ...]]:
    """(example, repetition) -> line of rows.jsonl, the last one of each; and every model that answered."""
    found: Rows = {}
    for number, line in enumerate(read_lines(file), start=1):
        try:
            raw = json.loads(line)
            found[raw["example_id"], raw["repetition"]] = raw
        except (ValueError, KeyError, TypeError) as error:
            raise DataError(f"{file} line {number} cannot be read; make a new run") from error
    if not found:
        raise DataError(f"{file} holds no runs; make a new one")
    models = {name for raw in found.values() for name in str(raw.get("model") or "").split("+") if name}
    return found, tuple(sorted(models))


def pair_of(
    judge: Judge, example: Example, repetition: int, base: Rows, cand: Rows, segments: Mapping[str, str]
) -> Pair:
    """Both versions' answers to one example, by the fields that the judge is shown."""
    at = (example.id, repetition)
    reference = (
        None if example.outputs is None else field_text(example.outputs, judge.answer) or as_text(example.outputs)
    )
    inputs = field_text(example.inputs, (judge.inputs,) if judge.inputs else ()) or as_text(example.inputs)
    return Pair(
        example.id, repetition, inputs, reference, _answer(judge, cand.get(at)), _answer(judge, base.get(at)), segments
    )


def _answer(judge: Judge, raw: Mapping[str, Any] | None) -> Answer:
    if raw is None:
        return Answer("absent", error="its run has no row of this example")
    outcome, hashed = str(raw["outcome"]), raw.get("output_hash")
    error = raw.get("error")
    if "outputs" not in raw:
        kept = "its output was too long to be kept whole" if "outputs_begin" in raw else None
        return Answer(outcome, None, hashed, kept or error)
    text = field_text(raw["outputs"], judge.answer)
    missing = f"its output has no field {' or '.join(judge.answer)}" if text is None else None
    return Answer(outcome, text, hashed, error or missing)
