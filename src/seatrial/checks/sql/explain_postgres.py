"""PostgreSQL plans a statement on a live database, in a read-only transaction that is rolled back.

This is the one part of the SQL check that is not pure: the answer depends on the database. libpq opens its socket in C,
where Python's audit hooks hear nothing, so the connection is announced with the event that a Python socket raises:
`seatrial evaluators check` names it as network access, and refuses it while it looks.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from seatrial.checks.sql.verdict import SqlKind, SqlVerdict
from seatrial.errors import MissingExtra, UsageError

if TYPE_CHECKING:
    from seatrial.checks.sql.parameters import Bound

CONNECT_SECONDS = 10
STATEMENT_MS = 5_000
"""How long the server may plan one statement or wait for a lock."""

_KINDS = {
    "42P01": SqlKind.UNKNOWN_TABLE,
    "3F000": SqlKind.UNKNOWN_TABLE,
    "0A000": SqlKind.EXPLAIN_FAILED,
    "42703": SqlKind.UNKNOWN_COLUMN,
    "42702": SqlKind.UNKNOWN_COLUMN,
    "42601": SqlKind.SYNTAX_ERROR,
    "25006": SqlKind.NOT_READ_ONLY,
}
"""SQLSTATE -> kind; ambiguous columns (42702) count as unknown. Source: PostgreSQL manual, appendix A."""

_NO_ANSWER = ("08", "28", "53", "55", "57", "58", "XX")
"""SQLSTATE classes that say nothing about the statement: connection, login, resources, locks, timeouts, the server."""


def explain_postgres(sql: str, bound: Bound, url: str) -> SqlVerdict | None:
    """What PostgreSQL says about a statement that was shown to be one read-only SELECT; None where it plans it.

    EXPLAIN is sent through the extended protocol, which takes one statement only, and is never ANALYZE. Parameters are
    NULL and their types are the ones the server infers.

    Raises:
        MissingExtra: psycopg is not installed.
        UsageError: `url` is no connection string.
    """
    try:
        import psycopg  # noqa: PLC0415 - an optional extra
        from psycopg.conninfo import conninfo_to_dict  # noqa: PLC0415
    except ImportError as error:
        raise MissingExtra("psycopg", "postgres", "planning SQL on a PostgreSQL database") from error
    try:
        known = conninfo_to_dict(url)
    except psycopg.Error:
        raise UsageError(
            "the database of a SQL check is no PostgreSQL connection string; write postgresql://user@host:5432/name"
        ) from None  # the text may hold a password
    sys.audit("socket.connect", None, (known.get("host") or "the local socket", known.get("port") or 5432))
    try:
        with psycopg.connect(url, connect_timeout=CONNECT_SECONDS, application_name="seatrial") as connection:
            connection.read_only = True
            try:
                return _planned(connection, bound.text(sql, "$"), bound.count)
            finally:
                connection.rollback()
    except psycopg.Error as error:
        return SqlVerdict(SqlKind.UNDECIDED, f"PostgreSQL gave no answer: {_first_line(error)}")


def _planned(connection: Any, sql: str, parameters: int) -> SqlVerdict | None:
    import psycopg  # noqa: PLC0415

    cursor = psycopg.RawCursor(connection)
    cursor.execute(f"SET LOCAL statement_timeout = {STATEMENT_MS}")
    cursor.execute(f"SET LOCAL lock_timeout = {STATEMENT_MS}")
    explain = "EXPLAIN "
    try:
        cursor.execute(explain + sql, [None] * parameters, binary=True)  # binary: always the extended protocol
    except psycopg.Error as error:
        state = error.sqlstate or ""
        line = error.diag.message_primary or _first_line(error)
        if not state or state.startswith(_NO_ANSWER):
            return SqlVerdict(SqlKind.UNDECIDED, f"PostgreSQL gave no answer: {line}")
        message = f"PostgreSQL cannot plan the statement: {line}"
        place = error.diag.statement_position
        position = _line_and_column(explain + sql, int(place), len(explain)) if place else None
        return SqlVerdict(_KINDS.get(state, SqlKind.EXPLAIN_FAILED), message, position)
    return None


def _line_and_column(text: str, place: int, lead: int) -> tuple[int, int]:
    """Line and column of the character that PostgreSQL counts as `place`, without the `lead` characters of EXPLAIN."""
    before = text[lead : place - 1]
    return before.count("\n") + 1, len(before) - (before.rfind("\n") + 1) + 1


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
