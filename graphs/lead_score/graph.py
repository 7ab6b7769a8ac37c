"""The scorer graph: read -> score -> check -> place.

    build("p1").compile().invoke({"title": "COO", "source": "referral", "message": "A quote, please"})["band"]     # hot

The model gives a score, a propensity and its reasons; which bands these are stands in the contract and is no matter of opinion. A reply
that is not the JSON the guide asks for raises: a crash is an outcome, a guessed score would be a wrong number.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypedDict

from langchain_core.messages import HumanMessage, SystemMessage
from langgraph.graph import END, START, StateGraph
from pydantic import ValidationError

from seatrial.errors import DataError, one_of
from seatrial.model import chat_model

from .contract import Input, Reply, band_of, propensity_band_of
from .rules import answer

PROMPTS = Path(__file__).parent / "prompts"


class ReplyError(DataError):
    """The model's reply is not the JSON object the scoring guide asks for."""


class InputState(TypedDict, total=False):
    """The fields of the contract's Input."""

    title: str
    company_size: int | None
    source: str
    pages_viewed: int
    emails_opened: int
    days_since_contact: int
    message: str
    region: str | None


class OutputState(TypedDict, total=False):
    """The fields of the contract's Output: what the graph returns."""

    score: int
    band: str
    propensity: float
    propensity_band: str
    reasons: list[str]


class State(InputState, OutputState, total=False):
    """What travels along the edges: input, output, the text the model reads and its raw reply."""

    text: str
    reply: str


def build(
    prompt: str = "p1", model: str = "builtin", model_options: Mapping[str, Any] | None = None
) -> StateGraph[State, None, InputState, OutputState]:
    """The scorer, uncompiled.

    Args:
        prompt: name of the scoring guide, a file in `prompts/`.
        model: `builtin`, or a `provider:model` name.
        model_options: passed on to the provider, `{"temperature": 0}` say; the built-in model has none.

    Raises:
        UsageError: there is no such guide; the message lists those there are.
    """
    names = sorted(path.stem for path in PROMPTS.glob("*.md"))
    guide = (PROMPTS / f"{one_of(prompt, names, 'lead_score prompt')}.md").read_text(encoding="utf-8")
    chat = chat_model(model, answer, **(model_options or {}))

    def score(state: State) -> State:
        return {"reply": str(chat.invoke([SystemMessage(guide), HumanMessage(state["text"])]).text)}

    graph = StateGraph(State, input_schema=InputState, output_schema=OutputState)
    graph.add_node("read", read)
    graph.add_node("score_lead", score)
    graph.add_node("check", check)
    graph.add_node("place", place)
    graph.add_edge(START, "read")
    graph.add_edge("read", "score_lead")
    graph.add_edge("score_lead", "check")
    graph.add_edge("check", "place")
    graph.add_edge("place", END)
    return graph


def read(state: InputState) -> State:
    """The text the model reads: one line per fact, `-` where nothing is known, then what the lead wrote."""
    facts = Input.model_validate(dict(state)).model_dump(exclude={"region"})
    message = facts.pop("message").strip()
    lines = [
        f"{name.replace('_', ' ').capitalize()}: {'-' if value in (None, '') else value}"
        for name, value in facts.items()
    ]
    return {"text": "\n".join([*lines, "", message])}


def check(state: State) -> State:
    """The model's reply as the output, strictly.

    Raises:
        ReplyError: it is no JSON object with a whole score in 0..100, a propensity in 0..1 and reasons; the message says where, and repeats
            nothing of the reply.
    """
    text = state["reply"]
    try:
        reply = Reply.model_validate_json(text)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False, include_context=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "the whole reply"
        raise ReplyError(
            f"lead_score: the model's reply ({len(text)} characters) is not the JSON object the scoring guide asks "
            f"for, at {where}: {first['msg']}; check the guide's Reply section against this model"
        ) from None
    return {"score": reply.score, "propensity": reply.propensity, "reasons": list(reply.reasons)}


def place(state: State) -> State:
    """The bands that the score and the propensity fall into."""
    return {"band": band_of(state["score"]), "propensity_band": propensity_band_of(state["propensity"])}
