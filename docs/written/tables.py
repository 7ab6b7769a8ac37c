"""Markdown tables, and the texts of a type that they are made from."""

from __future__ import annotations

import re
from inspect import cleandoc
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable


def table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    """Head and rows as a Markdown table."""
    lines = (head, ("---",) * len(head), *rows)
    return "".join(f"| {' | '.join(cell.replace('|', '&#124;') for cell in row)} |\n" for row in lines)


def meanings(shape: type[Any]) -> dict[str, str]:
    """Attribute -> its line under `Attributes:` in the docstring of a dataclass."""
    reported: dict[str, str] = {}
    name = ""
    for line in cleandoc(shape.__doc__ or "").partition("Attributes:\n")[2].splitlines():
        new = re.match(r"    (\w+): (.*)", line)
        if new:
            name, reported[new[1]] = new[1], new[2]
        elif name and line.strip():
            reported[name] += f" {line.strip()}"
    # A project file has no None: what Python calls so is a word that was left out.
    return {word: re.sub(r"\bNone( =| uses)", "absent:", text).rstrip(".") for word, text in reported.items()}
