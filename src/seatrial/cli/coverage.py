"""Coverage as lines of a terminal and as seatrial/coverage/1."""

from __future__ import annotations

from typing import TYPE_CHECKING

from seatrial.canonical import canonical_json
from seatrial.wording import count

if TYPE_CHECKING:
    from collections.abc import Iterator

    from seatrial.graph.coverage import Edge
    from seatrial.trial.coverage import DatasetCoverage

NAMES = {"__start__": "START", "__end__": "END"}


def coverage_lines(found: DatasetCoverage) -> Iterator[str]:
    """What is missed, by name, after one line of counts."""
    cover = found.coverage
    reached = len(cover.nodes) - len(cover.missed_nodes), len(cover.edges) - len(cover.missed_edges)
    yield (
        f"{found.graph}@{found.version} on {found.dataset}: {reached[0]} of {count(len(cover.nodes), 'node')} and "
        f"{reached[1]} of {count(len(cover.edges), 'edge')} reached, {count(cover.runs, 'run')} ({found.run_id})"
    )
    if cover.unfinished:
        yield f"  {count(cover.unfinished, 'run')} did not end; the nodes they passed are counted"
    for name in cover.missed_nodes:
        yield f"  no example reaches node  {name}"
    for edge in cover.missed_edges:
        yield f"  no example takes edge    {_edge(edge)}"


def coverage_data(found: DatasetCoverage) -> str:
    """Canonical JSON."""
    cover = found.coverage
    return canonical_json(
        {
            "schema": "seatrial/coverage/1",
            "graph": found.graph,
            "version": found.version,
            "dataset": found.dataset,
            "run_id": found.run_id,
            "fresh": found.fresh,
            "runs": cover.runs,
            "unfinished": cover.unfinished,
            "nodes": [{"node": name, "runs": n} for name, n in cover.nodes],
            "edges": [
                {"source": edge.source, "target": edge.target, "conditional": edge.conditional, "runs": n}
                for edge, n in cover.edges
            ],
            "missed_nodes": list(cover.missed_nodes),
            "missed_edges": [[edge.source, edge.target] for edge in cover.missed_edges],
        }
    )


def _edge(edge: Edge) -> str:
    ends = (NAMES.get(name, name) for name in (edge.source, edge.target))
    return f"{' -> '.join(ends)}{' (conditional)' if edge.conditional else ''}"
