"""Column: what evidence asks of a table that Arrow holds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from seatrial.evidence.arrow import from_numpy, one_array, texts, to_numpy
from seatrial.evidence.encode import numbered
from seatrial.evidence.table import Codes

if TYPE_CHECKING:
    from numpy.typing import NDArray

_NAN, _NONE = from_numpy(np.array([np.nan]))[0], from_numpy(np.array([-1], dtype=np.int32))[0]
"""What stands in numpy for a null number and for a null text."""


def codes_of(column: Any) -> Codes:
    """Dictionary-encode a text column."""
    several = isinstance(column, pa.ChunkedArray) and column.num_chunks > 1
    array = one_array(column.unify_dictionaries() if several else column)
    if not pa.types.is_dictionary(array.type):
        if not array.null_count:
            words, index = numbered(array)
            return Codes(tuple(words.to_pylist()), index)
        array = pc.dictionary_encode(array)
    codes = array.indices if array.indices.type == pa.int32() else pc.cast(array.indices, pa.int32())
    index = to_numpy(pc.fill_null(codes, _NONE) if codes.null_count else codes)
    # A categorical column brings the words it might have held; evidence holds what its rows say.
    return Codes(tuple(array.dictionary.to_pylist()), index).used()


def numbers_of(column: Any) -> NDArray[np.float64]:
    """A column of numbers as floats, null as NaN."""
    array = one_array(column)
    if array.type != pa.float64():
        array = pc.cast(array, pa.float64(), safe=False)
    return to_numpy(pc.fill_null(array, _NAN) if array.null_count else array)


def missing_in(column: Any) -> NDArray[np.bool_]:
    """Per row, whether it is null."""
    return to_numpy(pc.is_null(column)) if column.null_count else np.zeros(len(column), dtype=np.bool_)


def is_text(column: Any) -> bool:
    """Whether it holds text, in full or as words and their numbers."""
    return bool(pa.types.is_string(column.type) or pa.types.is_dictionary(column.type))


def where(table: pa.Table, mask: NDArray[np.bool_]) -> pa.Table:
    """The rows where `mask` is true."""
    return table.filter(from_numpy(mask))


def replaced(table: pa.Table, name: str, column: Any) -> pa.Table:
    """The table with another column of that name at its place."""
    return table.set_column(table.column_names.index(name), name, column)


def plus(column: Any, by: int) -> Any:
    """Whole numbers, each so much larger."""
    return pc.add(column, pc.cast(from_numpy(np.array([by], dtype=np.int64))[0], column.type))


def constant(value: str, rows: int) -> pa.DictionaryArray:
    """A text column that says the same everywhere."""
    return pa.DictionaryArray.from_arrays(from_numpy(np.zeros(rows, dtype=np.int32)), texts(value))
