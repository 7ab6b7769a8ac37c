"""Coverage: which nodes and edges of a graph the runs of a dataset reached, and which none did.

Sources are the graph's own drawing and the path each run left: the names of its nodes in the order they ended. Of a node that
ran, the edge it came by is the one from the node before it that has an edge to it, the nearest where several have; an edge
without a condition is reached as soon as both its ends are. What this cannot know: where branches run side by side, the
nearest node before may be a neighbour's, so a conditional edge between branches can be credited to the wrong one of two; and
nodes inside a subgraph are one node.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

START, END = "__start__", "__end__"


@dataclass(frozen=True, slots=True)
class Edge:
    """One edge of a graph's drawing."""

    source: str
    target: str
    conditional: bool


@dataclass(frozen=True, slots=True)
class Coverage:
    """What the runs reached.

    Attributes:
        nodes: node -> runs that passed it, in the drawing's order.
        edges: (edge, runs that took it), in the drawing's order.
        runs: runs that left a path.
        unfinished: runs that did not end (a crash, a timeout, an interrupt); the nodes they passed count.
    """

    nodes: tuple[tuple[str, int], ...]
    edges: tuple[tuple[Edge, int], ...]
    runs: int
    unfinished: int

    @property
    def missed_nodes(self) -> tuple[str, ...]:
        """Nodes that no run passed."""
        return tuple(name for name, n in self.nodes if not n)

    @property
    def missed_edges(self) -> tuple[Edge, ...]:
        """Edges that no run took."""
        return tuple(edge for edge, n in self.edges if not n)


def coverage_of(nodes: Sequence[str], edges: Sequence[Edge], paths: Iterable[tuple[Sequence[str], bool]]) -> Coverage:
    """Count over runs.

    Args:
        nodes: names, without start and end.
        edges: all of them.
        paths: per run the names of its nodes in the order they ended, and whether it ran to its end.
    """
    passed, taken = dict.fromkeys(nodes, 0), dict.fromkeys(edges, 0)
    runs = unfinished = 0
    for path, ended in paths:
        runs += 1
        unfinished += not ended
        for name in set(path) & passed.keys():
            passed[name] += 1
        for edge in _taken(edges, path, ended):
            taken[edge] += 1
    return Coverage(tuple(passed.items()), tuple(taken.items()), runs, unfinished)


def drawing(graph: Any) -> tuple[tuple[str, ...], tuple[Edge, ...]]:
    """Nodes and edges of a compiled graph, as LangGraph draws it; start and end are no nodes."""
    drawn = graph.get_graph()
    nodes = tuple(name for name in drawn.nodes if name not in (START, END))
    return nodes, tuple(Edge(edge.source, edge.target, bool(edge.conditional)) for edge in drawn.edges)


def _taken(edges: Sequence[Edge], path: Sequence[str], ended: bool) -> set[Edge]:
    found: set[Edge] = set()
    into: dict[str, list[Edge]] = {}
    for edge in edges:
        into.setdefault(edge.target, []).append(edge)
    steps = [START, *path, *([END] if ended else [])]
    last = {START: 0}
    for position, name in enumerate(steps[1:], start=1):
        before = [edge for edge in into.get(name, ()) if edge.source in last]
        if before:
            found.add(max(before, key=lambda edge: last[edge.source]))
            # All that must have ended for this node to begin: the sources of its edges without a condition.
            found |= {edge for edge in before if not edge.conditional}
        last[name] = position
    return found
