"""sql_read_only and sql_valid: the SQL check as evaluators.

SUITE = (sql_read_only(dialect="postgres"), sql_valid(dialect="postgres", schema=SCHEMA))
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from seatrial.checks.sql.check import check_sql
from seatrial.checks.sql.function_lists import DIALECTS
from seatrial.checks.sql.verdict import SqlKind
from seatrial.errors import one_of
from seatrial.scoring import Score, evaluator

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from collections.abc import Set as AbstractSet

    Schema = Mapping[str, Mapping[str, str]]

VERSION = "1"


def sql_read_only(
    *,
    field: str = "sql",
    dialect: str = "sqlite",
    schema: Schema | None = None,
    functions: AbstractSet[str] | None = None,
    key: str = "sql_read_only",
) -> Callable[[Any, Any], Score]:
    """An evaluator: 1 where `outputs[field]` is one read-only statement that calls listed functions only.

    A statement that is empty or cannot be read scores 0: it is not shown that it only reads. A schema is used only for
    what sqlglot cannot parse (see `check_sql`); whether tables and columns exist is `sql_valid`'s question.

    >>> sql_read_only()(Run("r1", {}, {"sql": "DROP TABLE orders"}), Example("e1", {})).reason
    "the statement starts with 'DROP', not with SELECT or WITH"
    """
    one_of(dialect, DIALECTS, "SQL dialect")

    @evaluator(version=VERSION, key=key)
    def judge(run: Any, example: Any) -> Score:
        verdict = check_sql(_text(run, field), dialect=dialect, functions=functions)
        if verdict.kind is SqlKind.SYNTAX_ERROR and schema is not None:
            verdict = check_sql(_text(run, field), dialect=dialect, schema=schema, functions=functions)
        return Score(key, 1.0 if verdict.ok else 0.0, verdict.message)

    return judge


def sql_valid(
    *,
    schema: Schema | None,
    field: str = "sql",
    dialect: str = "sqlite",
    functions: AbstractSet[str] | None = None,
    explain: bool = True,
    database: str | None = None,
    key: str = "sql_valid",
) -> Callable[[Any, Any], Score]:
    """An evaluator: 1 where `outputs[field]` is a statement that its database accepts; None where that cannot be told.

    See `check_sql` for the arguments. It abstains without a schema and a database, and where the database is silent.
    With `database` the evaluator is not pure: it asks a live PostgreSQL, and `seatrial evaluators check` says so.

    >>> check = sql_valid(schema={"orders": {"id": "INTEGER"}})
    >>> check(Run("r1", {}, {"sql": "SELECT total FROM orders"}), Example("e1", {})).reason
    'unknown_column: SQLite cannot plan the statement: no such column: total'
    """
    one_of(dialect, DIALECTS, "SQL dialect")

    @evaluator(version=VERSION, key=key)
    def judge(run: Any, example: Any) -> Score:
        if schema is None and database is None:
            return Score(key, None, "no schema is known, so whether the statement is valid cannot be told")
        verdict = check_sql(
            _text(run, field), dialect=dialect, schema=schema, functions=functions, explain=explain, database=database
        )
        if verdict.kind is SqlKind.UNDECIDED:
            return Score(key, None, f"whether the statement is valid cannot be told: {verdict.message}")
        return Score(key, 1.0 if verdict.ok else 0.0, f"{verdict.kind.value}: {verdict.message}")

    return judge


def _text(run: Any, field: str) -> str | None:
    value = (run.outputs or {}).get(field)
    return value if isinstance(value, str) else None
