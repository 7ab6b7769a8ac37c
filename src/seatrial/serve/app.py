"""App: the routes of the server on FastAPI, with auth before each and one form of error behind all."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import Response

from seatrial.serve import route_assistants, route_ops, route_runs, route_threads
from seatrial.serve.auth import OPEN, check_key
from seatrial.serve.errors import STATUS, RequestFailed
from seatrial.serve.fields import ACTS
from seatrial.serve.json_response import answer
from seatrial.trace.headers import trace_id

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from seatrial.serve.server import Server

ROUTES: tuple[tuple[str, str, Any], ...] = (
    ("GET", "/ok", route_ops.ok),
    ("GET", "/info", route_ops.info),
    ("GET", "/health", route_ops.health),
    ("GET", "/ready", route_ops.ready),
    ("GET", "/metrics", route_ops.metrics),
    ("POST", "/feedback", route_ops.feedback),
    ("POST", "/runs/wait", route_runs.wait),
    ("POST", "/runs/stream", route_runs.stream),
    ("POST", "/threads", route_threads.create),
    ("POST", "/threads/search", route_threads.search),
    ("POST", "/threads/count", route_threads.count),
    ("GET", "/threads/{thread_id}", route_threads.get),
    ("PATCH", "/threads/{thread_id}", route_threads.update),
    ("DELETE", "/threads/{thread_id}", route_threads.delete),
    ("GET", "/threads/{thread_id}/state", route_threads.state),
    ("POST", "/threads/{thread_id}/state", route_threads.update_state),
    ("POST", "/threads/{thread_id}/state/checkpoint", route_threads.state_at),
    ("GET", "/threads/{thread_id}/state/{checkpoint_id}", route_threads.state),
    ("GET", "/threads/{thread_id}/history", route_threads.history),
    ("POST", "/threads/{thread_id}/history", route_threads.history),
    ("GET", "/threads/{thread_id}/runs", route_threads.runs),
    ("POST", "/threads/{thread_id}/runs/wait", route_runs.wait),
    ("POST", "/threads/{thread_id}/runs/stream", route_runs.stream),
    ("GET", "/threads/{thread_id}/runs/{run_id}", route_threads.run),
    ("POST", "/assistants/search", route_assistants.search),
    ("POST", "/assistants/count", route_assistants.count),
    ("GET", "/assistants/{assistant_id}", route_assistants.get),
    ("GET", "/assistants/{assistant_id}/graph", route_assistants.graph),
    ("GET", "/assistants/{assistant_id}/schemas", route_assistants.schemas),
    ("POST", "/assistants/{assistant_id}/versions", route_assistants.versions),
)
"""Method, path, handler `(server, request) -> response`."""

NOT_HERE = "this server does not do that: runs in the background, crons, the store and changes of assistants belong to LangGraph's server; runs/wait and runs/stream do the work here, and the registry names the versions"


def make_app(server: Server) -> FastAPI:
    """The application."""

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        server.router.start()
        task = asyncio.get_running_loop().run_in_executor(None, server.compile_first)
        yield
        await task
        server.close()

    async def openapi(_: Server, __: Request) -> Response:
        """GET /openapi.json: the routes, for those who have a key."""
        return answer(app.openapi())

    app = FastAPI(title="seatrial fleet", docs_url=None, redoc_url=None, openapi_url=None, lifespan=lifespan)
    described = _handled(server, openapi, open_=False)
    app.add_api_route("/openapi.json", described, response_class=Response, include_in_schema=False)
    for method, path, handler in ROUTES:
        app.add_api_route(
            path,
            _handled(server, handler, open_=path in OPEN),
            methods=[method],
            summary=(handler.__doc__ or "").partition("\n")[0],
            response_class=Response,
            operation_id=f"{method.lower()}{path.replace('/', '_').replace('{', '').replace('}', '')}",
            openapi_extra=_described(path),
        )
    app.add_exception_handler(404, partial(_unknown, server))
    app.add_exception_handler(405, partial(_unknown, server))
    app.add_exception_handler(500, _bug)
    return app


def _handled(
    server: Server, handler: Callable[[Server, Request], Awaitable[Response]], *, open_: bool
) -> Callable[[Request], Awaitable[Response]]:
    async def handle(request: Request) -> Response:
        try:
            if not open_:
                check_key(request.headers, server.digests)
            response = await handler(server, request)
        except RequestFailed as error:
            response = refusal(error)
        if trace := trace_id(request.headers):
            response.headers["x-trace-id"] = trace
        return response

    return handle


def refusal(error: RequestFailed) -> Response:
    """An error as the server answers it."""
    headers = {} if error.retry_after is None else {"retry-after": str(error.retry_after)}
    if error.type == "unauthorized":
        headers["www-authenticate"] = "Bearer"
    return answer(error.body, error.status, headers)


async def _unknown(server: Server, request: Request, _: Exception) -> Response:
    try:
        check_key(request.headers, server.digests)
    except RequestFailed as error:
        return refusal(error)
    return refusal(RequestFailed("not_allowed", f"{request.method} {request.url.path}: {NOT_HERE}"))


async def _bug(_: Request, __: Exception) -> Response:
    """Our own mistake: its traceback is in the log."""
    return answer({"type": "internal", "message": "a bug in seatrial; the log has its traceback"}, 500)


def _described(path: str) -> dict[str, Any]:
    """What OpenAPI says of a route: the fields of a run request, and the statuses of errors."""
    errors = {
        str(status): {"description": ", ".join(name for name, one in STATUS.items() if one == status)}
        for status in sorted(set(STATUS.values()))
    }
    if not path.endswith(("/wait", "/stream")):
        return {"responses": errors}
    schema = {
        "type": "object",
        "required": ["assistant_id"],
        "properties": {name: {"description": text} for name, text in ACTS.items()},
        "additionalProperties": False,
    }
    return {"responses": errors, "requestBody": {"content": {"application/json": {"schema": schema}}}}
