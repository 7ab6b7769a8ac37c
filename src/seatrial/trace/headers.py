"""Headers of trace context, in and out: W3C's and LangSmith's; what is malformed is left out, never passed on.

forward(request.headers)          # [("traceparent", "00-..."), ...]
trace_id(request.headers)         # 32 hex digits, or empty
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

_TRACEPARENT = re.compile(r"(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(-.*)?")
_LANGSMITH = re.compile(r"\d{8}T\d{12}Z[0-9a-f-]{36}(\.\d{8}T\d{12}Z[0-9a-f-]{36})*")
_LIST = re.compile(r"[\x20-\x7e]+=[\x20-\x7e]*")

REQUEST = ("traceparent", "tracestate", "baggage", "langsmith-trace")
RESPONSE = ("x-trace-id", "x-langsmith-run-id", "x-langsmith-run-url")
LONGEST = {"traceparent": 256, "tracestate": 512, "baggage": 8_192, "langsmith-trace": 8_192}


def forward(headers: Mapping[str, str]) -> list[tuple[str, str]]:
    """The trace headers of a request that are well formed, by their names in lower case.

    A `tracestate` without a good `traceparent` means nothing, and neither does baggage that is no list.
    """
    found = [(name, headers.get(name, "").strip()) for name in REQUEST]
    good = {name: value for name, value in found if value and len(value) <= LONGEST[name] and _is_good(name, value)}
    if "traceparent" not in good:
        good.pop("tracestate", None)
    return list(good.items())


def trace_id(headers: Mapping[str, str]) -> str:
    """The trace a request belongs to; empty where it names none, or none that is well formed."""
    match = _TRACEPARENT.fullmatch(headers.get("traceparent", "").strip())
    return match[1] if match else ""


def _is_good(name: str, value: str) -> bool:
    if name == "traceparent":
        return _TRACEPARENT.fullmatch(value) is not None
    if name == "langsmith-trace":
        return _LANGSMITH.fullmatch(value) is not None
    return all(_LIST.fullmatch(part.strip()) for part in value.split(",") if part.strip())
