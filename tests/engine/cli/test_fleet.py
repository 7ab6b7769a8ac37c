"""`seatrial fleet`: the table, the pins of prompts, and langgraph.json as LangGraph loads it."""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from seatrial.cli.app import run
from seatrial.project import open_project
from seatrial.trial.code_hash import code_hash
from seatrial.trial.evaluate import evaluate

ROOT = Path(__file__).resolve().parents[3]
REGISTRY = """
from seatrial.graph.spec import GraphSpec, Version, fleet

VERSIONS = (Version("v1", {"prompt": "p1"}), Version("v2", {"prompt": "p2"}), Version("v3", {"prompt": "several"}))
GRAPHS = fleet(
    GraphSpec("desk", module="graphs.desk.graph", family="rules", owner="ada", versions=VERSIONS, current="v1"),
    GraphSpec("support-router", module="graphs.other.graph", family="rules", resumable=True),
)
"""
GRAPH = """
from pathlib import Path
from typing import TypedDict

from langgraph.graph import START, StateGraph

from .words import shout


class State(TypedDict, total=False):
    text: str
    label: str


def build(prompt="p1"):
    def node(state: State) -> State:
        return {"label": shout(prompt)}

    return StateGraph(State).add_node("node", node).add_edge(START, "node")
"""
FILES = {
    "pyproject.toml": '[tool.seatrial]\nfleet = "t"\n',
    "graphs/__init__.py": "",
    "graphs/registry.py": REGISTRY,
    **{
        f"graphs/{name}/{file}": text
        for name in ("desk", "other")
        for file, text in (("__init__.py", ""), ("graph.py", GRAPH), ("words.py", "shout = str.upper\n"))
    },
    "graphs/desk/prompts/p1.md": "Be brief.\n",
    "graphs/desk/prompts/p2.md": "Be kind.\n",
    "graphs/desk/prompts/several/system.md": "You route.\n",
    "graphs/desk/prompts/several/user.md": "{text}\n",
    "evaluators/__init__.py": 'SUITES = {"desk": (lambda run, example: True,)}\n',
    "datasets/desk/golden.jsonl": '{"id": "a", "inputs": {"text": "x"}}\n',
}


@pytest.fixture
def project(tmp_path, monkeypatch):
    for name, text in FILES.items():
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(text.encode())
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_list_has_a_feature_and_an_owner_for_every_graph(project, capsys) -> None:
    assert run(["fleet", "list", "--json"]) == 0
    first, second = json.loads(capsys.readouterr().out)["graphs"]
    assert (first["feature"], first["owner"], first["side_effects"]) == ("desk", "ada", None)
    assert (second["feature"], second["owner"], second["pool"]) == ("support-router", "unknown", "default")
    assert first["families"] == {"v1": "rules", "v2": "rules", "v3": "rules"}


def test_pin_writes_the_sha256_of_each_prompt_version(project, capsys) -> None:
    assert run(["fleet", "pin", "--json"]) == 0
    first, second = json.loads(capsys.readouterr().out)["graphs"]
    assert first["changed"] == ["p1", "p2", "several"]
    assert first["pins"]["p1"] == hashlib.sha256(b"Be brief.\n").hexdigest()
    assert second == {"graph": "support-router", "changed": [], "pins": {}}
    before = (project / "graphs/desk/prompts.toml").read_text()
    assert run(["fleet", "pin"]) == 0
    assert "desk: 3 prompts, nothing new" in capsys.readouterr().out
    assert (project / "graphs/desk/prompts.toml").read_text() == before


@pytest.mark.parametrize(
    ("file", "version", "name"),
    [("p1.md", "v1", "p1"), ("several/user.md", "v3", "several")],
)
def test_a_prompt_edited_under_its_name_is_refused_before_anything_runs(project, capsys, file, version, name) -> None:
    assert run(["fleet", "pin"]) == 0
    (project / "graphs/desk/prompts" / file).write_text("Be long.\n")
    assert run(["eval", f"desk@{version}"]) == 3
    assert f"prompt '{name}' of graph 'desk' was edited under its name" in capsys.readouterr().err
    assert not (project / ".seatrial/runs").exists()
    assert run(["fleet", "check"]) == 2
    assert f"✕ desk: prompt '{name}' of graph 'desk' was edited" in capsys.readouterr().out
    assert run(["fleet", "pin"]) == 3
    assert run(["eval", "desk@v2"]) == 0  # another version's prompt is what it was
    capsys.readouterr()
    assert run(["fleet", "pin", "desk", "--replace", name]) == 0
    assert run(["eval", f"desk@{version}"]) == 0


def test_a_checkout_with_other_line_ends_is_the_same_prompt(project) -> None:
    assert run(["fleet", "pin"]) == 0
    (project / "graphs/desk/prompts/p1.md").write_bytes(b"Be brief.\r\n")
    assert run(["eval", "desk"]) == 0


@pytest.mark.parametrize("text", ['p1 = "abc"\n', "p1 = 5\n", "p1 =\n"])
def test_pins_that_are_none_are_refused(project, capsys, text) -> None:
    (project / "graphs/desk/prompts.toml").write_text(text)
    assert run(["eval", "desk"]) == 3
    assert "prompts.toml" in capsys.readouterr().err


def test_only_a_graphs_own_prompts_are_replaced(project, capsys) -> None:
    assert run(["fleet", "pin", "--replace", "p1"]) == 3
    assert run(["fleet", "pin", "desk", "--replace", "p9"]) == 3
    assert "graph 'desk' has no prompt 'p9'; it has: p1, p2, several" in capsys.readouterr().err


def test_pinning_changes_no_version_and_evidence_names_the_text(project) -> None:

    found = open_project(project)
    before = code_hash(found, "desk", "v1")
    assert run(["fleet", "pin"]) == 0
    assert code_hash(found, "desk", "v1") == before
    (row,) = pq.read_table(evaluate(found, "desk").run_dir / "evidence.parquet").to_pylist()
    assert (row["prompt_version"], row["prompt_hash"]) == ("p1", hashlib.sha256(b"Be brief.\n").hexdigest())


def by_path(file: Path, attribute: str):
    """As LangGraph's server loads a graph: the file by its path, under a name of the server's own."""
    spec = importlib.util.spec_from_file_location("loaded_by_path", file)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    try:
        spec.loader.exec_module(module)
    finally:
        del sys.modules[spec.name]
    return getattr(module, attribute)


def test_langgraph_json_names_every_graph_and_loads_by_path(project, capsys) -> None:
    assert run(["fleet", "langgraph-json", "--check"]) == 2
    assert run(["fleet", "langgraph-json"]) == 0
    assert run(["fleet", "langgraph-json", "--check"]) == 0
    found = json.loads((project / "langgraph.json").read_text())
    assert list(found["graphs"]) == ["desk", "support-router"]
    for path in found["graphs"].values():
        file, _, attribute = path.rpartition(":")
        graph = by_path(project / file, attribute)()
        assert graph.invoke({"text": "x"})["label"] == "P1"
        assert graph.checkpointer is None  # the server has its own


def test_what_else_langgraph_json_says_stays_and_graphs_of_its_own_are_not_overwritten(project, capsys) -> None:
    file = project / "langgraph.json"
    assert run(["fleet", "langgraph-json"]) == 0
    file.write_text(json.dumps({**json.loads(file.read_text()), "env": ".env", "graphs": {}}))
    assert run(["fleet", "langgraph-json"]) == 0
    assert json.loads(file.read_text())["env"] == ".env"
    theirs = json.dumps({"graphs": {"agent": "./src/agent.py:graph"}})
    file.write_text(theirs)
    assert run(["fleet", "langgraph-json"]) == 3
    assert "names graphs of its own (agent); nothing was written" in capsys.readouterr().err
    assert file.read_text() == theirs
    assert run(["fleet", "langgraph-json", "-o", "fleet.json"]) == 0
    assert "desk" in json.loads((project / "fleet.json").read_text())["graphs"]


def test_the_reference_fleets_langgraph_json_is_current(monkeypatch) -> None:
    monkeypatch.chdir(ROOT)
    assert run(["fleet", "langgraph-json", "--check"]) == 0


LOADER = """
import asyncio
from langgraph_api import graph

async def main():
    await graph.collect_graphs_from_env(True)
    for name in sorted(graph.GRAPHS):
        async with graph.get_graph(name, {"configurable": {}}, store=None, access_context="threads.create_run") as found:
            print(name, (await found.ainvoke({"text": "x"}))["label"])

asyncio.run(main())
"""
IN_MEMORY = {
    "DATABASE_URI": ":memory:",
    "REDIS_URI": "fake",
    "MIGRATIONS_PATH": "__inmem",
    "LANGGRAPH_RUNTIME_EDITION": "inmem",
    "LANGSMITH_LANGGRAPH_API_VARIANT": "local_dev",
    "LANGSMITH_TRACING": "false",
}


def test_langgraphs_own_loader_takes_the_file(project) -> None:
    if importlib.util.find_spec("langgraph_api") is None:
        pytest.skip("langgraph-api is not installed; its way of loading is played above")
    assert run(["fleet", "langgraph-json"]) == 0
    graphs = json.dumps(json.loads((project / "langgraph.json").read_text())["graphs"])
    environ = {**os.environ, **IN_MEMORY, "LANGSERVE_GRAPHS": graphs}
    done = subprocess.run(
        [sys.executable, "-c", LOADER], cwd=project, env=environ, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.endswith("desk P1\nsupport-router P1\n")


ROUTER = """
from typing import TypedDict

from langgraph.graph import END, START, StateGraph


class State(TypedDict, total=False):
    text: str
    label: str


def build(prompt="p1"):
    graph = StateGraph(State)
    graph.add_node("read", lambda state: {})
    graph.add_node("answer", lambda state: {"label": "x"})
    graph.add_node("escalate", lambda state: {"label": "y"})
    graph.add_edge(START, "read")
    graph.add_conditional_edges("read", lambda state: state["text"], {"x": "answer", "y": "escalate"})
    graph.add_edge("answer", END)
    graph.add_edge("escalate", END)
    return graph
"""


def test_coverage_names_what_no_example_reaches_from_stored_runs_or_by_running(project, capsys) -> None:
    (project / "graphs/desk/graph.py").write_text(ROUTER)
    assert run(["fleet", "coverage", "desk", "--stored"]) == 3
    assert "no finished run of desk@v1" in capsys.readouterr().err
    assert run(["fleet", "coverage", "desk", "--json"]) == 0
    first = json.loads(capsys.readouterr().out)
    assert (first["fresh"], first["missed_nodes"]) == (True, ["escalate"])
    assert first["missed_edges"] == [["read", "escalate"], ["escalate", "__end__"]]
    assert run(["fleet", "coverage", "desk", "-o", "coverage.json"]) == 0
    out = capsys.readouterr().out
    assert "desk@v1 on t:desk:golden: 2 of 3 nodes and 3 of 5 edges reached, 1 run" in out
    assert "  no example reaches node  escalate" in out
    assert "  no example takes edge    read -> escalate (conditional)" in out
    second = json.loads((project / "coverage.json").read_text())
    assert (second["fresh"], second["run_id"]) == (False, first["run_id"])
    (project / "datasets/desk/golden.jsonl").write_text('{"inputs": {"text": "x"}}\n{"inputs": {"text": "y"}}\n')
    assert run(["fleet", "coverage", "desk", "--json"]) == 0
    third = json.loads(capsys.readouterr().out)
    assert (third["fresh"], third["missed_nodes"], third["missed_edges"]) == (True, [], [])
    assert run(["fleet", "coverage", "nobody"]) == 3
    assert "graph 'nobody' is unknown" in capsys.readouterr().err
