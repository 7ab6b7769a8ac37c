"""Content: the hash of an evidence table by what it holds, whatever file, order of columns or encoding holds it."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from seatrial.table.arrow import one_array, to_numpy

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from seatrial.table.raw import Raw

NUMBERS = (pa.int64(), pa.float64())


def table_hash(table: pa.Table) -> str:
    """First 32 hex digits of a sha256 over columns by name: where values stand, and the values in order of the rows.

    Text is hashed as UTF-8, numbers as 8 bytes, little-endian. Two tables of the same values have the same hash whether or
    not their text is dictionary-encoded, and however their rows are cut into chunks.
    """
    digest = hashlib.sha256(f"{table.num_rows}\n".encode())
    for name in sorted(table.column_names):
        digest.update(f"{name}\n".encode())
        for part in _parts(one_array(table.column(name))):
            digest.update(part)
    return digest.hexdigest()[:32]


def raw_hash(columns: Mapping[str, Raw]) -> str:
    """The same of the columns of a Parquet file, as its reader gives them."""
    from seatrial.table.parquet_file import Arrow  # noqa: PLC0415 - beside its only user

    return table_hash(pa.table({name: one.array for name, one in columns.items() if isinstance(one, Arrow)}))


def _parts(column: pa.Array) -> Iterator[bytes | memoryview]:
    """What a column holds, as bytes: its kind, the rows that have a value, and their values."""
    gaps = column.null_count > 0
    yield np.packbits(to_numpy(pc.is_valid(column))).tobytes() if gaps else b"\0"
    values = column.drop_null() if gaps else column
    if pa.types.is_dictionary(values.type):
        values = values.dictionary_decode()
    if pa.types.is_null(values.type) or len(values) == 0:
        yield b"none\n"
    elif pa.types.is_string(values.type):
        yield b"text\n"
        yield from _text(values)
    elif values.type not in NUMBERS:
        yield f"{values.type}, which is never written\n".encode()  # equal to no hash that was kept
    else:
        yield f"{values.type}\n".encode()
        numbers = to_numpy(values)
        yield numbers.astype(numbers.dtype.newbyteorder("<"), copy=False).tobytes()


def _text(values: pa.Array) -> Iterator[bytes | memoryview]:
    """Lengths in bytes, then the bytes."""
    _, ends, text = values.buffers()
    at = np.frombuffer(ends, np.int32, count=len(values) + 1, offset=values.offset * 4)
    yield np.diff(at).astype("<i4").tobytes()
    if text is not None:
        yield memoryview(text)[int(at[0]) : int(at[-1])]
