"""The classifier graph: normalise -> classify -> check.

    build("p1").compile().invoke({"subject": "Re: quick one", "body": "Tell me more."})["label"]     # interested

A reply that is not the JSON the guide asks for, or names an unknown label, raises: a crash is an outcome, a guessed
label would be a wrong number.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypedDict
from unicodedata import normalize

from langchain_core.language_models.chat_models import BaseChatModel
from langchain_core.messages import HumanMessage, SystemMessage
from langgraph.graph import END, START, StateGraph
from pydantic import ValidationError

from seatrial.errors import DataError, one_of
from seatrial.model import chat_model

from .contract import Input, Output, Reply
from .rules import answer
from .written import written

PROMPTS = Path(__file__).parent / "prompts"


class ReplyError(DataError):
    """The model's reply is not the JSON object the label guide asks for."""


class State(TypedDict, total=False):
    """What travels along the edges: the input, the text the model reads, its raw reply, the output."""

    subject: str
    body: str
    from_domain: str | None
    customer_tier: str
    text: str
    reply: str
    label: str
    confidence: float
    reasons: list[str]


def build(
    prompt: str = "p1", model: str = "builtin", model_options: Mapping[str, Any] | None = None
) -> StateGraph[State, None, Input, Output]:
    """The classifier, uncompiled.

    Args:
        prompt: name of the label guide, a file in `prompts/`.
        model: `builtin`, or a `provider:model` name.
        model_options: passed on to the provider, `{"temperature": 0}` say; the built-in model has none.

    Raises:
        UsageError: there is no such guide; the message lists those there are.
    """
    names = sorted(path.stem for path in PROMPTS.glob("*.md"))
    guide = (PROMPTS / f"{one_of(prompt, names, 'email_classify prompt')}.md").read_text(encoding="utf-8")
    return around(chat_model(model, answer, **(model_options or {})), guide)


def around(chat: BaseChatModel, guide: str) -> StateGraph[State, None, Input, Output]:
    """The same graph around any chat model and any label guide."""

    def classify(state: State) -> State:
        return {"reply": str(chat.invoke([SystemMessage(guide), HumanMessage(state["text"])]).text)}

    graph = StateGraph(State, input_schema=Input, output_schema=Output)
    graph.add_node("normalise", normalise)
    graph.add_node("classify", classify)
    graph.add_node("check", check)
    graph.add_edge(START, "normalise")
    graph.add_edge("normalise", "classify")
    graph.add_edge("classify", "check")
    graph.add_edge("check", END)
    return graph


def normalise(state: Input) -> State:
    """The text the model reads: subject, sender's domain, and what the sender wrote; accents composed (NFC)."""
    sender = f"From domain: {state.from_domain}\n" if state.from_domain else ""
    return {"text": normalize("NFC", f"Subject: {state.subject}\n{sender}\n{written(state.body)}")}


def check(state: State) -> State:
    """The model's reply as the output, strictly.

    Raises:
        ReplyError: it is no JSON object with a known label, a confidence in 0..1 and reasons; the message says where,
            and repeats nothing of the reply.
    """
    text = state["reply"]
    try:
        reply = Reply.model_validate_json(text)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False, include_context=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "the whole reply"
        raise ReplyError(
            f"email_classify: the model's reply ({len(text)} characters) is not the JSON object the label guide "
            f"asks for, at {where}: {first['msg']}; check the guide's Reply section against this model"
        ) from None
    return {"label": reply.label, "confidence": reply.confidence, "reasons": list(reply.reasons)}
