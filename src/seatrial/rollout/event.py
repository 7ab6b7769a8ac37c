"""Event: what one row of a ledger did to one cell, and which event took a cell back that waits for a person."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from seatrial.rollout.ladder import Move
from seatrial.rollout.reason import Reason, Why, reason_data, reason_from
from seatrial.rollout.sentence import reason_sentence
from seatrial.rollout.state import Mode
from seatrial.wording import percent

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from seatrial.rollout.ledger import Row
    from seatrial.rollout.rules import Rules
    from seatrial.rollout.state import State

WAITS = (Mode.ROLLED_BACK, Mode.HELD)
"""A cell in one of these moves only when a person resumes it."""
_ENDS_A_CLIMB = (Move.BACK, Move.OFF, Move.RESTART)


@dataclass(frozen=True, slots=True)
class Event:
    """What one row did to one cell.

    Attributes:
        sequence: the row's number.
        at: its time, seconds since 1970.
        cell: the cell's name.
        move: what it did.
        start: the candidate's share before.
        end: its share afterwards.
        reason: why.
    """

    sequence: int
    at: float
    cell: str
    move: Move
    start: float
    end: float
    reason: Reason

    @property
    def concerns(self) -> bool:
        """Whether the row says anything of the cell: a person's action names the cells that it concerns."""
        return self.reason.why is not Why.PERSON or bool(self.reason.author)


def events_in(data: Mapping[str, Any]) -> tuple[Event, ...]:
    """One event per cell of a row's data; none of the first row."""
    return tuple(
        Event(
            data["sequence"],
            data["at"],
            one["cell"],
            Move(one["move"]),
            one["from"],
            one["to"],
            reason_from(one["reason"]),
        )
        for one in data["steps"]
    )


def last_events(rows: Sequence[Row]) -> dict[str, Event]:
    """Cell -> the last event that concerns it; rows are read from the end, as far as is needed."""
    found: dict[str, Event] = {}
    for row in reversed(rows):
        events = events_in(row.data)
        for one in events:
            if one.concerns:
                found.setdefault(one.cell, one)
        if len(found) == len(events):
            break
    return found


def last_falls(rows: Sequence[Row], state: State) -> dict[str, Event]:
    """Cell -> what took it back or stopped it, of the cells that wait for a person."""
    waiting = {cell.cell for cell in state.cells if cell.mode in WAITS}
    found: dict[str, Event] = {}
    for row in reversed(rows):
        if waiting <= found.keys():
            break
        for one in events_in(row.data):
            if one.cell in waiting and one.move in _ENDS_A_CLIMB:
                found.setdefault(one.cell, one)
    return found


def fall_sentence(rules: Rules, fall: Event) -> str:
    """`rolled back from 25.0 % at 2027-01-15 12:00 UTC (ledger row 3): worse in ...; a person resumes it`."""
    what = "held" if fall.move is Move.RESTART else f"rolled back from {percent(fall.start)}"
    reason = reason_sentence(rules, fall.reason, fall.move)
    return f"{what} at {clock(fall.at)} (ledger row {fall.sequence}): {reason}; a person resumes it"


def event_data(event: Event) -> dict[str, Any]:
    """The event as plain data."""
    return {
        "row": event.sequence,
        "at": event.at,
        "move": event.move.value,
        "from": event.start,
        "to": event.end,
        "reason": reason_data(event.reason),
    }


def clock(at: float) -> str:
    """A time as people read it, e.g. `2027-01-15 12:00 UTC`."""
    return f"{datetime.fromtimestamp(at, UTC):%Y-%m-%d %H:%M} UTC"
