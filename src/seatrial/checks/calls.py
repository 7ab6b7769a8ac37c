"""Tool calls, read once from whichever form a framework writes them in: a name and its arguments.

| form | one call |
|---|---|
| ours | `{"name": "f", "args": {"x": 1}}` |
| LangChain | the same, with `id` and `type`; or a message that carries `tool_calls` |
| OpenAI | `{"function": {"name": "f", "arguments": ...}}`, arguments as JSON text |
| Anthropic | `{"type": "tool_use", "name": "f", "input": {"x": 1}}` |
| BFCL | `{"f": {"x": 1}}`, arguments as an object or as JSON text |

A list of messages is read as all the calls in it, in order. What is none of these raises, and a check scores it 0: prose
where a call was due is a wrong answer, not a missing measurement.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from seatrial.checks.field import show


class UnreadableCall(ValueError):
    """What was given is no tool call in any known form; the message says what it is."""


@dataclass(frozen=True, slots=True)
class Call:
    """One call of a tool: its name and its arguments by name."""

    name: str
    args: Mapping[str, Any]

    def __str__(self) -> str:
        return f"{self.name}({', '.join(f'{name}={show(value, 40)}' for name, value in self.args.items())})"


def calls_of(value: Any) -> tuple[Call, ...]:
    """Every call in `value`, in order; None, an empty list and messages without calls hold none.

    Raises:
        UnreadableCall: some part of it is neither a call nor a message.
    """
    if value is None:
        return ()
    if isinstance(value, (list, tuple)):
        return tuple(call for one in value for call in calls_of(one))
    broken, carried = _carried(value, "invalid_tool_calls"), _carried(value, "tool_calls")
    if broken:
        raise UnreadableCall(f"{show(broken)} could not be parsed as tool calls")
    if carried:
        return calls_of(carried)
    if _is_message(value):
        return ()
    if not isinstance(value, Mapping) or not value:
        raise UnreadableCall(f"{show(value)} is no tool call")
    return _calls_in(value)


def _calls_in(value: Mapping[str, Any]) -> tuple[Call, ...]:
    if isinstance(value.get("function"), Mapping):
        value = value["function"]
    if isinstance(value.get("name"), str):
        for key in ("args", "arguments", "input"):
            if key in value:
                return (Call(value["name"], _args(value["name"], value[key])),)
        if set(value) <= {"name", "id", "type"}:
            return (Call(value["name"], {}),)
    return tuple(Call(str(name), _args(str(name), args)) for name, args in value.items())


def _args(name: str, value: Any) -> Mapping[str, Any]:
    if isinstance(value, str):
        try:
            value = json.loads(value) if value.strip() else {}
        except (ValueError, RecursionError):
            raise UnreadableCall(f"the arguments of {name} are no JSON: {show(value)}") from None
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise UnreadableCall(f"the arguments of {name} are {show(value)}, not an object of names and values")
    return value


def _carried(message: Any, name: str) -> Any:
    return message.get(name) if isinstance(message, Mapping) else getattr(message, name, None)


def _is_message(value: Any) -> bool:
    """A chat message without calls: ours and OpenAI's have a role, LangChain's have a type and content."""
    if isinstance(value, Mapping):
        return "role" in value or ("content" in value and "type" in value)
    return hasattr(value, "content") and hasattr(value, "type")
