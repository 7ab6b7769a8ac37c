"""What a registry may say of a graph, and what is made of it: builders, checkpointers, families, columns."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace
from typing import Any, TypedDict

import pytest
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.checkpoint.sqlite import SqliteSaver
from langgraph.graph import START, StateGraph
from langgraph.types import Command, interrupt

from seatrial.dataset import Example
from seatrial.errors import ConfigError
from seatrial.graph.invoke import graph_target
from seatrial.graph.runtime import Runtime
from seatrial.graph.spec import GraphSpec, Version, fleet
from seatrial.project import open_project

ROOT = Path(__file__).resolve().parents[3]


class State(TypedDict, total=False):
    text: str
    answer: str


def ask(state: State) -> State:
    return {"answer": interrupt("approve?")}


def uncompiled() -> StateGraph[Any, Any, Any, Any]:
    return StateGraph(State).add_node("ask", ask).add_edge(START, "ask")


def runtime(builder: Any, *, resumable: bool, **options: Any) -> Runtime:
    module = SimpleNamespace(build=builder)
    return Runtime((GraphSpec("g", module="m", resumable=resumable),), lambda _: module, **options)


def takes_one(checkpointer: Any = None) -> Any:
    return uncompiled().compile(checkpointer=checkpointer)


@pytest.mark.parametrize("builder", [uncompiled, lambda: uncompiled().compile(), takes_one])
@pytest.mark.parametrize("resumable", [False, True])
def test_a_builder_returns_a_graph_or_a_compiled_one_and_may_take_a_checkpointer(builder, resumable) -> None:
    graph = runtime(builder, resumable=resumable).compiled("g").graph
    assert isinstance(graph.checkpointer, InMemorySaver) if resumable else graph.checkpointer is None


def test_a_compiled_graph_keeps_the_checkpointer_it_has() -> None:
    own = InMemorySaver()
    graph = runtime(lambda: uncompiled().compile(checkpointer=own), resumable=True).compiled("g").graph
    assert graph.checkpointer is own


def test_a_run_kept_by_a_real_checkpointer_is_resumed_by_the_thread_id_of_its_run(tmp_path) -> None:
    with closing(sqlite3.connect(tmp_path / "threads.db", check_same_thread=False)) as connection:
        saver = SqliteSaver(connection)
        found = runtime(uncompiled, resumable=True, checkpointer=lambda spec: saver).compiled("g")
        run = graph_target(found)(Example("e", {"text": "x"}), "r", None)
        assert run.outcome == "interrupted"
    with closing(sqlite3.connect(tmp_path / "threads.db", check_same_thread=False)) as connection:
        saver = SqliteSaver(connection)
        later = runtime(uncompiled, resumable=True, checkpointer=lambda spec: saver).compiled("g").graph
        state = later.invoke(Command(resume="yes"), {"configurable": {"thread_id": run.thread_id}})
        assert state["answer"] == "yes"


def test_columns_are_never_null() -> None:
    spec = GraphSpec("desk", module="m")
    assert (spec.feature, spec.owner, spec.pool, spec.family) == ("desk", "unknown", "default", "unknown")
    assert spec.side_effects is None  # nobody declared it, which is not "none"
    for column in ("feature", "owner", "pool", "family"):
        with pytest.raises(ConfigError, match=f"graph 'desk': {column} is a text that is not empty, got None"):
            GraphSpec("desk", module="m", **{column: None})


def test_a_versions_family_is_its_own() -> None:
    versions = (Version("v1"), Version("v2", family="anthropic"))
    spec = GraphSpec("g", module="m", family="rules", versions=versions, current="v1")
    assert [spec.family_of(one) for one in versions] == ["rules", "anthropic"]
    assert not spec.deterministic
    assert GraphSpec("g", module="m", family="openai", versions=(Version("v1", family="rules"),)).deterministic


TWICE = """
from seatrial.graph.spec import GraphSpec

GRAPHS = (GraphSpec("desk", module="graphs.a"), GraphSpec("desk", module="graphs.b"))
"""


def project(root: Path, registry: str) -> Any:
    (root / "graphs").mkdir()
    (root / "graphs/__init__.py").write_text("")
    (root / "graphs/registry.py").write_text(registry)
    (root / "pyproject.toml").write_text("[tool.seatrial]\n")
    return open_project(root)


def test_a_duplicate_id_is_refused_in_a_tuple_that_nobody_checked(tmp_path) -> None:
    with pytest.raises(ConfigError, match="graph id 'desk' stands twice"):
        _ = project(tmp_path, TWICE).graphs
    with pytest.raises(ConfigError, match="graph id 'desk' stands twice"):
        Runtime((GraphSpec("desk", module="a"), GraphSpec("desk", module="b")), lambda _: SimpleNamespace())


def test_a_registry_holds_graph_specs_only(tmp_path) -> None:
    with pytest.raises(ConfigError, match="the registry holds 'desk'; every entry is a GraphSpec"):
        _ = project(tmp_path, 'GRAPHS = ("desk",)\n').graphs
    with pytest.raises(ConfigError, match="every entry is a GraphSpec"):
        fleet("desk")  # type: ignore[arg-type]  # that it is refused is the point


def test_importing_the_registry_imports_no_graph_and_no_langgraph() -> None:
    script = (
        "import sys; from pathlib import Path; from seatrial.project import open_project\n"
        "print(len(open_project(Path.cwd()).graphs))\n"
        "print([n for n in sys.modules if n.startswith('seatrial_project.graphs.') and n.count('.') > 1"
        " and n != 'seatrial_project.graphs.registry' or n.split('.')[0] in ('langgraph', 'langchain_core')])\n"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    n, loaded = done.stdout.splitlines()
    assert int(n) >= 5
    assert loaded == "[]"
