"""One tool call in any known form: which keys name the tool, hold its arguments, its id, or wrap the call.

The tables are what a new provider adds a line to; docs/reference/tool-call-forms.md shows one example of each form.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from seatrial.checks.field import show

WRAPPERS = (
    "function",
    "functionCall",
    "function_call",
    "toolUse",
    "tool_use",
    "tool_call",
    "toolCall",
    "toolInvocation",
    "custom",
)
"""A mapping under one of these is the call itself: OpenAI, Gemini, Bedrock Converse, Haystack, Vercel AI SDK."""

NAMES = ("name", "tool_name", "toolName", "function_name", "tool")
ARGUMENTS = (
    "args",
    "arguments",
    "input",
    "parameters",
    "tool_args",
    "toolArgs",
    "tool_input",
    "tool_kwargs",
    "kwargs",
    "params",
)
IDS = ("approval_request_id", "call_id", "tool_call_id", "toolCallId", "toolUseId", "tool_use_id", "tool_id", "id")
"""The first that is present: OpenAI Responses repeats `call_id` in the result, and `id` nowhere."""

KINDS = ("type", "part_kind", "block_type", "content_type", "kind")
"""What a content block calls its own type: most of them; pydantic-ai, LlamaIndex, Semantic Kernel."""

FREE_TEXT = frozenset({"custom_tool_call", "custom", "AgentAction", "agent_action"})
"""Tools that take one text; it is the argument `input`."""

NAMED_CALLS = frozenset(
    {"tool_use", "server_tool_use", "mcp_tool_use", "tool_call", "server_tool_call", "function_call", "mcp_call"}
    | {"mcp_approval_request", "tool-call", "builtin-tool-call", "dynamic-tool", "function", "custom_tool_call"}
)
"""Blocks of these types are calls even without arguments."""

NO_TOOL_PART = frozenset({"tool-result", "tool-error", "tool-return", "tool-call", "tool-invocation"})
"""Vercel AI SDK writes `tool-NAME`; these are not names of tools."""

BOOKKEEPING = frozenset({*IDS, *KINDS, "status", "results", "outputs", "result", "caller", "container_id", "index"})


class UnreadableCall(ValueError):
    """What was given is no tool call in any known form; the message says what it is."""


class UnknownForm(ValueError):
    """It may be a tool call or not: its form is not known, so nobody can say that no tool was called."""


@dataclass(frozen=True, slots=True)
class Call:
    """One call of a tool: its name and its arguments by name; `id` joins it to its result and is not compared."""

    name: str
    args: Mapping[str, Any]
    id: str | None = field(default=None, compare=False, repr=False)

    def __str__(self) -> str:
        return f"{self.name}({', '.join(f'{name}={show(value, 40)}' for name, value in self.args.items())})"


def kind_of(block: Mapping[str, Any]) -> str | None:
    """The type a block gives itself, or None."""
    return next((block[key] for key in KINDS if isinstance(block.get(key), str)), None)


def id_of(block: Mapping[str, Any]) -> str | None:
    """The id of the call, in a call or in its result, or None."""
    return next((str(block[key]) for key in IDS if block.get(key) not in (None, "")), None)


def one_call(block: Mapping[str, Any]) -> Call | None:
    """The call that `block` is, or None when it is in none of the known forms.

    Raises:
        UnreadableCall: it is a call whose arguments cannot be read.
    """
    kind = kind_of(block)
    for key in WRAPPERS:
        if isinstance(block.get(key), Mapping):
            inner = one_call({**({"type": kind} if kind in FREE_TEXT else {}), **block[key]})
            if inner is not None:
                return Call(inner.name, inner.args, id_of(block) or inner.id)
    if block.get("method") == "tools/call" and isinstance(block.get("params"), Mapping):  # MCP
        return one_call({**block["params"], "id": block.get("id")})
    name = next((block[key] for key in NAMES if isinstance(block.get(key), str) and block[key]), None)
    if name is None and kind is not None and kind.startswith("tool-") and kind not in NO_TOOL_PART:
        name = kind.removeprefix("tool-")
    if name is None:
        return _without_a_name(block, kind)
    for key in ARGUMENTS:
        if key in block and not (key == "parameters" and "description" in block):  # that is the tool's definition
            given = block.get("partial_json") or block[key]  # Anthropic's stream, merged by LangChain
            free = kind in FREE_TEXT or key == "tool_input"
            return Call(name, arguments(name, given, free_text=free), id_of(block))
    bare = (kind in NAMED_CALLS and "parameters" not in block) or set(block) <= {*NAMES, *IDS, "type"}
    return Call(name, {}, id_of(block)) if bare else None


def _without_a_name(block: Mapping[str, Any], kind: str | None) -> Call | None:
    """Tools that a provider runs itself have no name but their type: OpenAI's `web_search_call`, Gemini's code."""
    for key in ("executableCode", "executable_code"):
        if isinstance(block.get(key), Mapping):
            return Call("code_execution", dict(block[key]), id_of(block))
    if kind is not None and (kind.endswith("_call") or kind == "program") and kind not in NAMED_CALLS:
        rest = {key: value for key, value in block.items() if key not in BOOKKEEPING and value is not None}
        only = next(iter(rest.values())) if len(rest) == 1 else None
        return Call(kind.removesuffix("_call"), dict(only) if isinstance(only, Mapping) else rest, id_of(block))
    return None


def arguments(name: str, value: Any, *, free_text: bool = False) -> Mapping[str, Any]:
    """The arguments of a call by name, from an object or from JSON text; `free_text` may be any text.

    Raises:
        UnreadableCall: they are neither.
    """
    given = value
    if isinstance(value, str):
        try:
            value = json.loads(value) if value.strip() else {}
        except (ValueError, RecursionError):
            if free_text:
                return {"input": given}
            raise UnreadableCall(f"the arguments of {name} are no JSON: {show(given)}") from None
    if value is None:
        return {}
    if isinstance(value, Mapping):
        return value
    if free_text:
        return {"input": given}
    raise UnreadableCall(f"the arguments of {name} are {show(value)}, not an object of names and values")
