"""The answerer: retrieve -> answer -> check.

    build("p1").compile().invoke({"question": "How high is the bonus?"})["citations"]     # ["hb-20"]

Without a passage the model is not asked: nothing is known, so the answer is null. A citation of a passage that was not
retrieved raises, as does a reply that is not the JSON the guide asks for.
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

from .contract import Input, Reply
from .retrieve import retrieve
from .rules import answer

PROMPTS = Path(__file__).parent / "prompts"


class ReplyError(DataError):
    """The model's reply is not the JSON object the handbook guide asks for."""


class InputState(TypedDict, total=False):
    """The fields of the contract's Input."""

    question: str
    customer_tier: str


class OutputState(TypedDict, total=False):
    """The fields of the contract's Output: what the graph returns."""

    answer: str | None
    citations: list[str]
    ids: list[str]
    passages: list[dict[str, str]]


class State(InputState, OutputState, total=False):
    """What travels along the edges: input, output and the model's raw reply."""

    reply: str


def build(
    prompt: str = "p1",
    model: str = "builtin",
    model_options: Mapping[str, Any] | None = None,
    passages: int = 2,
    title_weight: float = 0.0,
) -> StateGraph[State, None, InputState, OutputState]:
    """The answerer, uncompiled.

    Args:
        prompt: name of the guide, a file in `prompts/`.
        model: `builtin`, or a `provider:model` name.
        model_options: passed on to the provider; the built-in model has none.
        passages: how many are retrieved at most.
        title_weight: how much more a word of a passage's title counts.

    Raises:
        UsageError: there is no such guide; the message lists those there are.
    """
    names = sorted(path.stem for path in PROMPTS.glob("*.md"))
    guide = (PROMPTS / f"{one_of(prompt, names, 'handbook_answer prompt')}.md").read_text(encoding="utf-8")
    chat = chat_model(model, answer, **(model_options or {}))

    def find(state: State) -> State:
        given = Input.model_validate(dict(state))
        found = retrieve(given.question, passages, title_weight)
        return {"passages": found, "ids": [one["id"] for one in found]}

    def ask(state: State) -> State:
        shown = "\n".join(f"[{one['id']}] {one['text']}" for one in state["passages"])
        text = f"{shown}\n\nQuestion: {' '.join(state['question'].split())}"
        return {"reply": str(chat.invoke([SystemMessage(guide), HumanMessage(text)]).text)}

    graph = StateGraph(State, input_schema=InputState, output_schema=OutputState)
    graph.add_node("retrieve", find)
    graph.add_node("ask", ask)
    graph.add_node("check", check)
    graph.add_node("silent", silent)
    graph.add_edge(START, "retrieve")
    graph.add_conditional_edges("retrieve", lambda state: "ask" if state["passages"] else "silent", ["ask", "silent"])
    graph.add_edge("ask", "check")
    graph.add_edge("check", END)
    graph.add_edge("silent", END)
    return graph


def silent(state: State) -> State:
    """Null, where nothing was found."""
    return {"answer": None, "citations": []}


def check(state: State) -> State:
    """The model's reply as the output, strictly.

    Raises:
        ReplyError: it is no JSON object of an answer and citations, or cites a passage that was not retrieved; the
            message repeats nothing of the reply.
    """
    text = state["reply"]
    try:
        reply = Reply.model_validate_json(text)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False, include_context=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "the whole reply"
        raise ReplyError(
            f"handbook_answer: the model's reply ({len(text)} characters) is not the JSON object the handbook guide asks "
            f"for, at {where}: {first['msg']}; check the guide's Reply section against this model"
        ) from None
    if strange := set(reply.citations) - set(state["ids"]):
        raise ReplyError(f"handbook_answer: the answer cites {len(strange)} passages that were not retrieved")
    return {"answer": reply.answer, "citations": list(reply.citations)}
