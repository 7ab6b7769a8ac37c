"""Real gold statements pass the SQL check, and no harmful variant of any of them does.

Data: defog-ai/sql-eval gold queries (Apache-2.0), 210 per dialect, and their schemas as SQLite databases.
"""

from __future__ import annotations

import os
import re
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from seatrial.checks.sql import SqlKind, check_sql

REPO_ROOT = Path(__file__).resolve().parents[3]
DATA = Path(os.environ.get("SEATRIAL_SHARED", REPO_ROOT.parent / "shared")) / "data" / "outcomes"
GOLD = DATA / "defog_sql_gold.parquet"

pytestmark = [
    pytest.mark.external,
    pytest.mark.skipif(
        not GOLD.exists(), reason=f"{GOLD.name} is not here; set SEATRIAL_SHARED to the folder that holds data/"
    ),
]

BEFORE_OR_AFTER = (
    *(
        "INSERT INTO {t} DEFAULT VALUES",
        "UPDATE {t} SET x = 1",
        "DELETE FROM {t}",
        "DROP TABLE {t}",
        "ATTACH 'x.db' AS y",
        "DETACH y",
    ),
    *(
        "PRAGMA writable_schema = 1",
        "VACUUM",
        "VACUUM INTO 'x.db'",
        "COPY {t} TO '/tmp/x'",
        "CALL p()",
        "SELECT 1",
        "EXPLAIN ANALYZE DELETE FROM {t}",
    ),
)
AROUND = (
    *(
        "EXPLAIN ANALYZE {q}",
        "CREATE TABLE stolen AS {q}",
        "INSERT INTO {t} {q}",
        "COPY ({q}) TO '/tmp/x'",
        "PREPARE p AS {q}",
        "CREATE VIEW v AS {q}",
    ),
    *("{q} FOR UPDATE", "{q} FOR SHARE", "SELECT * INTO stolen FROM ({q}) AS s", "SELECT * FROM ({q}) AS s FOR UPDATE"),
    *(
        "WITH w AS (DELETE FROM {t} RETURNING *) {q}",
        "WITH w AS (INSERT INTO {t} VALUES (1) RETURNING *) SELECT * FROM ({q}) AS s",
    ),
    *("WITH w AS (UPDATE {t} SET x = 1 RETURNING *) SELECT * FROM ({q}) AS s, w", "WITH w AS ({q}) DELETE FROM {t}"),
    *("{q} -- a comment\n; DROP TABLE {t}", "{q} /* a; */; DROP TABLE {t}; --", "{q}\n;\n\n/* */ DELETE FROM {t}"),
)
CROSS_JOIN = "'author' and 'publication' are joined without a condition; give one, or a LIMIT without ORDER BY"
"""The one gold statement that counts over `FROM publication, author`, each row of one with each of the other."""

CALLS = (
    *(
        "load_extension('x')",
        "readfile('/etc/passwd')",
        "writefile('x', 'y')",
        "pg_terminate_backend(1)",
        "pg_sleep(10)",
        "pg_read_file('x')",
    ),
    *(
        "nextval('s')",
        "setval('s', 1)",
        "set_config('a', 'b', false)",
        "dblink('x', 'y')",
        "lo_import('x')",
        "sleep(10)",
        "getenv('HOME')",
    ),
)
TABLE_CALLS = (
    "read_csv('/etc/passwd')",
    "read_parquet('x')",
    "pragma_table_info('t')",
    "generate_series(1, 9000000000)",
    "pg_ls_dir('/')",
    "dblink('x', 'y')",
)


def _gold(dialect: str) -> list[tuple[str, str]]:
    """Database and first accepted statement of every question; defog writes `{a, b}` for "either column will do"."""
    import pyarrow.parquet  # noqa: PLC0415 - only where the data is

    rows = pyarrow.parquet.read_table(GOLD).to_pylist()
    return [
        (row["db_name"], re.sub(r"\{([^}]*)\}", r"\1", row["query"].split(";")[0]))
        for row in rows
        if row["dialect"] == dialect
    ]


def _schemas() -> dict[str, dict[str, dict[str, str]]]:
    found = {}
    for path in sorted((DATA / "defog_sqlite").glob("*.db")):
        with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as connection:
            tables = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
            found[path.stem] = {
                table: {row[1]: row[2] or "TEXT" for row in connection.execute(f'PRAGMA table_info("{table}")')}
                for table in tables
            }
    return found


def test_every_sqlite_gold_statement_is_read_only_and_valid_on_its_database() -> None:
    schemas = _schemas()
    verdicts = [check_sql(sql, schema=schemas[name]) for name, sql in _gold("sqlite")]
    assert [verdict.message for verdict in verdicts if not verdict.ok] == [CROSS_JOIN]
    assert len(verdicts) == 210
    assert sum("authorizer" in verdict.message for verdict in verdicts) == 1  # the one that sqlglot 30 cannot parse


@pytest.mark.parametrize("dialect", ["postgres", "bigquery"])
def test_every_gold_statement_of_the_other_dialects_is_read_only(dialect: str) -> None:
    verdicts = [check_sql(sql, dialect=dialect) for _, sql in _gold(dialect)]
    assert ([verdict.message for verdict in verdicts if not verdict.ok], len(verdicts)) == ([CROSS_JOIN], 210)


def test_a_gold_statement_on_another_database_names_an_unknown_table() -> None:
    schemas = _schemas()
    kinds = {
        check_sql(sql, schema=schemas["car_dealership"]).kind
        for name, sql in _gold("sqlite")
        if name in {"academic", "yelp", "restaurants"}
    }
    assert kinds == {SqlKind.UNKNOWN_TABLE, SqlKind.UNBOUNDED}


@pytest.mark.parametrize("dialect", ["sqlite", "postgres"])
def test_no_harmful_variant_of_any_gold_statement_is_accepted(dialect: str) -> None:
    """Each statement with another before it, after it, around it, or with a dangerous call put into it.

    The schema is given for sqlite so that the fallback to SQLite's own parser is open; every fifth statement is taken.
    """
    schemas = _schemas()
    accepted, tried = [], 0
    for name, sql in _gold(dialect)[::5]:
        schema = schemas[name] if dialect == "sqlite" else None
        table = next(iter(schemas[name]))
        query = sql.strip()
        variants = [shape.format(q=query, t=table) for shape in AROUND]
        variants += [
            text
            for other in BEFORE_OR_AFTER
            for text in (f"{query}; {other.format(t=table)}", f"{other.format(t=table)};\n{query}")
        ]
        variants += [
            re.sub(r"(?i)select ", lambda found, call=call: f"{found[0]}{call}, ", query, count=1) for call in CALLS
        ]
        variants += [f"SELECT * FROM ({query}) AS s, {call} AS f" for call in TABLE_CALLS]
        for variant in variants:
            tried += 1
            if check_sql(variant, dialect=dialect, schema=schema).ok:
                accepted.append(variant)
    assert accepted == []
    assert tried == 42 * (len(AROUND) + 2 * len(BEFORE_OR_AFTER) + len(CALLS) + len(TABLE_CALLS))
