"""A graph in `src` layout, as a LangGraph project has it."""

from typing import TypedDict

from desk_agent.rules import desk_of
from langgraph.graph import END, START, StateGraph


class State(TypedDict, total=False):
    """A message in, a desk out."""

    message: str
    desk: str


def answer(state):
    """Name the desk."""
    return {"desk": desk_of(state["message"])}


def make_graph(config):
    """The graph."""
    return StateGraph(State).add_node("answer", answer).add_edge(START, "answer").add_edge("answer", END)
