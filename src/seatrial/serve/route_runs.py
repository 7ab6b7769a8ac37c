"""Routes of runs: wait for the final state, or stream it as server-sent events."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from starlette.responses import Response, StreamingResponse

from seatrial.serve.errors import STATUS, RequestFailed
from seatrial.serve.execute import MODE_OF
from seatrial.serve.fields import run_request
from seatrial.serve.json_response import answer, dump
from seatrial.serve.request import read_json, thread_id_of
from seatrial.serve.run import plan
from seatrial.trace.headers import forward

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from starlette.requests import Request

    from seatrial.serve.run import Planned
    from seatrial.serve.server import Server

HEARTBEAT_S = 15.0
EVENT_OF = {mode: name for name, mode in MODE_OF.items()}


async def wait(server: Server, request: Request) -> Response:
    """POST /runs/wait and /threads/ID/runs/wait: the final state."""
    planned = await _planned(server, request)
    run = asyncio.ensure_future(_run(server, planned))
    missing = asyncio.ensure_future(_expired(request))
    try:
        await asyncio.wait((run, missing), return_when=asyncio.FIRST_COMPLETED)
        if not run.done() and planned.request.cancel_on_disconnect:
            planned.stop()
            run.cancel()
            return answer({}, STATUS["cancelled"])  # nobody reads it
        return answer(await run, headers=planned.headers)
    except RequestFailed as error:
        return answer(error.body, error.status, {**planned.headers, **_retry(error)})
    finally:
        missing.cancel()


async def stream(server: Server, request: Request) -> Response:
    """POST /runs/stream and /threads/ID/runs/stream: server-sent events."""
    planned = await _planned(server, request)
    return StreamingResponse(
        _events(server, planned),
        media_type="text/event-stream",
        headers={**planned.headers, "cache-control": "no-store", "x-accel-buffering": "no"},
    )


async def _planned(server: Server, request: Request) -> Planned:
    for name in request.query_params:
        raise RequestFailed("unsupported_field", f"query parameter {name} does not act here; send a JSON body", name)
    read = run_request(await read_json(request, server.settings))
    thread = request.path_params.get("thread_id")
    thread_id = None if thread is None else thread_id_of(thread)
    if thread_id is None and not read.keep_thread:
        planned = plan(server, read, None)  # it looks nowhere
    else:
        planned = await server.pools.aside(lambda: plan(server, read, thread_id))
    planned.trace = dict(forward(request.headers))
    return planned


async def _run(server: Server, planned: Planned) -> Any:
    graph = planned.spec.assistant_id
    try:
        return await server.pools.run(planned.spec.pool, planned.work, server.settings.timeout_of(graph), planned.stop)
    except RequestFailed as error:
        if error.type == "busy":  # it never got a place, so nothing gives the thread back
            server.release(planned.thread_id)
            server.shadows.trouble(graph)
        raise


async def _expired(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass


async def _events(server: Server, planned: Planned) -> AsyncIterator[bytes]:
    loop = asyncio.get_running_loop()
    queue: asyncio.Queue[tuple[str, Any] | None] = asyncio.Queue()
    wanted = set(planned.request.modes)

    def hear(mode: str, namespace: tuple[str, ...], data: Any) -> None:
        name = EVENT_OF.get(mode, mode)
        # A stop is told by updates, whatever the caller asked for.
        if name in wanted or (mode == "updates" and "__interrupt__" in data):
            shown = "messages" if mode == "messages" else mode
            loop.call_soon_threadsafe(queue.put_nowait, ("|".join((shown, *namespace)), data))

    planned.event = hear
    run = asyncio.ensure_future(_run(server, planned))
    run.add_done_callback(lambda _: queue.put_nowait(None))
    yield _event("metadata", {"run_id": planned.run_id, "thread_id": planned.thread_id, "attempt": 1})
    try:
        while True:
            try:
                async with asyncio.timeout(HEARTBEAT_S):
                    item = await queue.get()
            except TimeoutError:
                yield b": heartbeat\n\n"
                continue
            if item is None:
                break
            yield _event(*item)
        try:
            final = await run
            if planned.execution is not None and planned.execution.interrupts and "values" in wanted:
                yield _event("values", final)
        except RequestFailed as error:
            yield _event("error", {"error": error.type, **error.body})
        yield _event("end", None)
    finally:
        if not run.done():
            if planned.request.cancel_on_disconnect:
                planned.stop()
            run.add_done_callback(_heard)


def _event(name: str, data: Any) -> bytes:
    return b"event: " + name.encode() + b"\ndata: " + dump(data) + b"\n\n"


def _heard(run: asyncio.Future[Any]) -> None:
    if not run.cancelled():
        run.exception()


def _retry(error: RequestFailed) -> dict[str, str]:
    return {} if error.retry_after is None else {"retry-after": str(error.retry_after)}
