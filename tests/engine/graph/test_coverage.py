"""Coverage: which nodes and edges the paths of runs reach."""

from __future__ import annotations

import operator
from typing import Annotated, Any, Literal, TypedDict

import pytest
from langgraph.graph import END, START, StateGraph
from langgraph.types import Command

from seatrial.dataset import Example
from seatrial.graph.coverage import Coverage, Edge, coverage_of, drawing
from seatrial.graph.invoke import invoke
from seatrial.graph.runtime import Compiled
from seatrial.graph.spec import GraphSpec


class State(TypedDict, total=False):
    way: str
    n: int
    seen: Annotated[list[str], operator.add]


def passing(name: str) -> Any:
    return lambda state: {"seen": [name]}


def covered(graph: Any, *inputs: dict[str, Any]) -> Coverage:
    made = graph.compile()
    spec = GraphSpec("g", module="m")
    runs = [
        invoke(Compiled(spec, spec.version(), made, asynchronous=False), Example("e", given), run_id="r")
        for given in inputs
    ]
    return coverage_of(*drawing(made), [(run.path, run.outcome == "scored") for run in runs])


def pairs(edges: tuple[Edge, ...]) -> set[tuple[str, str]]:
    return {(edge.source.strip("_"), edge.target.strip("_")) for edge in edges}


def router() -> Any:
    graph = StateGraph(State)
    for name in ("read", "left", "right", "never"):
        graph.add_node(name, passing(name))
    graph.add_edge(START, "read")
    graph.add_conditional_edges("read", lambda state: state["way"], ["left", "right", "never", END])
    graph.add_edge("left", "right")
    graph.add_edge("right", END)
    graph.add_edge("never", END)
    return graph


def test_a_branch_no_example_takes_is_named_with_its_edges() -> None:
    found = covered(router(), {"way": "left"})
    assert found.missed_nodes == ("never",)
    # right is reached by way of left: the edge read -> right is not.
    assert pairs(found.missed_edges) == {("read", "right"), ("read", "never"), ("read", "end"), ("never", "end")}
    assert dict(found.nodes) == {"read": 1, "left": 1, "right": 1, "never": 0}


def test_all_ways_together_reach_everything() -> None:
    found = covered(router(), *({"way": way} for way in ("left", "right", "never", END)))
    assert (found.missed_nodes, found.missed_edges, found.runs, found.unfinished) == ((), (), 4, 0)


def test_the_edge_back_of_a_loop_is_reached_only_when_it_was_gone() -> None:
    graph = StateGraph(State)
    graph.add_node("try_it", lambda state: {"n": state["n"] + 1})
    graph.add_node("repair", passing("repair"))
    graph.add_edge(START, "try_it")
    graph.add_conditional_edges("try_it", lambda state: "repair" if state["n"] < 2 else END, ["repair", END])
    graph.add_edge("repair", "try_it")
    assert pairs(covered(graph, {"n": 1}).missed_edges) == {("try_it", "repair"), ("repair", "try_it")}
    assert covered(graph, {"n": 0}).missed_edges == ()


def test_side_by_side_branches_that_join_reach_all_their_edges() -> None:
    graph = StateGraph(State)
    for name in ("split", "a", "b", "join"):
        graph.add_node(name, passing(name))
    graph.add_edge(START, "split")
    graph.add_edge("split", "a")
    graph.add_edge("split", "b")
    graph.add_edge(["a", "b"], "join")
    graph.add_edge("join", END)
    assert covered(graph, {"n": 1}).missed_edges == ()


def test_a_node_that_chooses_where_to_go_has_conditional_edges() -> None:
    def choose(state: State) -> Command[Literal["left", "right"]]:
        return Command(goto=state["way"])

    graph = StateGraph(State).add_node("choose", choose).add_edge(START, "choose")
    for name in ("left", "right"):
        graph.add_node(name, passing(name))
    found = covered(graph, {"way": "left"})
    assert found.missed_nodes == ("right",)
    assert ("choose", "right") in pairs(found.missed_edges)
    assert ("choose", "left") not in pairs(found.missed_edges)


def test_a_run_that_crashed_counts_as_far_as_it_came() -> None:
    def boom(state: State) -> State:
        raise ValueError("no")

    graph = StateGraph(State).add_node("read", passing("read")).add_node("boom", boom)
    graph.add_edge(START, "read").add_edge("read", "boom").add_edge("boom", END)
    found = covered(graph, {"n": 1})
    assert (found.runs, found.unfinished, found.missed_nodes) == (1, 1, ("boom",))


@pytest.mark.parametrize("paths", [[], [([], True)]])
def test_without_a_path_nothing_is_reached(paths) -> None:
    edges = (Edge("__start__", "a", False), Edge("a", "__end__", False))
    assert coverage_of(("a",), edges, paths).missed_nodes == ("a",)
