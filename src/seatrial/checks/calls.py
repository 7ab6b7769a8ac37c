"""Tool calls, wherever a provider or framework puts them: in a list, in messages, in the content of messages.

| what it is | what becomes of it |
|---|---|
| a call in a known form (`call_forms.py`, table in docs/reference/tool-call-forms.md) | read |
| a message, or a list of them: its call fields and its content | all calls in it, each once, in order |
| text, thinking, images, tool results | no call |
| a call that is broken, or prose where a call was due | UnreadableCall: the answer is wrong |
| content in a form that is not known | UnknownForm: a check abstains, for "no call" would be a guess |
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from seatrial.checks.call_forms import Call, UnknownForm, UnreadableCall, arguments, kind_of, one_call
from seatrial.checks.call_messages import as_mapping, inside, is_message, json_text, role_of
from seatrial.checks.call_silence import is_silent
from seatrial.checks.field import show

__all__ = ["Call", "UnknownForm", "UnreadableCall", "calls_of"]

FIELDS = ("tool_calls", "toolCalls", "toolInvocations", "tool_invocations", "function_call", "functionCall")
"""Where a message keeps its calls beside its content."""

BODIES = ("content", "parts", "blocks", "items", "content_blocks", "_content", "value")
"""Where a message keeps its content."""

RESULT_ROLES = frozenset(
    {"tool", "function", "ipython", "observation", "environment", "request", "toolmessage", "functionmessage"}
    | {"functionexecutionresultmessage", "toolcallexecutionevent"}
)
"""Messages of these carry results, which may be any data."""

OTHER_ROLES = frozenset({"user", "human", "system", "developer", "humanmessage", "systemmessage", "usermessage"})
"""Messages of these carry no calls; one that does anyway is not understood."""

EXTRA_FIELD = re.compile(r"tool|function|action|call", re.IGNORECASE)
NO_CALLS_FIELD = re.compile(r"id$|result|output|response|chunk|choice|plan|callback|usage|metadata", re.IGNORECASE)

PARTIAL = frozenset({"tool_call_chunk", "server_tool_call_chunk", "input_json_delta"})
SPELLED = re.compile(
    r"<tool_call|<function_call|<function=|<invoke |<\|python_tag\|>|\[TOOL_CALLS\]|<\|tool_call|"
    r"<｜tool▁call|to=functions\."
    r"|[\"']type[\"']\s*:\s*[\"'](?:(?:server_|mcp_)?tool_use|toolUse|function_call|tool_call)[\"']"
    r"|\bAction\s*:[^\n]+\n\s*Action Input\s*:"
    r"|(?:\A|```(?:json)?)\s*\[?\s*\{\s*\"name\"\s*:\s*\"[^\"]+\"\s*,\s*\"(?:arguments|parameters)\"\s*:\s*\{"
)
"""How a call is spelled in text that nobody has parsed: by open models (Hermes, Llama, Mistral, DeepSeek), by agents that
reason and act, and by blocks of content that were written as JSON or by `str`."""


def calls_of(value: Any) -> tuple[Call, ...]:
    """Every call in `value`, in order; None, an empty list and messages without calls hold none.

    Raises:
        UnreadableCall: some part of it is neither a call nor a message.
        UnknownForm: some part of it is in no known form, and may be a call.
    """
    if value is None:
        return ()
    if isinstance(value, (list, tuple)):
        if len(value) == 2 and isinstance(first := as_mapping(value[0]), Mapping) and "tool_input" in first:
            return calls_of(first)  # LangChain's intermediate steps: the action and what came of it
        return tuple(call for one in value for call in calls_of(one))
    block = as_mapping(value)
    if not isinstance(block, Mapping):
        if isinstance(block, (str, int, float)):
            raise UnreadableCall(f"{show(value)} is no tool call")
        raise UnknownForm(f"{show(value)} is an object in no known form; it may be a tool call")
    if is_silent(block, alone=True):
        return _text(block)
    if is_message(block):
        return _of_message(block)
    inner = inside(block)
    return _of_block(block, alone=True) if inner is None else calls_of(inner)


def _of_block(block: Mapping[str, Any], *, alone: bool) -> tuple[Call, ...]:
    """The calls of a content block, or of a mapping that stands alone: only that may be in BFCL's form."""
    kind = kind_of(block)
    if kind == "invalid_tool_call":
        raise UnreadableCall(f"{show(dict(block))} could not be parsed as tool calls")
    if kind in PARTIAL or "delta" in block:
        raise UnknownForm(f"{show(dict(block))} is a piece of a stream, which may hold half a tool call")
    call = one_call(block)
    if call is not None:
        return (call,)
    if not alone or kind is not None:
        raise UnknownForm(f"{show(dict(block))} is in no known form; it may be a tool call")
    if not block:
        raise UnreadableCall("{} is no tool call")
    if any(isinstance(value, Mapping) and inside(value) is not None for value in block.values()):
        return tuple(call for update in block.values() for call in calls_of(update))  # LangGraph: updates by node
    return tuple(Call(str(name), arguments(str(name), args)) for name, args in block.items())


def _of_message(message: Mapping[str, Any]) -> tuple[Call, ...]:
    role = role_of(message)
    if role in RESULT_ROLES:
        return ()
    if role in OTHER_ROLES:
        return _none_expected(message, role)
    if broken := message.get("invalid_tool_calls"):
        raise UnreadableCall(f"{show(broken)} could not be parsed as tool calls")
    if role == "function_call":  # ShareGPT
        return calls_of([json_text(message)])
    extra = message.get("additional_kwargs")
    kept = extra if isinstance(extra, Mapping) else {}
    sources = [
        *(calls_of(message[name]) for name in FIELDS if message.get(name)),
        *(calls_of(kept[name]) for name in ("tool_calls", "function_call") if kept.get(name)),
        _of_content(kept.get("tool_outputs")),  # langchain-openai: tools the provider ran itself
        *(_of_content(message.get(name)) for name in BODIES),
        *(_of_content(value) for name, value in message.items() if _may_hold_calls(name, value)),
        _to_recipient(message),
    ]
    return _each_once(sources)


def _none_expected(message: Mapping[str, Any], role: str) -> tuple[Call, ...]:
    """No calls: the content of a user may be anything, as long as it is not a call."""
    bodies = [message.get(name) for name in (*FIELDS, *BODIES)]
    for part in (part for body in bodies if isinstance(body, (list, tuple)) for part in body):
        block = as_mapping(part)
        if isinstance(block, Mapping) and not is_silent(block) and one_call(block) is not None:
            raise UnknownForm(f"a message of role {role} holds the tool call {show(dict(block))}")
    return ()


def _of_content(content: Any) -> tuple[Call, ...]:
    if content is None or isinstance(content, str):
        return _text({"text": content})
    found: list[Call] = []
    for part in content if isinstance(content, (list, tuple)) else (content,):
        block = as_mapping(part)
        if isinstance(part, str) or part is None:
            found += _text({"text": part})
        elif not isinstance(block, Mapping):
            raise UnknownForm(f"the content {show(part)} is in no known form; it may be a tool call")
        elif is_silent(block):
            found += _text(block)
        elif is_message(block):
            found += _of_message(block)
        else:
            inner = inside(block)
            found += _of_block(block, alone=False) if inner is None else calls_of(inner)
    return tuple(found)


def _text(block: Mapping[str, Any]) -> tuple[Call, ...]:
    text = block.get("text")
    if isinstance(text, str) and SPELLED.search(text):
        raise UnknownForm(f"the text {show(text)} spells a tool call that was not parsed")
    return ()


def _to_recipient(message: Mapping[str, Any]) -> tuple[Call, ...]:
    """OpenAI's harmony format: a message to a tool is a call."""
    to = message.get("recipient")
    if not isinstance(to, str) or to in ("", "all", "user", "assistant"):
        return ()
    content = message.get("content")
    parts = [content] if isinstance(content, str) else content or []
    text = "".join(part if isinstance(part, str) else str(part.get("text", "")) for part in parts)
    name = to.removeprefix("functions.")
    return (Call(name, arguments(name, text, free_text=True)),)


def _each_once(sources: Iterable[tuple[Call, ...]]) -> tuple[Call, ...]:
    """The calls of one message: frameworks keep the same call in a field and in the content."""
    kept: list[Call] = []
    for source in sources:
        before, fresh = list(kept), []
        for call in source:
            same = next((one for one in before if _is_same(one, call)), None)
            if same is None:
                fresh.append(call)
            else:
                before.remove(same)
        kept += fresh
    return tuple(kept)


def _is_same(one: Call, other: Call) -> bool:
    return one.id == other.id if one.id and other.id else one == other


def _may_hold_calls(name: str, value: Any) -> bool:
    known = name in FIELDS or name in BODIES or name in ("invalid_tool_calls", "additional_kwargs")
    return (
        not known
        and isinstance(value, (list, tuple, Mapping))
        and bool(value)
        and bool(EXTRA_FIELD.search(name))
        and not NO_CALLS_FIELD.search(name)
    )
