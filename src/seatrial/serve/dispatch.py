"""Dispatch: a proxy in front of pools of LangGraph servers, ours or any other; bodies pass through byte for byte.

A request that names an assistant goes to the pool of its graph. One that names a thread only goes to the pool where the
thread has run: remembered, else asked for. Each pool has connections of its own, so one that is stuck holds up no other.
"""

from __future__ import annotations

import re
import uuid
from collections import OrderedDict
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import httpx
import orjson
from starlette.applications import Starlette
from starlette.background import BackgroundTask
from starlette.requests import ClientDisconnect
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route as Path

from seatrial.graph.route import route_for
from seatrial.serve.app import refusal
from seatrial.serve.auth import OPEN, check_key
from seatrial.serve.errors import RequestFailed
from seatrial.serve.json_response import answer
from seatrial.trace.headers import REQUEST, forward

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from starlette.requests import Request

    from seatrial.project.routing import Routing

HOP = frozenset(
    {
        "connection",
        "content-length",
        "host",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authorization",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)
"""Headers of one connection, which no proxy passes on."""

REMEMBERED = 100_000
MAX_BODY = 10_000_000
_THREAD = re.compile(r"/threads/(?P<thread>[^/]+)(/.*)?")
_ASSISTANT = re.compile(r"/assistants/(?P<assistant>[^/]+)(/.*)?")


class Dispatcher:
    """Where requests go.

    Args:
        routing: read once.
        digests: of the keys that are let in.
        timeout_s: seconds a pool may take to begin an answer.
    """

    def __init__(self, routing: Routing, digests: tuple[str, ...] = (), *, timeout_s: float = 300.0) -> None:
        self.routing, self.digests = routing, digests
        limits = httpx.Limits(max_connections=None, max_keepalive_connections=64)
        timeout = httpx.Timeout(timeout_s, connect=5.0, pool=None)
        self._clients = {
            url: httpx.AsyncClient(
                base_url=url, timeout=timeout, limits=limits, headers={"accept-encoding": "identity"}
            )
            for url in dict.fromkeys(routing.urls.values())
        }
        self._threads: OrderedDict[str, str] = OrderedDict()

    async def handle(self, request: Request) -> Response:
        """Answer one request."""
        try:
            if request.url.path not in OPEN:
                check_key(request.headers, self.digests)
            if request.url.path in ("/ok", "/health"):
                return answer({"ok": True, "status": "ok", "pools": list(self.routing.urls)})
            body = await _read(request)
            if request.method == "POST" and request.url.path == "/threads":
                return await self._create(request, body)
            if request.url.path in ("/assistants/search", "/assistants/count", "/threads/search", "/threads/count"):
                return await self._everywhere(request, body)
            return await self._pass_on(request, body, await self._url(request, body))
        except RequestFailed as error:
            return refusal(error)
        except ClientDisconnect:
            return Response(status_code=499)

    async def _url(self, request: Request, body: bytes) -> str:
        path = request.url.path
        named = _ASSISTANT.fullmatch(path)
        assistant = named["assistant"] if named else _assistant(body)
        thread = _THREAD.fullmatch(path)
        if assistant:
            url = self._route(assistant)
            if thread:
                self._remember(thread["thread"], url)
            return url
        if thread:
            return await self._home(request, thread["thread"])
        return self._default()

    def _route(self, assistant: str) -> str:
        decision = route_for(assistant, self.routing.default, self.routing.routes)
        if not decision.url:
            raise RequestFailed(
                "unknown_assistant", f"no pool with a URL serves {assistant!r}, and there is no default", "assistant_id"
            )
        return decision.url

    def _default(self) -> str:
        found = self.routing.default or next(iter(self.routing.urls.values()), "")
        if not found:
            raise RequestFailed("busy", "no pool has a URL")
        return found

    def _remember(self, thread: str, url: str) -> None:
        self._threads[thread] = url
        self._threads.move_to_end(thread)
        if len(self._threads) > REMEMBERED:
            self._threads.popitem(last=False)

    async def _home(self, request: Request, thread: str) -> str:
        """The pool where a thread has run; the first that knows it where it has not run yet."""
        if thread in self._threads:
            return self._threads[thread]
        known = ""
        for url, client in self._clients.items():
            try:
                found = await client.get(f"/threads/{thread}", headers=_headers(request))
            except httpx.HTTPError:
                continue
            if found.status_code == 200:
                known = known or url
                if (found.json().get("metadata") or {}).get("graph_id"):
                    self._remember(thread, url)
                    return url
        if not known:
            raise RequestFailed("unknown_thread", f"no pool knows a thread {thread!r}", "thread_id")
        return known

    async def _create(self, request: Request, body: bytes) -> Response:
        """A new thread: in the pool of its graph, or in every pool under one id where no graph is named."""
        given = _object(body)
        graph = (given.get("metadata") or {}).get("graph_id") if isinstance(given.get("metadata"), dict) else None
        if graph or len(self._clients) == 1:
            return await self._pass_on(request, body, self._route(str(graph)) if graph else self._default())
        reported = orjson.dumps({**given, "thread_id": given.get("thread_id") or str(uuid.uuid4())})
        last: httpx.Response | None = None
        for url, client in self._clients.items():
            last = await self._ask(client, url, request, reported)
            if last.status_code >= 400:
                break
        assert last is not None  # noqa: S101 - there is a pool
        return Response(last.content, last.status_code, media_type=last.headers.get("content-type"))

    async def _everywhere(self, request: Request, body: bytes) -> Response:
        """Lists of all pools as one: assistants by the pool that serves them, each thread once."""
        rows: list[Any] = []
        total = 0
        for url, client in self._clients.items():
            found = await self._ask(client, url, request, body)
            if found.status_code != 200:
                return Response(found.content, found.status_code, media_type=found.headers.get("content-type"))
            data = found.json()
            if isinstance(data, int):
                total += data
                continue
            rows += [one for one in data if "graph_id" not in one or self._serves(url, str(one["graph_id"]))]
        if request.url.path.endswith("/count"):
            return answer(total)
        return answer(list({one.get("thread_id") or one.get("assistant_id"): one for one in rows}.values()))

    def _serves(self, url: str, graph: str) -> bool:
        return route_for(graph, self.routing.default, self.routing.routes).url == url

    async def _ask(self, client: httpx.AsyncClient, url: str, request: Request, body: bytes) -> httpx.Response:
        try:
            return await client.request(request.method, request.url.path, content=body, headers=_headers(request))
        except httpx.HTTPError as error:
            raise self._failed(url, error) from error

    async def _pass_on(self, request: Request, body: bytes, url: str) -> Response:
        client = self._clients[url]
        sent = client.build_request(
            request.method,
            request.url.path,
            params=str(request.query_params),
            content=body,
            headers=_headers(request),
        )
        try:
            found = await client.send(sent, stream=True)
        except httpx.HTTPError as error:
            raise self._failed(url, error) from error
        kept = HOP - {"content-length"}  # the bytes are passed on as they are
        headers = [(name, value) for name, value in found.headers.multi_items() if name.lower() not in kept]
        response = StreamingResponse(found.aiter_raw(), found.status_code, background=BackgroundTask(found.aclose))
        response.raw_headers = [(name.encode(), value.encode("latin-1")) for name, value in headers]
        return response

    def _failed(self, url: str, error: httpx.HTTPError) -> RequestFailed:
        pool = next(name for name, one in self.routing.urls.items() if one == url)
        if isinstance(error, httpx.TimeoutException) and not isinstance(error, httpx.ConnectTimeout):
            return RequestFailed("timeout", f"pool {pool!r} did not answer in time")
        return RequestFailed(
            "provider_error", f"pool {pool!r} cannot be reached: {type(error).__name__}", retry_after=5
        )

    async def close(self) -> None:
        """Close the connections to the pools."""
        for client in self._clients.values():
            await client.aclose()


def make_dispatch(dispatcher: Dispatcher) -> Starlette:
    """The application."""

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        yield
        await dispatcher.close()

    methods = ["GET", "POST", "PUT", "PATCH", "DELETE"]
    return Starlette(routes=[Path("/{path:path}", dispatcher.handle, methods=methods)], lifespan=lifespan)


async def _read(request: Request) -> bytes:
    parts, size = [], 0
    async for part in request.stream():
        size += len(part)
        if size > MAX_BODY:
            raise RequestFailed("body_too_large", f"the body is larger than {MAX_BODY:,} bytes")
        parts.append(part)
    return b"".join(parts)


def _headers(request: Request) -> list[tuple[str, str]]:
    """What of the request's headers a pool gets: all but the connection's own and malformed trace headers."""
    kept = [(name, value) for name, value in request.headers.items() if name not in HOP and name not in REQUEST]
    return [*kept, *forward(request.headers)]


def _object(body: bytes) -> dict[str, Any]:
    try:
        found = orjson.loads(body) if body else {}
    except orjson.JSONDecodeError as error:
        raise RequestFailed("invalid_request", f"the body is no JSON: {error}") from None
    return found if isinstance(found, dict) else {}


def _assistant(body: bytes) -> str:
    found = _object(body).get("assistant_id") if body else None
    return found if isinstance(found, str) else ""
