"""Runtime: lazy, once, and a broken graph breaks only itself."""

from __future__ import annotations

import threading
import time
from types import ModuleType
from typing import Any, TypedDict

import pytest
from langgraph.graph import END, START, StateGraph

from seatrial.errors import ConfigError, UsageError
from seatrial.graph.runtime import Runtime
from seatrial.graph.spec import GraphSpec, Version, fleet


class State(TypedDict, total=False):
    text: str


def one_node(node: Any) -> StateGraph[Any]:
    graph = StateGraph(State)
    graph.add_node("node", node)
    graph.add_edge(START, "node")
    graph.add_edge("node", END)
    return graph


def module_with(**names: Any) -> ModuleType:
    module = ModuleType("fake")
    vars(module).update(names)
    return module


class Loader:
    """Loads modules out of a dict, and remembers what was asked."""

    def __init__(self, modules: dict[str, ModuleType]) -> None:
        self.modules = modules
        self.requested: list[str] = []

    def __call__(self, name: str) -> ModuleType:
        self.requested.append(name)
        if name not in self.modules:
            raise ModuleNotFoundError(f"No module named {name!r}")
        return self.modules[name]


def build(prompt: str = "p") -> StateGraph[Any]:
    return one_node(lambda state: {"text": prompt})


def test_nothing_is_imported_before_the_first_call_and_then_once() -> None:
    load = Loader({"graphs.a": module_with(build=build)})
    runtime = Runtime(fleet(GraphSpec("a", module="graphs.a")), load)
    assert (load.requested, runtime.ready) == ([], ())
    first, second = runtime.compiled("a"), runtime.compiled("a")
    assert first is second
    assert (load.requested, runtime.ready) == (["graphs.a"], (("a", "0"),))


def test_versions_are_compiled_side_by_side_from_their_config() -> None:
    spec = GraphSpec(
        "a", module="m", versions=(Version("v1", {"prompt": "one"}), Version("v2", {"prompt": "two"})), current="v1"
    )
    runtime = Runtime((spec,), Loader({"m": module_with(build=build)}))
    assert runtime.compiled("a").graph.invoke({"text": ""}) == {"text": "one"}
    assert runtime.compiled("a", "v2").graph.invoke({"text": ""}) == {"text": "two"}


def test_first_calls_at_the_same_time_compile_once() -> None:
    built: list[int] = []

    def slow_build() -> StateGraph[Any]:
        built.append(1)
        time.sleep(0.05)  # long enough for the other threads to arrive
        return build()

    runtime = Runtime((GraphSpec("a", module="m"),), Loader({"m": module_with(build=slow_build)}))
    found: list[Any] = []
    threads = [threading.Thread(target=lambda: found.append(runtime.compiled("a"))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(built), len(found), len({id(one) for one in found})) == (1, 8, 1)


def fail() -> None:
    raise RuntimeError("no prompt\nfound")


@pytest.mark.parametrize(
    ("modules", "cause"),
    [
        ({}, "cannot be imported: ModuleNotFoundError: No module named 'graphs.bad'"),
        ({"graphs.bad": module_with()}, "the module has no 'build'"),
        ({"graphs.bad": module_with(build=fail)}, r"build\(\) failed with RuntimeError: no prompt found"),
        ({"graphs.bad": module_with(build=lambda: 5)}, "it returned a int; return a StateGraph or a compiled graph"),
    ],
)
def test_a_broken_graph_breaks_only_its_own_id(modules: dict[str, ModuleType], cause: str) -> None:
    load = Loader({"graphs.good": module_with(build=build), **modules})
    runtime = Runtime(fleet(GraphSpec("bad", module="graphs.bad"), GraphSpec("good", module="graphs.good")), load)
    with pytest.raises(ConfigError, match=rf"graph 'bad' .*module 'graphs\.bad'.*{cause}"):
        runtime.compiled("bad")
    assert runtime.compiled("good").graph.invoke({"text": ""}) == {"text": "p"}


def test_a_graph_that_was_mended_needs_no_restart() -> None:
    load = Loader({})
    runtime = Runtime((GraphSpec("a", module="m"),), load)
    with pytest.raises(ConfigError):
        runtime.compiled("a")
    load.modules["m"] = module_with(build=build)
    assert runtime.compiled("a").version.name == "0"


def test_only_a_resumable_graph_gets_a_checkpointer() -> None:
    load = Loader({"m": module_with(build=build)})
    runtime = Runtime((GraphSpec("plain", module="m"), GraphSpec("kept", module="m", resumable=True)), load)
    assert runtime.compiled("plain").graph.checkpointer is None
    assert runtime.compiled("kept").graph.checkpointer is not None


def test_a_foreign_compiled_graph_is_taken_as_it_is() -> None:
    theirs = build().compile()
    runtime = Runtime((GraphSpec("a", module="m", compiled_attr="app"),), Loader({"m": module_with(app=theirs)}))
    assert runtime.compiled("a").graph is theirs


def test_an_attribute_that_is_no_graph_is_refused() -> None:
    runtime = Runtime((GraphSpec("a", module="m", compiled_attr="app"),), Loader({"m": module_with(app="text")}))
    with pytest.raises(ConfigError, match="'app' is a str, not a compiled graph"):
        runtime.compiled("a")


def test_an_unknown_id_is_refused_with_those_there_are() -> None:
    with pytest.raises(UsageError, match="'c' is unknown; the registry has: a, b"):
        Runtime((GraphSpec("a", module="m"), GraphSpec("b", module="m")), Loader({})).compiled("c")


async def later(state: State) -> State:
    return {"text": "later"}


def test_a_graph_that_must_be_awaited_is_told_apart() -> None:
    def nested() -> StateGraph[Any]:
        return one_node(one_node(later).compile())

    def branching() -> StateGraph[Any]:
        async def which(state: State) -> str:
            return END

        graph = StateGraph(State)
        graph.add_node("node", lambda state: {"text": "x"})
        graph.add_edge(START, "node")
        graph.add_conditional_edges("node", which, [END])
        return graph

    load = Loader({"sync": module_with(build=build), "nested": module_with(build=nested)})
    load.modules |= {"later": module_with(build=lambda: one_node(later)), "branching": module_with(build=branching)}
    runtime = Runtime(tuple(GraphSpec(name, module=name) for name in load.modules), load)
    reported = {name: runtime.compiled(name).asynchronous for name in load.modules}
    assert reported == {"sync": False, "nested": True, "later": True, "branching": True}
