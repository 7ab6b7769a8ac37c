"""Tables joined without a condition: their product grows with both, and only a LIMIT bounds it."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

from seatrial.checks.sql.recursion import streams_to_a_limit
from seatrial.checks.sql.verdict import SqlKind, SqlVerdict, short

if TYPE_CHECKING:
    from collections.abc import Iterator


def unlinked(tree: Any) -> SqlVerdict | None:
    """Two tables of one FROM that no condition links, directly or through others."""
    from sqlglot import exp  # noqa: PLC0415

    for select in tree.find_all(exp.Select):
        joins = select.args.get("joins") or []
        first = select.args.get("from_") or select.args.get("from")
        if not joins or first is None or streams_to_a_limit(select):
            continue
        sources = [first.this, *(join.this for join in joins)]
        derived = {cte.alias.lower() for cte in tree.find_all(exp.CTE)}
        tables = [one for one in sources if _is_stored(one, derived)]
        names = [one.alias_or_name.lower() for one in sources]
        groups = _linked(select, joins, names)
        roots = {groups[one.alias_or_name.lower()]: one for one in tables}
        if len(roots) > 1:
            left, right = sorted(one.name for one in roots.values())[:2]
            return SqlVerdict(
                SqlKind.UNBOUNDED,
                f"{short(left)} and {short(right)} are joined without a condition; give one, or a LIMIT without ORDER BY",
            )
    return None


def _is_stored(source: Any, derived: set[str]) -> bool:
    from sqlglot import exp  # noqa: PLC0415

    return (
        isinstance(source, exp.Table) and isinstance(source.this, exp.Identifier) and source.name.lower() not in derived
    )


def _linked(select: Any, joins: list[Any], names: list[str]) -> dict[str, str]:
    """Source -> one name for all sources it is linked to by conditions."""
    from sqlglot import exp  # noqa: PLC0415

    group = {name: name for name in names}

    def link(some: list[str]) -> None:
        for one, other in pairwise(some):
            old, new = group[one], group[other]
            for name, root in group.items():
                if root == old:
                    group[name] = new

    for position, join in enumerate(joins, start=1):
        if join.args.get("using") or str(join.args.get("method") or "").upper() == "NATURAL":
            link(names[: position + 1])
        elif join.args.get("on"):
            for used in _uses(join.args["on"]):
                own = [name for name in used if name in group]
                link(own if len(own) > 1 or "" not in used else [*names[:position], names[position]])
    where = select.args.get("where")
    for used in _uses(where.this) if where else ():
        own = [name for name in used if name in group]
        if len(own) > 1:
            link(own)
        elif "" in used and len(list(where.this.find_all(exp.Column))) > 1:
            link(names)  # unqualified columns: which tables they link is the resolver's question
    return group


def _uses(condition: Any) -> Iterator[set[str]]:
    """The table names (empty where unqualified) of the columns in every comparison of a condition."""
    from sqlglot import exp  # noqa: PLC0415

    for test in condition.find_all(exp.Predicate, exp.Func):
        columns = list(test.find_all(exp.Column))
        if len(columns) > 1 and not isinstance(test, exp.Connector):
            yield {column.table.lower() for column in columns}
