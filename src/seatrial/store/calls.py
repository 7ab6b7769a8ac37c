"""Model calls in a store: each is written once, only sums leave it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

from seatrial.price import Tokens

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy import Connection

    from seatrial.store.engine import Store

DAY = 86_400
NO_TOKENS = Tokens(0, 0)


class ModelCallRow(NamedTuple):
    """One call of a model; a count is None where the call did not report it, the tool empty where it was made in none."""

    call_id: str
    run_id: str
    thread_id: str
    graph: str
    version: str
    feature: str
    owner: str
    node: str
    model: str
    segments: str
    input_tokens: int | None
    output_tokens: int | None
    cache_read_tokens: int | None
    cache_write_tokens: int | None
    reasoning_tokens: int | None
    called_at: float
    tool: str = ""


class CallSum(NamedTuple):
    """Calls of one day that are alike in everything they can be grouped by.

    Attributes:
        graph, version, feature, owner, node, tool, model: of the calls; `tool` is empty outside of tools.
        segments: dimension -> value; `tenant` is a hash.
        day: days since 1970-01-01, in UTC.
        calls: how many.
        uncounted: of these, how many did not report their tokens.
        tokens: of the others.
        reasoning: tokens of these that were thought and not shown; part of the output.
    """

    graph: str
    version: str
    feature: str
    owner: str
    node: str
    tool: str
    model: str
    segments: Mapping[str, str]
    day: int
    calls: int = 0
    uncounted: int = 0
    tokens: Tokens = NO_TOKENS
    reasoning: int = 0


_ALIKE = "graph, version, feature, owner, node, tool, model, segments"
_COUNTED = "input_tokens IS NOT NULL AND output_tokens IS NOT NULL"
_TOKENS = ("input_tokens", "output_tokens", "cache_read_tokens", "cache_write_tokens", "reasoning_tokens")


def write_calls(store: Store, rows: Sequence[ModelCallRow]) -> None:
    """Write calls in one transaction."""
    with store.write() as connection:
        insert_calls(connection, rows)


def insert_calls(connection: Connection, rows: Sequence[ModelCallRow]) -> None:
    """Write calls in a transaction that is open."""
    from sqlalchemy import text  # noqa: PLC0415 - only where a store is used

    if rows:
        names = ModelCallRow._fields
        insert = text(
            f"INSERT INTO model_calls ({', '.join(names)}) VALUES ({', '.join(f':{name}' for name in names)})"
        )
        connection.execute(insert, [one._asdict() for one in rows])


def call_sums(store: Store, since: float, until: float) -> list[CallSum]:
    """Sums of the calls made from `since` to before `until`, seconds since 1970, by UTC day."""
    from sqlalchemy import text  # noqa: PLC0415 - only where a store is used

    day = f"CAST(called_at / {DAY} AS INTEGER)" if store.is_sqlite else f"CAST(FLOOR(called_at / {DAY}) AS INTEGER)"
    sums = ", ".join(f"SUM(CASE WHEN {_COUNTED} THEN COALESCE({name}, 0) ELSE 0 END)" for name in _TOKENS)
    query = text(
        f"SELECT {_ALIKE}, {day}, COUNT(*), SUM(CASE WHEN {_COUNTED} THEN 0 ELSE 1 END), {sums} FROM model_calls"
        f" WHERE called_at >= :since AND called_at < :until GROUP BY {_ALIKE}, {day}"
    )
    with store.read() as connection:
        rows = connection.execute(query, {"since": since, "until": until}).all()
    return [_sum(row[:8], [int(value) for value in row[8:]]) for row in rows]


def outcome_threads(store: Store, outcome: str, label: str, since: float, until: float) -> list[tuple[CallSum, str]]:
    """Threads that called a model in the window and met an outcome, each once with the group of its first call.

    Args:
        store: where.
        outcome: its type.
        label: only this label; empty = any.
        since: of the calls, seconds since 1970.
        until: likewise.
    """
    from sqlalchemy import text  # noqa: PLC0415 - only where a store is used

    query = text(
        f"SELECT {_ALIKE}, called_at, thread_id FROM model_calls WHERE called_at >= :since AND called_at < :until AND thread_id IN"
        f" (SELECT thread_id FROM outcomes WHERE outcome = :outcome{' AND label = :label' if label else ''}) ORDER BY called_at"
    )
    given = {"since": since, "until": until, "outcome": outcome, "label": label}
    with store.read() as connection:
        rows = connection.execute(query, given).all()
    return [(_sum(row[:8], [int(row[8] // DAY)]), str(row[9])) for row in rows]


def _sum(alike: Sequence[Any], numbers: Sequence[int]) -> CallSum:
    graph, version, feature, owner, node, tool, model, segments = alike
    day, calls, uncounted, read, written, cache_read, cache_write, reasoning = (*numbers, *(0,) * (8 - len(numbers)))
    tokens = Tokens(read, written, cache_read, cache_write)
    where = (graph, version, feature, owner, node, tool, model, json.loads(segments))
    return CallSum(*where, day, calls, uncounted, tokens, reasoning)
