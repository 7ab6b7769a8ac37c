"""sql_scoped_to: is every table that has the tenant's column filtered by the tenant's parameter?

A table is filtered when a condition that all its rows must meet, in WHERE or in the ON of a join that drops the others, says
`table.column = :parameter`, or equals the column of a table that is filtered. A condition in another form, or a filter
outside of the subquery that reads the table, may do the same: there the check abstains. It reads the statement, not the
data: a parameter with the wrong value, a view and a function are not seen.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from seatrial.checks.sql.function_lists import DIALECTS
from seatrial.checks.sql.statement import parameter_of, statement
from seatrial.checks.sql.verdict import PARSER_FAULTS
from seatrial.errors import ConfigError, MissingExtra, one_of
from seatrial.scoring import Score, evaluator

Schema = Mapping[str, Mapping[str, str]]


class Rule(NamedTuple):
    """What is asked of a statement: this column of each table, by this parameter; `columns` of each table, if known."""

    column: str
    parameter: str
    columns: Mapping[str, frozenset[str]] | None


class Condition(NamedTuple):
    """A condition, and which tables it drops rows of; None: all of them."""

    node: Any
    drops: frozenset[str] | None


def sql_scoped_to(
    column: str,
    parameter: str,
    *,
    schema: Schema | None = None,
    field: str = "sql",
    dialect: str = "sqlite",
    key: str = "sql_scoped",
) -> Callable[[Any, Any], Score]:
    """An evaluator: 1 where every table that has `column` is filtered by `parameter`.

    >>> run = Run("r1", {}, {"sql": "SELECT id FROM orders"})
    >>> sql_scoped_to("tenant_id", "tenant")(run, Example("e1", {})).reason
    'table orders is not filtered by tenant_id = parameter tenant'

    Args:
        column: the column that separates tenants, `tenant_id`.
        parameter: the bound parameter's name without its sign (`:tenant` is `tenant`), or its number from 1. A value that is
            written into the statement is not the parameter.
        schema: table -> column -> type; without it every table must be filtered.
        field: where the outputs have the statement.
        dialect: as in `check_sql`.
        key: the score's key.
    """
    one_of(dialect, DIALECTS, "SQL dialect")
    if not column or not parameter:
        raise ConfigError(f"check {key!r} needs a column and the name of a parameter")
    columns = {
        part: frozenset(one.lower() for one in types)
        for name, types in (schema or {}).items()
        for part in {name.lower(), name.lower().rpartition(".")[2]}
    }
    rule = Rule(column.lower(), parameter.lstrip(":@$%?"), columns or None)

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
        try:
            return Score(key, *_judged(tree, rule))
        except PARSER_FAULTS as error:
            return Score(key, None, f"the statement cannot be resolved ({type(error).__name__} in the resolver)")

    return judge


def _judged(tree: Any, rule: Rule) -> tuple[float | None, str]:
    from sqlglot import exp  # noqa: PLC0415 - heavy, and only a SQL check needs it
    from sqlglot.optimizer.scope import traverse_scope  # noqa: PLC0415 - likewise

    doubt, count, reached = "", 0, set()
    scopes = traverse_scope(tree)
    for scope in scopes:
        filtered, unclear = _filtered(scope, rule)
        for alias, source in scope.sources.items():
            if not isinstance(source, exp.Table) or isinstance(source.this, exp.Func):
                continue
            reached.add(id(source))
            has = _has(source, rule)
            if has is None:
                doubt = (
                    doubt or f"table {source.name} is not in the schema, so whether it has {rule.column} is not known"
                )
            elif has:
                count += 1
                if alias not in filtered:
                    why = unclear or _outside(scopes, scope, rule)
                    if not why:
                        return 0.0, f"table {source.name} is not filtered by {rule.column} = parameter {rule.parameter}"
                    doubt = doubt or f"table {source.name}: {why}"
    if any(id(table) not in reached and not isinstance(table.this, exp.Func) for table in tree.find_all(exp.Table)):
        names = {name for scope in scopes for name in scope.sources} | {cte.alias for cte in tree.find_all(exp.CTE)}
        strange = next((t.name for t in tree.find_all(exp.Table) if id(t) not in reached and t.name not in names), None)
        if strange:
            doubt = doubt or f"table {strange} stands where it cannot be resolved"
    if doubt:
        return None, doubt
    return 1.0, f"{count} tables with {rule.column}, each filtered by parameter {rule.parameter}"


def _has(table: Any, rule: Rule) -> bool | None:
    """Whether a table has the column; None when the schema does not know the table."""
    if rule.columns is None:
        return True
    columns = rule.columns.get(f"{table.db}.{table.name}".lower(), rule.columns.get(table.name.lower()))
    return None if columns is None else rule.column in columns


def _filtered(scope: Any, rule: Rule) -> tuple[set[str], str]:
    """Aliases that are filtered, those of enclosing queries included, and why others may be."""
    filtered: set[str] = _filtered(scope.parent, rule)[0] - set(scope.sources) if scope.parent else set()
    pairs: list[tuple[str, str, frozenset[str] | None]] = []
    unclear = ""
    for node, drops in _conditions(scope.expression):
        for part in _conjuncts(node):
            sides = _equal(part)
            alone = [_column(side, scope, rule) for side in sides]
            given = [parameter_of(side) for side in sides]
            if len(sides) == 2 and alone[0] and alone[1]:
                pairs += [(alone[0], alone[1], drops), (alone[1], alone[0], drops)]
            elif len(sides) == 2 and rule.parameter in given and (alone[0] or alone[1]):
                target = alone[0] or alone[1]
                if target and (drops is None or target in drops):
                    filtered.add(target)
            elif _mentions(part, rule):
                unclear = f"the condition {part.sql()[:60]!r} may filter it".replace("\0", ":")
    grown = True
    while grown:
        grown = False
        for one, other, drops in pairs:
            if other in filtered and one not in filtered and (drops is None or one in drops):
                filtered.add(one)
                grown = True
    return filtered, unclear


def _conditions(select: Any) -> Iterator[Condition]:
    """The conditions of a SELECT; an outer join's ON drops rows of one side only."""
    where = select.args.get("where")
    if where is not None:
        yield Condition(where.this, None)
    source = select.args.get("from_") or select.args.get("from")
    earlier = {source.this.alias_or_name} if source is not None else set()
    for join in select.args.get("joins") or ():
        right = join.this.alias_or_name
        side = join.side.upper()
        drops = {"LEFT": frozenset({right}), "RIGHT": frozenset(earlier), "FULL": frozenset()}.get(side)
        if join.kind.upper() in ("SEMI", "ANTI"):
            drops = frozenset({right})
        if join.args.get("on") is not None:
            yield Condition(join.args["on"], drops)
        for using in join.args.get("using") or ():
            yield from (Condition(_same_column(left, right, using.name), drops) for left in sorted(earlier))
        earlier.add(right)


def _same_column(left: str, right: str, name: str) -> Any:
    from sqlglot import exp  # noqa: PLC0415 - as above

    return exp.EQ(this=exp.column(name, table=left), expression=exp.column(name, table=right))


def _conjuncts(node: Any) -> Iterator[Any]:
    from sqlglot import exp  # noqa: PLC0415 - as above

    while isinstance(node, exp.Paren):
        node = node.this
    if isinstance(node, exp.And):
        yield from _conjuncts(node.left)
        yield from _conjuncts(node.right)
    else:
        yield node


def _equal(part: Any) -> list[Any]:
    """The two sides of an equation; `x IN (y)` is one."""
    from sqlglot import exp  # noqa: PLC0415 - as above

    if isinstance(part, exp.EQ):
        return [part.left, part.right]
    if isinstance(part, exp.In) and len(part.expressions) == 1 and not part.args.get("query"):
        return [part.this, part.expressions[0]]
    return []


def _column(side: Any, scope: Any, rule: Rule) -> str | None:
    """The alias of the table whose column a side is; None when it is another, or nobody knows whose."""
    from sqlglot import exp  # noqa: PLC0415 - as above

    while isinstance(side, exp.Paren):
        side = side.this
    if not isinstance(side, exp.Column) or side.name.lower() != rule.column:
        return None
    if side.table:
        return next((alias for alias in _visible(scope) if alias.lower() == side.table.lower()), None)
    sources = [
        alias for alias, one in scope.sources.items() if not isinstance(one, exp.Table) or _has(one, rule) is not False
    ]
    return sources[0] if len(sources) == 1 else None


def _visible(scope: Any) -> Iterator[str]:
    while scope is not None:
        yield from scope.sources
        scope = scope.parent


def _mentions(part: Any, rule: Rule) -> bool:
    """Whether a condition in another form speaks of the column; an OR or NOT that is read widens, and filters nothing."""
    from sqlglot import exp  # noqa: PLC0415 - as above

    if isinstance(part, (exp.Or, exp.Exists)):
        return isinstance(part, exp.Or) and all(
            any(_is_filter(one, rule) for one in _conjuncts(branch)) for branch in part.flatten()
        )
    return _is_filter(part, rule)


def _is_filter(part: Any, rule: Rule) -> bool:
    from sqlglot import exp  # noqa: PLC0415 - as above

    has_column = any(one.name.lower() == rule.column for one in part.find_all(exp.Column))
    return has_column and any(parameter_of(one) == rule.parameter for one in part.find_all(exp.Literal))


def _outside(scopes: list[Any], scope: Any, rule: Rule) -> str:
    """Why a table may be filtered by a query around the one that reads it; "" when none does."""
    from sqlglot import exp  # noqa: PLC0415 - as above

    for other in scopes:
        if other is scope or not any(one is scope or not isinstance(one, exp.Table) for one in other.sources.values()):
            continue
        if any(_is_filter(part, rule) for node, _ in _conditions(other.expression) for part in _conjuncts(node)):
            return f"a query around it is filtered by parameter {rule.parameter}"
    return ""
