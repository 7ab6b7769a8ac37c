"""A small project on a pretended model: its answers depend on how often it was asked, so every test knows them all."""

import json

import pytest

REGISTRY = """
from seatrial.graph.spec import GraphSpec, Version, fleet

VERSIONS = (
    Version("v1"),
    Version("unlucky", {"style": "unlucky"}),
    Version("worse", {"style": "worse"}),
    Version("same", {"style": "same"}),
)
GRAPHS = fleet(
    GraphSpec("oracle", module="graphs.oracle", family="pretended", versions=VERSIONS, current="v1"),
    GraphSpec("rules", module="graphs.oracle", family="rules", versions=VERSIONS, current="v1"),
)
"""
ORACLE = """
from collections import Counter
from typing import TypedDict

from langgraph.graph import END, START, StateGraph

ASKED = Counter()
ORDER = []


class State(TypedDict, total=False):
    n: int
    tier: str
    answer: str


def build(style="v1"):
    def think(state: State) -> State:
        n = state["n"]
        ASKED[style, n] += 1
        if not ORDER or ORDER[-1] != style:
            ORDER.append(style)
        if n == 119:  # a coin, whoever is asked
            return {"answer": "right" if ASKED[style, n] % 2 else "wrong"}
        if n < 12 and (style == "worse" or (style == "unlucky" and ASKED[style, n] == 1)):
            return {"answer": "wrong"}
        return {"answer": "right"}

    return StateGraph(State).add_node("think", think).add_edge(START, "think").add_edge("think", END)
"""
EVALUATORS = """
def right(run, example):
    return run.outputs["answer"] == "right"


SUITES = {"oracle": (right,), "rules": (right,)}
"""
PYPROJECT = """
[tool.seatrial]
fleet = "temple"
segments = "datasets/segments.toml"
"""
ROW = """
[[tool.seatrial.trial]]
graph = "oracle"
baseline = "v1"
candidate = "{candidate}"
policy = "gates/merge.toml"
"""
SEGMENTS = """
version = 1
[dimension.tier]
field = "inputs.tier"
values = ["free", "enterprise"]
critical = ["enterprise"]
"""
POLICY = """
schema = "seatrial/policy/1"
[key.right]
primary = true
"""


@pytest.fixture
def project(tmp_path, monkeypatch):
    """Write the project, stand in it, and return its folder; examples 0 to 59 are enterprise, 60 to 119 are free."""
    for folder in ("graphs", "evaluators", "datasets/oracle", "datasets/rules", "gates"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "graphs/registry.py").write_text(REGISTRY)
    (tmp_path / "graphs/oracle.py").write_text(ORACLE)
    (tmp_path / "evaluators/__init__.py").write_text(EVALUATORS)
    (tmp_path / "datasets/segments.toml").write_text(SEGMENTS)
    (tmp_path / "gates/merge.toml").write_text(POLICY)
    (tmp_path / "pyproject.toml").write_text(PYPROJECT + ROW.format(candidate="unlucky"))
    rows = [{"id": f"q{n:03}", "inputs": {"n": n, "tier": "enterprise" if n < 60 else "free"}} for n in range(120)]
    for graph in ("oracle", "rules"):
        (tmp_path / f"datasets/{graph}/golden.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("GITHUB_STEP_SUMMARY", raising=False)
    return tmp_path
