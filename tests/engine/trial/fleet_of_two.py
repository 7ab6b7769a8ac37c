"""A project of two graphs of rules, written to a folder: small enough to be run many times, and told by its environment to crash."""

import json

REGISTRY = """
from seatrial.graph.spec import GraphSpec, Version, fleet

VERSIONS = (Version("v1"), Version("v2", {"style": "new"}))
GRAPHS = fleet(
    GraphSpec("desk", module="graphs.desk", family="rules", versions=VERSIONS, current="v1"),
    GraphSpec("shop", module="graphs.shop", family="rules", versions=VERSIONS, current="v1"),
)
"""
GRAPH = """
import os
from typing import TypedDict

from langgraph.graph import END, START, StateGraph


class State(TypedDict, total=False):
    n: int
    answer: str


def build(style="old"):
    def answer(state):
        crashes = os.environ.get("DESK_CRASHES", "nowhere") if style == "new" else "nowhere"
        if crashes == "everywhere" or (crashes == "half" and state["n"] % 2):
            raise KeyError("DESK_KEY")
        return {"answer": str(state["n"])}

    return StateGraph(State).add_node("answer", answer).add_edge(START, "answer").add_edge("answer", END)
"""
EVALUATORS = """
from .right import right

SUITES = {"desk": (right,), "shop": (right,)}
"""
RIGHT = """
def right(run, example):
    return run.outputs["answer"] == example.outputs["answer"]
"""
SEGMENTS = """
version = 1
[dimension.size]
field = "inputs.size"
values = ["low", "high"]
critical = ["high"]
"""
POLICY = """
schema = "seatrial/policy/1"
[key.right]
primary = true
"""
ROW = """
[[tool.seatrial.trial]]
graph = "{graph}"
baseline = "v1"
candidate = "v2"
policy = "{policy}"
"""
EXAMPLES = 50


def write(root):
    """Write the project: `desk` under gates/desk.toml, `shop` under gates/shop.toml."""
    for folder in ("graphs", "evaluators", "datasets/desk", "datasets/shop", "gates"):
        (root / folder).mkdir(parents=True)
    (root / "graphs/registry.py").write_text(REGISTRY)
    (root / "evaluators/__init__.py").write_text(EVALUATORS)
    (root / "evaluators/right.py").write_text(RIGHT)
    (root / "datasets/segments.toml").write_text(SEGMENTS)
    settings = '[tool.seatrial]\nfleet = "two"\nmlflow = "never"\nsegments = "datasets/segments.toml"\n'
    for graph in ("desk", "shop"):
        (root / f"graphs/{graph}.py").write_text(GRAPH)
        (root / f"gates/{graph}.toml").write_text(POLICY)
        settings += ROW.format(graph=graph, policy=f"gates/{graph}.toml")
        (root / f"datasets/{graph}/golden.jsonl").write_text("".join(map(example, range(EXAMPLES))))
    (root / "pyproject.toml").write_text(settings)
    return root


def example(n):
    """One line of the dataset."""
    size = "low" if n < EXAMPLES // 2 else "high"
    return json.dumps({"id": f"e{n:03}", "inputs": {"n": n, "size": size}, "outputs": {"answer": str(n)}}) + "\n"
