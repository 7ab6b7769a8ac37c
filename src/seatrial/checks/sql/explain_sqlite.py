"""SQLite plans a statement on empty tables in a locked in-memory database; nothing is run.

`lock_sqlite` is the same lock for a database that holds rows: a graph that runs generated SQL puts it on its own.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, Any

from seatrial.checks.sql.verdict import SqlKind, SqlVerdict
from seatrial.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from collections.abc import Set as AbstractSet

    from seatrial.checks.sql.parameters import Bound

    Schema = Mapping[str, Mapping[str, str]]

MAX_STEPS = 5_000_000
"""Virtual machine steps one statement may take; about a second."""

MAX_ROWS = 10_000

_EVERY = 10_000
_LIMITS = (
    (sqlite3.SQLITE_LIMIT_LENGTH, 1_000_000),
    (sqlite3.SQLITE_LIMIT_SQL_LENGTH, 200_000),
    (sqlite3.SQLITE_LIMIT_ATTACHED, 0),
    (sqlite3.SQLITE_LIMIT_EXPR_DEPTH, 200),
    (sqlite3.SQLITE_LIMIT_COMPOUND_SELECT, 50),
    (sqlite3.SQLITE_LIMIT_VDBE_OP, 100_000),
    (sqlite3.SQLITE_LIMIT_TRIGGER_DEPTH, 0),
    (sqlite3.SQLITE_LIMIT_WORKER_THREADS, 0),
)
_READS = frozenset({sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_RECURSIVE})


def lock_sqlite(connection: sqlite3.Connection, functions: AbstractSet[str]) -> list[str]:
    """Leave `connection` able to read its tables and call `functions`, and nothing else.

    Returns the list to which every denied action is appended, as a sentence part. The authorizer is itself an
    allow-list: an action SQLite invents tomorrow is denied.
    """
    connection.execute("PRAGMA trusted_schema = OFF")
    connection.execute("PRAGMA query_only = ON")
    for limit, value in _LIMITS:
        connection.setlimit(limit, value)
    denied: list[str] = []

    def authorize(
        action: int, first: str | None, second: str | None, _database: str | None, _source: str | None
    ) -> int:
        if action in _READS and not (first or "").lower().startswith(("sqlite_", "pragma_")):
            return sqlite3.SQLITE_OK
        if action == sqlite3.SQLITE_FUNCTION:
            if (second or "").lower() in functions:
                return sqlite3.SQLITE_OK
            denied.append(f"function {second}()")
        else:
            denied.append(f"action {action} on {first or second or 'the database'}")
        return sqlite3.SQLITE_DENY

    connection.set_authorizer(authorize)
    return denied


def run_select(
    connection: sqlite3.Connection, sql: str, *, max_steps: int = MAX_STEPS, max_rows: int = MAX_ROWS
) -> list[tuple[Any, ...]]:
    """The rows of one statement on a locked connection.

    Raises:
        sqlite3.Error: it was denied, took more than `max_steps` steps ("interrupted") or gave more than `max_rows` rows.
    """
    connection.set_progress_handler(_stop_after(max_steps), _EVERY)
    try:
        rows = connection.execute(sql).fetchmany(max_rows + 1)
    finally:
        connection.set_progress_handler(None, 0)
    if len(rows) > max_rows:
        raise sqlite3.OperationalError(f"the statement gives more than {max_rows} rows")
    return rows


def _stop_after(max_steps: int) -> Callable[[], int]:
    """A progress handler that interrupts once `max_steps` have been taken."""
    taken = 0

    def tick() -> int:
        nonlocal taken
        taken += _EVERY
        return int(taken > max_steps)

    return tick


def explain_sqlite(sql: str, bound: Bound, schema: Schema, functions: AbstractSet[str]) -> SqlVerdict | None:
    """What SQLite's own parser and resolver say about a statement, never run, on empty tables made from `schema`.

    Parameters are NULL. A table named `sales.orders` stands in an attached in-memory database named sales.

    Raises:
        UsageError: the schema has a table that SQLite cannot make.
    """
    with closing(sqlite3.connect(":memory:")) as connection:
        try:
            _make_tables(connection, schema)
        except sqlite3.Error as error:
            raise UsageError(f"the schema cannot be made in SQLite: {error}") from error
        denied = lock_sqlite(connection, functions)
        try:
            connection.execute("EXPLAIN " + bound.text(sql, "?"), [None] * bound.count)
        except (sqlite3.Error, sqlite3.Warning) as error:
            if denied:
                kind = SqlKind.FORBIDDEN_FUNCTION if denied[0].startswith("function") else SqlKind.NOT_READ_ONLY
                return SqlVerdict(kind, f"SQLite's authorizer denied {denied[0]}")
            return SqlVerdict(_kind_of(str(error)), f"SQLite cannot plan the statement: {error}")
    return None


def _make_tables(connection: sqlite3.Connection, schema: Schema) -> None:
    attached: set[str] = set()
    for table, columns in schema.items():
        home, _, name = table.rpartition(".")
        home = home.rpartition(".")[2]
        if home and home.lower() not in {"main", *attached}:
            connection.execute(f"ATTACH ':memory:' AS {_quoted(home)}")
            attached.add(home.lower())
        names = ", ".join(_quoted(column) for column in columns) or '"_"'
        connection.execute(f"CREATE TABLE {f'{_quoted(home)}.' if home else ''}{_quoted(name)} ({names})")


def _kind_of(error: str) -> SqlKind:
    for words, kind in (
        ("no such table", SqlKind.UNKNOWN_TABLE),
        ("no such column", SqlKind.UNKNOWN_COLUMN),
        ("ambiguous column name", SqlKind.UNKNOWN_COLUMN),
        ("unknown database", SqlKind.UNKNOWN_TABLE),
        ("no such function", SqlKind.FORBIDDEN_FUNCTION),
        ("syntax error", SqlKind.SYNTAX_ERROR),
        ("incomplete input", SqlKind.SYNTAX_ERROR),
        ("parser stack overflow", SqlKind.SYNTAX_ERROR),
        ("one statement", SqlKind.NOT_READ_ONLY),
    ):
        if words in error:
            return kind
    return SqlKind.EXPLAIN_FAILED


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
