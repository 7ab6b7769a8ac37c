"""Resolve a statement's tables, and its columns, against a schema: an unknown table is not an unknown column."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from seatrial.checks.sql.verdict import PARSER_FAULTS, SqlKind, SqlVerdict, short

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    Schema = Mapping[str, Mapping[str, str]]

HOME = frozenset({"", "main", "public", "dbo"})
"""Schema names that mean "the one everybody's tables are in"."""

_SYSTEM = {
    "sqlite": r"sqlite_.*|pragma_.*|dbstat|bytecode|tables_used",
    "postgres": r"pg_.*",
    "duckdb": r"sqlite_.*|pg_.*|duckdb_.*|pragma_.*|show|describe|summarize",
    "mysql": r"$^",
    "bigquery": r"__tables__.*",
    "tsql": r"sys(objects|columns|users|logins|databases|processes)",
    "snowflake": r"$^",
}
_SYSTEM_SCHEMAS = frozenset(
    {"pg_catalog", "information_schema", "mysql", "performance_schema", "sys", "system", "temp", "pg_temp"}
    | {"account_usage", "organization_usage", "snowflake", "master", "msdb", "tempdb"}
)
_FILES = frozenset({"csv", "tsv", "parquet", "json", "jsonl", "ndjson", "gz", "zst", "db", "duckdb", "xlsx", "txt"})


def unknown_table(tree: Any, schema: Schema | None, dialect: str) -> SqlVerdict | None:
    """The first table that does not exist; without a schema, only tables that are no data."""
    for table in _tables(tree):
        refusal = _unknown(table, schema, dialect)
        if refusal:
            return refusal
    return None


def _tables(tree: Any) -> Iterator[Any]:
    """Every real table the statement names: CTE names and table functions are none."""
    from sqlglot import exp  # noqa: PLC0415
    from sqlglot.optimizer.scope import traverse_scope  # noqa: PLC0415

    seen: set[int] = set()
    inside_a_scope: set[int] = set()
    for scope in traverse_scope(tree):
        inside_a_scope |= {id(table) for table in scope.tables}
        for source in scope.sources.values():
            if isinstance(source, exp.Table) and id(source) not in seen and not isinstance(source.this, exp.Func):
                seen.add(id(source))
                yield source
    for table in tree.find_all(exp.Table):  # one that no scope looked at would otherwise pass unseen
        if id(table) not in inside_a_scope and not isinstance(table.this, exp.Func):
            yield table


def _unknown(table: Any, schema: Schema | None, dialect: str) -> SqlVerdict | None:
    name, home = table.name.lower(), table.db.lower()
    written = f"{home}.{name}" if home else name
    if not name:
        return SqlVerdict(SqlKind.UNKNOWN_TABLE, "the statement reads rows from something that has no name")
    place = _place(table.this)
    if schema is not None:
        known = {key.lower() for key in schema}
        if written in known or (home in HOME and name in known):
            return None
        return SqlVerdict(
            SqlKind.UNKNOWN_TABLE, f"table {short(written)} is not in the schema ({len(known)} tables)", place
        )
    # BigQuery quotes a path as one name: `region-us`.INFORMATION_SCHEMA.JOBS is the table "INFORMATION_SCHEMA.JOBS"
    homes = {part for part in f"{table.catalog}.{home}.{name}".lower().split(".")[:-1] if part}
    if homes & _SYSTEM_SCHEMAS or re.fullmatch(_SYSTEM[dialect], name):
        return SqlVerdict(
            SqlKind.UNKNOWN_TABLE, f"table {short(written)} belongs to the database system, not to the data", place
        )
    if dialect == "duckdb" and (not name.isidentifier() or name in _FILES):
        return SqlVerdict(SqlKind.UNKNOWN_TABLE, f"{short(written)} would be read as a file, not as a table", place)
    return None


def unknown_column(tree: Any, schema: Schema, dialect: str) -> SqlVerdict | None:
    """The first column that none of the statement's tables has, or that more than one has, as sqlglot resolves them."""
    from sqlglot import exp  # noqa: PLC0415
    from sqlglot.errors import SqlglotError  # noqa: PLC0415
    from sqlglot.optimizer.qualify import qualify  # noqa: PLC0415

    copy = tree.copy()
    for table in copy.find_all(exp.Table):
        table.set("db", None)
        table.set("catalog", None)
    implicit = {"rowid": "integer"} if dialect == "sqlite" else {}
    columns = {name.rpartition(".")[2]: {**implicit, **types} for name, types in schema.items()}
    try:
        qualify(copy, schema=columns, dialect=dialect, quote_identifiers=False, expand_stars=False)
    except SqlglotError as error:
        text = re.sub(r"\x1b\[\d+m", "", str(error).splitlines()[0])
        where = re.search(r"Line: (\d+), Col: (\d+)", text)
        sentence = text.split(". Line:")[0].rstrip(".")
        return SqlVerdict(
            SqlKind.UNKNOWN_COLUMN,
            f"the columns do not fit the schema: {sentence}",
            (int(where[1]), int(where[2])) if where else None,
        )
    except PARSER_FAULTS as error:
        return SqlVerdict(
            SqlKind.UNKNOWN_COLUMN, f"the columns could not be resolved ({type(error).__name__} in the resolver)"
        )
    return None


def _place(identifier: Any) -> tuple[int, int] | None:
    line, col = identifier.meta.get("line"), identifier.meta.get("col")
    return (line, col) if line and col else None
