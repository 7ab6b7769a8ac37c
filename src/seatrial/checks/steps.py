"""Steps: the tool calls of a run and what became of each, in order, as its messages tell it.

A call has succeeded when its result says so: LangChain's and Bedrock's `status`, Anthropic's and MCP's `is_error`, an
`error` in the result. A result that says neither is unknown, unless the caller names a pattern of failures; so is a call
without a result.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from seatrial.checks.call_forms import Call, UnknownForm, UnreadableCall, id_of
from seatrial.checks.call_messages import as_mapping, inside, is_message, role_of
from seatrial.checks.calls import calls_of
from seatrial.checks.field import MISSING, lacks, read
from seatrial.scoring import Score

RESULTS = ("toolResult", "functionResponse", "function_response", "tool_call_result")
"""A result under one of these keys: Bedrock Converse, Gemini, Haystack."""

RESULT_TYPES = re.compile(r"(tool|tool[_-]result|.*_tool_result|.*_call_output|.*tool[_-]return|tool-error)$")
RESULT_EVENTS = ("toolcallexecutionevent", "functionexecutionresultmessage")
"""AutoGen's messages whose content is results without a type."""

GOOD = frozenset({"success", "succeeded", "completed", "ok", "output-available"})
BAD = frozenset({"error", "failed", "failure", "incomplete", "denied", "output-error", "output-denied", "cancelled"})
ERROR_FLAGS = ("is_error", "isError", "tool_call_error")


@dataclass(frozen=True, slots=True)
class Step:
    """One call and what became of it.

    Attributes:
        call: the call.
        at: its place among all calls and results.
        ended_at: the place of its result; None when there is none.
        succeeded: whether it did; None when nothing says so.
        said: its result as text.
    """

    call: Call
    at: int
    ended_at: int | None = None
    succeeded: bool | None = None
    said: str = ""


@dataclass(frozen=True, slots=True)
class _Result:
    id: str | None
    name: str | None
    succeeded: bool | None
    said: str


def steps_at(run: Any, field: str, key: str, failure: re.Pattern[str] | None = None) -> tuple[Step, ...] | Score:
    """The steps in the outputs at `field`, or the score of a run where they cannot be read."""
    got = read(run.outputs, field)
    if got is MISSING:
        return lacks(key, field)
    try:
        return steps_of(got, failure)
    except (UnreadableCall, UnknownForm) as error:
        return Score(key, None, str(error))


def steps_of(value: Any, failure: re.Pattern[str] | None = None) -> tuple[Step, ...]:
    """The calls in `value` in order, each with its result: by id, or by name where a result has no id.

    Args:
        value: messages, or a list of calls.
        failure: found in a result's text, it failed; a result that says neither and lacks it succeeded.

    Raises:
        UnreadableCall: some part of it is neither a call nor a message.
        UnknownForm: some part of it is in no known form.
    """
    steps: list[Step] = []
    for at, event in enumerate(_events(value)):
        if isinstance(event, Call):
            steps.append(Step(event, at))
            continue
        place = next((n for n, step in enumerate(steps) if step.ended_at is None and _answers(event, step.call)), None)
        if place is not None:
            good = event.succeeded
            if good is None and failure is not None:
                good = failure.search(event.said) is None
            elif good and failure is not None and failure.search(event.said):
                good = False
            steps[place] = Step(steps[place].call, steps[place].at, at, good, event.said)
    return tuple(steps)


def _answers(result: _Result, call: Call) -> bool:
    if result.id and call.id:
        return result.id == call.id
    return result.name is not None and result.name == call.name


def _events(value: Any) -> Iterator[Call | _Result]:
    """Calls and results as they come; a block of a message at a time, for its results may precede its calls."""
    if isinstance(value, (list, tuple)):
        for one in value:
            yield from _events(one)
        return
    block = as_mapping(value)
    if not isinstance(block, Mapping):
        yield from calls_of(value)
        return
    if _is_result(block):
        yield from calls_of(block) if "state" in block else ()  # Vercel's parts are a call and its result
        yield _result(block)
        return
    if not is_message(block) and (wrapped := inside(block)) is not None:
        yield from _events(wrapped)
        return
    yield from calls_of(block)
    for part in _parts(block):
        if _is_result(part) or role_of(block) in RESULT_EVENTS:
            yield _result(part)


def _parts(message: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for name in ("content", "parts", "items", "blocks"):
        content = message.get(name)
        for part in content if isinstance(content, (list, tuple)) else ():
            block = as_mapping(part)
            if isinstance(block, Mapping):
                yield block


def _is_result(block: Mapping[str, Any]) -> bool:
    if any(isinstance(block.get(key), Mapping) for key in RESULTS):
        return True
    if block.get("role") in ("tool", "function"):
        return not any(_is_result(part) for part in _parts(block))
    kind = next((block[key] for key in ("type", "part_kind", "content_type") if isinstance(block.get(key), str)), "")
    return RESULT_TYPES.match(kind) is not None or (
        isinstance(block.get("state"), str) and block["state"].startswith("output-")
    )


def _result(block: Mapping[str, Any]) -> _Result:
    body = next((block[key] for key in RESULTS if isinstance(block.get(key), Mapping)), block)
    said = next((body[key] for key in ("content", "output", "response", "result", "error") if body.get(key)), "")
    name = body.get("name") or body.get("tool_name") or body.get("toolName")
    return _Result(id_of(body), name if isinstance(name, str) else None, _outcome(body, said), _as_text(said))


def _outcome(body: Mapping[str, Any], said: Any) -> bool | None:
    if body.get("error") or body.get("type") == "tool-error":
        return False
    for flag in ERROR_FLAGS:
        if isinstance(body.get(flag), bool):
            return not body[flag]
    status = body.get("status") or body.get("state")
    if isinstance(status, str) and status.lower() in BAD:
        return False
    inner = _json(said)
    if isinstance(inner, Mapping) and (inner.get("error") or inner.get("isError") or inner.get("is_error")):
        return False
    return True if isinstance(status, str) and status.lower() in GOOD else None


def _json(said: Any) -> Any:
    if isinstance(said, str) and said.lstrip().startswith("{"):
        try:
            return json.loads(said)
        except (ValueError, RecursionError):
            return said
    return said


def _as_text(said: Any) -> str:
    if isinstance(said, str):
        return said
    if isinstance(said, (list, tuple)):
        return "\n".join(_as_text(one) for one in said)
    if isinstance(said, Mapping) and isinstance(said.get("text"), str):
        return str(said["text"])
    return json.dumps(said, default=str)
