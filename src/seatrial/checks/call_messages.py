"""What a value is: a message, its role, a wrapper around messages, or a framework's object as a mapping."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any

from seatrial.checks.call_forms import arguments, kind_of, one_call
from seatrial.checks.call_silence import is_silent

ENVELOPES = (
    "message",
    "messages",
    "choices",
    "candidates",
    "generations",
    "output",
    "content",
    "response",
    "raw_item",
    "item",
    "required_action",
    "submit_tool_outputs",
    "step_details",
    "value",
)
"""Where a provider's response keeps its messages."""


def role_of(message: Mapping[str, Any]) -> str:
    """Who speaks, in lower case; LangChain, AutoGen and LangGraph say it as a type."""
    author = message.get("author")
    named = author.get("role") if isinstance(author, Mapping) else None
    return str(message.get("role") or message.get("from") or named or kind_of(message) or "").lower()


def is_message(block: Mapping[str, Any]) -> bool:
    """Whether it has a role, as most; or content beside a type; or a field of calls."""
    if isinstance(block.get("role"), str) or "tool_calls" in block or "toolCalls" in block:
        return True
    if "from" in block and "value" in block:
        return True
    if block.get("kind") in ("request", "response") and "parts" in block:
        return True
    return "content" in block and ("type" in block or isinstance(block.get("author"), Mapping))


def inside(block: Mapping[str, Any]) -> Any:
    """What a response, an event or a dumped object wraps, or None."""
    if "lc" in block and isinstance(block.get("kwargs"), Mapping):  # langchain_core.load.dumpd
        return {"type": str((block.get("id") or ["message"])[-1]).lower(), **block["kwargs"]}
    if isinstance(block.get("data"), Mapping) and isinstance(block.get("type"), str):  # messages_to_dict
        return {"type": block["type"], **block["data"]}
    return next((block[name] for name in ENVELOPES if _is_chat(block.get(name))), None)


def _is_chat(value: Any) -> bool:
    if isinstance(value, (list, tuple)):
        return any(_is_chat(one) for one in value)
    block = as_mapping(value)
    if not isinstance(block, Mapping):
        return False
    if is_message(block) or "parts" in block or "delta" in block:
        return True
    return inside(block) is not None or _is_part(block)


def _is_part(block: Mapping[str, Any]) -> bool:
    return kind_of(block) is not None and (is_silent(block) or one_call(block) is not None)


def json_text(message: Mapping[str, Any]) -> Any:
    """The content of a message that is a call as JSON text."""
    text = message.get("value", message.get("content"))
    return arguments("the call", text) if isinstance(text, str) else text


def as_mapping(value: Any) -> Any:
    """An object of a framework as a mapping; anything else as it is."""
    if isinstance(value, Mapping) or value is None or isinstance(value, (str, int, float, list, tuple)):
        return value
    if hasattr(value, "model_dump"):
        return value.model_dump(mode="json")
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: getattr(value, field.name) for field in fields(value)}
    return getattr(value, "__dict__", value)
