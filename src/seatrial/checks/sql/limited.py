"""sql_limited: can the statement return more than so many rows?"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from seatrial.checks.sql.function_lists import DIALECTS
from seatrial.checks.sql.statement import statement
from seatrial.errors import ConfigError, MissingExtra, one_of
from seatrial.scoring import Score, evaluator


def sql_limited(
    n: int, *, field: str = "sql", dialect: str = "sqlite", key: str = "sql_limited"
) -> Callable[[Any, Any], Score]:
    """An evaluator: 1 where the statement returns at most `n` rows, whatever the data: by LIMIT, FETCH or TOP, or as one row.

    A limit that is a parameter, a calculation, a percentage or `WITH TIES` depends on more than the statement: it abstains.
    It says nothing about the rows the statement reads.

    >>> sql_limited(100)(Run("r1", {}, {"sql": "SELECT id FROM orders"}), Example("e1", {})).reason
    'the statement has no limit; at most 100 rows are allowed'

    Raises:
        ConfigError: `n` is not 1 or more.
    """
    one_of(dialect, DIALECTS, "SQL dialect")
    if n < 1:
        raise ConfigError(f"check {key!r} has the limit {n}; it must be 1 or more")

    @evaluator(version="1", key=key)
    def judge(run: Any, example: Any) -> Score:
        sql = (run.outputs or {}).get(field)
        if not isinstance(sql, str):
            return Score(key, 0.0, f"the outputs have no statement at {field!r}")
        try:
            tree, refusal = statement(sql, dialect)
        except ImportError as error:
            raise MissingExtra("sqlglot", "fleet", "a SQL check") from error
        if refusal or tree is None:
            return Score(key, None, f"the statement cannot be read: {refusal.message if refusal else 'it is empty'}")
        rows, why = most_rows(tree)
        if why:
            return Score(key, None, why)
        if rows is None:
            return Score(key, 0.0, f"the statement has no limit; at most {n} rows are allowed")
        return Score(key, float(rows <= n), f"returns at most {rows} rows, allowed are {n}")

    return judge


def most_rows(tree: Any) -> tuple[int | None, str]:
    """The most rows a query can return (None: no limit), or why that is not known."""
    from sqlglot import exp  # noqa: PLC0415 - heavy, and only a SQL check needs it

    limit = tree.args.get("limit")
    if limit is None:
        if isinstance(tree, exp.Subquery):
            return most_rows(tree.this)
        if isinstance(tree, exp.Select) and _is_one_row(tree):
            return 1, ""
        if isinstance(tree, exp.Union):
            (left, one), (right, other) = most_rows(tree.left), most_rows(tree.right)
            return (None if left is None or right is None else left + right), one or other
        return None, ""
    options = limit.args.get("limit_options")
    if options is not None and (options.args.get("percent") or options.args.get("with_ties")):
        return None, "the limit is a percentage or WITH TIES, so the number of rows depends on the data"
    count = limit.args.get("count") if isinstance(limit, exp.Fetch) else limit.expression
    while isinstance(count, exp.Paren):
        count = count.this
    if isinstance(count, exp.Literal) and not count.is_string and str(count.this).isdigit():
        return int(count.this), ""
    if isinstance(count, exp.Fetch) or count is None:
        return 1, ""  # FETCH FIRST ROW ONLY
    if isinstance(count, (exp.Null, exp.Neg)) or (
        isinstance(count, (exp.Column, exp.Var)) and count.name.upper() == "ALL"
    ):
        return None, ""  # LIMIT NULL, LIMIT ALL and LIMIT -1 are none
    return None, "the limit is no plain number, so the number of rows is not known"


def _is_one_row(select: Any) -> bool:
    """Whether it aggregates all its rows into one: an aggregate without GROUP BY, and nothing that makes rows of it again."""
    from sqlglot import exp  # noqa: PLC0415 - as above

    if select.args.get("group"):
        return False
    if any(column.find(exp.Anonymous, exp.UDTF, exp.Explode, exp.GenerateSeries) for column in select.expressions):
        return False
    if not select.args.get("from_"):
        return not select.args.get("laterals")  # SELECT 1
    return any(
        one.find_ancestor(exp.Window, exp.Select) is select
        for column in select.expressions
        for one in column.find_all(exp.AggFunc)
    )
