"""Combine: evidence of several runs as one table, checked as a whole."""

from __future__ import annotations

from typing import TYPE_CHECKING

from seatrial.evidence.check import check
from seatrial.evidence.numpy_table import Coded, joined
from seatrial.evidence.table import Evidence

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pyarrow as pa


BLANKS = ("blank_scores", "blank_failures")
"""Counts of rows without score and outcome: taken for missing, and for a failure of the system."""


def combine(parts: Sequence[Evidence], source: str) -> Evidence:
    """One table of several, each already checked; what only the whole can break is checked again."""
    shared = _stamps(parts)
    made = [part for part in parts if isinstance(part, Coded)]
    whole = joined(made, source, shared) if len(made) == len(parts) else Evidence(_stacked(parts), source, shared)
    check(whole)
    return whole


def _stamps(parts: Sequence[Evidence]) -> dict[str, str]:
    """What is true of the whole: what all say alike, and what was counted in each is counted in all.

    That a part was `interleaved` says nothing of two: they are two jobs.
    """
    shared = {
        name: said
        for name, said in parts[0].metadata.items()
        if name != "interleaved" and all(part.metadata.get(name) == said for part in parts)
    }
    for name in BLANKS:
        counts = [part.metadata.get(name, "0") for part in parts]
        if any(said != "0" for said in counts):
            # One that is no number stays, and is refused where it is read.
            shared[name] = next(
                (said for said in counts if not said.isdecimal()),
                str(sum(int(said) for said in counts if said.isdecimal())),
            )
    unnamed = dict.fromkeys(filter(None, (part.metadata.get("could_be_segments") for part in parts)))
    return shared | ({"could_be_segments": ", ".join(unnamed)} if unnamed else {})


def _stacked(parts: Sequence[Evidence]) -> pa.Table:
    import pyarrow as pa  # noqa: PLC0415 - parts that Arrow holds, or one of them

    return pa.concat_tables([_plain(part.table) for part in parts], promote_options="permissive")


def _plain(table: pa.Table) -> pa.Table:
    """The table with its dictionary columns as text, so that parts written by different hands join."""
    import pyarrow as pa  # noqa: PLC0415
    import pyarrow.compute as pc  # noqa: PLC0415

    for place, column in enumerate(table.schema):
        if pa.types.is_dictionary(column.type):
            table = table.set_column(place, column.name, pc.cast(table.column(place), pa.string()))
    return table
