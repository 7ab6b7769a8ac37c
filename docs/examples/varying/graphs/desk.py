"""A pretended model: every tenth ticket is a coin, and v2 has one bad day, that of its first evaluation."""

from collections import Counter
from pathlib import Path
from typing import TypedDict

from langgraph.graph import END, START, StateGraph

DAY = len(list(Path(".seatrial/runs").glob("*/evidence.parquet")))
FIRST = not list(Path(".seatrial/runs").glob("*-desk-v2-*/evidence.parquet"))
CALLS: Counter[tuple[bool, int]] = Counter()


class State(TypedDict, total=False):
    """One ticket: its number and its customer's tier in, a label out."""

    n: int
    tier: str
    label: str


def build(unlucky: bool = False) -> StateGraph:
    """The graph of one version."""

    def decide(state: State) -> State:
        n = state["n"]
        CALLS[unlucky, n] += 1
        coin = n % 10 == 0 and (CALLS[unlucky, n] + DAY + n // 10) % 2 == 0
        bad_day = unlucky and FIRST and n % 2 == 1 and n < 20
        return {"label": "wrong" if coin or bad_day else "right"}

    return StateGraph(State).add_node("decide", decide).add_edge(START, "decide").add_edge("decide", END)
