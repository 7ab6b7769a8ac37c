"""Meter: whose call a model call is: of its node, and of the tool it was made in."""

from __future__ import annotations

import asyncio
from typing import Any, TypedDict

import pytest
from langchain_core.runnables import RunnableLambda
from langchain_core.tools import tool
from langgraph.graph import START, StateGraph

from seatrial.model import RuleModel
from seatrial.serve.meter import Meter


class State(TypedDict, total=False):
    text: str


MODEL = RuleModel(answer=lambda system, user: "a b c")


@tool
def look_up(question: str) -> str:
    """Ask a model, by itself and inside a chain."""
    chain = RunnableLambda(str) | MODEL
    return str(chain.invoke(question).text) + str(MODEL.invoke(question).text)


@tool
def outer(question: str) -> str:
    """Call another tool, then a model."""
    look_up.invoke({"question": question})
    return str(MODEL.invoke(question).text)


def agent(state: State) -> State:
    MODEL.invoke(state["text"])
    outer.invoke({"question": "x y"})
    MODEL.invoke(state["text"])
    return {"text": "done"}


@pytest.mark.parametrize("way", ["thread", "task"])
def test_a_call_belongs_to_the_innermost_tool_it_was_made_in(way: str) -> None:
    graph: Any = StateGraph(State).add_node("agent", agent).add_edge(START, "agent").compile()
    meter = Meter()
    given, config = {"text": "hi"}, {"callbacks": [meter]}
    if way == "thread":
        graph.invoke(given, config)
    else:
        asyncio.run(graph.ainvoke(given, config))
    assert [(one.node, one.tool, one.input_tokens) for one in meter.calls] == [
        ("agent", "", 1),
        ("agent", "look_up", 2),
        ("agent", "look_up", 2),
        ("agent", "outer", 2),
        ("agent", "", 1),
    ]
