"""Shadow answers in a store: what both versions scored on one copied request, written once per thread."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from seatrial.store.engine import Store


@dataclass(frozen=True, slots=True)
class ShadowAnswer:
    """One row of shadow evidence: one thread, version and evaluator key.

    Attributes:
        rollout: which rollout.
        cell: cell of the request.
        attempt: try of the cell.
        thread_id: thread of the live request, which is the example.
        arm: `control` or `candidate`.
        key: evaluator key.
        outcome: an outcome word of evidence.
        error_kind: why it was not scored.
        score: 0..1; None unless scored.
        reason: the evaluator's sentence, or what was raised.
        output_hash: hash of the canonical answer.
        latency_ms: wall time of the call.
        input_tokens: tokens read; of the candidate only, whose spend is counted apart from the live one.
        output_tokens: tokens written, likewise.
        model: model that answered.
        evaluator_hash: content of the evaluator; of a win rate, the judge's identity.
        rate: share of the cell's requests that was sampled then.
        recorded_at: seconds since 1970.
    """

    rollout: str
    cell: str
    attempt: int
    thread_id: str
    arm: str
    key: str
    outcome: str
    error_kind: str | None = None
    score: float | None = None
    reason: str = ""
    output_hash: str | None = None
    latency_ms: float | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None
    model: str | None = None
    evaluator_hash: str = ""
    rate: float = 1.0
    recorded_at: float = 0.0

    @property
    def event_id(self) -> str:
        """Names the row: writing the same thread twice is a no-op."""
        return "/".join(map(str, (self.rollout, self.attempt, self.cell, self.thread_id, self.arm, self.key)))


_COLUMNS = tuple(field.name for field in fields(ShadowAnswer))


def write_shadow(store: Store, rows: Sequence[ShadowAnswer]) -> bool:
    """Write the rows of one thread in one transaction; False where the thread was recorded already.

    Raises:
        DataError: the store cannot be written; nothing was written.
    """
    from sqlalchemy import text  # noqa: PLC0415 - only where a store is used

    names = ("event_id", *_COLUMNS)
    insert = text(
        f"INSERT INTO shadow_answers ({', '.join(names)}) VALUES ({', '.join(f':{name}' for name in names)}) "
        "ON CONFLICT (event_id) DO NOTHING"
    )
    values = [{"event_id": row.event_id, **asdict(row)} for row in rows]
    with store.write() as connection:
        if not values or connection.execute(insert, values[0]).rowcount != 1:
            return False
        if values[1:]:
            connection.execute(insert, values[1:])
    return True


def read_shadow(store: Store, rollout: str, cell: str, attempt: int) -> list[ShadowAnswer]:
    """Every row of one cell and try, in the order in which threads were recorded."""
    from sqlalchemy import text  # noqa: PLC0415 - only where a store is used

    query = text(
        f"SELECT {', '.join(_COLUMNS)} FROM shadow_answers WHERE rollout = :rollout AND cell = :cell AND attempt = :attempt "
        "ORDER BY recorded_at, thread_id, arm, key"
    )
    with store.read() as connection:
        found = connection.execute(query, {"rollout": rollout, "cell": cell, "attempt": attempt})
        return [ShadowAnswer(*row) for row in found]
