"""Clean: tables checked before they are joined: ids read once, confidences that are shares."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from seatrial.errors import DataError
from seatrial.table import Codes
from seatrial.wording import count

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from seatrial.table import Table


def read_once(table: Table, key: str) -> Table:
    """Each id once; rows that repeat an id word for word are one.

    Raises:
        DataError: one id with two contents; names the id and the column.
    """
    if not table.has(key):
        return table
    ids = table.codes(key)
    order = np.argsort(ids.index, kind="stable")
    sorted_ = ids.index[order]
    repeated = np.zeros(len(table), np.bool_)
    repeated[1:] = (sorted_[1:] == sorted_[:-1]) & (sorted_[1:] >= 0)
    if not repeated.any():
        return table
    first = order[np.maximum.accumulate(np.where(repeated, 0, np.arange(order.size)))]
    rows, firsts = order[repeated], first[repeated]
    for name in table.names:
        data = table.column(name)
        values = data.index if isinstance(data, Codes) else data
        differs = (values[rows] != values[firsts]) & ~(_null(values[rows]) & _null(values[firsts]))
        if differs.any():
            at = int(np.flatnonzero(differs)[0])
            a, b = (_shown(data, int(row)) for row in (firsts[at], rows[at]))
            raise DataError(
                f"{table.source}: {key} {ids.text(int(rows[at]))!r} stands for two contents, {name} {a} and {b} "
                f"({int(differs.sum()):,} such rows); an id names one {key.removesuffix('_id')}"
            )
    kept = np.ones(len(table), np.bool_)
    kept[rows] = False
    return table.where(kept)


def check_filled(table: Table, names: Sequence[str]) -> None:
    """Refuse rows in which a column says nothing, where nothing can be done without it.

    Raises:
        DataError: names column, count and first row.
    """
    for name in names:
        empty = np.flatnonzero(table.missing(name))
        if empty.size:
            raise DataError(
                f"{table.source}: {name} is empty in {empty.size:,} of {count(len(table), 'row')}, the first is row {int(empty[0]) + 1}"
            )


def check_confidence(table: Table) -> None:
    """Refuse confidences that are no shares.

    Raises:
        DataError: percents, or values outside 0..1; names row and value.
    """
    values = table.numbers("confidence")
    wrong = np.flatnonzero((values < 0) | (values > 1))
    if not wrong.size:
        return
    row, largest = int(wrong[0]), float(np.nanmax(values))
    if np.nanmin(values) >= 0 and 1 < largest <= 100 and wrong.size > 0.5 * np.count_nonzero(~np.isnan(values)):
        raise DataError(
            f"{table.source}: confidence looks like percent ({wrong.size:,} of {len(table):,} values are over 1, the largest "
            f"{largest:g}); a confidence is a share, 0..1: divide it by 100"
        )
    raise DataError(
        f"{table.source} row {row + 1}: confidence is {values[row]:g}, outside 0..1 ({wrong.size:,} of {len(table):,} values are)"
    )


def _null(values: NDArray[np.generic]) -> NDArray[np.bool_]:
    return np.isnan(values) if values.dtype.kind == "f" else np.asarray(values < 0)  # type: ignore[operator]


def _shown(data: Codes | NDArray[np.float64], row: int) -> str:
    return repr(data.text(row)) if isinstance(data, Codes) else f"{data[row]:.17g}"
