"""Recursive queries that nothing ends: no condition in the recursive part, no LIMIT that stops the reading."""

from __future__ import annotations

from typing import Any

from seatrial.checks.sql.sizes import MAX_SIZE
from seatrial.checks.sql.verdict import SqlKind, SqlVerdict, short


def endless(tree: Any) -> SqlVerdict | None:
    """A recursive query whose recursive part has no condition that could end it, and that no LIMIT ends."""
    from sqlglot import exp  # noqa: PLC0415 - heavy, and only a SQL check needs it

    for cte in tree.find_all(exp.CTE):
        name = cte.alias.lower()
        body = cte.this.unnest() if isinstance(cte.this, exp.Subquery) else cte.this
        if not isinstance(body, exp.SetOperation):
            continue
        part = body.expression
        if not any(table.name.lower() == name and not table.db for table in part.find_all(exp.Table)):
            continue
        if body.args.get("limit") or streams_to_a_limit(tree) or _can_end(part, name):
            continue
        return SqlVerdict(
            SqlKind.UNBOUNDED,
            f"the recursive query {short(cte.alias)} has no condition that ends it; bound its recursive part, or LIMIT it",
        )
    return None


def _can_end(part: Any, name: str) -> bool:
    """Whether a recursive member has a bound: a condition from above, or a join with a table that may run out."""
    from sqlglot import exp  # noqa: PLC0415

    bounds = (exp.LT, exp.LTE, exp.NEQ, exp.EQ, exp.In, exp.Between, exp.Not, exp.Is, exp.Like, exp.Exists)
    counts_down = any(isinstance(one, (exp.Sub, exp.Div, exp.IntDiv)) for one in part.find_all(exp.Binary))
    joined = any(table.name.lower() != name for table in part.find_all(exp.Table))
    conditions = [one.this for one in part.find_all(exp.Where)]
    conditions += [join.args["on"] for join in part.find_all(exp.Join) if join.args.get("on")]
    for condition in conditions:
        for test in condition.find_all(*bounds, exp.GT, exp.GTE):
            if test.find(exp.Column) is None:
                continue
            written = [abs(float(one.this)) for one in test.find_all(exp.Literal) if not one.is_string]
            if max(written, default=0) > MAX_SIZE and not joined:
                continue
            upward = isinstance(test, (exp.GT, exp.GTE)) and test.left.find(exp.Column) is not None
            if not upward or counts_down or test.right.find(exp.Column) is not None:
                return True
    using = any(join.args.get("using") for join in part.find_all(exp.Join))
    return joined and using


def streams_to_a_limit(select: Any) -> bool:
    """Whether a query can stop reading at its LIMIT: it neither sorts, groups, nor aggregates first."""
    from sqlglot import exp  # noqa: PLC0415

    limit = select.args.get("limit")
    if limit is None or not isinstance(select, exp.Select):
        return False
    sorts = any(select.args.get(key) for key in ("order", "group", "distinct", "having"))
    return not sorts and not any(one.find(exp.AggFunc, exp.Window) for one in select.expressions)
