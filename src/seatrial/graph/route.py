"""Route: which pool serves an assistant, as a pure function of the configuration.

    route_for("text_to_sql", "http://127.0.0.1:2024", (Route("gpu", "http://gpu:2024", frozenset({"text_to_sql"})),))

The first pool whose URL is set and whose list holds the id wins, else the default. Setting or emptying one URL moves one
pool's assistants, or takes them back.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

DEFAULT = "default"


@dataclass(frozen=True, slots=True)
class Route:
    """One pool.

    Attributes:
        pool: its name.
        url: where it answers; empty = it serves nothing now.
        graphs: assistants it may serve.
    """

    pool: str
    url: str
    graphs: frozenset[str]


@dataclass(frozen=True, slots=True)
class RouteDecision:
    """Where one assistant is served.

    Attributes:
        assistant_id: which.
        pool: name of the pool that wins, `default` where none does.
        url: where it answers.
        listed: it is on some pool's list, whether or not that pool has a URL; one that is on none is reported.
    """

    assistant_id: str
    pool: str
    url: str
    listed: bool


def route_for(assistant_id: str, default: str, routes: Sequence[Route]) -> RouteDecision:
    """Which pool serves an assistant; `graph@version` is routed as its graph."""
    graph = assistant_id.partition("@")[0]
    mine = [route for route in routes if graph in route.graphs]
    for route in mine:
        if route.url:
            return RouteDecision(assistant_id, route.pool, route.url, True)
    return RouteDecision(assistant_id, DEFAULT, default, bool(mine))


def unlisted(graphs: Iterable[str], routes: Sequence[Route]) -> tuple[str, ...]:
    """Graphs that are on no pool's list."""
    listed = frozenset().union(*(route.graphs for route in routes))
    return tuple(graph for graph in graphs if graph not in listed)
