"""Headline: what every cell does and why in one line: what fell first, and cells that do the same for the same reason together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from seatrial.rollout.event import WAITS, fall_sentence
from seatrial.rollout.ladder import Move
from seatrial.rollout.reason import CALLS_A_PERSON, Why
from seatrial.rollout.sentence import reason_sentence, share_sentence
from seatrial.rollout.state import Mode
from seatrial.wording import count, verb

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from seatrial.rollout.event import Event
    from seatrial.rollout.ladder import Step
    from seatrial.rollout.rules import Rules

ALONE, FALLS_ALONE = 3, 8
"""So many cells of one reason have a sentence each; more are named together. What fell has more room."""
NAMED = 3
"""Cells that a sentence of many names."""


@dataclass(frozen=True, slots=True)
class CellPart:
    """One cell's part of a headline.

    Attributes:
        cell: its name.
        place: its share, or from where to where it moved.
        sentence: the reason.
        kind: what makes it another reason than a neighbour's: kind and metric, not its numbers.
        size: how much is missing, by which the furthest of a group is found.
        rank: 0 waits for a person, 1 calls one, 2 moves, 3 holds, 4 is done.
    """

    cell: str
    place: str
    sentence: str
    kind: str
    size: float
    rank: int


def part_of(rules: Rules, step: Step, fall: Event | None = None) -> CellPart:
    """One cell's part; a cell that waits for a person says what took it back."""
    sentence = reason_sentence(rules, step.reason, step.move)
    if fall is not None:
        cause = fall_sentence(rules, fall)
        plain = step.reason.why in (Why.ROLLED_BACK, Why.HELD) or step.reason == fall.reason
        sentence = cause if plain else f"{sentence}; {cause}"
    kind = f"{step.move.value}:{step.reason.key}:{fall.reason.key if fall else ''}"
    return CellPart(
        step.cell,
        share_sentence(rules, step),
        sentence,
        kind,
        float(step.reason.units or step.reason.seconds or 0),
        rank(step),
    )


def rank(step: Step) -> int:
    """Where a cell stands in a list for people: 0 waits for a person, 1 calls one, 2 moves, 3 holds, 4 is done."""
    if step.after.mode in WAITS:
        return 0
    if step.reason.why in CALLS_A_PERSON:
        return 1
    if step.move is not Move.HOLD:
        return 2
    return 4 if step.after.mode is Mode.DONE else 3


def needing(steps: Iterable[Step]) -> list[str]:
    """Cells that a person must look at."""
    return [step.cell for step in steps if rank(step) < 2]


def needs_sentence(steps: Sequence[Step]) -> str:
    """`1 of 8 cells needs a person`; empty where none does."""
    n = len(needing(steps))
    return f"{n:,} of {count(len(steps), 'cell')} {verb(n, 'need')} a person" if n else ""


def headline(rules: Rules, steps: Sequence[Step], falls: Mapping[str, Event] | None = None) -> str:
    """Every step's sentence, what fell first; more than a few cells of one reason are named together."""
    groups: dict[tuple[str, str], list[CellPart]] = {}
    for one in sorted((part_of(rules, step, (falls or {}).get(step.cell)) for step in steps), key=lambda one: one.rank):
        groups.setdefault((one.place, one.kind), []).append(one)
    return " · ".join(text for group in groups.values() for text in _group(group))


def names(cells: Sequence[str]) -> str:
    """The first cells by name, and how many more there are."""
    more = len(cells) - NAMED
    return ", ".join(cells) if more < 1 else f"{', '.join(cells[:NAMED])} and {more:,} more"


def _group(group: list[CellPart]) -> list[str]:
    if len(group) <= (FALLS_ALONE if group[0].rank == 0 else ALONE):
        return [f"{one.cell}: {one.place}: {one.sentence}" for one in group]
    furthest = max(group, key=lambda one: one.size)
    alike = len({one.sentence for one in group}) == 1
    which = "" if alike else f"the most in {furthest.cell}: "
    return [f"{names([one.cell for one in group])}: {furthest.place}: {which}{furthest.sentence}"]
