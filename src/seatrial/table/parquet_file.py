"""Parquet and Arrow tables as raw columns."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from seatrial.errors import DataError, MissingExtra
from seatrial.table.codes import Codes, encode
from seatrial.table.raw import POINT

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

    from numpy.typing import NDArray

    from seatrial.table.raw import Raw, Spelling

GLANCE = 1_000
"""Rows after which most columns of free text have shown that they hold more than a few different texts."""


@dataclass(frozen=True, slots=True)
class Arrow:
    """One Arrow column, chunked or not; `name` is where it stands, for errors."""

    array: Any
    name: str = "column"
    spelling: Spelling = POINT

    def __len__(self) -> int:
        return len(self.array)

    def texts(self) -> Codes:
        """Text as it is, lists and objects as JSON, everything else as Arrow writes it.

        Raises:
            DataError: its type cannot be written as text.
        """
        import pyarrow as pa  # noqa: PLC0415
        import pyarrow.compute as pc  # noqa: PLC0415

        from seatrial.table.arrow import from_numpy, one_array, to_numpy  # noqa: PLC0415
        from seatrial.table.arrow_encode import numbered  # noqa: PLC0415

        array = self.array
        if pa.types.is_nested(array.type):
            return encode([None if v is None else json.dumps(v, default=str) for v in array.to_pylist()])
        if not pa.types.is_dictionary(array.type):
            array = one_array(self._as_text(array))
            if not array.null_count:
                words, index = numbered(array)
                return Codes(tuple(words.to_pylist()), index)
            array = pc.dictionary_encode(array)
        elif isinstance(array, pa.ChunkedArray):
            array = one_array(array.unify_dictionaries() if array.num_chunks > 1 else array)
        indices = array.indices if array.indices.type == pa.int32() else pc.cast(array.indices, pa.int32())
        none = from_numpy(np.array([-1], dtype=np.int32))[0]
        index = to_numpy(pc.fill_null(indices, none) if indices.null_count else indices)
        texts = self._as_text(array.dictionary).to_pylist()
        if None in texts:  # a dictionary may hold a null of its own
            index = np.array([*(-1 if text is None else i for i, text in enumerate(texts)), -1], np.int32)[index]
        # A categorical column brings texts that it might have held; a table holds what its rows do.
        return Codes(tuple(text or "" for text in texts), index).used()

    def _as_text(self, array: Any) -> Any:
        import pyarrow as pa  # noqa: PLC0415
        import pyarrow.compute as pc  # noqa: PLC0415

        if pa.types.is_string(array.type):
            return array
        try:
            return pc.cast(array, pa.string())
        except pa.ArrowException as error:
            raise DataError(f"{self.name} ({array.type}) cannot be read as text: {first_line(error)}") from error

    def numbers(self) -> NDArray[np.float64] | None:
        """Numbers and truth values."""
        import pyarrow as pa  # noqa: PLC0415
        import pyarrow.compute as pc  # noqa: PLC0415

        from seatrial.table.arrow import from_numpy, one_array, to_numpy  # noqa: PLC0415

        array, kind = self.array, self.array.type
        if pa.types.is_dictionary(kind):
            kind = kind.value_type
            if not _is_number(kind):
                return None
            array = pc.cast(array, kind)
        if pa.types.is_null(kind):
            return np.full(len(array), np.nan)
        if not _is_number(kind):
            return None
        if pa.types.is_boolean(kind):
            array = pc.cast(array, pa.int8())
        array = one_array(array)
        if array.type != pa.float64():
            array = pc.cast(array, pa.float64(), safe=False)
        return to_numpy(pc.fill_null(array, from_numpy(np.array([np.nan]))[0]) if array.null_count else array)

    def nulls(self) -> NDArray[np.bool_]:
        """Where Arrow has a null."""
        import pyarrow.compute as pc  # noqa: PLC0415

        from seatrial.table.arrow import to_numpy  # noqa: PLC0415

        return to_numpy(pc.is_null(self.array)) if self.array.null_count else np.zeros(len(self), dtype=np.bool_)

    def instants(self) -> NDArray[np.float64] | None:
        """Timestamps and dates, as seconds since 1970 in UTC."""
        import pyarrow as pa  # noqa: PLC0415
        import pyarrow.compute as pc  # noqa: PLC0415

        from seatrial.table.arrow import from_numpy, to_numpy  # noqa: PLC0415

        kind = self.array.type
        if not (pa.types.is_timestamp(kind) or pa.types.is_date(kind)):
            return None
        micro = pc.cast(pc.cast(self.array, pa.timestamp("us"), safe=False), pa.int64())
        seconds = (
            to_numpy(pc.cast(pc.fill_null(micro, from_numpy(np.zeros(1, dtype=np.int64))[0]), pa.float64(), safe=False))
            / 1e6
        )
        seconds[self.nulls()] = np.nan
        return seconds

    def few(self, most: int) -> int | None:
        """How many different texts, at most so many; a column of free text is given up after a glance."""
        import pyarrow as pa  # noqa: PLC0415
        import pyarrow.compute as pc  # noqa: PLC0415

        kind = self.array.type
        if not (pa.types.is_string(kind) or pa.types.is_dictionary(kind)):
            return None
        if len(pc.unique(self.array.slice(0, GLANCE))) > most:
            return None
        found = len(pc.unique(self.array))
        return found if found <= most else None

    @property
    def naive(self) -> bool:
        """Whether its instants name no time zone."""
        return getattr(self.array.type, "tz", None) is None

    @property
    def nested(self) -> bool:
        """Whether it holds lists or structs."""
        import pyarrow as pa  # noqa: PLC0415

        return bool(pa.types.is_nested(self.array.type))


def _is_number(kind: Any) -> bool:
    import pyarrow as pa  # noqa: PLC0415

    kinds = (pa.types.is_boolean, pa.types.is_integer, pa.types.is_floating, pa.types.is_decimal)
    return any(one(kind) for one in kinds)


def read_parquet(path: Path, *, distinct: Collection[str] = ()) -> tuple[dict[str, Raw], int, dict[str, str]]:
    """The columns of a Parquet file, the number of its rows, and what the file says of itself.

    Args:
        path: the file.
        distinct: text columns that are read in full; every other text column stays in the file's dictionary.

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
        fields = pq.read_schema(path)
        repeating = [field.name for field in fields if pa.types.is_string(field.type) and field.name not in distinct]
        with pq.ParquetFile(path, read_dictionary=repeating, page_checksum_verification=True) as file:
            table = file.read()
        # Text that is no UTF-8 and texts that are not in their dictionary would surface later, as our bug.
        table.validate(full=True)
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        raise DataError(
            f"{path} is no readable Parquet file (cut short, or another format): {first_line(error)}"
        ) from error
    stamp = {
        key.decode(errors="replace"): value.decode(errors="replace")
        for key, value in (table.schema.metadata or {}).items()
    }
    return arrow_columns(table, str(path)), table.num_rows, stamp


def arrow_columns(table: Any, source: str) -> dict[str, Raw]:
    """The columns of an Arrow table."""
    names = table.column_names
    duplicates = sorted({name for name in names if names.count(name) > 1})
    if duplicates:
        raise DataError(f"{source} has the column {duplicates[0]!r} more than once; which one counts cannot be known")
    return {name: Arrow(table.column(name), f"{source}: column {name}") for name in names}


def first_line(error: BaseException) -> str:
    """The first line of somebody else's message."""
    return (str(error).splitlines() or [type(error).__name__])[0][:200]
