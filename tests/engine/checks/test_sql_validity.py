"""Whether a database accepts a statement: its engine decides where there is one, the dialect's written rules elsewhere."""

from __future__ import annotations

import os
from collections.abc import Iterator
from random import Random
from types import SimpleNamespace
from typing import Any

import pytest

from seatrial.checks.sql import SqlKind, check_sql, sql_valid
from seatrial.checks.sql.aliases import ALIASES
from seatrial.dataset import Example
from seatrial.errors import UsageError
from seatrial.purity import audit, pairs
from seatrial.scoring import bind

SCHEMA = {
    "users": {"id": "INTEGER", "name": "VARCHAR", "age": "INTEGER"},
    "orders": {"id": "INTEGER", "user_id": "INTEGER", "total": "INTEGER", "placed": "TIMESTAMP"},
}
POSTGRES = os.environ.get("SEATRIAL_TEST_POSTGRES", "postgresql://postgres@127.0.0.1:5432/test")


@pytest.fixture(scope="module")
def postgres() -> Iterator[str]:
    """A connection string whose search path is a schema of this module's own, with the tables of SCHEMA."""
    psycopg = pytest.importorskip("psycopg")
    home = f"seatrial_sql_{os.getpid()}"
    try:
        connection = psycopg.connect(POSTGRES, connect_timeout=3, autocommit=True)
    except psycopg.Error as error:
        pytest.skip(f"no PostgreSQL answers ({type(error).__name__}); set SEATRIAL_TEST_POSTGRES to one")
    connection.execute(f"CREATE SCHEMA {home}")
    for table, columns in SCHEMA.items():
        connection.execute(
            f"CREATE TABLE {home}.{table} ({', '.join(f'{name} {kind}' for name, kind in columns.items())})"
        )
    try:
        yield f"{POSTGRES}?options=-csearch_path%3D{home}"
    finally:
        connection.execute(f"DROP SCHEMA {home} CASCADE")
        connection.close()


ALIAS_USES = {
    "where": "SELECT total * 2 AS gross FROM orders WHERE gross > 10",
    "join": "SELECT u.age * 2 AS gross FROM users u JOIN orders o ON o.total = gross",
    "group bare": "SELECT total * 2 AS gross FROM orders GROUP BY gross",
    "group inside": "SELECT COUNT(*) AS n, total * 2 AS gross FROM orders GROUP BY total, gross + 0",
    "having": "SELECT SUM(total) AS gross FROM orders GROUP BY user_id HAVING gross > 10",
    "select": "SELECT total * 2 AS gross, gross + 1 AS more FROM orders",
    "select inside": "SELECT total * 2 AS gross, CASE WHEN gross > 1 THEN 1 ELSE 0 END AS more FROM orders",
    "order bare": "SELECT total * 2 AS gross FROM orders ORDER BY gross",
    "order inside": "SELECT total * 2 AS gross FROM orders ORDER BY gross + 1",
    "window": "SELECT total * 2 AS gross, RANK() OVER (ORDER BY gross) AS place FROM orders",
    "subquery": "SELECT id FROM users WHERE id IN (SELECT user_id AS buyer FROM orders WHERE buyer > 1)",
    "column of that name": "SELECT total * 2 AS total FROM orders WHERE total > 10",
    "outer column": "SELECT id FROM users WHERE EXISTS (SELECT total AS age FROM orders WHERE age > 3)",
}

ALLOWED = {  # what each manual says; the tests below ask three of the engines
    "where": "sqlite duckdb snowflake",
    "join": "snowflake",
    "group bare": "sqlite postgres duckdb mysql bigquery snowflake",
    "group inside": "sqlite mysql bigquery snowflake",
    "having": "sqlite duckdb mysql bigquery snowflake",
    "select": "duckdb snowflake",
    "select inside": "duckdb snowflake",
    "order bare": "sqlite postgres duckdb mysql bigquery tsql snowflake",
    "order inside": "sqlite duckdb mysql bigquery snowflake",
    "window": "duckdb snowflake",
    "subquery": "sqlite duckdb snowflake",
    "column of that name": "sqlite postgres duckdb mysql bigquery tsql snowflake",
    "outer column": "sqlite postgres duckdb mysql bigquery tsql snowflake",
}


@pytest.mark.parametrize("dialect", ALIASES)
@pytest.mark.parametrize("use", ALIAS_USES)
def test_a_select_alias_is_accepted_only_where_the_dialect_lets_it_stand(use: str, dialect: str) -> None:
    verdict = check_sql(ALIAS_USES[use], dialect=dialect, schema=SCHEMA, explain=False)
    assert verdict.ok == (dialect in ALLOWED[use].split()), verdict
    if not verdict.ok:
        assert verdict.kind is SqlKind.UNKNOWN_COLUMN
        assert verdict.position is not None


@pytest.mark.parametrize("dialect", ["sqlite", "duckdb"])
@pytest.mark.parametrize("use", ALIAS_USES)
def test_the_alias_rules_of_sqlite_and_duckdb_are_those_of_their_engines(use: str, dialect: str) -> None:
    allowed = (use, dialect) == ("join", "sqlite") or dialect in ALLOWED[
        use
    ].split()  # the table leaves SQLite's ON out
    assert check_sql(ALIAS_USES[use], dialect=dialect, schema=SCHEMA).ok == allowed


def test_the_alias_rules_of_postgres_are_those_of_its_engine(postgres: str) -> None:
    planned = {use: check_sql(sql, dialect="postgres", database=postgres).ok for use, sql in ALIAS_USES.items()}
    assert planned == {use: "postgres" in ALLOWED[use].split() for use in ALIAS_USES}


FOREIGN = (  # statement, the dialects that reject it
    ("SELECT total::int FROM orders", "sqlite mysql bigquery tsql"),
    ("SELECT id FROM users WHERE name ILIKE 'a%'", "sqlite mysql bigquery tsql"),
    ("SELECT id FROM users WHERE name SIMILAR TO 'a'", "sqlite mysql bigquery tsql snowflake"),
    ("SELECT id, total FROM orders QUALIFY ROW_NUMBER() OVER (ORDER BY id) = 1", "sqlite postgres mysql tsql"),
    ("SELECT DISTINCT ON (user_id) id FROM orders", "sqlite mysql bigquery tsql snowflake"),
    ("SELECT COUNT(*) FILTER (WHERE total > 1) FROM orders", "mysql bigquery tsql snowflake"),
    ("SELECT u.id FROM users u FULL JOIN orders o ON o.user_id = u.id", "mysql"),
    ("SELECT id FROM users LIMIT 5", "tsql"),
    ("SELECT TOP 5 id FROM users", "sqlite postgres duckdb mysql bigquery"),
    ("SELECT id FROM users ORDER BY id NULLS LAST", "mysql tsql"),
    ("SELECT user_id, COUNT(*) FROM orders GROUP BY 1", "tsql"),
    ("SELECT id FROM (SELECT id FROM users)", "mysql tsql"),
    ("WITH RECURSIVE n AS (SELECT 1 AS i) SELECT i FROM n", "tsql"),
    ("SELECT * EXCLUDE (age) FROM users", "sqlite postgres mysql tsql"),
    ("SELECT TRY_CAST(name AS DATE) FROM users", "sqlite postgres mysql bigquery"),
    ("SELECT {{ column }} FROM users", "sqlite postgres duckdb mysql bigquery tsql snowflake"),
    ("SELECT CAST(total AS VARCHAR) FROM orders", "mysql bigquery"),
    ("SELECT CAST(total AS INT64) FROM orders", "postgres mysql tsql snowflake"),
    ("SELECT CAST(total AS SIGNED) FROM orders", "postgres bigquery tsql snowflake"),
    ("SELECT CAST(total AS evil_type) FROM orders", "postgres duckdb mysql bigquery tsql snowflake"),
    ('SELECT CAST(total AS "int4") FROM orders', "postgres duckdb mysql bigquery tsql snowflake"),
)


@pytest.mark.parametrize("dialect", ALIASES)
def test_syntax_and_types_that_only_other_dialects_have_are_refused(dialect: str) -> None:
    wrong = {
        sql: verdict
        for sql, rejecting in FOREIGN
        if (verdict := check_sql(sql, dialect=dialect, schema=SCHEMA, explain=False)).ok
        == (dialect in rejecting.split())
    }
    assert wrong == {}


@pytest.mark.parametrize("sql", [sql for sql, _ in FOREIGN])
def test_the_syntax_rules_of_sqlite_refuse_nothing_that_sqlite_plans(sql: str) -> None:
    if check_sql(sql, schema=SCHEMA).ok:
        assert check_sql(sql, schema=SCHEMA, explain=False).ok


FAULTS = (
    ("SELECT nam FROM users", SqlKind.UNKNOWN_COLUMN, (1, 8)),
    ("SELECT x.name\nFROM users u", SqlKind.UNKNOWN_TABLE, None),
    ("SELECT name\nFROM userz", SqlKind.UNKNOWN_TABLE, (2, 6)),
    ("SELECT 1 FROM other.users", SqlKind.UNKNOWN_TABLE, None),
    ("SELECT id FROM users u JOIN orders o ON o.user_id = u.age", SqlKind.UNKNOWN_COLUMN, None),
    ("SELECT name + 1 FROM users", SqlKind.EXPLAIN_FAILED, None),
    ("SELECT name, COUNT(*) FROM users", SqlKind.EXPLAIN_FAILED, None),
    ("SELECT name FROM users WHERE COUNT(*) > 1", SqlKind.EXPLAIN_FAILED, None),
    ("SELECT id FROM users UNION SELECT id, total FROM orders", None, None),
    ("SELECT name FROM users WHERE", SqlKind.SYNTAX_ERROR, None),
    ("SELECT u.name, o.total FROM users u JOIN orders o ON o.user_id = u.id", SqlKind.OK, None),
)


def test_postgres_tells_an_unknown_table_from_an_unknown_column_from_a_syntax_error(postgres: str) -> None:
    for sql, kind, position in FAULTS:
        verdict = check_sql(sql, dialect="postgres", database=postgres)
        assert kind is None or verdict.kind is kind, (sql, verdict)
        assert verdict.ok == (kind is SqlKind.OK)
        assert position is None or verdict.position == position


@pytest.mark.parametrize("dialect", ["sqlite", "duckdb"])
def test_the_engines_in_process_tell_the_same_faults_apart(dialect: str) -> None:
    kinds = {sql: check_sql(sql, dialect=dialect, schema=SCHEMA).kind for sql, _, _ in FAULTS}
    told = {
        "SELECT nam FROM users": SqlKind.UNKNOWN_COLUMN,
        "SELECT name\nFROM userz": SqlKind.UNKNOWN_TABLE,
        "SELECT id FROM users u JOIN orders o ON o.user_id = u.age": SqlKind.UNKNOWN_COLUMN,
        "SELECT name FROM users WHERE COUNT(*) > 1": SqlKind.EXPLAIN_FAILED,
        "SELECT name FROM users WHERE": SqlKind.SYNTAX_ERROR,
        FAULTS[-1][0]: SqlKind.OK,
    }
    assert {sql: kinds[sql] for sql in told} == told


def test_a_table_of_another_schema_is_planned_where_the_schema_names_it() -> None:
    schema = {"sales.orders": {"id": "INTEGER"}, "users": {"id": "INTEGER"}}
    for dialect in ("sqlite", "duckdb", "mysql"):
        assert check_sql(
            "SELECT o.id FROM sales.orders o JOIN users u ON u.id = o.id", dialect=dialect, schema=schema
        ).ok
        assert check_sql("SELECT id FROM orders", dialect=dialect, schema=schema).kind is SqlKind.UNKNOWN_TABLE


def test_the_sentence_promises_only_what_was_checked(postgres: str) -> None:
    sql = "SELECT id FROM users"
    sentences = {
        (dialect, explain): check_sql(sql, dialect=dialect, schema=SCHEMA, explain=explain).message
        for dialect in ("sqlite", "duckdb", "mysql")
        for explain in (True, False)
    }
    assert sentences["sqlite", True] == "one read-only SELECT; SQLite plans it against the schema"
    assert sentences["duckdb", True] == "one read-only SELECT; DuckDB plans it against the schema"
    written = "one read-only SELECT; the schema has its tables and columns; no {} engine has planned it"
    for dialect, explain in (("sqlite", False), ("duckdb", False), ("mysql", True)):
        assert sentences[dialect, explain] == written.format(dialect)
    assert check_sql(sql).message == "one read-only SELECT; its tables and columns were not checked"
    assert (
        check_sql(sql, dialect="postgres", database=postgres).message
        == "one read-only SELECT; PostgreSQL plans it on its database"
    )


def test_a_quoted_column_that_sqlite_would_read_as_text_is_unknown() -> None:
    assert check_sql('SELECT "nam" FROM users', schema=SCHEMA).kind is SqlKind.UNKNOWN_COLUMN
    assert check_sql('SELECT "name" FROM users', schema=SCHEMA).ok


def _run(sql: str) -> Any:
    return SimpleNamespace(outputs={"sql": sql})


def test_a_database_that_does_not_answer_makes_the_check_abstain() -> None:
    pytest.importorskip("psycopg")
    check = sql_valid(schema=None, dialect="postgres", database="postgresql://u:" + "secret@127.0.0.1:1/none")
    score = check(_run("SELECT id FROM users"), None)
    assert score.score is None
    assert "PostgreSQL gave no answer" in (score.reason or "")
    assert "secret" not in (score.reason or "")
    assert check(_run("DROP TABLE users"), None).score == 0.0  # what is no read is refused without asking


def test_a_database_that_is_no_connection_string_is_a_usage_error_without_its_text() -> None:
    pytest.importorskip("psycopg")
    with pytest.raises(UsageError, match="no PostgreSQL connection string") as found:
        check_sql("SELECT 1", dialect="postgres", database="mysql://u:" + "secret@host/db")
    assert "secret" not in str(found.value)


def test_planning_on_a_database_leaves_nothing_behind(postgres: str) -> None:
    psycopg = pytest.importorskip("psycopg")
    check = sql_valid(schema=None, dialect="postgres", database=postgres)
    assert check(_run("SELECT id FROM users"), None).score == 1.0
    assert check(_run("SELECT id FROM userz"), None).reason == (
        'unknown_table: PostgreSQL cannot plan the statement: relation "userz" does not exist'
    )
    with psycopg.connect(postgres) as connection:
        query = "SELECT count(*) FROM pg_locks l JOIN pg_class c ON c.oid = l.relation WHERE c.relname = 'users'"
        assert connection.execute(query).fetchone() == (0,)


def test_the_purity_audit_names_a_check_that_asks_a_database(postgres: str) -> None:
    examples = [Example(f"e{n}", {"q": "?"}, {"sql": "SELECT id FROM users"}) for n in range(3)]
    asked = audit(bind(sql_valid(schema=None, dialect="postgres", database=postgres)), pairs(examples), Random(0))
    assert not asked.pure
    assert any("network" in found.act or "socket" in found.act for found in asked.impurities)
    for dialect in ("sqlite", "duckdb", "mysql"):
        own = audit(bind(sql_valid(schema=SCHEMA, dialect=dialect)), pairs(examples), Random(0))
        assert own.pure, (dialect, own.impurities, own.unseen)
