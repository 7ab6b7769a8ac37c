"""Frames: a pandas data frame or an Arrow table as raw columns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from seatrial.errors import DataError, UsageError
from seatrial.table.raw import Listed

if TYPE_CHECKING:
    from seatrial.table.raw import Raw


def frame_columns(frame: Any, source: str) -> tuple[dict[str, Raw], int]:
    """The columns of a frame and the number of its rows.

    Raises:
        UsageError: it is neither a pandas data frame nor an Arrow table.
    """
    kind = type(frame).__module__.partition(".")[0]
    if kind == "pyarrow":
        from seatrial.table.parquet_file import arrow_columns  # noqa: PLC0415 - the caller has pyarrow

        return arrow_columns(frame, source), frame.num_rows
    if kind != "pandas":
        raise UsageError(f"{source} is a {type(frame).__name__}; give a pandas data frame or an Arrow table")
    names = [str(name) for name in frame.columns]
    duplicates = sorted({name for name in names if names.count(name) > 1})
    if duplicates:
        raise DataError(f"{source} has the column {duplicates[0]!r} more than once; which one counts cannot be known")
    return {name: _series(frame.iloc[:, i]) for i, name in enumerate(names)}, len(frame)


def _series(series: Any) -> Raw:
    # pandas writes null as NaN, NaT or NA, whatever the column holds.
    null = series.isna().tolist()
    values = series.tolist()
    if series.dtype.kind == "M":
        values = [None if missing else value.isoformat() for value, missing in zip(values, null, strict=True)]
    return Listed([None if missing else value for value, missing in zip(values, null, strict=True)])
