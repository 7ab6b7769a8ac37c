"""The node that answers: the model asks for tools, one at a time, and then gives the answer, or null.

    assist(state)["answer"]      # "A payment is refunded in full when you ask within 14 days ... [kb-01]"

Every call and its result stands in `messages`, so that the trajectory can be checked, and what was found in `passages`, so
that the answer can be held against it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from .contract import ReplyError
from .tools import order_status, search_knowledge

MAX_CALLS = 4
"""Tools that one message may cost; a model that wants more has not found an answer."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, hide_input_in_errors=True)


class Order(_Strict):
    """A call of `order_status`."""

    tool: Literal["order_status"]
    order: str = Field(min_length=1, max_length=40)


class Search(_Strict):
    """A call of `search_knowledge`."""

    tool: Literal["search_knowledge"]
    query: str = Field(min_length=1, max_length=2000)


class Final(_Strict):
    """The answer; null says that the results do not settle it."""

    answer: str | None = Field(min_length=1)
    sources: list[str] = []


def assist(ask: Callable[[str], str], desk: str, plan: str, message: str) -> dict[str, Any]:
    """The answer's part of the final state.

    Args:
        ask: sends the model one text under the answering guide and returns its reply.
        desk: where the message was put.
        plan: what the sender's workspace is subscribed to.
        message: what was written.

    Raises:
        ReplyError: a reply is neither a call nor an answer, or names a source that no tool returned.
    """
    results: list[str] = []
    passages: list[dict[str, str]] = []
    messages: list[dict[str, Any]] = []
    for number in range(MAX_CALLS + 1):
        step = _step(ask(_transcript(desk, plan, results, message)))
        if isinstance(step, Final):
            strange = set(step.sources) - {one["id"] for one in passages}
            if strange:
                raise ReplyError(f"support_router: the answer names {len(strange)} sources that no tool returned")
            messages.append({"role": "assistant", "content": step.answer or ""})
            return {
                "outcome": "answered" if step.answer else "handed_over",
                "answer": step.answer,
                "sources": list(step.sources),
                "passages": passages,
                "messages": messages,
            }
        if number == MAX_CALLS:
            break
        name, arguments = step.tool, step.model_dump(exclude={"tool"})
        result, found = _call(step)
        passages += [one for one in found if one not in passages]
        results.append(json.dumps({"tool": name, **arguments, "result": result}, ensure_ascii=False))
        call = {"id": f"call-{number + 1}", "name": name, "args": arguments}
        messages.append({"role": "assistant", "content": "", "tool_calls": [call]})
        messages.append({"role": "tool", "tool_call_id": call["id"], "name": name, "content": json.dumps(result)})
    return {"outcome": "handed_over", "answer": None, "sources": [], "passages": passages, "messages": messages}


def _call(step: Order | Search) -> tuple[Any, list[dict[str, str]]]:
    """What the tool returns, and its passages: an article, or an order's row as a text."""
    if isinstance(step, Search):
        hits = search_knowledge(step.query)
        return hits, [{"id": str(one["id"]), "text": str(one["text"])} for one in hits]
    row = order_status(step.order)
    return row, [] if "error" in row else [{"id": str(row["order"]), "text": _as_text(row)}]


def _as_text(row: Mapping[str, Any]) -> str:
    return f"Order {row['order']} ({row['item']}), placed on {row['placed_on']}, is {row['status']}. {row['note']}"


def _transcript(desk: str, plan: str, results: list[str], message: str) -> str:
    """What the model reads: the message stands last, so that nothing in it can pass for a result."""
    found = "\n".join(results) or "none yet"
    return f"Desk: {desk}\nPlan: {plan}\n\n## Results\n\n{found}\n\n## Message\n\n{message}"


def _step(text: str) -> Order | Search | Final:
    try:
        given = json.loads(text)
    except ValueError:
        given = None
    kinds: dict[Any, type[Order | Search | Final]] = {"order_status": Order, "search_knowledge": Search, None: Final}
    kind = kinds.get(given.get("tool")) if isinstance(given, dict) else None
    if kind is None:
        raise ReplyError(
            f"support_router: the model's reply ({len(text)} characters) is neither a call of a known tool nor an answer; "
            "check the answering guide's Reply section against this model"
        )
    try:
        return kind.model_validate_json(text)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False, include_context=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "the whole reply"
        raise ReplyError(
            f"support_router: the model's reply ({len(text)} characters) is not what the answering guide asks for, at "
            f"{where}: {first['msg']}; check the guide's Reply section against this model"
        ) from None
