"""Evidence that was made in this process: whole columns as numpy codes and numbers, without a file in between.

A gate of a run that has just ended need not load Arrow, write a file and read it again. What is not plainly of its
column's type is left to the rules that files are read by, which say what it means or refuse it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from seatrial.evidence.schema import KINDS, SEGMENT_PREFIX
from seatrial.evidence.table import Evidence
from seatrial.evidence.write import Repeated
from seatrial.table.codes import Codes
from seatrial.table.column import Kind

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from seatrial.table.table import Data

_FULL = ("example_id", "version", "key", "repetition", "outcome")
_LARGEST = 2.0**53


def coded(
    columns: Mapping[str, Sequence[Any] | Repeated], source: str, metadata: Mapping[str, str] | None = None
) -> Evidence | None:
    """Evidence of whole columns in canonical names, not checked yet; None where a value is not plainly of its column's type."""
    made: dict[str, Data] = {}
    for name, values in columns.items():
        short = values if isinstance(values, Repeated) else Repeated(values)
        kind = KINDS.get(name, Kind.TEXT if _is_dimension(name) else None)
        if kind is None:
            return None
        column = _text(short) if kind is Kind.TEXT else _number(short, complete=kind is Kind.COMPLETE)
        if column is None or (_is_dimension(name) and not _is_clean(column)):
            return None
        made[name] = column
    if "score" not in made or any(name not in made or _has_gaps(made[name]) for name in _FULL):
        return None
    rows = {len(column.index if isinstance(column, Codes) else column) for column in made.values()}
    if len(rows) != 1 or rows == {0}:
        return None
    return Evidence(made, rows.pop(), source, metadata)


def _text(column: Repeated) -> Codes | None:
    if not {type(word) for word in column.values} <= {str, type(None)}:
        return None
    words = dict.fromkeys(column.values)
    words.pop(None, None)
    try:
        "".join(words).encode()
    except UnicodeEncodeError:  # half a surrogate pair
        return None
    place = {word: i for i, word in enumerate(words)}
    index = np.array([place.get(word, -1) for word in column.values], dtype=np.int32)
    return Codes(tuple(words), _stretched(index, column))


def _number(column: Repeated, *, complete: bool) -> NDArray[np.float64] | None:
    kinds = {type(value) for value in column.values}
    if not kinds <= ({int, type(None)} if complete else {int, float, type(None)}):
        return None
    try:
        values = np.array([np.nan if value is None else value for value in column.values], dtype=np.float64)
    except OverflowError:
        return None
    there = values[~np.isnan(values)]
    # A NaN that somebody wrote is no gap.
    if values.size - there.size != column.values.count(None) or np.abs(there).max(initial=0) > _LARGEST:
        return None
    return _stretched(values, column)


def _stretched(short: NDArray[Any], column: Repeated) -> NDArray[Any]:
    once = short if column.each == 1 else np.repeat(short, column.each)
    return once if column.times == 1 else np.tile(once, column.times)


def _is_dimension(name: str) -> bool:
    return name.startswith(SEGMENT_PREFIX) and "=" not in name


def _is_clean(column: Data) -> bool:
    """Whether every row names a segment, and none with space around it."""
    return isinstance(column, Codes) and not _has_gaps(column) and all(w and w == w.strip() for w in column.values)


def _has_gaps(column: Data) -> bool:
    return bool((column.index < 0).any()) if isinstance(column, Codes) else bool(np.isnan(column).any())
