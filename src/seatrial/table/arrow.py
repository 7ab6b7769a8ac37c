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
    from collections.abc import Collection, Sequence

    from numpy.typing import NDArray

_NUMPY = {
    pa.int8(): np.int8,
    pa.uint8(): np.uint8,
    pa.int32(): np.int32,
    pa.int64(): np.int64,
    pa.float64(): np.float64,
}
_ARROW = {np.dtype(there): here for here, there in _NUMPY.items()}

MANY = 50_000
"""Where a list is longer, what `pa.array` saves on it is worth the wait for pandas."""


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
    if column.num_chunks == 1:
        return column.chunk(0)
    array = column.combine_chunks()
    if isinstance(array, pa.ChunkedArray):  # it stays in chunks when it is empty
        return pa.concat_arrays(array.chunks) if array.num_chunks else pa.nulls(0, array.type)
    return array


def listed(values: Sequence[Any], kind: pa.DataType | None = None) -> pa.Array:
    """A list of texts or of numbers, None where unknown, as an Arrow array; any other list is left to `pa.array`.

    Args:
        values: the list.
        kind: what the array holds; None = whole numbers, numbers or text, as found.
    """
    if len(values) > MANY:
        return pa.array(values, type=kind)
    found = {type(value) for value in values} - {type(None)}
    kind = kind or _kind(found)
    there = np.fromiter((value is not None for value in values), np.bool_, len(values))
    gaps = None if there.all() else pa.py_buffer(np.packbits(there, bitorder="little"))
    if kind in (pa.int64(), pa.float64()) and found <= ({int} if kind == pa.int64() else {int, float}):
        numbers = np.array([0 if value is None else value for value in values], dtype=_NUMPY[kind])
        return pa.Array.from_buffers(kind, len(values), [gaps, pa.py_buffer(numbers)])
    if kind == pa.string() and all(issubclass(one, str) for one in found):
        encoded = [b"" if value is None else value.encode() for value in values]
        ends = np.cumsum(np.fromiter((0, *map(len, encoded)), np.int64, len(values) + 1))
        if ends[-1] < np.iinfo(np.int32).max:
            parts = [gaps, pa.py_buffer(ends.astype(np.int32)), pa.py_buffer(b"".join(encoded))]
            return pa.Array.from_buffers(kind, len(values), parts)
    return pa.array(values, type=kind)


def _kind(found: Collection[type]) -> pa.DataType | None:
    """What `pa.array` would make of values of these types; None where that is for it to say."""
    if not found:
        return pa.null()
    kinds: tuple[tuple[set[type], pa.DataType], ...] = (
        ({int}, pa.int64()),
        ({int, float}, pa.float64()),
        ({str}, pa.string()),
    )
    for names, kind in kinds:
        if names.issuperset(found):
            return kind
    return None
