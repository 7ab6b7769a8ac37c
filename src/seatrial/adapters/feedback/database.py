"""Databases: a table of SQLite, DuckDB, PostgreSQL or the project's store, read as any table is."""

from __future__ import annotations

import json
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from seatrial.adapters.feedback.location import LocationKind
from seatrial.errors import DataError, MissingExtra
from seatrial.table.column import SEGMENT_PREFIX
from seatrial.table.raw import Listed
from seatrial.table.read import read_frame, table_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import tzinfo

    from seatrial.adapters.feedback.location import Location
    from seatrial.table import Column, Table

SEGMENTS = "segments"
"""Column in which the store keeps a decision's segments, as JSON."""


def read_database(
    location: Location,
    default: str,
    columns: Sequence[Column],
    *,
    mapping: Mapping[str, Sequence[str]],
    segments: Sequence[str],
    zone: tzinfo | None,
) -> Table:
    """Read one table.

    Args:
        location: database, and its table where it is not the default.
        default: `decisions` or `outcomes`.
        columns, mapping, segments, zone: as `read_table` takes them.

    Raises:
        DataError: the database cannot be reached, has no such table, or the table is empty.
        MissingExtra: its driver is not installed.
    """
    name = location.table or default
    if location.kind is LocationKind.DUCKDB:
        frame, source = _duckdb(location, name), f"{location.place}#{name}"
        if frame.num_rows == 0:
            raise DataError(f"{source} holds no rows: there is nothing to judge")
        return read_frame(frame, columns, source=source, mapping=mapping, segments=segments, zone=zone)
    read = {
        LocationKind.SQLITE: _sqlite,
        LocationKind.POSTGRES: _postgres,
        LocationKind.STORE: _store,
    }[location.kind]
    names, rows = read(location, name)
    source = f"{location}" if location.table else f"{location}#{name}"
    if not rows:
        raise DataError(f"{source} holds no rows: there is nothing to judge")
    raw: dict[str, Any] = {
        column: Listed([_plain(row[i]) for row in rows]) for i, column in enumerate(names) if column != SEGMENTS
    }
    if SEGMENTS in names:
        raw.update(_expanded(names.index(SEGMENTS), rows))
    return table_of(raw, len(rows), columns, source, mapping=mapping, segments=segments, zone=zone)


def quoted(name: str) -> str:
    """A table name as SQL writes it: `schema.table`, each part quoted."""
    return ".".join('"' + part.replace('"', '""') + '"' for part in name.split("."))


def _expanded(place: int, rows: Sequence[Sequence[Any]]) -> dict[str, Listed]:
    parsed = []
    for row in rows:
        value = row[place]
        try:
            parsed.append(value if isinstance(value, dict) else json.loads(value or "{}"))
        except (TypeError, ValueError):
            return {}
    names = dict.fromkeys(name for one in parsed for name in one)
    return {SEGMENT_PREFIX + name: Listed([one.get(name) for one in parsed]) for name in names}


def _sqlite(location: Location, table: str) -> tuple[list[str], list[Any]]:
    import sqlite3  # noqa: PLC0415 - only where one is read
    from contextlib import closing  # noqa: PLC0415
    from pathlib import Path  # noqa: PLC0415

    if not Path(location.place).is_file():
        raise DataError(f"{location.place} does not exist")
    try:
        with closing(sqlite3.connect(f"file:{location.place}?mode=ro", uri=True, timeout=10)) as connection:
            known = [
                row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type IN ('table', 'view')")
            ]
            _must_have(location, table, known)
            found = connection.execute(f"SELECT * FROM {quoted(table)}")
            return [column[0] for column in found.description], found.fetchall()
    except sqlite3.Error as error:
        raise DataError(f"{location} cannot be read: {error}") from error


def _duckdb(location: Location, table: str) -> Any:
    try:
        import duckdb  # noqa: PLC0415 - only where one is read
    except ImportError:
        raise MissingExtra("duckdb", "warehouse", "tables in DuckDB") from None
    from pathlib import Path  # noqa: PLC0415

    if not Path(location.place).is_file():
        raise DataError(f"{location.place} does not exist")
    try:
        with duckdb.connect(location.place, read_only=True) as connection:
            _must_have(location, table, [row[0] for row in connection.execute("SELECT table_name FROM duckdb_tables()").fetchall()]
                       + [row[0] for row in connection.execute("SELECT view_name FROM duckdb_views() WHERE NOT internal").fetchall()])  # fmt: skip
            # As UTC whatever the session's zone: an instant is an instant.
            connection.execute("SET TimeZone = 'UTC'; SET enable_progress_bar = false")
            return connection.sql(f"SELECT * FROM {quoted(table)}").to_arrow_table()
    except duckdb.Error as error:
        raise DataError(f"{location} cannot be read: {str(error).splitlines()[0]}") from error


def _postgres(location: Location, table: str) -> tuple[list[str], list[Any]]:
    try:
        import psycopg  # noqa: PLC0415 - only where one is read
    except ImportError:
        raise MissingExtra("psycopg", "postgres", "tables in PostgreSQL") from None
    try:
        with psycopg.connect(location.place, connect_timeout=5) as connection:
            connection.read_only = True
            found = connection.execute(f"SELECT * FROM {quoted(table)}".encode())
            return [column.name for column in found.description or ()], found.fetchall()
    except psycopg.errors.UndefinedTable:
        raise DataError(f"{location} has no table {table!r}; name it with #TABLE") from None
    except psycopg.Error as error:
        raise DataError(f"{location} cannot be read: {str(error).strip().splitlines()[0]}") from error


def _store(location: Location, table: str) -> tuple[list[str], list[Any]]:
    from sqlalchemy import text  # noqa: PLC0415 - only where the store is read

    from seatrial.store.current import current_store  # noqa: PLC0415

    store = current_store()
    if store is None:
        raise DataError(f"{location}: no store is in use here")
    with store.read() as connection:
        found = connection.execute(text(f"SELECT * FROM {quoted(table)}"))
        return list(found.keys()), [tuple(row) for row in found]


def _must_have(location: Location, table: str, known: Iterable[str]) -> None:
    names = sorted(known)
    if table.rpartition(".")[2] not in names:
        raise DataError(f"{location} has no table {table!r}; name one with #TABLE: {', '.join(names) or 'it has none'}")


def _plain(value: Any) -> Any:
    """A driver's value as JSON has it; instants keep their offset, or have none and are refused later."""
    if isinstance(value, (datetime, date)):
        return value.isoformat()
    return float(value) if isinstance(value, Decimal) else value
