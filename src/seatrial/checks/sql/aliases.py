"""Where a dialect lets a query use the names of its own SELECT list, for dialects whose engine is not here to ask.

Sources: the manuals of the seven dialects; the tests compare the rows of SQLite, DuckDB and PostgreSQL with the engines.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from seatrial.checks.sql.verdict import SqlKind, SqlVerdict, short

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    Schema = Mapping[str, Mapping[str, str]]


class Aliases(NamedTuple):
    """Where a dialect lets a query use a name that its own SELECT list gives.

    `group` and `order`: "no", "bare" (the item is the name alone) or "any" (inside an expression as well).
    """

    where: bool
    join: bool
    group: str
    having: bool
    select: bool
    order: str


ALIASES: dict[str, Aliases] = {  # SQLite itself also takes one in ON; sqlglot's resolver does not
    "sqlite": Aliases(where=True, join=False, group="any", having=True, select=False, order="any"),
    "postgres": Aliases(where=False, join=False, group="bare", having=False, select=False, order="bare"),
    "duckdb": Aliases(where=True, join=False, group="bare", having=True, select=True, order="any"),
    "mysql": Aliases(where=False, join=False, group="any", having=True, select=False, order="any"),
    "bigquery": Aliases(where=False, join=False, group="any", having=True, select=False, order="any"),
    "tsql": Aliases(where=False, join=False, group="no", having=False, select=False, order="bare"),
    "snowflake": Aliases(where=True, join=True, group="any", having=True, select=True, order="any"),
}


def misused_alias(tree: Any, schema: Schema, dialect: str) -> SqlVerdict | None:
    """The first name of a SELECT list that is used where `dialect` does not let it be used, or None."""
    from sqlglot import exp  # noqa: PLC0415 - heavy, and only a SQL check needs it
    from sqlglot.optimizer.scope import traverse_scope  # noqa: PLC0415

    columns = {key.rpartition(".")[2].lower(): {one.lower() for one in types} for key, types in schema.items()}
    for scope in traverse_scope(tree):
        select = scope.expression
        if not isinstance(select, exp.Select):
            continue
        aliases = {one.alias.lower() for one in select.expressions if isinstance(one, exp.Alias)}
        real = _source_columns(scope, columns)
        if not aliases or real is None:
            continue
        for clause, column in _forbidden_uses(select, ALIASES[dialect]):
            name = column.name.lower()
            if name in aliases and name not in real:
                line, col = column.this.meta.get("line"), column.this.meta.get("col")
                return SqlVerdict(
                    SqlKind.UNKNOWN_COLUMN,
                    f"{clause} uses {short(column.name)}, a name from the SELECT list, which {dialect} does not allow",
                    (line, col) if line and col else None,
                )
    return None


def _source_columns(scope: Any, columns: Mapping[str, set[str]]) -> set[str] | None:
    """Every column name that this query's sources, and those around it, have; None where that is not known."""
    from sqlglot import exp  # noqa: PLC0415

    found: set[str] = set()
    level = scope
    while level is not None:
        for source in level.sources.values():
            if isinstance(source, exp.Table):
                found |= columns.get(source.name.lower(), set())
            else:
                names = getattr(source.expression, "named_selects", None)
                if names is None or "*" in names:
                    return None
                found |= {name.lower() for name in names}
        level = level.parent
    return found


def _forbidden_uses(select: Any, rule: Aliases) -> Iterator[tuple[str, Any]]:
    """Unqualified columns in the clauses in which an alias may not stand."""
    seen: set[str] = set()
    for one in select.expressions:
        for column in _columns(one):
            if not rule.select or column.name.lower() not in seen:
                yield "the SELECT list", column
        seen.add(one.alias_or_name.lower())
    for clause, key, allowed in (("WHERE", "where", rule.where), ("HAVING", "having", rule.having)):
        if not allowed and select.args.get(key):
            yield from ((clause, column) for column in _columns(select.args[key]))
    if not rule.join:
        for join in select.args.get("joins") or ():
            if join.args.get("on"):
                yield from (("a join's ON", column) for column in _columns(join.args["on"]))
    for clause, key, allowed_in in (("GROUP BY", "group", rule.group), ("ORDER BY", "order", rule.order)):
        for item in select.args[key].expressions if select.args.get(key) else ():
            bare = item.this if type(item).__name__ == "Ordered" else item
            if allowed_in == "any" or (allowed_in == "bare" and type(bare).__name__ == "Column"):
                continue
            yield from ((clause, column) for column in _columns(bare))


def _columns(node: Any) -> Iterator[Any]:
    """The unqualified columns of one query's own level."""
    from sqlglot import exp  # noqa: PLC0415

    for one in node.walk(prune=lambda inner: isinstance(inner, (exp.Select, exp.SetOperation))):
        if isinstance(one, exp.Column) and not one.table and not isinstance(one.this, exp.Star):
            yield one
