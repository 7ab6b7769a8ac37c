"""History: every cell's share, events and evidence over time, read from a ledger.

The evidence of a row is what the row was decided on. A cell that falls begins a new try with no evidence, so the state after
such a row holds nothing of what took the cell back; there the row's evidence is folded into the state before it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from seatrial.rollout import ledger
from seatrial.rollout.event import events_in
from seatrial.rollout.evidence import evidence_from, fold
from seatrial.rollout.judge import OVERALL, odds_of_worse
from seatrial.rollout.ladder import Move
from seatrial.rollout.reason import Why
from seatrial.rollout.state import state_from

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from seatrial.rollout.event import Event
    from seatrial.rollout.ledger import Row
    from seatrial.rollout.rules import Rules
    from seatrial.rollout.state import State


@dataclass(frozen=True, slots=True)
class Try:
    """Evidence of one metric in one try.

    Attributes:
        attempt: 0 is the first.
        log_threshold: log E at which the cell is rolled back in this try.
        points: (hours since the start, log E of "worse"), one per row; the last one is what ended the try.
    """

    attempt: int
    log_threshold: float
    points: tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True)
class CellHistory:
    """One cell, or the traffic as a whole.

    Attributes:
        cell: its name.
        rungs: (hours since the start, the rung after the row), one per row; none of the whole.
        events: moves, and what a person did; none of the whole.
        tries: metric -> its tries, in order of time.
    """

    cell: str
    rungs: tuple[tuple[float, int], ...]
    events: tuple[Event, ...]
    tries: Mapping[str, tuple[Try, ...]]


def history(rows: Sequence[Row]) -> tuple[CellHistory, ...]:
    """Every cell of a rollout over time; at the end the traffic as a whole, where it has more than one cell."""
    rules = ledger.rules_in(rows)
    begin = rows[0].data["at"]
    rungs: dict[str, list[tuple[float, int]]] = {cell.name: [] for cell in rules.cells}
    events: dict[str, list[Event]] = {cell.name: [] for cell in rules.cells}
    tries: dict[tuple[str, str], list[tuple[int, float, list[tuple[float, float]]]]] = {}
    before: State | None = None
    for row in rows:
        data = ledger.data_of(row)
        state = state_from(data["state"])
        hours = (data["at"] - begin) / 3600
        for segment, metric, attempt, log_e, log_threshold in _judged(rules, before, state, data):
            known = tries.setdefault((segment, metric), [])
            if not known or known[-1][0] != attempt:
                known.append((attempt, log_threshold, []))
            known[-1][2].append((hours, log_e))
        for cell in state.cells:
            rungs[cell.cell].append((hours, cell.rung))
        for event in events_in(data):
            if event.move is not Move.HOLD or (event.reason.why is Why.PERSON and event.concerns):
                events[event.cell].append(event)
        before = state
    names = [cell.name for cell in rules.cells] + [OVERALL] * (len(rules.cells) > 1)
    return tuple(
        CellHistory(
            name,
            tuple(rungs.get(name, ())),
            tuple(events.get(name, ())),
            {
                metric.name: tuple(
                    Try(attempt, limit, tuple(points)) for attempt, limit, points in tries.get((name, metric.name), ())
                )
                for metric in rules.metrics
            },
        )
        for name in names
    )


def _judged(
    rules: Rules, before: State | None, after: State, data: Mapping[str, Any]
) -> Iterator[tuple[str, str, int, float, float]]:
    """(cell, metric, attempt, log E, its threshold) that a row was decided on, then those of the tries it began."""
    ended = before is not None and _tries(before) != _tries(after)
    if before is not None and ended:
        folded = fold(rules, before, evidence_from(data["evidence"])) if data["kind"] == ledger.STEP else before
        yield from odds_of_worse(rules, folded)
        begun = dict(_tries(after).items() - _tries(before).items())
        yield from (one for one in odds_of_worse(rules, after) if one[0] in begun)
    else:
        yield from odds_of_worse(rules, after)


def _tries(state: State) -> dict[str, int]:
    return {OVERALL: state.overall.attempt, **{cell.cell: cell.attempt for cell in state.cells}}
