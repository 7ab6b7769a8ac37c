"""check_sql: is this text one read-only statement, and does its database accept it? The first thing wrong decides.

    check_sql("SELECT nam FROM users", schema={"users": {"name": "text"}})
    # SqlVerdict(kind=unknown_column, message="SQLite cannot plan the statement: no such column: nam", position=(1, 10))

The order is text, tree, functions, size, cast types, tables, then the engine's EXPLAIN or, where there is no engine, columns
and the dialect's rules. The same call serves as evaluator, as production monitor and as the guard a graph puts before it
runs generated SQL.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from seatrial.checks.sql.accounted import unlisted_call, unread_query
from seatrial.checks.sql.aliases import misused_alias
from seatrial.checks.sql.cast_types import unknown_type
from seatrial.checks.sql.cross_joins import unlinked
from seatrial.checks.sql.explain_duckdb import explain_duckdb
from seatrial.checks.sql.explain_postgres import explain_postgres
from seatrial.checks.sql.explain_sqlite import explain_sqlite
from seatrial.checks.sql.functions import allowed
from seatrial.checks.sql.parameters import bound
from seatrial.checks.sql.readonly import opening, parsed, read_only
from seatrial.checks.sql.recursion import endless
from seatrial.checks.sql.resolve import unknown_column, unknown_table
from seatrial.checks.sql.sizes import oversized
from seatrial.checks.sql.syntax import foreign_syntax
from seatrial.checks.sql.verdict import SqlKind, SqlVerdict
from seatrial.errors import MissingExtra, UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from collections.abc import Set as AbstractSet

    from seatrial.checks.sql.parameters import Bound

    Schema = Mapping[str, Mapping[str, str]]

ENGINES = {"sqlite": "SQLite", "duckdb": "DuckDB"}
"""Dialects whose engine plans statements in this process."""


class Plan(NamedTuple):
    """What validity is decided with.

    Attributes:
        schema: table -> column -> type, or None.
        engine: the engine's name where one plans the statement, else None.
        database: the connection string of a PostgreSQL database, or None.
        functions: names of the functions that may be called.
    """

    schema: Schema | None
    engine: str | None
    database: str | None
    functions: AbstractSet[str]


def check_sql(
    sql: str | None,
    *,
    dialect: str = "sqlite",
    schema: Schema | None = None,
    functions: AbstractSet[str] | None = None,
    explain: bool = True,
    database: str | None = None,
) -> SqlVerdict:
    """Judge one statement; nothing is ever run.

    Args:
        sql: the text; None and blank text are `empty`. Comments, plain hints, a trailing `;` and bound parameters in any
            driver's style are allowed.
        dialect: sqlite, postgres, duckdb, mysql, bigquery, tsql or snowflake.
        schema: table -> column -> type. Without it tables and columns are not judged; a guard of data should have it.
        functions: exactly the functions that may be called, instead of the dialect's default list.
        explain: with a schema and the dialects sqlite and duckdb, let the engine plan the statement in a locked, empty,
            in-memory database made from the schema. False: parse, resolve and apply the dialect's written rules only.
        database: postgres only: the connection string of a database that plans the statement in a read-only transaction,
            which is rolled back. Not pure: the verdict depends on that database, and is `undecided` where it is silent.

    Where sqlglot cannot read a sqlite statement whose text is plainly one SELECT, and a schema is given, SQLite itself
    decides. That is as safe as the list of nodes: the text holds one statement that starts with SELECT or WITH (some
    commands, VACUUM for one, never ask the authorizer) and no comment of two meanings; SQLite's own parser, the very
    one that will run it, reports each action it would take to an authorizer that allows reading, recursion and listed
    functions; and the statement is only planned, on empty tables, in memory.

    Raises:
        UsageError: unknown dialect, `explain` is not true or false, or a `database` for another dialect than postgres.
        MissingExtra: sqlglot, or the engine (duckdb, psycopg) that should plan, is not installed.
    """
    _importable()
    can_call = allowed(dialect, functions)
    plan = Plan(schema, _engine(dialect, schema, explain=explain, database=database), database, can_call.names)
    tokens, refusal = opening(sql or "", dialect)
    if refusal or sql is None:
        return refusal or SqlVerdict(SqlKind.EMPTY, "there is no statement")
    statement = bound(tokens, dialect)
    tree, refusal = parsed(sql, statement.tokens, dialect)
    if refusal:
        if dialect != "sqlite" or schema is None:
            return refusal
        denied = explain_sqlite(sql, statement, schema, can_call.names)
        return denied or SqlVerdict(SqlKind.OK, "SQLite plans the statement and its authorizer saw nothing but reads")
    refusal = (
        read_only(tree, can_call, sql)
        or unlisted_call(statement.tokens, tree, can_call)
        or unread_query(statement.tokens, tree)
        or oversized(tree)
        or endless(tree)
        or unlinked(tree)
        or unknown_type(statement.tokens, dialect)
        or unknown_table(tree, schema, dialect)
        or _invalid(sql, tree, statement, dialect, plan)
    )
    return refusal or SqlVerdict(SqlKind.OK, f"one read-only SELECT; {_checked(dialect, plan)}")


def _engine(dialect: str, schema: Schema | None, *, explain: bool, database: str | None) -> str | None:
    """The name of the engine that will plan the statement, or None."""
    if not isinstance(explain, bool):
        raise UsageError(f"explain is {explain!r}; give True (the dialect's engine plans the statement) or False")
    if database is not None:
        if dialect != "postgres":
            raise UsageError(f"a database plans postgres SQL only, and the dialect is {dialect}")
        return "PostgreSQL"
    return ENGINES.get(dialect) if explain and schema is not None else None


def _invalid(sql: str, tree: Any, statement: Bound, dialect: str, plan: Plan) -> SqlVerdict | None:
    """What the engine says where there is one; else what sqlglot's resolver and the dialect's written rules say."""
    if plan.database is not None:
        return explain_postgres(sql, statement, plan.database)
    if plan.schema is None:
        return None
    if plan.engine is None:
        return (
            foreign_syntax(tree, statement.tokens, dialect)
            or misused_alias(tree, plan.schema, dialect)
            or unknown_column(tree, plan.schema, dialect)
        )
    if plan.engine == "DuckDB":
        refusal = explain_duckdb(sql, statement, plan.schema)
    else:
        refusal = explain_sqlite(sql, statement, plan.schema, plan.functions)
        if refusal is None and any(_double_quoted(token, sql) for token in statement.tokens):
            # SQLite reads "nam" as the text 'nam' where no column has that name
            return unknown_column(tree, plan.schema, dialect)
    if refusal is not None and refusal.kind is SqlKind.UNKNOWN_COLUMN and refusal.position is None:
        place = unknown_column(tree, plan.schema, dialect)
        return SqlVerdict(refusal.kind, refusal.message, place.position if place else None)
    return refusal


def _double_quoted(token: Any, sql: str) -> bool:
    return token.token_type.name == "IDENTIFIER" and sql[token.start] == '"'


def _checked(dialect: str, plan: Plan) -> str:
    """What was looked at, and no more than that."""
    if plan.database is not None:
        return "PostgreSQL plans it on its database"
    if plan.schema is None:
        return "its tables and columns were not checked"
    if plan.engine is not None:
        return f"{plan.engine} plans it against the schema"
    return f"the schema has its tables and columns; no {dialect} engine has planned it"


def _importable() -> None:
    try:
        import sqlglot  # noqa: F401, PLC0415
    except ImportError as error:
        raise MissingExtra("sqlglot", "fleet", "a SQL check") from error
