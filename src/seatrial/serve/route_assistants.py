"""Routes of assistants: the registry's rows, one assistant a graph."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from seatrial.serve.errors import RequestFailed
from seatrial.serve.json_response import answer
from seatrial.serve.request import page, read_json, refuse_others

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.requests import Request
    from starlette.responses import Response

    from seatrial.graph.spec import GraphSpec
    from seatrial.serve.server import Server

STARTED = "1970-01-01T00:00:00+00:00"
"""Registries have no dates."""


async def get(server: Server, request: Request) -> Response:
    """GET /assistants/ID."""
    spec, version = server.spec(request.path_params["assistant_id"])
    return answer(assistant_data(spec, version))


async def search(server: Server, request: Request) -> Response:
    """POST /assistants/search."""
    found, body = await _found(server, request)
    limit, offset = page(body)
    return answer([assistant_data(spec) for spec in found[offset : offset + limit]])


async def count(server: Server, request: Request) -> Response:
    """POST /assistants/count."""
    return answer(len((await _found(server, request))[0]))


async def versions(server: Server, request: Request) -> Response:
    """POST /assistants/ID/versions: the registry's versions, the latest first."""
    spec, _ = server.spec(request.path_params["assistant_id"])
    return answer([assistant_data(spec, version.name) for version in reversed(spec.versions)])


async def graph(server: Server, request: Request) -> Response:
    """GET /assistants/ID/graph: nodes and edges."""
    spec, version = server.spec(request.path_params["assistant_id"])
    text = request.query_params.get("xray", "false").lower()
    xray: int | bool = int(text) if text.isdigit() else text == "true"

    def draw() -> Any:
        return server.compiled(spec.assistant_id, version or spec.current).graph.get_graph(xray=xray).to_json()

    return answer(await server.pools.aside(draw))


async def schemas(server: Server, request: Request) -> Response:
    """GET /assistants/ID/schemas: of input, output and context."""
    spec, version = server.spec(request.path_params["assistant_id"])

    def read() -> dict[str, Any]:
        found = server.compiled(spec.assistant_id, version or spec.current).graph
        return {
            "graph_id": spec.assistant_id,
            "input_schema": _schema(found.get_input_jsonschema),
            "output_schema": _schema(found.get_output_jsonschema),
            "state_schema": _schema(found.get_output_jsonschema),
            "config_schema": {},
            "context_schema": _schema(found.get_context_jsonschema),
        }

    return answer(await server.pools.aside(read))


def assistant_data(spec: GraphSpec, version: str = "") -> dict[str, Any]:
    """An assistant as the protocol has it; its number is the version's place in the registry."""
    names = [one.name for one in spec.versions]
    name = version or spec.current
    return {
        "assistant_id": f"{spec.assistant_id}@{version}" if version else spec.assistant_id,
        "graph_id": spec.assistant_id,
        "name": spec.assistant_id,
        "description": None,
        "config": {},
        "context": dict(spec.version(name).context),
        "version": names.index(name) + 1,
        "created_at": STARTED,
        "updated_at": STARTED,
        "metadata": {
            "version": name,
            "versions": names,
            "current": spec.current,
            "feature": spec.feature,
            "owner": spec.owner,
            "pool": spec.pool,
            "resumable": spec.resumable,
        },
    }


def _schema(make: Callable[[], Any]) -> Any:
    """A schema; None where the state's types have none, a plain TypedDict before Python 3.12 say."""
    from pydantic.errors import PydanticUserError  # noqa: PLC0415 - where a schema is asked for

    try:
        return make()
    except PydanticUserError:
        return None


async def _found(server: Server, request: Request) -> tuple[list[GraphSpec], dict[str, Any]]:
    body = await read_json(request, server.settings, empty={})
    if not isinstance(body, dict):
        raise RequestFailed("invalid_request", "the body is a JSON object")
    refuse_others(body, ("graph_id", "name", "metadata", "limit", "offset"))
    wanted = body.get("metadata") or {}
    if not isinstance(wanted, dict):
        raise RequestFailed("invalid_request", "metadata is an object", "metadata")
    rows = []
    for spec in server.specs.values():
        data = assistant_data(spec)
        fits = all(body.get(name) in (None, data[name]) for name in ("graph_id", "name"))
        if fits and all(data["metadata"].get(name) == value for name, value in wanted.items()):
            rows.append(spec)
    return rows, body
