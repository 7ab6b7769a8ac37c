"""Rubrics: a judge's words on single answers beside people's pass and fail, example by example."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from seatrial.errors import DataError
from seatrial.judge.agreement import UNKNOWN, Measured
from seatrial.judge.licence import FLOORS
from seatrial.judge.votes import Joined, Pair, compare
from seatrial.stats.interval import CannotTell
from seatrial.stats.proportions import wilson
from seatrial.table import SEGMENT_PREFIX, Column, Kind

if TYPE_CHECKING:
    from collections.abc import Mapping

    from seatrial.table import Table

PASSES, FAILS = "pass", "fail"
WORDS = {PASSES: PASSES, FAILS: FAILS, "1": PASSES, "0": FAILS, "true": PASSES, "false": FAILS}

RUBRIC_COLUMNS = (
    Column("example_id", Kind.TEXT, "which example", required=True),
    Column("version", Kind.TEXT, "whose answer"),
    Column("run_repetition", Kind.COMPLETE, "which answer of that version; default 0"),
    Column("judge", Kind.TEXT, "which judge: `judge:name@version#hash`"),
    Column("draw", Kind.COMPLETE, "which time the same answer was judged; default 0"),
    Column("score", Kind.NUMBER, "1 passes, 0 fails; empty unless scored"),
    Column("outcome", Kind.TEXT, "`scored`, or why there is no score"),
    Column("reason", Kind.TEXT, "the judge's reason, or why there is no score"),
    Column("output_hash", Kind.TEXT, "hash of the answer that was judged"),
    Column("requested_model", Kind.TEXT, "model that was asked"),
    Column("family", Kind.TEXT, "families of the judge's model, joined by `+`"),
    Column("prompt_hash", Kind.TEXT, "sha256 of what pins the judge's prompt"),
    Column("graph", Kind.TEXT, "whose answers"),
)
"""Besides these a table may have any column `segment.NAME`."""

PASS_COLUMNS = (
    Column("example_id", Kind.TEXT, "which example", required=True),
    Column("version", Kind.TEXT, "whose answer"),
    Column("annotator", Kind.TEXT, "who; default one and the same person"),
    Column("label", Kind.TEXT, "`pass` or `fail` (1 or 0); empty = no vote", required=True),
    Column("reason", Kind.TEXT, "in their words"),
)


def join_passes(labels: Table, scores: Table) -> Joined:
    """Put people's pass and fail beside a judge's first word on the same answer; the latest vote of a person counts.

    Raises:
        DataError: a label is neither pass nor fail, the judge gives fractions, an answer has two lines of one draw, or no answer
            is in both.
    """
    _drawn(scores)
    found = compare(*_votes(labels), _first_words(scores))
    if not found.compared:
        raise DataError(
            f"{labels.source} and {scores.source} have no judged answer in common: they are joined by example_id and version"
        )
    return found


def repeat_consistency(scores: Table) -> Measured:
    """Share of the answers that got one and the same word in every draw, with Wilson's 95 % interval.

    Unknown where no answer was judged twice, and where more answers lack a draw than a licence lets lack a verdict: those that
    the judge would have contradicted itself on may be the ones that are not there.

    Raises:
        DataError: an answer has two lines of one draw; or as for `join_passes`.
    """
    answers = _drawn(scores)
    draws = {draw for mine in answers.values() for draw in mine}
    full = [set(mine.values()) for mine in answers.values() if len(mine) == len(draws) and "" not in mine.values()]
    if len(draws) < 2 or not full or len(full) < FLOORS.judged * len(answers):
        return UNKNOWN
    same = sum(len(mine) == 1 for mine in full)
    ends = wilson(same, len(full))
    return UNKNOWN if isinstance(ends, CannotTell) else Measured(same / len(full), ends.low, ends.high)


def _drawn(scores: Table) -> dict[tuple[str, ...], dict[int, str]]:
    """Per answer its word in each draw, empty without a score."""
    found: dict[tuple[str, ...], dict[int, str]] = {}
    for row, word in enumerate(_words(scores)):
        at = tuple(_text(scores, name, row) for name in ("example_id", "version", "output_hash"))
        mine = found.setdefault((*at, str(_count_at(scores, "run_repetition", row))), {})
        draw = _count_at(scores, "draw", row)
        if draw in mine:
            raise DataError(
                f"{scores.source}, row {row + 1}: draw {draw} of one answer to {at[0]!r} stands there twice; a further time that it was "
                "judged has a draw of its own, and a copied line is taken out"
            )
        mine[draw] = word
    return found


def _first_words(scores: Table) -> dict[Pair, tuple[str, str, Mapping[str, str]]]:
    """Per answer the word of the first draw, its reason and its segments; one without a score is left out."""
    found: dict[Pair, tuple[str, str, Mapping[str, str]]] = {}
    order = sorted(
        range(len(scores)), key=lambda row: (_count_at(scores, "run_repetition", row), _count_at(scores, "draw", row))
    )
    words = _words(scores)
    taken: set[Pair] = set()
    for row in order:
        pair = Pair(_text(scores, "example_id", row), _text(scores, "version", row), "")
        if pair in taken:
            continue
        taken.add(pair)
        if words[row]:
            segments = {name: _text(scores, f"{SEGMENT_PREFIX}{name}", row) for name in scores.dimensions}
            found[pair] = (words[row], _text(scores, "reason", row), segments)
    return found


def _words(scores: Table) -> list[str]:
    """Pass or fail of each row, empty without a score.

    Raises:
        DataError: a score is a fraction, or the table has none.
    """
    if not scores.has("score"):
        raise DataError(f"{scores.source} has no column score: say which holds it with --map")
    numbers = scores.numbers("score")
    known = ~np.isnan(numbers)
    fractions = known & (numbers != 0) & (numbers != 1)
    if fractions.any():
        raise DataError(
            f"{scores.source}: the judge gives {float(numbers[fractions][0]):g}, and people's labels are pass and fail: a judge of 0 and 1 "
            "can have a licence; give the evaluator a threshold"
        )
    return ["" if not there else PASSES if value else FAILS for there, value in zip(known, numbers, strict=True)]


def _votes(labels: Table) -> tuple[dict[Pair, dict[str, str]], dict[tuple[Pair, str], str]]:
    """Per answer the latest vote of each person, in the order of the file."""
    latest: dict[tuple[Pair, str], tuple[str, str]] = {}
    for row in range(len(labels)):
        pair = Pair(_text(labels, "example_id", row), _text(labels, "version", row), "")
        given = _text(labels, "label", row).strip().lower()
        if given and given not in WORDS:
            raise DataError(f"{labels.source}: label {given!r} is neither pass nor fail")
        latest[pair, _text(labels, "annotator", row)] = (WORDS.get(given, ""), _text(labels, "reason", row))
    votes: dict[Pair, dict[str, str]] = {}
    for (pair, who), (word, _) in latest.items():
        if word:
            votes.setdefault(pair, {})[who] = word
    return votes, {key: reason for key, (_, reason) in latest.items()}


def _text(table: Table, name: str, row: int) -> str:
    return table.text(name, row) if table.has(name) else ""


def _count_at(table: Table, name: str, row: int) -> int:
    if not table.has(name):
        return 0
    value = float(table.numbers(name)[row])
    return 0 if np.isnan(value) else int(value)
