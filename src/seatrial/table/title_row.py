"""Title rows: a first row that is a heading of the table and not the names of its columns, recognised and named."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

LOOKED_AT = 50
"""Rows at the beginning of a file among which the header is looked for."""
_NUMBER = re.compile(r"\s*[-+]?[\d.,]+\s*%?\s*")


def title_above(rows: Iterable[tuple[int, Sequence[str]]], row: str = "row") -> str:
    """What is wrong and what to do, where the first row is a title above the header; empty where it is not one.

    A title stands in the first cell and takes at most half of the table's columns. The header below it fills them all with
    names: none is a number, none is there twice, and none occurs in its column again, as the words of data do.

    Args:
        rows: the first rows that hold anything, each with its place in the file.
        row: what a place is called.
    """
    filled = [(place, [cell.strip() for cell in cells]) for place, cells in rows if any(cell.strip() for cell in cells)]
    if len(filled) < 3:
        return ""
    (_, first), *rest = filled
    width = max(len(_filled(cells)) for _, cells in rest)
    named = len(_filled(first))
    if not first[0] or 2 * named > width:
        return ""
    at, (place, header) = next((i, one) for i, one in enumerate(rest) if len(_filled(one[1])) == width)
    names, below = _filled(header), [cells for _, cells in rest[at + 1 :]]
    repeated = any(name in cells[i : i + 1] for i, name in enumerate(header) for cells in below if name)
    if repeated or not below or len(set(names)) < width or any(_NUMBER.fullmatch(name) for name in names):
        return ""
    values = "1 value" if named == 1 else f"{named} values"
    return f"the first {row} has {values}, and {row} {place} looks like the header ({', '.join(names[:4])}{', ...' if width > 4 else ''}): delete the rows above it"


def _filled(cells: Sequence[str]) -> list[str]:
    return [cell for cell in cells if cell]
