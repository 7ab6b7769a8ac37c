"""DuckDB plans a statement on empty tables in a locked in-memory database; nothing is run."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from seatrial.checks.sql.verdict import SqlKind, SqlVerdict
from seatrial.errors import MissingExtra, UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from seatrial.checks.sql.parameters import Bound

    Schema = Mapping[str, Mapping[str, str]]
    Tables = tuple[tuple[str, tuple[tuple[str, str], ...]], ...]

_TYPE = re.compile(r"[A-Za-z][\w ]*(\(\d+(, ?\d+)?\))?(\[\])?")
_KINDS = (
    ("ParserException", "", SqlKind.SYNTAX_ERROR),
    ("CatalogException", "Table with name", SqlKind.UNKNOWN_TABLE),
    ("BinderException", "Catalog ", SqlKind.UNKNOWN_TABLE),
    ("BinderException", "Referenced column", SqlKind.UNKNOWN_COLUMN),
    ("BinderException", "Referenced table", SqlKind.UNKNOWN_COLUMN),
    ("BinderException", "does not have a column", SqlKind.UNKNOWN_COLUMN),
    ("BinderException", "Ambiguous reference to column", SqlKind.UNKNOWN_COLUMN),
)
"""Class of the error, words in it, what it means."""


def explain_duckdb(sql: str, bound: Bound, schema: Schema) -> SqlVerdict | None:
    """What DuckDB's planner says about a statement; parameters are NULL, which has every type.

    Raises:
        MissingExtra: duckdb is not installed.
        UsageError: a type in `schema` is none DuckDB knows.
    """
    try:
        import duckdb  # noqa: PLC0415 - an optional extra
    except ImportError as error:
        raise MissingExtra("duckdb", "warehouse", "planning duckdb SQL (explain=False does without)") from error
    tables = tuple((table, tuple(columns.items())) for table, columns in schema.items())
    with _sandbox(tables).cursor() as cursor:
        try:
            cursor.execute("EXPLAIN " + bound.text(sql, "$"), [None] * bound.count)
        except duckdb.Error as error:
            line = (str(error).splitlines() or [type(error).__name__])[0]
            return SqlVerdict(_kind_of(type(error).__name__, line), f"DuckDB cannot plan the statement: {line}")
    return None


def _kind_of(name: str, message: str) -> SqlKind:
    for class_name, text, kind in _KINDS:
        if name == class_name and text in message:
            return kind
    return SqlKind.EXPLAIN_FAILED


@lru_cache(maxsize=8)
def _sandbox(tables: Tables) -> Any:
    """An empty database with these tables, closed to files, network and settings: opening one takes tens of ms."""
    import duckdb  # noqa: PLC0415 - an optional extra

    config = {"enable_external_access": "false", "memory_limit": "256MB", "threads": "1"}
    connection = duckdb.connect(config=config)
    for table, columns in tables:
        home, _, name = table.rpartition(".")
        bad = [kind for _, kind in columns if not _TYPE.fullmatch(kind)]
        if bad:
            raise UsageError(f"table {table!r} of the schema has a column of type {bad[0]!r}, which is no type name")
        names = ", ".join(f"{quoted(column)} {kind}" for column, kind in columns)
        home = home.rpartition(".")[2]
        if home:
            connection.execute(f"CREATE SCHEMA IF NOT EXISTS {quoted(home)}")
        try:
            connection.execute(f"CREATE TABLE {f'{quoted(home)}.' if home else ''}{quoted(name)} ({names})")
        except duckdb.Error as error:
            raise UsageError(
                f"table {table!r} of the schema cannot be made in DuckDB: {str(error).splitlines()[0]}"
            ) from error
    connection.execute("SET lock_configuration = true")
    return connection


def quoted(name: str) -> str:
    """`name` as a quoted identifier."""
    return '"' + name.replace('"', '""') + '"'
