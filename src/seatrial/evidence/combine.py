"""Combine: evidence of several runs as one table, checked as a whole."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from seatrial.evidence.check import check
from seatrial.evidence.table import Evidence
from seatrial.table.codes import Codes, joined

if TYPE_CHECKING:
    from collections.abc import Sequence

    from seatrial.table.table import Data


BLANKS = ("blank_scores", "blank_failures")
"""Counts of rows without score and outcome: taken for missing, and for a failure of the system."""


def combine(parts: Sequence[Evidence], source: str) -> Evidence:
    """One table of several, each already checked; what only the whole can break is checked again."""
    names = dict.fromkeys(name for part in parts for name in part.names)
    complete = Evidence(
        {name: partial(_joined, parts, name) for name in names}, sum(map(len, parts)), source, _stamps(parts)
    )
    check(complete)
    return complete


def _stamps(parts: Sequence[Evidence]) -> dict[str, str]:
    """What is true of the whole: what all say alike, and what was counted in each is counted in all.

    That a part was `interleaved` says nothing of two: they are two jobs.
    """
    shared = {
        name: wording
        for name, wording in parts[0].metadata.items()
        if name != "interleaved" and all(part.metadata.get(name) == wording for part in parts)
    }
    for name in BLANKS:
        counts = [part.metadata.get(name, "0") for part in parts]
        if any(wording != "0" for wording in counts):
            # One that is no number stays, and is refused where it is read.
            shared[name] = next(
                (wording for wording in counts if not wording.isdecimal()),
                str(sum(int(wording) for wording in counts if wording.isdecimal())),
            )
    shared.pop("read_as", None)  # the reader of the joined table states it
    unnamed = dict.fromkeys(filter(None, (part.metadata.get("could_be_segments") for part in parts)))
    return shared | ({"could_be_segments": ", ".join(unnamed)} if unnamed else {})


def _joined(parts: Sequence[Evidence], name: str) -> Data:
    """The rows of all parts, in order; a part that lacks the column has null there."""
    there = [part.column(name) if part.has(name) else None for part in parts]
    sizes = [len(part) for part in parts]
    if any(isinstance(column, Codes) for column in there):
        nothing = [Codes((), np.full(rows, -1, dtype=np.int32)) for rows in sizes]
        return joined([one if isinstance(one, Codes) else none for one, none in zip(there, nothing, strict=True)])
    return np.concatenate(
        [np.full(rows, np.nan) if one is None else one for rows, one in zip(sizes, there, strict=True)]
    )
