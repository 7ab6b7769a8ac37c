"""Votes: what people say of the pairs a judge has judged; the latest of a person counts, a blank is no vote."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from seatrial.errors import DataError
from seatrial.evidence.against_half import EVEN
from seatrial.judge.scores import WINNERS, scores_of
from seatrial.table import Column, Kind
from seatrial.wording import count

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from seatrial.table import Table

LABEL_COLUMNS = (
    Column("example_id", Kind.TEXT, "which example", required=True),
    Column("version", Kind.TEXT, "the candidate's version"),
    Column("baseline", Kind.TEXT, "the baseline's version"),
    Column("annotator", Kind.TEXT, "who; default one and the same person"),
    Column("preference", Kind.NUMBER, "0..1 for the candidate; empty = no vote"),
    Column("winner", Kind.TEXT, "`candidate`, `baseline` or `tie`, in place of a preference"),
    Column("reason", Kind.TEXT, "in their words"),
)
COPIED = 5
"""Labels with the judge's own reason that are no coincidence."""
CANDIDATE, TIE, BASELINE = "candidate", "tie", "baseline"


class Pair(NamedTuple):
    """Two versions' answers to one example; empty where a table does not say which versions."""

    example_id: str
    version: str
    baseline: str


@dataclass(frozen=True, slots=True)
class Compared:
    """One pair that people and the judge have both decided.

    Attributes:
        pair: which.
        people: what most annotators say.
        judge: what the judge says.
        votes: annotator -> their word.
        why_people: a reason an annotator of the majority gave; empty where none did.
        why_judge: the judge's.
        segments: dimension -> value.
    """

    pair: Pair
    people: str
    judge: str
    votes: Mapping[str, str]
    why_people: str
    why_judge: str
    segments: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Joined:
    """Labels beside verdicts.

    Attributes:
        compared: pairs both have decided.
        split: pairs whose annotators have no majority.
        unjudged: labelled pairs of the judged versions without a verdict.
        annotators: how many people.
    """

    compared: tuple[Compared, ...]
    split: int
    unjudged: int
    annotators: int


def join(labels: Table, verdicts: Table) -> Joined:
    """Put people's votes beside a judge's verdicts, pair by pair.

    Raises:
        DataError: a vote or a verdict is not what its column says, or no pair is in both.
    """
    found = compare(*_votes(labels), _stated(verdicts))
    if not found.compared:
        raise DataError(
            f"{labels.source} and {verdicts.source} have no decided pair in common: they are joined by example_id, version and baseline"
        )
    return found


def compare(
    votes: Mapping[Pair, Mapping[str, str]],
    reasons: Mapping[tuple[Pair, str], str],
    wording: Mapping[Pair, tuple[str, str, Mapping[str, str]]],
) -> Joined:
    """The majority of each pair's votes beside the judge's word; labels without versions are of the only ones there are.

    Args:
        votes: pair -> annotator -> word.
        reasons: (pair, annotator) -> reason.
        wording: pair -> the judge's word, its reason, and the pair's segments.
    """
    versions = {(pair.version, pair.baseline) for pair in wording}
    compared, split, unjudged = [], 0, 0
    for named, by in votes.items():
        pair = named
        if not (named.version or named.baseline) and len(versions) == 1:
            pair = Pair(named.example_id, *next(iter(versions)))
        words = Counter(by.values()).most_common(2)
        if len(words) > 1 and words[0][1] * 2 <= len(by):
            split += 1
            continue
        if pair not in wording:
            # A label of versions that the table is not about says nothing of its judge.
            unjudged += (pair.version, pair.baseline) in versions or not (pair.version or pair.baseline)
            continue
        word, why, segments = wording[pair]
        people = words[0][0]
        given = next((reasons[named, who] for who, one in by.items() if one == people and reasons[named, who]), "")
        compared.append(Compared(pair, people, word, by, given, why, segments))
    return Joined(tuple(compared), split, unjudged, len({who for by in votes.values() for who in by}))


def refuse_own_labels(found: Joined, names: Iterable[str]) -> None:
    """Refuse labels that the judge has given itself: they would agree with it whatever it says.

    Args:
        found: labels beside verdicts.
        names: the judge's identity and its models; a model is known with and without its provider.

    Raises:
        DataError: an annotator is called as the judge or its model is, or labels carry the judge's own reasons.
    """
    own = set()
    for name in filter(None, names):
        parts = name.casefold().removeprefix("judge:")
        own |= {name.casefold(), parts, parts.partition("@")[0], parts.rpartition(":")[2]}
    for one in found.compared:
        for who in one.votes:
            if who.strip().casefold() in own:
                raise DataError(f"labels by {who!r} are the judge's own; a licence is measured on what people say")
    given = [one for one in found.compared if one.why_people]
    copied = sum(one.why_people.strip() == one.why_judge.strip() for one in given)
    if copied >= COPIED and 2 * copied > len(given):
        raise DataError(
            f"{copied} of {count(len(given), 'label')} carry the judge's reason word for word; a licence is measured on what people say"
        )


def mean_votes(table: Table) -> dict[Pair, float]:
    """Per pair the mean of what people say, 1 for the candidate, one half for a tie; the latest vote of each counts."""
    votes, _ = _votes(table)
    return {pair: float(np.mean([WINNERS[word] for word in by.values()])) for pair, by in votes.items()}


def verdict_words(verdicts: Table) -> dict[Pair, str]:
    """Per pair what a judge prefers: candidate, baseline or tie; one without a verdict is left out."""
    return {pair: word for pair, (word, _, _) in _stated(verdicts).items()}


def _votes(table: Table) -> tuple[dict[Pair, dict[str, str]], dict[tuple[Pair, str], str]]:
    """Per pair the latest vote of each person, in the order of the file."""
    preference = _preference(table)
    latest: dict[tuple[Pair, str], tuple[str | None, str]] = {}
    for row in range(len(table)):
        pair = Pair(*(_text(table, name, row) for name in Pair._fields))
        who = _text(table, "annotator", row)
        word = None if np.isnan(preference[row]) else _word(float(preference[row]))
        latest[pair, who] = (word, _text(table, "reason", row))
    votes: dict[Pair, dict[str, str]] = {}
    for (pair, who), (word, _) in latest.items():
        if word is not None:
            votes.setdefault(pair, {})[who] = word
    return votes, {key: reason for key, (_, reason) in latest.items()}


def _stated(table: Table) -> dict[Pair, tuple[str, str, Mapping[str, str]]]:
    """Per pair the judge's word, a reason, and its segments; a missing one is left out."""
    groups: dict[tuple[str, str], list[int]] = {}
    for row in range(len(table)):
        groups.setdefault((_text(table, "version", row), _text(table, "baseline", row)), []).append(row)
    found: dict[Pair, tuple[str, str, Mapping[str, str]]] = {}
    for (version, baseline), rows in groups.items():
        mask = np.zeros(len(table), dtype=bool)
        mask[rows] = True
        mine = table.where(mask)
        scores = scores_of(mine)
        why: dict[str, str] = {}
        for row in range(len(mine)):
            why.setdefault(_text(mine, "example_id", row), _text(mine, "reason", row))
        for place, name in enumerate(mine.codes("example_id").values):
            if not np.isnan(scores.score[place]):
                segments = {dimension: codes.text(place) or "" for dimension, codes in scores.segments.items()}
                found[Pair(name, version, baseline)] = (_word(float(scores.score[place])), why[name], segments)
    return found


def _preference(table: Table) -> np.ndarray:
    if table.has("preference"):
        found = table.numbers("preference")
        if ((found < 0) | (found > 1)).any():
            raise DataError(f"{table.source}: a label's preference is a number from 0 (baseline) to 1 (candidate)")
        return found
    if table.has("winner"):
        codes = table.codes("winner")
        unknown = sorted(set(codes.values) - set(WINNERS))
        if unknown:
            raise DataError(f"{table.source}: winner {unknown[0]!r} is unknown; choose one of: {', '.join(WINNERS)}")
        return np.array([*(WINNERS[word] for word in codes.values), np.nan])[codes.index]
    raise DataError(f"{table.source} has no column preference and no winner: say which holds the label with --map")


def _word(preference: float) -> str:
    return TIE if abs(preference - 0.5) <= EVEN else CANDIDATE if preference > 0.5 else BASELINE


def _text(table: Table, name: str, row: int) -> str:
    return (table.codes(name).text(row) or "") if table.has(name) else ""
