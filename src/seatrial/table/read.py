"""Read anybody's file or data frame as a table of declared columns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from seatrial.errors import DataError, NotFound
from seatrial.table.codes import filled, rewritten
from seatrial.table.column import SEGMENT_PREFIX, Column, Kind
from seatrial.table.csv_file import read_csv
from seatrial.table.dialect import PLAIN, Dialect, sniffed
from seatrial.table.json_file import read_json
from seatrial.table.jsonl_file import read_jsonl
from seatrial.table.names import name_columns
from seatrial.table.raw import Spelling
from seatrial.table.table import Table
from seatrial.table.typed import typed
from seatrial.table.xlsx_file import read_xlsx

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence
    from datetime import tzinfo
    from pathlib import Path

    from seatrial.table.raw import Raw
    from seatrial.table.table import Data

FORMATS = (".parquet", ".csv", ".jsonl", ".json", ".tsv", ".xlsx")
READ_AS = "seatrial.read_as"
"""Where a table's metadata says what was found out of its file that is not the plain case."""
UNKNOWN = "unknown"
"""The segment of a row that names none."""


def read_table(
    path: Path,
    columns: Sequence[Column],
    *,
    mapping: Mapping[str, Sequence[str]] | None = None,
    segments: Sequence[str] = (),
    ignore: Sequence[str] = (),
    zone: tzinfo | None = None,
) -> Table:
    """Read a file of one of FORMATS.

    Args:
        path: the file.
        columns: what the table may hold; those that are `required` must be there.
        mapping: canonical name -> the file's columns it is made of; several are joined by `/`.
        segments: the file's columns that become dimensions.
        ignore: the file's columns that are not what their name says.
        zone: the time zone of instants that name none; None refuses them.

    Returns:
        The canonical and `segment.NAME` columns; `metadata["others"]` names the columns nothing was made of.

    Raises:
        DataError: the file cannot be read as this table; names file, row, column and what to do.
        UsageError: the mapping names columns that do not exist; lists those that do.
        MissingExtra: a Parquet file without pyarrow.
    """
    raw, rows, metadata = raw_columns(path, distinct=[column.name for column in columns if column.distinct])
    if rows == 0:
        raise DataError(f"{path} holds no rows: there is nothing to judge")
    return table_of(
        raw, rows, columns, str(path), mapping=mapping, segments=segments, ignore=ignore, zone=zone, metadata=metadata
    )


def table_of(
    raw: Mapping[str, Raw],
    rows: int,
    columns: Sequence[Column],
    source: str,
    *,
    mapping: Mapping[str, Sequence[str]] | None = None,
    segments: Sequence[str] = (),
    ignore: Sequence[str] = (),
    zone: tzinfo | None = None,
    metadata: Mapping[str, str] | None = None,
) -> Table:
    """The same from raw columns that are in memory already."""
    named = name_columns(raw, columns, source, mapping=mapping or {}, segments=segments, ignore=ignore)
    known = {column.name: column for column in columns}
    data: dict[str, Data | Callable[[], Data]] = {}
    for name, one in named.columns.items():
        if name.startswith(SEGMENT_PREFIX):
            data[name] = _segment(one)
        else:
            data[name] = typed(one, known[name], source, zone=zone)
    return Table(data, rows, source, {**(metadata or {}), "others": ", ".join(named.others)})


def read_frame(
    frame: Any,
    columns: Sequence[Column],
    *,
    source: str = "data frame",
    mapping: Mapping[str, Sequence[str]] | None = None,
    segments: Sequence[str] = (),
    ignore: Sequence[str] = (),
    zone: tzinfo | None = None,
) -> Table:
    """Read a pandas data frame or an Arrow table, as `read_table` reads a file."""
    from seatrial.table.frame import frame_columns  # noqa: PLC0415 - frames come with pandas or pyarrow

    raw, rows = frame_columns(frame, source)
    if rows == 0:
        raise DataError(f"{source} holds no rows: there is nothing to judge")
    return table_of(raw, rows, columns, source, mapping=mapping, segments=segments, ignore=ignore, zone=zone)


def raw_columns(
    path: Path, *, distinct: Collection[str] = (), dialect: Dialect = PLAIN
) -> tuple[Mapping[str, Raw], int, Mapping[str, str]]:
    """A file's columns before they are named and typed, the number of its rows, and what the file says of itself.

    Args:
        path: a file of one of FORMATS.
        distinct: columns that are another text on nearly every row; a Parquet reader does not look for repeats in them.
        dialect: how the file writes its table, as far as it is known.

    Raises:
        NotFound: there is no such file.
        DataError: it is not of the format that its name says.
        MissingExtra: a Parquet file without pyarrow, or a workbook without openpyxl.
    """
    suffix = _format_of(path)
    spelling = Spelling(dialect.decimal or ".", dialect.na)
    if suffix == ".parquet":
        from seatrial.table.parquet_file import read_parquet  # noqa: PLC0415 - needs pyarrow

        return read_parquet(path, distinct=distinct)
    if suffix == ".jsonl":
        return (*read_jsonl(path, spelling), {})
    if suffix == ".json":
        return (*read_json(path, spelling), {})
    if suffix == ".xlsx":
        columns, rows, sheet = read_xlsx(path, dialect.sheet, spelling)
        return columns, rows, {READ_AS: f"sheet {sheet!r}"}
    found, notes = sniffed(path, dialect)
    raw, rows = read_csv(
        path,
        separator=found.separator or ",",
        encoding=found.encoding or "utf-8-sig",
        decimal=found.decimal,
        na=found.na,
    )
    if not found.decimal and any(column.spelling.decimal == "," for column in raw.values()):
        notes = (*notes, "decimal comma")
    return raw, rows, {READ_AS: "; ".join(notes)} if notes else {}


def _format_of(path: Path) -> str:
    """The suffix of a file that is there and holds something."""
    try:
        size = path.stat().st_size
    except FileNotFoundError as error:
        raise NotFound(f"{path} does not exist") from error
    except (OSError, ValueError) as error:
        raise DataError(f"{path} cannot be opened: {str(error)[:200]}") from error
    if path.is_dir():
        raise NotFound(f"{path} is a folder; a table is one file: {', '.join(FORMATS)}")
    suffix = path.suffix.lower()
    if suffix not in FORMATS:
        raise NotFound(
            f"{path}: cannot tell its format from {suffix or 'a name without a suffix'!r}; a table is one of: {', '.join(FORMATS)}"
        )
    if size == 0:
        raise DataError(f"{path} is empty")
    return suffix


def _segment(raw: Raw) -> Callable[[], Data]:
    """A dimension: surrounding space is stripped, and a row that names no segment is `unknown`."""
    return lambda: filled(rewritten(raw.texts(), lambda text: text.strip() or None), UNKNOWN)


__all__ = ["FORMATS", "Column", "Kind", "raw_columns", "read_frame", "read_table", "table_of"]
