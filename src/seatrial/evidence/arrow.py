"""Between Arrow, numpy and text by way of buffers, so that judging evidence does not import pandas.

`pa.array`, `pa.scalar` and `to_numpy` ask first whether what they are given is a pandas object, and to ask they import
pandas wherever it is installed: a fifth of a second of every gate. Buffers are Arrow's documented layout and ask nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

if TYPE_CHECKING:
    from numpy.typing import NDArray

_NUMPY = {
    pa.int8(): np.int8,
    pa.uint8(): np.uint8,
    pa.int32(): np.int32,
    pa.int64(): np.int64,
    pa.float64(): np.float64,
}
_ARROW = {np.dtype(there): here for here, there in _NUMPY.items()}


def to_numpy(column: Any) -> NDArray[Any]:
    """A column of booleans or numbers as numpy, read-only; what stands where it is null is anybody's guess."""
    array = one_array(column)
    if pa.types.is_boolean(array.type):
        return to_numpy(pc.cast(array, pa.uint8())).view(np.bool_)
    kind = np.dtype(_NUMPY[array.type])
    if len(array) == 0:
        return np.zeros(0, kind)
    return np.frombuffer(array.buffers()[1], kind, count=len(array), offset=array.offset * kind.itemsize)


def from_numpy(values: NDArray[Any]) -> pa.Array:
    """Booleans or numbers as an Arrow array without nulls, which keeps `values` alive."""
    if values.dtype == np.bool_:
        return pc.cast(from_numpy(values.view(np.uint8)), pa.bool_())
    buffer = pa.py_buffer(np.ascontiguousarray(values))
    return pa.Array.from_buffers(_ARROW[values.dtype], len(values), [None, buffer])


def texts(*words: str) -> pa.Array:
    """Words as an Arrow array; `texts(word)[0]` is the scalar."""
    encoded = [word.encode() for word in words]
    ends = np.cumsum([0, *map(len, encoded)], dtype=np.int32)
    return pa.Array.from_buffers(pa.string(), len(words), [None, pa.py_buffer(ends), pa.py_buffer(b"".join(encoded))])


def one_array(column: Any) -> pa.Array:
    """A column in one piece."""
    if not isinstance(column, pa.ChunkedArray):
        return column
    array = column.combine_chunks()
    if isinstance(array, pa.ChunkedArray):  # it stays in chunks when it is empty
        return pa.concat_arrays(array.chunks) if array.num_chunks else pa.nulls(0, array.type)
    return array
