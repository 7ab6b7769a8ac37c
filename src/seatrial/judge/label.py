"""Label: people's preferences over the same pairs a judge sees, given blind; one line a label, the latest of a person counts.

    judges/labels/<judge>.jsonl
    {"example_id": "q1", "version": "v2", "baseline": "v1", "annotator": "ann", "preference": 1.0, "reason": ""}

A preference is the candidate's, 0..1, or null where a person would not say: that is no vote.
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, NamedTuple

from seatrial.canonical import canonical_json
from seatrial.errors import DataError
from seatrial.judge.pairs import for_candidate, resolved, shown
from seatrial.judge.verdicts import AB, BA
from seatrial.pool.row_log import read_lines

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from seatrial.judge.pairs import Pair
    from seatrial.judge.prompt import Texts

FOLDER = "labels"
CHOICES = {"1": 1.0, "2": 0.0, "=": 0.5}
"""What a person may say of the two answers: the first is better, the second is, neither is."""


class Label(NamedTuple):
    """One person's vote on one pair.

    Attributes:
        example_id: which example.
        version: the candidate's.
        baseline: the baseline's.
        annotator: who.
        preference: 0..1 for the candidate; None = no vote.
        reason: in their words, or empty.
    """

    example_id: str
    version: str
    baseline: str
    annotator: str
    preference: float | None
    reason: str = ""


class Blind(NamedTuple):
    """A pair as an annotator sees it: two answers, and no word on whose they are."""

    example_id: str
    order: str
    texts: Texts


def blind(pairs: Iterable[Pair], annotator: str) -> tuple[Blind, ...]:
    """The pairs that need a judge, shuffled and with sides drawn anew for each annotator, the same every time.

    Of several repetitions the first is shown.
    """
    first: dict[str, Pair] = {}
    for pair in pairs:
        if resolved(pair) is None:
            first.setdefault(pair.example_id, pair)
    draws = {name: hashlib.sha256(f"{len(annotator)}:{annotator}{name}".encode()).digest() for name in first}
    found = []
    for name in sorted(first, key=draws.__getitem__):
        order = AB if draws[name][-1] % 2 else BA
        found.append(Blind(name, order, shown(first[name], order)))
    return tuple(found)


def label_of(one: Blind, reported: str, *, version: str, baseline: str, annotator: str, reason: str = "") -> Label:
    """The vote that an answer `1`, `2` or `=` is; anything else is no vote."""
    first = CHOICES.get(reported)
    preference = None if first is None else for_candidate(first, one.order)
    return Label(one.example_id, version, baseline, annotator, preference, reason)


def append_label(file: Path, label: Label) -> None:
    """Add one line; a label is on disk before the next pair is shown."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("a", encoding="utf-8") as lines:
        lines.write(f"{canonical_json(label._asdict())}\n")


def read_labels(file: Path) -> tuple[Label, ...]:
    """Every label that counts: of one person's votes on one pair the latest, and none that is blank.

    Raises:
        DataError: a line is no label.
    """
    found: dict[tuple[str, ...], Label] = {}
    for number, line in enumerate(read_lines(file), start=1):
        try:
            raw = json.loads(line)
            label = Label(**{name: raw[name] for name in Label._fields if name in raw})
        except (ValueError, KeyError, TypeError) as error:
            raise DataError(f"{file} line {number} is no label: {error}") from error
        _check(label, f"{file} line {number}")
        found[label.example_id, label.version, label.baseline, label.annotator] = label
    return tuple(label for label in found.values() if label.preference is not None)


def unlabelled(
    shown_to: Sequence[Blind], labels: Iterable[Label], *, version: str, baseline: str, annotator: str
) -> list[Blind]:
    """What an annotator has not voted on yet."""
    mine = (version, baseline, annotator)
    have = {label.example_id for label in labels if (label.version, label.baseline, label.annotator) == mine}
    return [one for one in shown_to if one.example_id not in have]


def _check(label: Label, place: str) -> None:
    value = label.preference
    number = isinstance(value, (int, float)) and not isinstance(value, bool) and 0 <= value <= 1
    if value is not None and not number:
        raise DataError(f"{place}: preference is a number from 0 to 1 or null, got {value!r}")
    for name in ("example_id", "version", "baseline", "annotator", "reason"):
        if not isinstance(getattr(label, name), str):
            raise DataError(f"{place}: {name} is text, got {getattr(label, name)!r}")
