"""Guard decisions in a store: what was let through, replaced or refused at run time."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, NamedTuple

from seatrial.canonical import canonical_json
from seatrial.privacy.exits import redacted
from seatrial.store.outcomes import write_once

if TYPE_CHECKING:
    from collections.abc import Sequence

    from seatrial.store.engine import Store


class GuardRow(NamedTuple):
    """One recorded decision."""

    guard: str
    run_id: str
    thread_id: str
    action: str
    scores: str
    decided_at: float


def write_guard_decision(
    *,
    guard: str,
    run_id: str,
    thread_id: str,
    action: str,
    scores: Sequence[tuple[str, float | None, str]],
    decided_at: float,
) -> None:
    """Append one decision to the store in use here; nothing where outcomes are discarded (a shadow run).

    Raises:
        DataError: the store could not be written.
    """
    from seatrial.store.current import current_store  # noqa: PLC0415 - opens a store

    store = current_store()
    if store is None:
        return
    row = {
        "decision_id": uuid.uuid4().hex,
        "guard": guard,
        "run_id": run_id,
        "thread_id": thread_id,
        "action": action,
        "scores": redacted(canonical_json([list(one) for one in scores])),
        "decided_at": decided_at,
    }
    write_once(store, "guard_decisions", "decision_id", [row])


def guard_decisions(store: Store) -> tuple[GuardRow, ...]:
    """Every recorded decision, oldest first."""
    from sqlalchemy import text  # noqa: PLC0415 - only where a store is used

    query = text("SELECT guard, run_id, thread_id, action, scores, decided_at FROM guard_decisions ORDER BY decided_at")
    with store.read() as connection:
        return tuple(GuardRow(*row) for row in connection.execute(query))
