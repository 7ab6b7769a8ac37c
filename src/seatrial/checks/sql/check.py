"""check_sql: is this text one read-only statement that its schema can answer? The first thing wrong decides.

    check_sql("SELECT nam FROM users", schema={"users": {"name": "text"}})
    # SqlVerdict(kind=unknown_column, message="the columns do not fit the schema: ...", position=(1, 10))

The order is text, tree, functions, tables, columns, EXPLAIN. The same call serves as evaluator, as production monitor
and as the guard a graph puts before it runs generated SQL.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from seatrial.checks.sql.explain import explain_duckdb, explain_sqlite
from seatrial.checks.sql.functions import allowed
from seatrial.checks.sql.readonly import opening, parsed, read_only
from seatrial.checks.sql.resolve import unresolved
from seatrial.checks.sql.verdict import SqlKind, SqlVerdict
from seatrial.errors import MissingExtra, UsageError, one_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from collections.abc import Set as AbstractSet

    Schema = Mapping[str, Mapping[str, str]]

Explain = Literal["sqlite", "duckdb"]


def check_sql(
    sql: str | None,
    *,
    dialect: str = "sqlite",
    schema: Schema | None = None,
    functions: AbstractSet[str] | None = None,
    explain: Explain | None = None,
) -> SqlVerdict:
    """Judge one statement; nothing is ever run.

    Args:
        sql: the text; None and blank text are `empty`. Comments, plain hints and a trailing `;` are allowed.
        dialect: sqlite, postgres, mysql, duckdb or bigquery.
        schema: table -> column -> type. Without it tables and columns are not judged; a guard of data should have it.
        functions: exactly the functions that may be called, instead of the dialect's default list.
        explain: also plan the statement in a locked, empty, in-memory database of the same dialect; needs `schema`.

    Where sqlglot cannot read a sqlite statement whose text is plainly one SELECT, and a schema is given, SQLite itself
    decides. That is as safe as the list of nodes: the text holds one statement that starts with SELECT or WITH (some
    commands, VACUUM for one, never ask the authorizer) and no comment of two meanings; SQLite's own parser, the very
    one that will run it, reports each action it would take to an authorizer that allows reading, recursion and listed
    functions; and the statement is only planned, on empty tables, in memory.

    Raises:
        UsageError: unknown dialect or `explain`, `explain` of another dialect or without a schema.
        MissingExtra: sqlglot (or duckdb, for `explain="duckdb"`) is not installed.
    """
    _importable()
    can_call = allowed(dialect, functions)
    if explain is not None:
        one_of(explain, ("sqlite", "duckdb"), "explain")
        if explain != dialect or schema is None:
            what = "needs a schema to plan against" if schema is None else f"cannot plan {dialect} SQL"
            raise UsageError(f"explain={explain!r} {what}; give the schema and the same dialect, or explain=None")
    tokens, refusal = opening(sql or "", dialect)
    if refusal or sql is None:
        return refusal or SqlVerdict(SqlKind.EMPTY, "there is no statement")
    tree, refusal = parsed(sql, tokens, dialect)
    if refusal:
        if dialect != "sqlite" or schema is None:
            return refusal
        denied = explain_sqlite(sql, schema, can_call.names)
        return denied or SqlVerdict(SqlKind.OK, "SQLite plans the statement and its authorizer saw nothing but reads")
    refusal = read_only(tree, can_call) or unresolved(tree, schema, dialect)
    if refusal is None and explain == "sqlite" and schema is not None:
        refusal = explain_sqlite(sql, schema, can_call.names)
    elif refusal is None and explain == "duckdb" and schema is not None:
        refusal = explain_duckdb(sql, schema)
    return refusal or SqlVerdict(
        SqlKind.OK, "one read-only SELECT" + (" that the schema can answer" if schema is not None else "")
    )


def _importable() -> None:
    try:
        import sqlglot  # noqa: F401, PLC0415
    except ImportError as error:
        raise MissingExtra("sqlglot", "fleet", "a SQL check") from error
