"""Routing of a project: `[tool.seatrial.dispatch]` of its pyproject.toml, and URLs from the environment over it.

[tool.seatrial.dispatch]
default = "http://127.0.0.1:2024"
[tool.seatrial.dispatch.pool.gpu]
url = "http://gpu.internal:2024"     # or SEATRIAL_POOL_GPU_URL; empty = off
graphs = ["text_to_sql"]             # absent: the registry's graphs of this pool
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlsplit

from seatrial import toml
from seatrial.errors import ConfigError
from seatrial.graph.route import DEFAULT, Route

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from seatrial.graph.spec import GraphSpec


class Routing(NamedTuple):
    """Where assistants are served.

    Attributes:
        default: URL of what no pool serves; empty where none is set.
        routes: pools, in the order of the file.
    """

    default: str
    routes: tuple[Route, ...]

    @property
    def urls(self) -> dict[str, str]:
        """Pool -> URL, of those that have one."""
        found = {DEFAULT: self.default, **{route.pool: route.url for route in self.routes}}
        return {pool: url for pool, url in found.items() if url}


def read_routing(root: Path, specs: Sequence[GraphSpec], environ: Mapping[str, str]) -> Routing:
    """Read and check it; called once, where the process starts.

    Raises:
        ConfigError: a word is unknown, a URL is none, or a list names a graph that the registry does not have.
    """
    file = root / "pyproject.toml"
    raw: Mapping[str, Any] = toml.read(file).get("tool", {}).get("seatrial", {}).get("dispatch", {})
    place = f"{file}: [tool.seatrial.dispatch]"
    toml.only_known(raw, ("default", "pool"), place)
    known = {spec.assistant_id for spec in specs}
    routes = []
    for pool, given in toml.table(raw.get("pool", {}), f"{place[:-1]}.pool]").items():
        here = f"{place[:-1]}.pool.{pool}]"
        toml.only_known(toml.table(given, here), ("url", "graphs"), here)
        graphs = given.get("graphs", [spec.assistant_id for spec in specs if spec.pool == pool])
        if not isinstance(graphs, list) or not all(isinstance(one, str) for one in graphs):
            raise ConfigError(f"{here}: graphs is a list of graph ids")
        strange = sorted(set(graphs) - known)
        if strange:
            raise ConfigError(f"{here}: the registry has no graph {strange[0]!r}; it has: {', '.join(sorted(known))}")
        if len(set(graphs)) != len(graphs):
            raise ConfigError(f"{here}: graphs names a graph twice")
        routes.append(Route(pool, _url(given.get("url", ""), pool, environ, here), frozenset(graphs)))
    return Routing(_url(raw.get("default", ""), DEFAULT, environ, place), tuple(routes))


def variable(pool: str) -> str:
    """Environment variable that holds the URL of a pool."""
    return f"SEATRIAL_POOL_{re.sub(r'[^A-Z0-9]', '_', pool.upper())}_URL"


def _url(text: Any, pool: str, environ: Mapping[str, str], place: str) -> str:
    name = variable(pool)
    found = environ.get(name, toml.text(text, f"{place}: url")).strip().rstrip("/")
    parts = urlsplit(found)
    if found and (parts.scheme not in ("http", "https") or not parts.hostname or parts.query):
        where = name if name in environ else place
        raise ConfigError(f"{where}: {found!r} is no URL of a server; write http://HOST:PORT")
    return found
