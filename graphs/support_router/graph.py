"""The support router: read -> classify -> assist -> one of billing, technical, general; or escalate.

    state = build("p1").compile().invoke({"message": "My invoice is wrong", "plan": "team", "channel": "chat"})
    state["route"]                                                          # billing

A model that is less sure than `ESCALATE_UNDER` hands the message to a person and keeps its best guess in the state; no
tool is called then. Otherwise `assist` looks up orders and articles and answers, or leaves the answer to the desk.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypedDict, cast

from langchain_core.messages import HumanMessage, SystemMessage
from langgraph.graph import END, START, StateGraph
from pydantic import ValidationError

from seatrial.errors import one_of
from seatrial.model import chat_model

from .assist import assist
from .contract import ESCALATE_UNDER, Input, Reply, ReplyError
from .rules import answer

PROMPTS = Path(__file__).parent / "prompts"


class InputState(TypedDict, total=False):
    """The fields of the contract's Input."""

    message: str
    plan: str
    channel: str


class OutputState(TypedDict, total=False):
    """The fields of the contract's Output: what the graph returns."""

    route: str
    confidence: float
    guess: str
    queue: str
    acknowledgement: str
    reason: str
    outcome: str
    answer: str | None
    sources: list[str]
    passages: list[dict[str, str]]
    messages: list[dict[str, Any]]


class State(InputState, OutputState, total=False):
    """What travels along the edges: input, output, and the text the model reads."""

    text: str


UNANSWERED: State = {"outcome": "escalated", "answer": None, "sources": [], "passages": [], "messages": []}


@dataclass(frozen=True, slots=True)
class Handler:
    """A node that puts a message in a work queue and tells the sender so."""

    queue: str
    acknowledgement: str

    def __call__(self, state: State) -> State:
        """The queue and the note to the sender; a message that a person decides on has no answer yet."""
        told: State = {"queue": self.queue, "acknowledgement": self.acknowledgement}
        return told if "outcome" in state else {**told, **UNANSWERED}


HANDLERS = {
    "billing": Handler("finance-desk", "Thank you, our billing desk has your message and will look into it."),
    "technical": Handler("engineering-desk", "Thank you, our technical desk has your message and will look into it."),
    "general": Handler("front-desk", "Thank you for writing to us; our front desk has your message."),
    "escalate": Handler("duty-lead", "Thank you, a person will read your message and get back to you."),
}


def build(
    prompt: str = "p1", model: str = "builtin", model_options: Mapping[str, Any] | None = None
) -> StateGraph[State, None, InputState, OutputState]:
    """The router, uncompiled.

    Args:
        prompt: name of a folder in `prompts/` that holds a routing guide and an answering guide.
        model: `builtin`, or a `provider:model` name.
        model_options: passed on to the provider, `{"temperature": 0}` say; the built-in model has none.

    Raises:
        UsageError: there is no such folder; the message lists those there are.
    """
    names = sorted(path.name for path in PROMPTS.iterdir() if path.is_dir())
    folder = PROMPTS / one_of(prompt, names, "support_router prompt")
    guide, answering = ((folder / name).read_text(encoding="utf-8") for name in ("routing.md", "answering.md"))
    chat = chat_model(model, answer, **(model_options or {}))

    def read(state: State) -> State:
        given = Input.model_validate({name: state.get(name) for name in Input.model_fields})
        return {"text": f"Plan: {given.plan}\nChannel: {given.channel}\n\n{given.message.strip()}"}

    def classify(state: State) -> State:
        message = chat.invoke([SystemMessage(guide), HumanMessage(state["text"])])
        reply = parse(str(message.text))
        route = reply.route if reply.confidence >= ESCALATE_UNDER else "escalate"
        return {"route": route, "confidence": reply.confidence, "guess": reply.route, "reason": reply.reason}

    def ask(text: str) -> str:
        return str(chat.invoke([SystemMessage(answering), HumanMessage(text)]).text)

    def help_out(state: State) -> State:
        found = assist(ask, state["route"], state["plan"], state["message"].strip())
        return cast("State", found)

    graph = StateGraph(State, input_schema=InputState, output_schema=OutputState)
    graph.add_node("read", read)
    graph.add_node("classify", classify)
    graph.add_edge(START, "read")
    graph.add_edge("read", "classify")
    graph.add_node("assist", help_out)
    graph.add_conditional_edges("classify", first_stop, ["escalate", "assist"])
    graph.add_conditional_edges(
        "assist", lambda state: state["route"], [name for name in HANDLERS if name != "escalate"]
    )
    for route, handler in HANDLERS.items():
        graph.add_node(route, handler)
        graph.add_edge(route, END)
    return graph


def first_stop(state: State) -> str:
    """The node after the classification: a person at once, or the tools."""
    return "escalate" if state["route"] == "escalate" else "assist"


def parse(text: str) -> Reply:
    """The model's reply, strictly: one JSON object with a desk and a confidence in 0..1.

    Raises:
        ReplyError: it is anything else; the message says which field, and repeats none of its values.
    """
    try:
        return Reply.model_validate_json(text)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False, include_context=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "the whole reply"
        raise ReplyError(
            f"support_router: the model's reply ({len(text)} characters) is not the JSON object the routing guide asks "
            f"for, at {where}: {first['msg']}; check the guide's Reply section against this model"
        ) from None
