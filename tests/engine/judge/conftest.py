"""A judge, a loopback model server that answers as a test says, and a project with two runs to compare."""

from __future__ import annotations

import json
import socket
from pathlib import Path
from typing import Any

import pytest

from seatrial.judge.spec import read_judge
from seatrial.testing import OpenAIServer

from .asking import TEMPLATE, prefers


@pytest.fixture(autouse=True)
def _loopback_only(monkeypatch):
    for name in ("ANTHROPIC_API_KEY", "LLM_KILL_SWITCH", "EVAL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("OPENAI_API_KEY", "test")
    monkeypatch.setenv("LANGSMITH_TRACING", "false")
    connect = socket.socket.connect

    def guarded(self: socket.socket, address: Any) -> None:
        assert address[0] in ("127.0.0.1", "::1"), f"a test reached out to {address}"
        connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", guarded)


@pytest.fixture
def judges(tmp_path):
    """`judges(url, **keys)` writes a judge and reads it."""

    def make(url: str = "", template: str = TEMPLATE, name: str = "helpful", **keys: Any):
        folder = tmp_path / "judges"
        folder.mkdir(exist_ok=True)
        version = keys.pop("version", 1)
        (folder / f"{name}.v{version}.md").write_text(template, encoding="utf-8")
        tables = {key: keys.pop(key) for key in ("price", "parameters") if key in keys}
        examples = keys.pop("example", [])
        lines = [f"version = {version}", *(f"{key} = {json.dumps(value)}" for key, value in keys.items())]
        if "model" not in keys:
            lines.append('model = "openai:gpt-4o-mini"')
        parameters = {**({"base_url": url} if url else {}), **tables.pop("parameters", {})}
        for table, values in {**tables, "parameters": parameters}.items():
            lines += [f"[{table}]", *(f"{key} = {json.dumps(value)}" for key, value in values.items())]
        for one in examples:
            lines += ["[[example]]", *(f"{key} = {json.dumps(value)}" for key, value in one.items())]
        (folder / f"{name}.toml").write_text("\n".join(lines) + "\n", encoding="utf-8")
        return read_judge(tmp_path, name)

    return make


@pytest.fixture
def server():
    with OpenAIServer(prefers("good")) as running:
        yield running


REGISTRY = """
from seatrial.graph.spec import GraphSpec, Version, fleet

VERSIONS = (
    Version("v1", {"style": "bad"}),
    Version("v2", {"style": "good"}),
    Version("same", {"style": "bad"}),
    Version("constant", {"style": "constant"}),
    Version("crash", {"style": "crash"}),
    Version("kin", {"style": "good"}, family="openai"),
    Version("stranger", {"style": "good"}, family="unknown"),
)
GRAPHS = fleet(GraphSpec("desk", module="graphs.desk", family="rules", versions=VERSIONS, current="v1"))
"""
GRAPH = """
from typing import TypedDict

from langgraph.graph import END, START, StateGraph


class State(TypedDict, total=False):
    n: int
    tier: str
    answer: str


def build(style="bad"):
    def think(state: State) -> State:
        if style == "crash" and state["n"] < 4:
            raise RuntimeError("no answer")
        return {"answer": style if style == "constant" else f"a {style} answer to {state['n']}"}

    return StateGraph(State).add_node("think", think).add_edge(START, "think").add_edge("think", END)
"""
EVALUATORS = """
def answered(run, example):
    return bool(run.outputs["answer"])


SUITES = {"desk": (answered,)}
"""
SEGMENTS = """
version = 1
[dimension.tier]
field = "inputs.tier"
values = ["free", "enterprise"]
critical = ["enterprise"]
"""
PYPROJECT = """
[tool.seatrial]
fleet = "house"
segments = "datasets/segments.toml"
[tool.seatrial.model]
patience_s = 2
attempts = 2
"""


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A project of 20 examples; `project(*versions)` runs them, and the folder is the current one."""
    files = {
        "pyproject.toml": PYPROJECT,
        "graphs/__init__.py": "",
        "graphs/registry.py": REGISTRY,
        "graphs/desk.py": GRAPH,
        "evaluators/__init__.py": EVALUATORS,
        "datasets/segments.toml": SEGMENTS,
        "datasets/desk/golden.jsonl": "".join(
            json.dumps(
                {
                    "id": f"e{i:02}",
                    "inputs": {"n": i, "tier": "enterprise" if i % 2 else "free"},
                    "outputs": {"answer": f"right {i}"},
                }
            )
            + "\n"
            for i in range(20)
        ),
    }
    for name, text in files.items():
        file = Path(tmp_path, name)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    monkeypatch.chdir(tmp_path)

    def evaluated(*versions: str) -> Path:
        from seatrial.cli.app import run  # noqa: PLC0415

        for version in versions:
            assert run(["eval", f"desk@{version}", "--json"]) in (0, 2)
        return tmp_path

    return evaluated
