"""Unmatched: two versions without an example in common, said with ids of each side and what would make them meet."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from seatrial.table.raw import Raw

SHOWN = 3
LOOKED_AT = 100_000
"""Ids of each side that are compared in another form."""
FORMS: tuple[tuple[str, Callable[[str], str]], ...] = (
    ("without the space around them", str.strip),
    ("in one case", lambda text: text.strip().casefold()),
    ("in one Unicode form", lambda text: unicodedata.normalize("NFC", text)),
    ("as numbers", lambda text: re.sub(r"^0+(?=\d)", "", re.sub(r"\.0+$", "", text.strip()))),
    ("without what stands before their number", lambda text: re.sub(r"^.*?(\d+)$", r"\1", text.strip())),
    ("without their folder", lambda text: text.rpartition("/")[2]),
)
"""How two writings of one id differ, and the form in which they are one."""


def unmatched(
    old: Sequence[str], new: Sequence[str], old_name: str, new_name: str, shared: Sequence[tuple[str, int]] = ()
) -> str:
    """Three ids of each side, and what would make them meet where that is seen.

    Args:
        old: ids of the one side.
        new: of the other.
        old_name: what the one side is called.
        new_name: the other.
        shared: columns of one name that do have values in common, and how many, most first.
    """
    sides = f"{old_name} has {_some(old)}; {new_name} has {_some(new)}."
    if shared:
        name, found = shared[0]
        return f"{sides} The column {name!r} has {found:,} values in common: --map example_id={name}"
    if meet := alike(old, new):
        return f"{sides} Compared {meet[0]}, {meet[1]:,} would meet: write them alike in one of the files"
    return f"{sides} Name the column of their common id with --map example_id=COLUMN; rows are never matched by their order"


def alike(old: Sequence[str], new: Sequence[str]) -> tuple[str, int] | None:
    """The form in which most ids of the smaller side are on the other, too, and how many; None where no form does that."""
    for how, form in FORMS:
        left = {form(text) for text in old[:LOOKED_AT]}
        found = len(left & {form(text) for text in new[:LOOKED_AT]})
        if found > min(len(old), len(new)) / 2 and len(left) == len(old[:LOOKED_AT]):
            return how, found
    return None


def shared_columns(old: Mapping[str, Raw], new: Mapping[str, Raw], least: int = 2) -> list[tuple[str, int]]:
    """Columns of one name whose values are different on nearly every row and in common, most in common first."""
    found = []
    for name, raw in old.items():
        other = new.get(name)
        if other is None or raw.nested or other.nested:
            continue
        sides = [raw.texts(), other.texts()]
        if any(len(side.values) < 0.9 * len(side) for side in sides):
            continue
        both = len(set(sides[0].values) & set(sides[1].values))
        if both >= least:
            found.append((name, both))
    return sorted(found, key=lambda one: -one[1])


def _some(ids: Sequence[str]) -> str:
    return ", ".join(repr(one[:60]) for one in ids[:SHOWN]) + (" ..." if len(ids) > SHOWN else "")
