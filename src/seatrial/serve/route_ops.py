"""Routes for operators, and the one that takes outcomes."""

from __future__ import annotations

import time
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any

from starlette.responses import PlainTextResponse, Response

from seatrial.errors import DataError, UsageError
from seatrial.privacy.exits import shown
from seatrial.serve.errors import RequestFailed
from seatrial.serve.json_response import answer
from seatrial.serve.request import read_json
from seatrial.store.outcomes import OutcomeEvent, write_outcomes

if TYPE_CHECKING:
    from starlette.requests import Request

    from seatrial.serve.server import Server

EVENT = ("event_id", "thread_id", "outcome", "label", "observed_at")
MOST_EVENTS = 10_000


async def ok(server: Server, request: Request) -> Response:
    """GET /ok: the process answers."""
    return answer({"ok": True})


async def info(server: Server, request: Request) -> Response:
    """GET /info: versions, and what clients ask of LangGraph's server."""
    return answer(
        {
            "version": _version("seatrial"),
            "langgraph_py_version": _version("langgraph"),
            "flags": {"assistants": True, "crons": False, "langsmith": False, "langsmith_tracing_replicas": False},
            "metadata": {"host": "seatrial"},
        }
    )


async def health(server: Server, request: Request) -> Response:
    """GET /health: graphs, how many are compiled, and what the router says of its snapshot."""
    ready = server.runtime.ready
    data: dict[str, Any] = {"status": "ok", "graphs": len(server.specs), "compiled": len(ready)}
    if server.router.snapshot is not None:
        data["snapshot_age_s"] = round(server.router.age(time.time()) or 0.0, 1)
        data["problem"] = shown(server.router.problem)
    if problems := server.shadows.problems:
        data["shadow"] = problems
    return answer(data)


async def ready(server: Server, request: Request) -> Response:
    """GET /ready: 200 once every graph named by `graph` (default: those to compile at the start) is compiled."""
    done = {graph for graph, _ in server.runtime.ready}
    wanted = request.query_params.getlist("graph") or list(server.to_compile)
    for graph in wanted:
        server.spec(graph)
    missing = [graph for graph in wanted if graph not in done]
    problems = {graph: shown(text) for graph, text in server.problems.items() if graph in missing}
    data = {"ready": not missing, "missing": missing, "problems": problems}
    return answer(data, 200 if not missing else 503)


async def metrics(server: Server, request: Request) -> Response:
    """GET /metrics: Prometheus."""
    text = server.metrics.text(
        server.pools.running, len(server.runtime.ready), len(server.specs), server.hub.circuits, server.shadows.counts
    )
    return PlainTextResponse(text, media_type="text/plain; version=0.0.4")


async def feedback(server: Server, request: Request) -> Response:
    """POST /feedback: outcomes of threads, each event id once."""
    body = await read_json(request, server.settings)
    rows = body if isinstance(body, list) else [body]
    if not rows or len(rows) > MOST_EVENTS:
        raise RequestFailed("invalid_request", f"send 1 to {MOST_EVENTS:,} events, one object or a list")
    events = [
        _event(row, f"[{place}]." if isinstance(body, list) else "", server.clock()) for place, row in enumerate(rows)
    ]
    try:
        new = await server.pools.aside(lambda: write_outcomes(server.store, events))
    except UsageError as error:
        raise RequestFailed("invalid_request", str(error)) from error
    except DataError as error:
        raise RequestFailed("conflict", shown(str(error))) from error
    server.metrics.count("outcomes", new)
    return answer({"new": new, "known": len(events) - new})


def _event(row: Any, place: str, now: float) -> OutcomeEvent:
    if not isinstance(row, dict):
        raise RequestFailed("invalid_request", f"{place or 'the body '}is an object with {', '.join(EVENT)}")
    for name in row:
        if name not in EVENT:
            raise RequestFailed(
                "unsupported_field", f"{name} does not act here; these do: {', '.join(EVENT)}", f"{place}{name}"
            )
    for name in ("event_id", "thread_id", "outcome"):
        if not isinstance(row.get(name), str) or not row[name].strip():
            raise RequestFailed("invalid_request", f"{name} is a text that is not empty", f"{place}{name}")
    at = row.get("observed_at", now)
    if isinstance(at, bool) or not isinstance(at, (int, float)) or not 0 <= at < 1e11:
        raise RequestFailed("invalid_request", "observed_at is seconds since 1970, in UTC", f"{place}observed_at")
    return OutcomeEvent(row["event_id"], row["thread_id"], row["outcome"], str(row.get("label", "")), float(at))


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return ""
