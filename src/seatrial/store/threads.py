"""Threads and runs of the server in a store: which graph and version a thread began with, and what became of its runs."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

from seatrial.canonical import canonical_json
from seatrial.store.calls import insert_calls

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from seatrial.store.calls import ModelCallRow
    from seatrial.store.engine import Store


class ThreadRow(NamedTuple):
    """One thread; graph and version are empty until its first run."""

    thread_id: str
    graph: str
    version: str
    status: str
    metadata: Mapping[str, Any]
    created_at: float
    updated_at: float


class RunRow(NamedTuple):
    """One run."""

    run_id: str
    thread_id: str
    graph: str
    version: str
    status: str
    error: str
    metadata: Mapping[str, Any]
    created_at: float
    updated_at: float


_THREAD, _RUN = (", ".join(row._fields) for row in (ThreadRow, RunRow))


def make_thread(store: Store, thread_id: str, metadata: Mapping[str, Any], now: float, graph: str = "") -> bool:
    """Write a new thread; False where it is there already."""
    from sqlalchemy import text  # noqa: PLC0415 - only where a store is used

    row = ThreadRow(thread_id, graph, "", "idle", {}, now, now)._asdict() | {"metadata": canonical_json(dict(metadata))}
    names = ", ".join(f":{name}" for name in row)
    with store.write() as connection:
        found = connection.execute(
            text(f"INSERT INTO server_threads ({_THREAD}) VALUES ({names}) ON CONFLICT DO NOTHING"), row
        )
        return bool(found.rowcount == 1)


def thread(store: Store, thread_id: str) -> ThreadRow | None:
    """The thread; None where there is none."""
    found = threads(store, ids=(thread_id,))
    return found[0] if found else None


def threads(
    store: Store, *, ids: Sequence[str] | None = None, status: str = "", limit: int = 10, offset: int = 0
) -> list[ThreadRow]:
    """Threads, the one that was used last first."""
    from sqlalchemy import bindparam, text  # noqa: PLC0415 - only where a store is used

    where = ["1 = 1"]
    given: dict[str, Any] = {"limit": limit, "offset": offset}
    if ids is not None:
        where.append("thread_id IN :ids")
        given["ids"] = list(ids)
    if status:
        where.append("status = :status")
        given["status"] = status
    query = text(
        f"SELECT {_THREAD} FROM server_threads WHERE {' AND '.join(where)} ORDER BY updated_at DESC LIMIT :limit OFFSET :offset"
    )
    if ids is not None:
        query = query.bindparams(bindparam("ids", expanding=True))
    with store.read() as connection:
        return [_read(ThreadRow, row) for row in connection.execute(query, given)]


def update_thread(store: Store, thread_id: str, now: float, **changed: Any) -> None:
    """Change a thread: graph, version, status, metadata."""
    from sqlalchemy import text  # noqa: PLC0415 - only where a store is used

    values = {name: canonical_json(dict(value)) if name == "metadata" else value for name, value in changed.items()}
    given = ", ".join(f"{name} = :{name}" for name in (*values, "updated_at"))
    with store.write() as connection:
        connection.execute(
            text(f"UPDATE server_threads SET {given} WHERE thread_id = :thread_id"),
            {**values, "updated_at": now, "thread_id": thread_id},
        )


def delete_thread(store: Store, thread_id: str) -> None:
    """Remove a thread and its runs; its outcomes stay, since decisions are judged by them."""
    from sqlalchemy import text  # noqa: PLC0415 - only where a store is used

    with store.write() as connection:
        for table in ("server_runs", "server_threads"):
            connection.execute(text(f"DELETE FROM {table} WHERE thread_id = :id"), {"id": thread_id})


def write_run(store: Store, row: RunRow, calls: Sequence[ModelCallRow] = ()) -> None:
    """Write a run that has ended, and what its model calls used."""
    from sqlalchemy import text  # noqa: PLC0415 - only where a store is used

    values = row._asdict() | {"metadata": canonical_json(dict(row.metadata))}
    with store.write() as connection:
        connection.execute(
            text(f"INSERT INTO server_runs ({_RUN}) VALUES ({', '.join(f':{name}' for name in values)})"), values
        )
        insert_calls(connection, calls)


def runs(store: Store, thread_id: str, *, status: str = "", limit: int = 10, offset: int = 0) -> list[RunRow]:
    """Runs of a thread, the latest first."""
    from sqlalchemy import text  # noqa: PLC0415 - only where a store is used

    given = {"id": thread_id, "limit": limit, "offset": offset, "status": status}
    query = f"SELECT {_RUN} FROM server_runs WHERE thread_id = :id{' AND status = :status' if status else ''} ORDER BY created_at DESC LIMIT :limit OFFSET :offset"
    with store.read() as connection:
        return [_read(RunRow, row) for row in connection.execute(text(query), given)]


def _read(kind: Any, row: Any) -> Any:
    found = kind(*row)
    return found._replace(metadata=json.loads(found.metadata))


def called_graphs(store: Store) -> frozenset[str]:
    """Graphs of which a run or a model call is on record."""
    from sqlalchemy import text  # noqa: PLC0415 - only where a store is used

    query = "SELECT graph FROM server_runs UNION SELECT graph FROM model_calls"
    with store.read() as connection:
        return frozenset(str(row[0]) for row in connection.execute(text(query)))
