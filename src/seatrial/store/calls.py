"""Model calls in a store: only sums leave it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

    from seatrial.store.engine import Store

DAY = 86_400


class CallSum(NamedTuple):
    """Calls of one day that are alike; tokens of those that reported them."""

    graph: str
    version: str
    feature: str
    owner: str
    node: str
    model: str
    segments: Mapping[str, str]
    day: int
    calls: int
    uncounted: int
    input_tokens: int
    output_tokens: int
    cache_read_tokens: int
    cache_write_tokens: int
    reasoning_tokens: int


_ALIKE = "graph, version, feature, owner, node, model, segments"
_COUNTED = "input_tokens IS NOT NULL AND output_tokens IS NOT NULL"
_TOKENS = ("input_tokens", "output_tokens", "cache_read_tokens", "cache_write_tokens", "reasoning_tokens")


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
    return [CallSum._make((*row[:6], json.loads(row[6]), *(int(value) for value in row[7:]))) for row in rows]


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
    found = []
    for row in rows:
        nothing = (0,) * (len(CallSum._fields) - 8)
        found.append((CallSum._make((*row[:6], json.loads(row[6]), int(row[7] // DAY), *nothing)), str(row[8])))
    return found
