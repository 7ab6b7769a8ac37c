"""Ledger rows in a store: appended once per sequence, so that of two writers one is refused."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sqlalchemy import Connection

    from seatrial.store.engine import Store


class LedgerRow(NamedTuple):
    """One row: its sequence within the rollout, its canonical JSON and the hash of that."""

    sequence: int
    body: str
    hash: str


class Message(NamedTuple):
    """One message that follows a row: the same id is delivered until it arrives."""

    message_id: str
    hook: str
    body: str


def append(
    store: Store, rollout: str, row: LedgerRow, *, kind: str, at: float, messages: Iterable[Message] = ()
) -> bool:
    """Append a row and the messages that follow it, in one transaction.

    Returns:
        False where another writer has appended this sequence already; then nothing is written.
    """
    from sqlalchemy import text  # noqa: PLC0415 - only where a store is used

    insert = text(
        "INSERT INTO rollout_ledger (rollout, sequence, kind, at, body, hash) "
        "VALUES (:rollout, :sequence, :kind, :at, :body, :hash) ON CONFLICT (rollout, sequence) DO NOTHING"
    )
    with store.write() as connection:
        if connection.execute(insert, {"rollout": rollout, "kind": kind, "at": at, **row._asdict()}).rowcount != 1:
            return False
        _follow(connection, rollout, messages, at)
    return True


def announce(store: Store, topic: str, messages: Sequence[Message], *, at: float) -> None:
    """Keep messages that follow no row, each id once; a topic is what `undelivered` takes for a rollout."""
    if messages:
        with store.write() as connection:
            _follow(connection, topic, messages, at)


def rows(store: Store, rollout: str) -> tuple[LedgerRow, ...]:
    """Every row of a rollout in order."""
    return _read(
        store, "SELECT sequence, body, hash FROM rollout_ledger WHERE rollout = :rollout ORDER BY sequence", rollout
    )


def ends(store: Store, rollout: str) -> tuple[LedgerRow, LedgerRow] | None:
    """The first and the last row of a rollout; None where it has none."""
    found = _read(
        store,
        "SELECT sequence, body, hash FROM rollout_ledger WHERE rollout = :rollout AND (sequence = 0 OR sequence = "
        "(SELECT MAX(sequence) FROM rollout_ledger WHERE rollout = :rollout)) ORDER BY sequence",
        rollout,
    )
    return (found[0], found[-1]) if found else None


def rollouts(store: Store) -> tuple[str, ...]:
    """Every rollout that was started, the latest first."""
    from sqlalchemy import text  # noqa: PLC0415 - only where a store is used

    query = text("SELECT rollout FROM rollout_ledger WHERE sequence = 0 ORDER BY at DESC, rollout")
    with store.read() as connection:
        return tuple(row[0] for row in connection.execute(query))


def undelivered(store: Store, rollout: str) -> tuple[Message, ...]:
    """Messages that no receiver has taken yet, the oldest first."""
    from sqlalchemy import text  # noqa: PLC0415 - only where a store is used

    query = text(
        "SELECT message_id, hook, body FROM rollout_messages WHERE rollout = :rollout AND delivered_at IS NULL "
        "ORDER BY created_at, message_id"
    )
    with store.read() as connection:
        return tuple(Message(*row) for row in connection.execute(query, {"rollout": rollout}))


def tried(store: Store, message_id: str, now: float, error: str) -> None:
    """Note one delivery: an empty error means that it was taken."""
    from sqlalchemy import text  # noqa: PLC0415 - only where a store is used

    note = text(
        "UPDATE rollout_messages SET tries = tries + 1, error = :error, delivered_at = :at WHERE message_id = :id"
    )
    with store.write() as connection:
        connection.execute(note, {"error": error, "at": None if error else now, "id": message_id})


def _follow(connection: Connection, rollout: str, messages: Iterable[Message], at: float) -> None:
    from sqlalchemy import text  # noqa: PLC0415 - only where a store is used

    insert = text(
        "INSERT INTO rollout_messages (message_id, rollout, hook, body, created_at) "
        "VALUES (:message_id, :rollout, :hook, :body, :at) ON CONFLICT (message_id) DO NOTHING"
    )
    for message in messages:
        connection.execute(insert, {"rollout": rollout, "at": at, **message._asdict()})


def _read(store: Store, query: str, rollout: str) -> tuple[LedgerRow, ...]:
    from sqlalchemy import text  # noqa: PLC0415 - only where a store is used

    with store.read() as connection:
        return tuple(LedgerRow(*row) for row in connection.execute(text(query), {"rollout": rollout}))
