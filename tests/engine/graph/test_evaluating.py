"""What a graph emits while it is evaluated stays out of the project's store; in production it is written."""

from __future__ import annotations

import asyncio
import contextvars
import threading
from pathlib import Path
from typing import Any, TypedDict

import pytest
from langgraph.graph import START, StateGraph

from seatrial.checks import no_pii
from seatrial.dataset import Example
from seatrial.errors import UsageError
from seatrial.graph.evaluating import evaluating
from seatrial.graph.invoke import graph_target
from seatrial.graph.run import Run
from seatrial.graph.runtime import Compiled, needs_loop
from seatrial.graph.spec import GraphSpec
from seatrial.graph.stdout import captured_stdout
from seatrial.graph.target import callable_target
from seatrial.monitor.guard import guard
from seatrial.store.current import close_stores, current_store, use_store
from seatrial.store.engine import open_store
from seatrial.store.guards import guard_decisions
from seatrial.store.outcomes import emit, outcomes_of


class State(TypedDict, total=False):
    way: str
    new: bool
    error: str


def act(state: State) -> State:
    """Emit and guard, here or in a thread."""
    found: State = {}

    def write() -> None:
        try:
            found["new"] = emit("t1", "sent", event_id="e1")
            guard((no_pii(),), Run("r", {}, {"answer": "ada@corp.de"}), "record")
        except UsageError as error:
            found["error"] = str(error)

    if state["way"] == "here":
        write()
    else:
        copied = contextvars.copy_context()
        thread = threading.Thread(target=copied.run, args=(write,)) if state["way"] == "copied" else None
        thread = thread or threading.Thread(target=write)
        thread.start()
        thread.join()
    return found


async def awaited(state: State) -> State:
    return await asyncio.to_thread(act, state)


def compiled(node: Any) -> Compiled:
    graph: Any = StateGraph(State).add_node("act", node).add_edge(START, "act").compile()
    spec = GraphSpec("g", module="m")
    return Compiled(spec, spec.versions[0], graph, needs_loop(graph), None, None)


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    (tmp_path / "pyproject.toml").write_text('[tool.seatrial]\nstore = "sqlite:///s.db"\n')
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("SEATRIAL_STORE", raising=False)
    yield tmp_path
    close_stores()


@pytest.mark.parametrize("node", [act, awaited], ids=["thread", "task"])
@pytest.mark.parametrize(("way", "said"), [("here", ""), ("copied", ""), ("bare", "does not know whether")])
def test_an_evaluation_leaves_no_row_and_a_thread_without_its_context_hears_why(
    project: Path, node: Any, way: str, said: str
) -> None:
    with captured_stdout():
        run = graph_target(compiled(node))(Example("1", {"way": way}), "r1", None)
    assert isinstance(run.outputs, dict)
    assert run.outputs.get("new", False) is False
    assert said in run.outputs.get("error", "")
    store = current_store()
    assert store is not None
    assert (outcomes_of("t1"), guard_decisions(store)) == ((), ())


def test_a_plain_function_is_marked_too_and_a_store_that_is_handed_in_is_used(project: Path) -> None:
    marks: list[bool] = []

    def function(_: Any) -> dict[str, Any]:
        marks.append(evaluating())
        return {"new": emit("t1", "sent", event_id="e1")}

    target = callable_target(function)
    assert target(Example("1", {}), "r1", None).outputs == {"new": False}
    with open_store("sqlite:///own.db", root=project) as own, use_store(own):
        assert target(Example("1", {}), "r1", None).outputs == {"new": True}
    assert (marks, evaluating()) == ([True, True], False)


def test_in_production_the_same_graph_writes(project: Path) -> None:
    assert compiled(act).graph.invoke({"way": "bare"})["new"] is True
    assert [one.event_id for one in outcomes_of("t1")] == ["e1"]
