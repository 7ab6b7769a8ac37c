"""Served: langgraph.json and its entry file, written from the registry, so that LangGraph's server serves the fleet.

LangGraph loads the entry by its path, where the relative imports of a project would break; the entry mounts the project
and has one function per graph, each importing its graph on its first call.
"""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from seatrial.errors import ConfigError, UsageError
from seatrial.project.draft import packages

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from seatrial.graph.spec import GraphSpec

FILE, ENTRY = "langgraph.json", "graphs/langgraph_entry.py"
PYTHON = "3.11"


def served_files(root: Path, graphs: Sequence[GraphSpec], name: str = FILE) -> Mapping[str, str]:
    """Name -> text of both files; what the one called `name` says of anything but its graphs stays.

    Raises:
        UsageError: a langgraph.json is there that names graphs of its own.
        ConfigError: the one that is there cannot be read.
    """
    names = packages(spec.assistant_id for spec in graphs)
    wording = _read(root / name)
    foreign = [name for name, path in wording.get("graphs", {}).items() if f"./{ENTRY}:" not in str(path)]
    if foreign:
        raise UsageError(
            f"{root / name} names graphs of its own ({', '.join(foreign)}); nothing was written. Move it away, or take the registry's graphs from -o FILE"
        )
    new = {
        "dependencies": wording.get("dependencies", ["."]),
        "graphs": {spec.assistant_id: f"./{ENTRY}:{names[spec.assistant_id]}" for spec in graphs},
        "python_version": wording.get("python_version", PYTHON),
        **{name: value for name, value in wording.items() if name not in ("dependencies", "graphs", "python_version")},
    }
    return {name: json.dumps(new, indent=2, ensure_ascii=False) + "\n", ENTRY: entry_text(graphs, names)}


def entry_text(graphs: Sequence[GraphSpec], names: Mapping[str, str]) -> str:
    """The entry: one function per graph."""
    functions = "".join(
        f'''

def {names[spec.assistant_id]}() -> Any:
    """{spec.assistant_id}, as its current version."""
    return served_graph(ROOT, {json.dumps(spec.assistant_id, ensure_ascii=False)})
'''
        for spec in graphs
    )
    return f'''"""One function per graph of the registry, for LangGraph's server; written by `seatrial fleet langgraph-json`."""

from pathlib import Path
from typing import Any

from seatrial.project.served import served_graph

ROOT = Path(__file__).resolve().parents[1]
{functions}'''


def served_graph(root: Path, assistant_id: str) -> Any:
    """The current version of a graph as LangGraph's server takes it: compiled, without a checkpointer or store of ours."""
    return _project(root).compiled(assistant_id).graph


@lru_cache
def _project(root: Path) -> Any:
    from seatrial.graph.runtime import Runtime  # noqa: PLC0415 - a registry alone is read without it
    from seatrial.project.mount import module  # noqa: PLC0415
    from seatrial.project.project import open_project  # noqa: PLC0415

    return Runtime(open_project(root).graphs, module, checkpointer=lambda _: None)


def _read(file: Path) -> dict[str, Any]:
    if not file.exists():
        return {}
    try:
        found = json.loads(file.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError) as error:
        raise ConfigError(f"{file} cannot be read: {error}") from error
    if not isinstance(found, dict) or not isinstance(found.get("graphs", {}), dict):
        raise ConfigError(f'{file} is no langgraph.json: it needs "graphs": {{...}}')
    return found
