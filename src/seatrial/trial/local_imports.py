"""Imported: the project's own files that some files import, found by reading them, so that no helper is forgotten."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

MOUNTED, ENGINE = "seatrial_project", "seatrial"
"""The name a project's files are mounted under, and the one installed package that a project may lie beside."""


def imported(files: Iterable[Path], root: Path) -> set[Path]:
    """Every file below `root` that `files` import, or that one of these imports; an import made at run time is not seen."""
    found: set[Path] = set()
    waiting = [file for file in files if file.suffix == ".py"]
    while waiting:
        new = set(_of(waiting.pop(), root)) - found
        found |= new
        waiting += new
    return found


def _of(file: Path, root: Path) -> Iterator[Path]:
    try:
        tree = ast.parse(file.read_bytes())
    except (OSError, SyntaxError, ValueError):
        return  # it is no part of a graph that runs
    # A mounted project is imported from its root; an adopted one also from src, and a script from where it lies.
    places = (root, root / "src", file.parent)
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value.endswith(".py"):
            # An adopted graph is loaded by the path of its file, which its entry spells out.
            yield from (
                at for place in file.parents if (at := place / node.value).is_file() and at.is_relative_to(root)
            )
        elif isinstance(node, ast.Import):
            for alias in node.names:
                yield from _modules(places, _parts(alias.name), (), root)
        elif isinstance(node, ast.ImportFrom):
            names = tuple(alias.name for alias in node.names)
            above = (file, *file.parents)[node.level] if node.level < len(file.parents) else root
            yield from _modules((above,) if node.level else places, _parts(node.module or ""), names, root)


def _parts(module: str) -> tuple[str, ...]:
    parts = tuple(module.split(".")) if module else ()
    return parts[1:] if parts[:1] == (MOUNTED,) else parts


def _modules(places: Iterable[Path], parts: tuple[str, ...], names: tuple[str, ...], root: Path) -> Iterator[Path]:
    for place in places:
        if parts[:1] == (ENGINE,) or not (parts or names):
            continue
        at = place.joinpath(*parts)
        tried = [
            at / "__init__.py",
            *(at / f"{name}.py" for name in names),
            *(at / name / "__init__.py" for name in names),
        ]
        if parts:
            tried.append(at.parent / f"{at.name}.py")
        for file in tried:
            if file.is_file() and file.is_relative_to(root):
                yield file
