"""What is judged of text_to_sql: the statement only reads, the database can answer it, and its rows are the right ones.

    SUITE = (sql_read_only, sql_valid, result_match)

`result_match` is the primary key and compares rows with rows: two statements written differently that give the same
answer are both right.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from seatrial import Score, evaluator
from seatrial.checks import sql
from seatrial.project import module

if TYPE_CHECKING:
    from seatrial.dataset import Example
    from seatrial.graph.run import Run

SCHEMA: dict[str, dict[str, str]] = module("graphs.text_to_sql.schema").SCHEMA

TOLERANCE = 0.005
"""Numbers this close are equal: a rounding to two decimals, no more."""

sql_read_only = sql.sql_read_only(schema=SCHEMA)
sql_valid = sql.sql_valid(schema=SCHEMA)


@evaluator(version="1")
def result_match(run: Run, example: Example) -> Score:
    """1 when the rows are the reference's: in its order where it says so, in any order otherwise, columns in order."""
    reference = example.outputs or {}
    wanted, got = reference.get("rows"), (run.outputs or {}).get("rows")
    if not isinstance(wanted, list):
        return Score("result_match", None, "the example has no reference rows")
    if not isinstance(got, list):
        return Score("result_match", 0.0, f"there are no rows: {(run.outputs or {}).get('error') or 'nothing was run'}")
    if len(got) != len(wanted):
        return Score("result_match", 0.0, f"{len(got)} rows, the reference has {len(wanted)}")
    if not reference.get("ordered"):
        got, wanted = sorted(got, key=_rank), sorted(wanted, key=_rank)
    for number, (one, other) in enumerate(zip(got, wanted, strict=True), start=1):
        if not _same_row(one, other):
            return Score("result_match", 0.0, f"row {number} is {one}, the reference has {other}")
    return Score("result_match", 1.0, f"the same {len(wanted)} rows")


def _rank(row: list[Any]) -> tuple[tuple[int, float, str], ...]:
    """A total order over rows of mixed cells, nulls first; numbers by value so that near ones stay neighbours."""
    return tuple(
        (0, 0.0, "") if cell is None else (2, 0.0, cell) if isinstance(cell, str) else (1, round(cell, 1), "")
        for cell in row
    )


def _same_row(one: list[Any], other: list[Any]) -> bool:
    return len(one) == len(other) and all(_same(a, b) for a, b in zip(one, other, strict=True))


def _same(one: Any, other: Any) -> bool:
    if isinstance(one, (int, float)) and isinstance(other, (int, float)):
        return abs(one - other) <= TOLERANCE
    return bool(one == other)


SUITE = (sql_read_only, sql_valid, result_match)
