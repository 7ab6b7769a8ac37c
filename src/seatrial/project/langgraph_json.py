"""langgraph.json: which graphs a LangGraph project has, where they lie, and what their imports may find."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from seatrial.errors import ConfigError

NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*")
PYTHON = ".py"


@dataclass(frozen=True, slots=True)
class Foreign:
    """One graph of the file.

    Attributes:
        name: its id here: the name it has there, or a slug of it where that could name no folder.
        text: the path as the file has it, `./src/agent/graph.py:graph`.
        source: the file, or a dotted module.
        attribute: what to take there.
        named: the name it has in the file.
    """

    name: str
    text: str
    source: Path | str
    attribute: str
    named: str = ""


@dataclass(frozen=True, slots=True)
class Unusable:
    """One graph of the file that cannot be mounted, its path there, and why."""

    name: str
    text: str
    problem: str


@dataclass(frozen=True, slots=True)
class LanggraphJson:
    """What the file says.

    Attributes:
        file: the file itself.
        graphs: in its order, those that can be mounted.
        search: folders its imports may find: its own, those of local dependencies, and their `src`.
        env: what `env` names: a file, `set here` for values in the file itself, or nothing. It is not read.
        unusable: the other graphs.
    """

    file: Path
    graphs: tuple[Foreign, ...]
    search: tuple[Path, ...]
    env: str
    unusable: tuple[Unusable, ...] = ()


def read_langgraph_json(file: Path) -> LanggraphJson:
    """Read and check it.

    Raises:
        ConfigError: it is missing, no JSON, names no graph, or none that can be used; the message says where.
    """
    raw = _read(file)
    base = file.resolve().parent
    graphs = raw.get("graphs")
    if not isinstance(graphs, dict) or not graphs:
        raise ConfigError(f'{file} names no graph; it needs "graphs": {{"agent": "./src/agent/graph.py:graph"}}')
    found: list[Foreign] = []
    unusable: list[Unusable] = []
    for name, value in graphs.items():
        try:
            slug = _slug(name, {one.name for one in found})
            found.append(_foreign(slug, name, value, base, str(file)))
        except ConfigError as error:
            text = value.get("path") if isinstance(value, dict) else value
            unusable.append(Unusable(name, str(text), str(error)))
    if not found:
        raise ConfigError(unusable[0].problem)
    dependencies = raw.get("dependencies", [])
    if not isinstance(dependencies, list) or not all(isinstance(one, str) for one in dependencies):
        raise ConfigError(f'{file}: dependencies is a list of texts, e.g. ["."], got {dependencies!r}')
    local = [base, *(base / one for one in dependencies if one.startswith(".") and (base / one).is_dir())]
    folders = [folder.resolve() for one in local for folder in (one, one / "src") if folder.is_dir()]
    env = raw.get("env")
    return LanggraphJson(
        file,
        tuple(found),
        tuple(dict.fromkeys(folders)),
        env if isinstance(env, str) else "set here" if env else "",
        tuple(unusable),
    )


def _read(file: Path) -> dict[str, Any]:
    try:
        text = file.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise ConfigError(f"{file} does not exist; name the langgraph.json of your project") from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{file} cannot be read: {error}") from error
    try:
        raw = json.loads(text)
    except json.JSONDecodeError as error:
        line = text.splitlines()[error.lineno - 1].lstrip() if text.strip() else ""
        comment = "; JSON has no comments, take this one out" if line.startswith(("//", "/*", "#")) else ""
        raise ConfigError(
            f"{file} is not JSON: {error.msg} at line {error.lineno}, column {error.colno}{comment}"
        ) from None
    if not isinstance(raw, dict):
        raise ConfigError(f'{file} is no JSON object; it needs "graphs": {{"agent": "./src/agent/graph.py:graph"}}')
    return raw


def _slug(name: str, taken: set[str]) -> str:
    """The name itself where it can name a folder and a module, else what is left of it, unlike any other."""
    if NAME.fullmatch(name) and name not in taken:
        return name
    made = re.sub(r"[^A-Za-z0-9_.-]+", "-", name).strip("-.") or "graph"
    return next(one for one in (made, *(f"{made}-{n}" for n in range(2, len(taken) + 3))) if one not in taken)


def _foreign(slug: str, name: str, value: Any, base: Path, where: str) -> Foreign:
    place = f"{where}: graph {name!r}"
    text = value.get("path") if isinstance(value, dict) else value
    text = text if isinstance(text, str) else ""
    path, colon, attribute = text.rpartition(":")
    if not colon or not path or not attribute.isidentifier():
        raise ConfigError(f'{place} is {value!r}; write it as "./src/agent/graph.py:graph"')
    if "/" not in path and "\\" not in path and not path.endswith(PYTHON):
        return Foreign(slug, text, path, attribute, name)
    file = (base / path).resolve()
    if file.suffix != PYTHON:
        raise ConfigError(f"{place} is {path}, which is no Python file; seatrial runs graphs written in Python")
    if not file.is_file():
        raise ConfigError(f"{place}: {path} does not exist in {base}")
    return Foreign(slug, text, file, attribute, name)
