"""Routes of threads: made, listed, their state and history read, their runs."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from starlette.responses import Response

from seatrial.serve.errors import RequestFailed
from seatrial.serve.json_response import answer
from seatrial.serve.request import page, read_json, refuse_others, thread_id_of
from seatrial.store import threads as kept

if TYPE_CHECKING:
    from starlette.requests import Request

    from seatrial.serve.server import Server
    from seatrial.store.threads import RunRow, ThreadRow

ON_CONFLICT = ("raise", "do_nothing")


async def create(server: Server, request: Request) -> Response:
    """POST /threads."""
    body = await _body(server, request, ("thread_id", "metadata", "if_exists"))
    given = body.get("thread_id")
    thread_id = str(uuid.uuid4()) if given is None else thread_id_of(given)
    metadata = _metadata(body)
    policy = body.get("if_exists") or "raise"
    if policy not in ON_CONFLICT:
        raise RequestFailed("invalid_request", f"if_exists is one of: {', '.join(ON_CONFLICT)}", "if_exists")
    graph = str(metadata.get("graph_id") or "")
    if graph:
        server.spec(graph)
    made = await server.pools.aside(lambda: kept.make_thread(server.store, thread_id, metadata, server.clock(), graph))
    if not made and policy == "raise":
        raise RequestFailed(
            "conflict", f"thread {thread_id!r} is there already; send if_exists: do_nothing", "thread_id"
        )
    return answer(thread_data(server, await _thread(server, thread_id)))


async def get(server: Server, request: Request) -> Response:
    """GET /threads/ID."""
    row = await _thread(server, request.path_params["thread_id"])
    data = thread_data(server, row)
    if row.graph and server.specs[row.graph].resumable:
        state = await _state(server, row)
        data |= {
            "values": state["values"],
            "interrupts": {one["id"]: one["interrupts"] for one in state["tasks"] if one["interrupts"]},
        }
    return answer(data)


async def update(server: Server, request: Request) -> Response:
    """PATCH /threads/ID: its metadata."""
    row = await _thread(server, request.path_params["thread_id"])
    metadata = {**row.metadata, **_metadata(await _body(server, request, ("metadata",)))}
    await server.pools.aside(lambda: kept.update_thread(server.store, row.thread_id, server.clock(), metadata=metadata))
    return answer(thread_data(server, await _thread(server, row.thread_id)))


async def delete(server: Server, request: Request) -> Response:
    """DELETE /threads/ID, with its state."""
    row = await _thread(server, request.path_params["thread_id"])
    server.occupy(row.thread_id)

    def remove() -> None:
        try:
            server.saver.delete_thread(row.thread_id)
            kept.delete_thread(server.store, row.thread_id)
        finally:
            server.release(row.thread_id)

    await server.pools.aside(remove)
    return Response(status_code=204)


async def search(server: Server, request: Request) -> Response:
    """POST /threads/search."""
    return answer([thread_data(server, row) for row in await _found(server, request)])


async def count(server: Server, request: Request) -> Response:
    """POST /threads/count."""
    return answer(len(await _found(server, request, every=True)))


async def state(server: Server, request: Request) -> Response:
    """GET /threads/ID/state, and /state/CHECKPOINT."""
    row = await _thread(server, request.path_params["thread_id"])
    return answer(await _state(server, row, request.path_params.get("checkpoint_id")))


async def state_at(server: Server, request: Request) -> Response:
    """POST /threads/ID/state/checkpoint."""
    row = await _thread(server, request.path_params["thread_id"])
    body = await _body(server, request, ("checkpoint", "subgraphs"))
    given = body.get("checkpoint") or {}
    return answer(await _state(server, row, given.get("checkpoint_id") if isinstance(given, dict) else None))


async def update_state(server: Server, request: Request) -> Response:
    """POST /threads/ID/state: change the state as a node would."""
    row = await _thread(server, request.path_params["thread_id"])
    body = await _body(server, request, ("values", "as_node", "checkpoint", "checkpoint_id"))
    given = body.get("checkpoint") or {}
    checkpoint_id = body.get("checkpoint_id") or given.get("checkpoint_id")
    server.occupy(row.thread_id)

    def change() -> Any:
        try:
            graph = _graph(server, row)
            return graph.update_state(_config(row, checkpoint_id), body.get("values"), body.get("as_node"))
        except (ValueError, KeyError, TypeError) as error:
            raise RequestFailed("invalid_request", f"the state cannot be changed so: {error}", "values") from error
        finally:
            server.release(row.thread_id)

    config = await server.pools.aside(change)
    return answer({"checkpoint": _checkpoint(config), "configurable": config["configurable"]})


async def history(server: Server, request: Request) -> Response:
    """POST or GET /threads/ID/history: states, the newest first."""
    row = await _thread(server, request.path_params["thread_id"])
    body = (
        dict(request.query_params)
        if request.method == "GET"
        else await _body(server, request, ("limit", "before", "checkpoint", "metadata"))
    )
    limit, _ = page({"limit": body.get("limit", 10)})
    before = body.get("before")
    place = before.get("checkpoint_id") if isinstance(before, dict) else before
    chosen = body.get("metadata") or None

    def read() -> list[Any]:
        start = _config(row, place) if place else None
        return [
            snapshot_data(one)
            for one in _graph(server, row).get_state_history(_config(row), filter=chosen, before=start, limit=limit)
        ]

    return answer(await server.pools.aside(read))


async def runs(server: Server, request: Request) -> Response:
    """GET /threads/ID/runs."""
    row = await _thread(server, request.path_params["thread_id"])
    limit, offset = page(dict(request.query_params))
    status = request.query_params.get("status", "")
    found = await server.pools.aside(
        lambda: kept.runs(server.store, row.thread_id, status=status, limit=limit, offset=offset)
    )
    return answer([run_data(one) for one in found])


async def run(server: Server, request: Request) -> Response:
    """GET /threads/ID/runs/RUN."""
    row, run_id = await _thread(server, request.path_params["thread_id"]), request.path_params["run_id"]
    found = await server.pools.aside(lambda: kept.runs(server.store, row.thread_id, limit=1_000))
    one = next((one for one in found if one.run_id == run_id), None)
    if one is None:
        raise RequestFailed("unknown_run", f"thread {row.thread_id!r} has no run {run_id!r} that has ended")
    return answer(run_data(one))


def thread_data(server: Server, row: ThreadRow) -> dict[str, Any]:
    """A thread as the protocol has it."""
    graph = {"graph_id": row.graph} if row.graph else {}
    return {
        "thread_id": row.thread_id,
        "created_at": when(row.created_at),
        "updated_at": when(row.updated_at),
        "metadata": {**row.metadata, **graph, **({"version": row.version} if row.version else {})},
        "status": "busy" if row.thread_id in server.busy else row.status,
        "config": {},
        "values": None,
        "interrupts": {},
    }


def run_data(row: RunRow) -> dict[str, Any]:
    """A run as the protocol has it."""
    return {
        "run_id": row.run_id,
        "thread_id": row.thread_id,
        "assistant_id": row.graph,
        "created_at": when(row.created_at),
        "updated_at": when(row.updated_at),
        "metadata": {**row.metadata, "version": row.version, **({"error": row.error} if row.error else {})},
        "status": row.status,
        "multitask_strategy": "reject",
    }


def snapshot_data(found: Any) -> dict[str, Any]:
    """A state as the protocol has it."""
    return {
        "values": found.values,
        "next": list(found.next),
        "checkpoint": _checkpoint(found.config),
        "metadata": found.metadata,
        "created_at": found.created_at,
        "parent_checkpoint": _checkpoint(found.parent_config) if found.parent_config else None,
        "tasks": [
            {
                "id": task.id,
                "name": task.name,
                "path": list(task.path),
                "error": None if task.error is None else str(task.error),
                "interrupts": [{"value": one.value, "id": one.id} for one in task.interrupts],
                "checkpoint": None,
                "state": None,
                "result": task.result,
            }
            for task in found.tasks
        ],
        "interrupts": [{"value": one.value, "id": one.id} for one in found.interrupts],
    }


def when(seconds: float) -> str:
    """An instant as text."""
    return datetime.fromtimestamp(seconds, UTC).isoformat()


async def _body(server: Server, request: Request, known: tuple[str, ...]) -> dict[str, Any]:
    body = await read_json(request, server.settings, empty={})
    if not isinstance(body, dict):
        raise RequestFailed("invalid_request", "the body is a JSON object")
    refuse_others(body, known)
    return body


async def _found(server: Server, request: Request, *, every: bool = False) -> list[ThreadRow]:
    body = await _body(server, request, ("ids", "status", "metadata", "limit", "offset"))
    limit, offset = page(body)
    ids, wanted = body.get("ids"), _metadata(body)
    # What metadata say is read here, not in SQL: both databases would read JSON in another way.
    most = 10_000 if wanted or every else limit
    rows = await server.pools.aside(
        lambda: kept.threads(
            server.store,
            ids=ids,
            status=str(body.get("status") or ""),
            limit=most,
            offset=0 if wanted or every else offset,
        )
    )
    if wanted:
        rows = [
            row
            for row in rows
            if all({**row.metadata, "graph_id": row.graph}.get(name) == value for name, value in wanted.items())
        ]
        rows = rows if every else rows[offset : offset + limit]
    return list(rows)


def _metadata(body: dict[str, Any]) -> dict[str, Any]:
    found = body.get("metadata") or {}
    if not isinstance(found, dict):
        raise RequestFailed("invalid_request", "metadata is an object", "metadata")
    return found


async def _thread(server: Server, thread_id: str) -> ThreadRow:
    row: ThreadRow | None = await server.pools.aside(lambda: kept.thread(server.store, thread_id))
    if row is None or (row.graph and row.graph not in server.specs):
        raise RequestFailed("unknown_thread", f"no thread is called {thread_id!r}", "thread_id")
    return row


async def _state(server: Server, row: ThreadRow, checkpoint_id: str | None = None) -> dict[str, Any]:
    def read() -> dict[str, Any]:
        return snapshot_data(_graph(server, row).get_state(_config(row, checkpoint_id)))

    found: dict[str, Any] = await server.pools.aside(read)
    return found


def _graph(server: Server, row: ThreadRow) -> Any:
    if not row.graph:
        raise RequestFailed("conflict", f"thread {row.thread_id!r} has no run yet, so it has no state")
    spec = server.specs[row.graph]
    if not spec.resumable:
        raise RequestFailed(
            "conflict", f"graph {row.graph!r} keeps no state; resumable=True in the registry gives it a checkpointer"
        )
    return server.compiled(row.graph, row.version or spec.current).graph


def _config(row: ThreadRow, checkpoint_id: str | None = None) -> dict[str, Any]:
    place = {"checkpoint_id": checkpoint_id} if checkpoint_id else {}
    return {"configurable": {"thread_id": row.thread_id, "checkpoint_ns": "", **place}}


def _checkpoint(config: Any) -> dict[str, Any]:
    found = config["configurable"]
    return {
        "thread_id": found["thread_id"],
        "checkpoint_ns": found.get("checkpoint_ns", ""),
        "checkpoint_id": found.get("checkpoint_id"),
        "checkpoint_map": {},
    }
