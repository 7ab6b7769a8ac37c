"""Assemble a statement from what was understood: columns, joins along the schema's links, conditions, order."""

from __future__ import annotations

import re

from .lexicon import DATES, NAMES
from .reading import Reading
from .schema import LINKS


def dated(dimension: str, reading: Reading, measure: str) -> str:
    """A dimension as SQL; MONTH and YEAR cut the date of what is measured."""
    if dimension not in {"MONTH", "YEAR"}:
        return dimension
    return f"strftime('{'%Y-%m' if dimension == 'MONTH' else '%Y'}', {date_of(table_of(measure) or 'orders', reading)})"


def date_of(table: str, reading: Reading) -> str:
    """The date a period applies to: the customers' own, unless the question is about what they ordered."""
    if table == "customers" and re.search(r"\border|\bbought\b|\bpurchase|\bspen[dt]\b", reading.text):
        return DATES["orders"]
    return DATES.get(table, DATES["orders"])


def table_of(sql: str) -> str | None:
    """The first table a fragment names, subqueries aside."""
    found = re.search(r"\b(" + "|".join(NAMES) + r"|order_items)\.", re.sub(r"\(SELECT .*\)", "", sql))
    return found[1] if found else None


def whole(measure: str, reading: Reading, shown: str) -> str:
    """The measure at the grain of what is shown: an order's amount is not a product's, so lines are summed instead."""
    touched = {table_of(piece) for piece in [*reading.where, shown]}
    if measure == "SUM(orders.amount)" and "products" in touched:
        return "SUM(order_items.quantity * order_items.price)"
    return measure


def select(
    shown: list[str], reading: Reading, group: str | None, having: list[str], limit: int | None, order: str
) -> str:
    """Assemble the statement: `group` None is no grouping, empty is DISTINCT."""
    columns = [whole(column, reading, shown[0]) for column in shown]
    base = next((table for column in reversed(columns) if (table := table_of(column))), None)
    where = list(dict.fromkeys(reading.where))
    if reading.period:
        column = date_of(base if base in DATES else "orders", reading)
        where += [
            f"{column} {operator} '{day}'"
            for operator, day in ((">=", reading.period.since), ("<", reading.period.until))
            if day
        ]
    tables = [table for piece in [*columns, *where, *having] if (table := table_of(piece))]
    sql = f"SELECT {'DISTINCT ' if group == '' else ''}{', '.join(columns)} FROM {_joined(list(dict.fromkeys(tables)) or ['orders'])}"
    sql += f" WHERE {' AND '.join(where)}" if where else ""
    sql += f" GROUP BY {group}" if group else ""
    sql += f" HAVING {' AND '.join(having)}" if having else ""
    sql += f" ORDER BY {order}" if order else ""
    return sql + (f" LIMIT {limit}" if limit else "")


def _joined(tables: list[str]) -> str:
    """The FROM clause: the tables and those on the shortest way between them."""
    joined, sql = [tables[0]], tables[0]
    for goal in tables[1:]:
        for one, column, other in _way(joined, goal):
            new = one if other in joined else other
            if new not in joined:
                joined.append(new)
                sql += f" JOIN {new} ON {one}.{column} = {other}.id"
    return sql


def _way(start: list[str], goal: str) -> list[tuple[str, str, str]]:
    """The links from any table of `start` to `goal`, breadth first."""
    ways: list[tuple[str, list[tuple[str, str, str]]]] = [(table, []) for table in start]
    seen = set(start)
    for table, way in ways:
        if table == goal:
            return way
        for link in LINKS:
            if table in {link[0], link[2]}:
                new = link[2] if table == link[0] else link[0]
                if new not in seen:
                    seen.add(new)
                    ways.append((new, [*way, link]))
    return []
