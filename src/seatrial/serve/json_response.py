"""JSON of the protocol: states as they are, messages and models of LangChain as their fields."""

from __future__ import annotations

from typing import Any

import orjson
from starlette.responses import Response

from seatrial.graph.state import plain


def dump(value: Any) -> bytes:
    """JSON text; what has no form in JSON is its text."""
    return orjson.dumps(value, default=_other, option=orjson.OPT_NON_STR_KEYS | orjson.OPT_SERIALIZE_NUMPY)


def answer(value: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """A response with this JSON."""
    return Response(dump(value), status, headers, "application/json")


def _other(value: Any) -> Any:
    if hasattr(value, "model_dump"):
        return value.model_dump(mode="json")
    if isinstance(value, (set, frozenset, tuple)):
        return list(value)
    made = plain(value)
    return str(value) if made is value else made
