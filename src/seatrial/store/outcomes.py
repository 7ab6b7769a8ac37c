"""Decisions and outcomes in a store: written once per id, joined by thread id, however late.

`emit` and `outcomes_of` are public: a running graph writes outcomes, and an orchestrator routes on what its thread has
already met.
"""

from __future__ import annotations

import json
import time
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from seatrial.canonical import canonical_json
from seatrial.errors import DataError, UsageError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from sqlalchemy import Connection

    from seatrial.store.engine import Store


LAST = 253_402_300_800.0
"""The end of the year 9999, in seconds since 1970: a time beyond it is in milliseconds, or none."""


@dataclass(frozen=True, slots=True)
class OutcomeEvent:
    """What production said once about a thread.

    Attributes:
        event_id: makes writing it twice a no-op.
        thread_id: thread it belongs to.
        outcome: its type, e.g. `reply`, `bounce`, `refund`.
        label: the raw label, e.g. `positive`.
        observed_at: when it was observed, seconds since 1970 in UTC.
    """

    event_id: str
    thread_id: str
    outcome: str
    label: str
    observed_at: float


@dataclass(frozen=True, slots=True)
class DecisionRow:
    """What a classifier decided in a thread.

    Attributes:
        decision_id: makes writing it twice a no-op.
        thread_id: thread it was made in.
        classifier: which classifier, usually the graph.
        verdict: what it decided.
        confidence: stated confidence, 0..1; None where it states none.
        decided_at: when, seconds since 1970 in UTC.
        graph: graph id.
        version: graph version.
        segments: dimension -> value, read from the request.
    """

    decision_id: str
    thread_id: str
    classifier: str
    verdict: str
    confidence: float | None
    decided_at: float
    graph: str = ""
    version: str = ""
    segments: Mapping[str, str] = field(default_factory=dict)


def emit(thread_id: str, outcome: str, label: str = "", *, event_id: str, observed_at: float | None = None) -> bool:
    """Write one outcome into the project's store.

    The store is the one in use here (`use_store`), else `$SEATRIAL_STORE`, else `store` in the nearest pyproject.toml.
    In an evaluation and in a shadow run nothing is written.

    >>> emit("thread-1", "reply", "positive", event_id="mail-7")
    True

    Args:
        thread_id: thread whose decision the outcome follows.
        outcome: its type, e.g. `reply`, `bounce`, `refund`.
        label: the raw label, e.g. `positive`.
        event_id: the source's own id of the event; the same id is written once.
        observed_at: seconds since 1970 in UTC; None = now.

    Returns:
        Whether it was new.

    Raises:
        UsageError: an id or the outcome is empty, or a thread of an evaluation was started without its context.
        DataError: the same event id says something else already, or the store cannot be written. Nothing is dropped in
            silence.
    """
    from seatrial.store.current import current_store  # noqa: PLC0415 - opens a store

    event = OutcomeEvent(event_id, thread_id, outcome, label, time.time() if observed_at is None else observed_at)
    store = current_store()
    return store is not None and write_outcomes(store, [event]) == 1


def outcomes_of(thread_id: str) -> tuple[OutcomeEvent, ...]:
    """Every outcome of a thread in the project's store, oldest first.

    >>> [event.label for event in outcomes_of("thread-1")]
    ['positive']
    """
    from sqlalchemy import text  # noqa: PLC0415 - only where a store is used

    from seatrial.store.current import current_store  # noqa: PLC0415

    store = current_store()
    if store is None:
        return ()
    query = text(
        "SELECT event_id, thread_id, outcome, label, observed_at FROM outcomes WHERE thread_id = :thread ORDER BY observed_at, event_id"
    )
    with store.read() as connection:
        return tuple(OutcomeEvent(*row) for row in connection.execute(query, {"thread": thread_id}))


def write_outcomes(store: Store, events: Iterable[OutcomeEvent], *, now: float | None = None) -> int:
    """Write outcomes, each event id once.

    Args:
        store: where.
        events: what.
        now: when they are written, seconds since 1970; None = the clock.

    Returns:
        How many were new.

    Raises:
        UsageError: an id or an outcome is empty.
        DataError: an event id says something else already; nothing of this call is written.
    """
    recorded = time.time() if now is None else now
    rows = [{**asdict(event), "recorded_at": recorded} for event in events]
    for row in rows:
        for name in ("event_id", "thread_id", "outcome"):
            if not isinstance(row[name], str) or not row[name].strip():
                raise UsageError(f"an outcome needs a {name}; got {row[name]!r}")
        row["label"] = str(row["label"])
    return write_once(store, "outcomes", "event_id", rows)


def write_decisions(store: Store, decisions: Iterable[DecisionRow]) -> int:
    """Write decisions, each decision id once; as `write_outcomes`."""
    rows = [{**asdict(one), "segments": canonical_json(dict(one.segments))} for one in decisions]
    for row in rows:
        for name in ("decision_id", "thread_id", "classifier"):
            if not isinstance(row[name], str) or not row[name].strip():
                raise UsageError(f"a decision needs a {name}; got {row[name]!r}")
        confidence = row["confidence"]
        if confidence is not None and not 0 <= confidence <= 1:
            raise DataError(f"decision {row['decision_id']!r}: confidence {confidence!r} lies outside 0..1")
    return write_once(store, "decisions", "decision_id", rows)


def write_once(store: Store, table: str, key: str, rows: list[dict[str, Any]], free: Collection[str] = ()) -> int:
    """Write rows of one table, each key once; a key that says something else already, but for `free`, is a DataError."""
    from sqlalchemy import text  # noqa: PLC0415 - only where a store is used

    if not rows:
        return 0
    names = list(rows[0])
    for name in [name for name in names if name.endswith("_at")]:
        for row in rows:
            _check_time(row[name], f"{name} of {key} {row[key]!r}")
    insert = text(
        f"INSERT INTO {table} ({', '.join(names)}) VALUES ({', '.join(f':{name}' for name in names)}) ON CONFLICT ({key}) DO NOTHING"
    )
    new = 0
    with store.write() as connection:
        # All at once where all are new; a row that is there already is looked at one by one.
        with connection.begin_nested() as attempt:
            if connection.execute(insert, rows).rowcount == len(rows):
                return len(rows)
            attempt.rollback()
        for row in rows:
            if connection.execute(insert, row).rowcount == 1:
                new += 1
            else:
                _must_agree(connection, table, key, {name: row[name] for name in row if name not in free})
    return new


def _check_time(value: Any, what: str) -> None:
    """An event of no time would be counted never, or always."""
    if not isinstance(value, (int, float)) or not 0 <= value < LAST:
        hint = (
            "; that is milliseconds, perhaps" if isinstance(value, (int, float)) and LAST <= value < LAST * 1000 else ""
        )
        raise UsageError(
            f"{what} is {value!r}, and a time is seconds since 1970, up to the year 9999{hint}; nothing was written"
        )


def _must_agree(connection: Connection, table: str, key: str, row: Mapping[str, Any]) -> None:
    from sqlalchemy import text  # noqa: PLC0415 - loaded already

    # The time at which an event was observed may be written by two observers; what it says may not differ.
    names = [name for name in row if not name.endswith("_at")]
    stored = connection.execute(
        text(f"SELECT {', '.join(names)} FROM {table} WHERE {key} = :id"), {"id": row[key]}
    ).one()
    for name, value in zip(names, stored, strict=True):
        if value != row[name]:
            raise DataError(
                f"{key} {row[key]!r} is in the store with {name} {value!r}, and now says {row[name]!r}; an id names one event"
            )


def read_segments(text: str) -> dict[str, str]:
    """The segments of a decision row."""
    return dict(json.loads(text))
