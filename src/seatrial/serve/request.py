"""Request: the body of a request, within its limits of size and time, and what the route's path says."""

from __future__ import annotations

import asyncio
import re
from typing import TYPE_CHECKING, Any

import orjson

from seatrial.serve.errors import RequestFailed

if TYPE_CHECKING:
    from starlette.requests import Request

    from seatrial.serve.settings import ServeSettings

DEEPEST = 100
"""Levels of a body: what is nested much deeper can be neither copied nor written."""
_THREAD = re.compile(r"[A-Za-z0-9._:-]{1,128}")


async def read_json(request: Request, settings: ServeSettings, *, empty: Any = None) -> Any:
    """The body as JSON; `empty` where there is none.

    Raises:
        RequestFailed: it is too large, comes too slowly or is no JSON.
    """
    length = request.headers.get("content-length", "")
    if length.isdigit() and int(length) > settings.max_body:
        raise _too_large(settings)
    parts, size = [], 0
    try:
        async with asyncio.timeout(settings.body_timeout_s):
            async for part in request.stream():
                size += len(part)
                if size > settings.max_body:
                    raise _too_large(settings)
                parts.append(part)
    except TimeoutError:
        raise RequestFailed("slow_body", f"the body did not come within {settings.body_timeout_s:g} s") from None
    if not size:
        return empty
    text = b"".join(parts)
    try:
        found = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise RequestFailed("invalid_request", f"the body is no JSON: {error}") from None
    if text.count(b"{") + text.count(b"[") > DEEPEST and _is_deeper(found, DEEPEST):
        raise RequestFailed("invalid_request", f"the body is nested more than {DEEPEST} levels deep")
    return found


def _is_deeper(value: Any, levels: int) -> bool:
    below = value.values() if isinstance(value, dict) else value if isinstance(value, list) else None
    return below is not None and (levels == 0 or any(_is_deeper(one, levels - 1) for one in below))


def thread_id_of(value: Any) -> str:
    """A thread id, if it is one.

    Raises:
        RequestFailed: it is none.
    """
    if not isinstance(value, str) or not _THREAD.fullmatch(value):
        raise RequestFailed(
            "invalid_request", "thread_id is 1 to 128 letters, digits, '.', '_', ':' and '-'", "thread_id"
        )
    return value


def page(body: dict[str, Any]) -> tuple[int, int]:
    """`limit` and `offset`.

    Raises:
        RequestFailed: one of them is no whole number in its range.
    """
    found = []
    for name, default, least, most in (("limit", 10, 1, 1_000), ("offset", 0, 0, 1_000_000)):
        value = body.get(name, default)
        if isinstance(value, str) and value.isdigit():
            value = int(value)
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            raise RequestFailed("invalid_request", f"{name} is a whole number from {least} to {most:,}", name)
        found.append(value)
    return found[0], found[1]


def refuse_others(body: dict[str, Any], known: tuple[str, ...]) -> None:
    """Refuse a body that holds a field which does not act.

    Raises:
        RequestFailed: it does.
    """
    for name, value in body.items():
        if name not in known and value is not None:
            raise RequestFailed(
                "unsupported_field", f"{name} does not act here; these do: {', '.join(known) or 'none'}", name
            )


def _too_large(settings: ServeSettings) -> RequestFailed:
    return RequestFailed("body_too_large", f"the body is larger than {settings.max_body:,} bytes")
