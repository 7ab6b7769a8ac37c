"""Triage: read a customer's message, name the desk that answers it.

    build("p1").compile().invoke({"message": "I want my money back"})["desk"]        # refund

On a real model: add "model": "openai:gpt-4o-mini" to a version's config in graphs/registry.py.
"""

from __future__ import annotations

from pathlib import Path
from typing import TypedDict

from langchain_core.messages import HumanMessage, SystemMessage
from langgraph.graph import END, START, StateGraph

from seatrial.model import chat_model

from .rules import answer

PROMPTS = Path(__file__).parent / "prompts"


class State(TypedDict, total=False):
    """What travels along the edges."""

    message: str
    desk: str


def build(prompt: str = "p1", model: str = "builtin") -> StateGraph[State]:
    """The graph, uncompiled; seatrial compiles it."""
    guide = (PROMPTS / f"{prompt}.md").read_text(encoding="utf-8")
    chat = chat_model(model, answer)

    def classify(state: State) -> State:
        reply = chat.invoke([SystemMessage(guide), HumanMessage(state["message"])])
        return {"desk": reply.text.strip().lower()}

    graph = StateGraph(State)
    graph.add_node("classify", classify)
    graph.add_edge(START, "classify")
    graph.add_edge("classify", END)
    return graph
