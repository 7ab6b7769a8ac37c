"""What the fields of a run request do to a graph that reads its context, its config and a subgraph."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Any

import httpx
import pytest

from seatrial.serve.fields import ACTS

REGISTRY = """
from seatrial.graph.spec import GraphSpec, fleet

GRAPHS = fleet(
    GraphSpec("echo", module="graphs.reads", resumable=True, configurable={"extra": "registry", "own": "registry"}),
)
"""
GRAPH = """
from typing import TypedDict

from langchain_core.runnables import RunnableConfig
from langgraph.graph import START, StateGraph
from langgraph.runtime import Runtime


class Context(TypedDict, total=False):
    tone: str


class State(TypedDict, total=False):
    text: str
    said: str
    n: int


def build():
    def deep(state):
        return {"n": state.get("n", 0) + 1}

    def node(state: State, runtime: Runtime[Context], config: RunnableConfig):
        found = config["configurable"]
        tags = [tag for tag in config.get("tags", []) if ":" not in tag]
        return {"said": f"{(runtime.context or {}).get('tone')} {found.get('extra')} {found.get('own')} {tags}"}

    below = StateGraph(State).add_node("deep", deep).add_edge(START, "deep").compile()
    graph = StateGraph(State, context_schema=Context).add_node("node", node).add_node("below", below)
    return graph.add_edge(START, "node").add_edge("node", "below")
"""


@pytest.fixture(scope="module")
def reads(tmp_path_factory: pytest.TempPathFactory, serving: Any) -> Any:
    root = tmp_path_factory.mktemp("reads")
    (root / "graphs").mkdir()
    (root / "graphs/registry.py").write_text(REGISTRY)
    (root / "graphs/reads.py").write_text(GRAPH)
    with serving(root) as (_, address), httpx.Client(base_url=address, timeout=60) as client:
        yield client


def test_context_configurable_and_tags_reach_the_graph_over_the_registrys(reads: Any) -> None:
    config = {"configurable": {"extra": "request"}, "tags": ["mine"]}
    body = {"assistant_id": "echo", "input": {"text": "x"}, "context": {"tone": "kind"}, "config": config}
    assert reads.post("/runs/wait", json=body).json()["said"] == "kind request registry ['mine']"
    plain = {"assistant_id": "echo", "input": {"text": "x"}}
    assert reads.post("/runs/wait", json=plain).json()["said"] == "None registry registry []"


def test_a_checkpoint_is_gone_on_from_and_subgraphs_are_streamed(reads: Any) -> None:
    body = {"assistant_id": "echo", "input": {"text": "x"}, "if_not_exists": "create"}
    assert reads.post("/threads/acts/runs/wait", json=body).json()["n"] == 1
    first = reads.get("/threads/acts/history").json()
    at = next(one["checkpoint"]["checkpoint_id"] for one in first if one["next"] == ["below"])
    for given in ({"checkpoint": {"checkpoint_id": at}}, {"checkpoint_id": at}):
        assert reads.post("/threads/acts/runs/wait", json={"assistant_id": "echo", **given}).json()["n"] == 1
    streamed = {**body, "stream_mode": ["updates"], "stream_subgraphs": True}
    assert "event: updates|below:" in reads.post("/threads/acts/runs/stream", json=streamed).text
    streamed["stream_subgraphs"] = False
    assert "event: updates|" not in reads.post("/threads/acts/runs/stream", json=streamed).text


def test_a_query_parameter_does_not_act_and_is_named(reads: Any) -> None:
    found = reads.post("/runs/wait?wait=1", json={"assistant_id": "echo", "input": {"text": "x"}})
    assert (found.status_code, found.json()["type"], found.json()["param"]) == (422, "unsupported_field", "wait")


def test_every_field_that_acts_is_sent_by_a_test() -> None:
    """A field of a newer client has to be listed (test_client.py), and one that is listed has to be sent."""
    sent: set[str] = set()
    for file in (Path(__file__), Path(__file__).with_name("test_fields.py")):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Call):
                sent |= {keyword.arg for keyword in node.keywords if keyword.arg}
            elif isinstance(node, ast.Dict):
                sent |= {key.value for key in node.keys if isinstance(key, ast.Constant) and isinstance(key.value, str)}
    assert set(ACTS) <= sent
