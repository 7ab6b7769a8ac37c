"""Combine: evidence of several runs as one table, checked as a whole."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from seatrial.evidence.check import check
from seatrial.evidence.table import Evidence

if TYPE_CHECKING:
    from collections.abc import Sequence


def combine(parts: Sequence[Evidence], source: str) -> Evidence:
    """One table of several, each already checked; what only the whole can break is checked again."""
    table = pa.concat_tables([_plain(part.table) for part in parts], promote_options="permissive")
    whole = Evidence(
        table,
        source,
        {key: value for key, value in parts[0].metadata.items() if all(p.metadata.get(key) == value for p in parts)},
    )
    check(whole)
    return whole


def _plain(table: pa.Table) -> pa.Table:
    """The table with its dictionary columns as text, so that parts written by different hands join."""
    for place, column in enumerate(table.schema):
        if pa.types.is_dictionary(column.type):
            table = table.set_column(place, column.name, pc.cast(table.column(place), pa.string()))
    return table
