"""Parquet and Arrow: the only file of this room that imports pyarrow."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from seatrial.errors import DataError, MissingExtra
from seatrial.table.codes import Codes, encode

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from seatrial.table.raw import Raw


@dataclass(frozen=True, slots=True)
class Arrow:
    """One Arrow column, chunked or not."""

    array: Any

    def __len__(self) -> int:
        return len(self.array)

    def texts(self) -> Codes:
        """Text as it is, lists and objects as JSON, everything else as Arrow writes it."""
        import pyarrow as pa  # noqa: PLC0415
        import pyarrow.compute as pc  # noqa: PLC0415

        array = self.array
        if pa.types.is_nested(array.type):
            return encode([None if v is None else json.dumps(v, default=str) for v in array.to_pylist()])
        if pa.types.is_dictionary(array.type):
            array = array.unify_dictionaries() if isinstance(array, pa.ChunkedArray) else array
        else:
            array = pc.dictionary_encode(pc.cast(array, pa.string()) if not pa.types.is_string(array.type) else array)
        array = _one(array)
        index = _buffer(pc.fill_null(pc.cast(array.indices, pa.int32()), -1), np.dtype(np.int32))
        words = pc.cast(array.dictionary, pa.string()).to_pylist()
        return Codes(tuple(words), index).used()

    def numbers(self) -> NDArray[np.float64] | None:
        """Numbers and truth values."""
        import pyarrow as pa  # noqa: PLC0415
        import pyarrow.compute as pc  # noqa: PLC0415

        array, kind = self.array, self.array.type
        if pa.types.is_dictionary(kind):
            array, kind = pc.cast(array, kind.value_type), kind.value_type
        if pa.types.is_null(kind):
            return np.full(len(array), np.nan)
        if pa.types.is_boolean(kind):
            array = pc.cast(array, pa.int8())
        elif not (pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind)):
            return None
        array = _one(pc.cast(array, pa.float64(), safe=False))
        return _buffer(pc.fill_null(array, float("nan")) if array.null_count else array, np.dtype(np.float64))

    def nulls(self) -> NDArray[np.bool_]:
        """Where Arrow has a null."""
        import pyarrow as pa  # noqa: PLC0415
        import pyarrow.compute as pc  # noqa: PLC0415

        return _buffer(pc.cast(_one(pc.is_null(self.array)), pa.uint8()), np.dtype(np.uint8)).view(np.bool_)

    def instants(self) -> NDArray[np.float64] | None:
        """Timestamps and dates, as seconds since 1970 in UTC."""
        import pyarrow as pa  # noqa: PLC0415
        import pyarrow.compute as pc  # noqa: PLC0415

        kind = self.array.type
        if not (pa.types.is_timestamp(kind) or pa.types.is_date(kind)):
            return None
        micro = _one(pc.cast(pc.cast(self.array, pa.timestamp("us"), safe=False), pa.int64()))
        seconds = _buffer(pc.cast(pc.fill_null(micro, 0), pa.float64(), safe=False), np.dtype(np.float64)) / 1e6
        seconds[self.nulls()] = np.nan
        return seconds

    @property
    def naive(self) -> bool:
        """Whether its instants name no time zone."""
        return getattr(self.array.type, "tz", None) is None

    @property
    def nested(self) -> bool:
        """Whether it holds lists or structs."""
        import pyarrow as pa  # noqa: PLC0415

        return bool(pa.types.is_nested(self.array.type))


def read_parquet(path: Path) -> tuple[dict[str, Raw], int, dict[str, str]]:
    """The columns of a Parquet file, the number of its rows, and what the file says of itself.

    Raises:
        MissingExtra: pyarrow is not installed.
        DataError: it is no readable Parquet file, or its checksums do not match its pages.
    """
    try:
        import pyarrow as pa  # noqa: PLC0415
        import pyarrow.parquet as pq  # noqa: PLC0415
    except ImportError:
        raise MissingExtra("pyarrow", "parquet", f"reading {path.name}") from None
    try:
        # One file, not a dataset: that layer takes a tenth of a second to import.
        with pq.ParquetFile(path, page_checksum_verification=True) as file:
            table = file.read()
        # Text that is no UTF-8 would surface later, as our bug.
        table.validate(full=True)
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        raise DataError(
            f"{path} is no readable Parquet file (cut short, or another format): {str(error).splitlines()[0][:200]}"
        ) from error
    stamp = {
        key.decode(errors="replace"): value.decode(errors="replace")
        for key, value in (table.schema.metadata or {}).items()
    }
    return arrow_columns(table, str(path)), table.num_rows, stamp


def arrow_columns(table: Any, source: str) -> dict[str, Raw]:
    """The columns of an Arrow table."""
    names = table.column_names
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise DataError(f"{source} has the column {twice[0]!r} more than once; which one counts cannot be known")
    return {name: Arrow(table.column(name)) for name in names}


def _one(column: Any) -> Any:
    """A column in one piece."""
    import pyarrow as pa  # noqa: PLC0415

    if not isinstance(column, pa.ChunkedArray):
        return column
    if column.num_chunks == 1:
        return column.chunk(0)
    whole = column.combine_chunks()
    if isinstance(whole, pa.ChunkedArray):  # it stays in chunks when it is empty
        return pa.concat_arrays(whole.chunks) if whole.num_chunks else pa.nulls(0, whole.type)
    return whole


def _buffer(array: Any, dtype: np.dtype[Any]) -> NDArray[Any]:
    """A column without nulls as numpy; by its buffer, because `to_numpy` imports pandas where it is installed."""
    if len(array) == 0:
        return np.zeros(0, dtype)
    return np.frombuffer(array.buffers()[1], dtype, count=len(array), offset=array.offset * dtype.itemsize).copy()
