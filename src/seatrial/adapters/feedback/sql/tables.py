"""Small tables of words, handed to a query: what a classifier's verdicts, an outcome's labels and its silence mean."""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite
from typing import TYPE_CHECKING

from seatrial.outcome import Pick

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


NOTHING = "\x01"
"""Stands for an absent verdict or label, which SQL's null would keep out of a join."""
CHOSEN, BEFORE_YEAR, NOT_CHOSEN, NO_CONFIDENCE = 3, 2, 1, 0
"""Part of a decision: counted, due before the year began, outside of the window or not asked for, or without a confidence."""
MISSING_KIND = 4
"""Kind of a decision is its `Answer`, and this where it is neutral because nothing came."""
SCALE = 1e15


@dataclass(frozen=True, slots=True)
class Dialect:
    """What databases write differently.

    Attributes:
        least, greatest: names of the functions of two numbers.
        exact: whether sums are of whole numbers, so that the order of threads changes no digit.
        grouping_sets: whether one query may group in two ways.
        real: name of the type of a double.
    """

    least: str = "least"
    greatest: str = "greatest"
    exact: bool = False
    grouping_sets: bool = True
    real: str = "double precision"


@dataclass(frozen=True, slots=True)
class TimedType:
    """What an outcome type with a horizon means after one classifier and verdict.

    Attributes:
        horizon: seconds.
        silent_after: seconds without life after which its default is not applied.
        silence: `Answer` code of no event by the horizon.
    """

    horizon: float
    silent_after: float
    silence: int


@dataclass(frozen=True, slots=True)
class DecisionWords:
    """One classifier and verdict.

    Attributes:
        classifier, verdict: the words; the verdict is None where none is stated.
        edges: of the classifier's bands.
        due: seconds after the decision at which its answer is due.
        timed: per outcome type of the query with a horizon, what it means here; None where it does not answer.
    """

    classifier: str
    verdict: str | None
    edges: tuple[float, ...]
    due: float
    timed: tuple[TimedType | None, ...]


@dataclass(frozen=True, slots=True)
class EventWords:
    """One outcome type and label.

    Attributes:
        outcome: the type.
        label: the word; None where it has none.
        place: number of the type.
    """

    outcome: str
    label: str | None
    place: int


@dataclass(frozen=True, slots=True)
class Meaning:
    """What an event means after a decision: `Answer` code, whether its label is unknown, and its metric's times."""

    answer: int
    unknown: bool
    horizon: float
    min_delay: float
    pick: Pick


@dataclass(frozen=True, slots=True)
class Shape:
    """What is known of a source before its query is written.

    Attributes:
        decisions, events: queries of the canonical columns.
        dimensions: number of segment columns, called s0, s1 and so on.
        one_decision: whether no thread holds two decisions of one classifier.
        one_event: whether no thread holds two events, and none two decisions of any classifier.
        pick: of several decisions of one classifier in a thread, the one that counts.
    """

    decisions: str
    events: str
    dimensions: int
    one_decision: bool
    one_event: bool
    pick: str


def number(value: float) -> str:
    """A float as every dialect reads it back to the last bit."""
    return f"{value!r}e0" if "e" not in repr(value) else repr(value)


def text(value: str) -> str:
    """A text literal."""
    return "'" + value.replace("'", "''") + "'"


def values(name: str, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A small table as a common table expression."""
    body = ", ".join("(" + ", ".join(row) + ")" for row in rows)
    return f"{name}({', '.join(columns)}) AS (VALUES {body})"


def words_table(words: Sequence[DecisionWords], wanted: Sequence[bool], dialect: Dialect) -> str:
    """`dv`: per classifier and verdict its number, whether it is asked for, and its times."""
    kinds = len(words[0].timed)
    columns = ["dv", "classifier", "verdict", "wanted", "due"]
    columns += [f"{letter}{k}" for k in range(kinds) for letter in ("h", "q", "n")]
    rows = []
    for i, one in enumerate(words):
        row = [str(i), text(one.classifier), text(NOTHING if one.verdict is None else one.verdict), str(int(wanted[i]))]
        row.append(number(one.due))
        for timed in one.timed:
            row += (
                [f"CAST(NULL AS {dialect.real})"] * 2 + ["CAST(NULL AS integer)"]
                if timed is None
                else [number(timed.horizon), number(timed.silent_after), str(timed.silence)]
            )
        rows.append(row)
    return values("dv", columns, rows)


def meanings_table(meanings: Sequence[tuple[int, int, Meaning]], dialect: Dialect) -> str:
    """`pol`: per classifier and verdict and per type and label what the event means; without a horizon it is null."""
    picks = {Pick.FIRST: 0, Pick.LATEST: 1, Pick.WORST: 2}
    rows = [
        [str(dv), str(el), str(one.answer), str(int(one.unknown)), number(one.horizon) if isfinite(one.horizon) else f"CAST(NULL AS {dialect.real})",
         number(one.min_delay), str(picks[one.pick])]
        for dv, el, one in meanings
    ]  # fmt: skip
    return values("pol", ("dv", "el", "code", "unknown", "horizon", "min_delay", "pick"), rows)
