"""The classifier graph: read -> classify -> check -> settle.

    build("p1").compile().invoke({"hq": "Cork, Munster"})["country"]     # IE

A model that is less sure than `UNSURE_UNDER` has not found a country: `settle` says null. A reply that is not the JSON
the guide asks for raises: a crash is an outcome, a guessed country would send somebody the wrong law.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypedDict
from unicodedata import normalize

from langchain_core.messages import HumanMessage, SystemMessage
from langgraph.graph import END, START, StateGraph
from pydantic import ValidationError

from seatrial.errors import DataError, one_of
from seatrial.model import chat_model

from .contract import UNSURE_UNDER, Input, Reply
from .rules import answer

PROMPTS = Path(__file__).parent / "prompts"


class ReplyError(DataError):
    """The model's reply is not the JSON object the country guide asks for."""


class InputState(TypedDict, total=False):
    """The fields of the contract's Input."""

    hq: str
    company: str
    phone_prefix: str
    domain: str
    note: str
    region: str | None


class OutputState(TypedDict, total=False):
    """The fields of the contract's Output: what the graph returns."""

    country: str | None
    confidence: float
    reasons: list[str]


class State(InputState, OutputState, total=False):
    """What travels along the edges: input, output, the text the model reads and its raw reply."""

    text: str
    reply: str


def build(
    prompt: str = "p1", model: str = "builtin", model_options: Mapping[str, Any] | None = None
) -> StateGraph[State, None, InputState, OutputState]:
    """The classifier, uncompiled.

    Args:
        prompt: name of the country guide, a file in `prompts/`.
        model: `builtin`, or a `provider:model` name.
        model_options: passed on to the provider, `{"temperature": 0}` say; the built-in model has none.

    Raises:
        UsageError: there is no such guide; the message lists those there are.
    """
    names = sorted(path.stem for path in PROMPTS.glob("*.md"))
    guide = (PROMPTS / f"{one_of(prompt, names, 'country_classify prompt')}.md").read_text(encoding="utf-8")
    chat = chat_model(model, answer, **(model_options or {}))

    def classify(state: State) -> State:
        return {"reply": str(chat.invoke([SystemMessage(guide), HumanMessage(state["text"])]).text)}

    graph = StateGraph(State, input_schema=InputState, output_schema=OutputState)
    graph.add_node("read", read)
    graph.add_node("classify", classify)
    graph.add_node("check", check)
    graph.add_node("settle", settle)
    graph.add_edge(START, "read")
    graph.add_edge("read", "classify")
    graph.add_edge("classify", "check")
    graph.add_edge("check", "settle")
    graph.add_edge("settle", END)
    return graph


def read(state: InputState) -> State:
    """The text the model reads: one line per field that holds something, white space folded, accents composed (NFC)."""
    given = Input.model_validate(dict(state)).model_dump(exclude={"region"})
    lines = (f"{name.replace('_', ' ').capitalize()}: {' '.join(value.split())}" for name, value in given.items())
    return {"text": normalize("NFC", "\n".join(line for line in lines if not line.endswith(": ")))}


def check(state: State) -> State:
    """The model's reply as the output, strictly.

    Raises:
        ReplyError: it is no JSON object with a country code or null, a confidence in 0..1 and reasons; the message
            says where, and repeats nothing of the reply.
    """
    text = state["reply"]
    try:
        reply = Reply.model_validate_json(text)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False, include_context=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "the whole reply"
        raise ReplyError(
            f"country_classify: the model's reply ({len(text)} characters) is not the JSON object the country guide "
            f"asks for, at {where}: {first['msg']}; check the guide's Reply section against this model"
        ) from None
    return {"country": reply.country, "confidence": reply.confidence, "reasons": list(reply.reasons)}


def settle(state: State) -> State:
    """Null instead of a country the model is not sure enough of; the confidence and the reasons stay."""
    return {"country": state["country"] if state["confidence"] >= UNSURE_UNDER else None}
