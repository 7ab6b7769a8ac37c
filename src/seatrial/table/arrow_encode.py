"""Order: a text column as numbers, by what its order says where it says enough, else by a dictionary.

A dictionary of a million texts misses the processor's caches on nearly every row, and the more rows the more it does.
But most files list their examples in order and once per version: texts that only rise are all different, and a column
that repeats itself is known after its first lap. Texts are compared as they are; nothing is hashed here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow.compute as pc

from seatrial.table.arrow import from_numpy, to_numpy

if TYPE_CHECKING:
    import pyarrow as pa
    from numpy.typing import NDArray

GLANCE = 1_000
"""Rows that show, as a rule, that a column does not rise."""


def numbered(column: pa.Array) -> tuple[pa.Array, NDArray[np.int32]]:
    """The different texts of a column without nulls, in the order they first appear, and which of them each row holds."""
    rows = len(column)
    if rows < 2:
        return column, np.zeros(rows, dtype=np.int32)
    starts = np.ones(rows, dtype=np.bool_)
    starts[1:] = to_numpy(pc.not_equal(column.slice(1), column.slice(0, rows - 1)))
    if 2 * int(starts.sum()) > rows:
        return _by_laps(column)
    # The rows of one example stand together: its several keys, or both of its versions.
    words, index = _by_laps(column.filter(from_numpy(starts)))
    return words, index[np.cumsum(starts) - 1]


def _by_laps(column: pa.Array) -> tuple[pa.Array, NDArray[np.int32]]:
    rows = len(column)
    lap = int(pc.index(column.slice(1), column[0]).as_py()) + 1
    if lap == 0 or not column.slice(lap).equals(column.slice(0, rows - lap)):
        lap = rows
    once = column.slice(0, lap)
    if _rises(once.slice(0, GLANCE)) and _rises(once):
        words, index = once, np.arange(lap, dtype=np.int32)
    else:
        encoded = pc.dictionary_encode(once)
        words, index = encoded.dictionary, to_numpy(encoded.indices)
    return words, index if lap == rows else np.resize(index, rows)


def _rises(column: pa.Array) -> bool:
    return bool(to_numpy(pc.less(column.slice(0, len(column) - 1), column.slice(1))).all())
