"""sql_scoped_to and sql_limited: filtered, not filtered, and what a statement alone does not tell."""

from __future__ import annotations

import sqlite3
from typing import Any

import pytest

from seatrial.checks.sql import sql_limited, sql_scoped_to
from seatrial.dataset import Example
from seatrial.errors import ConfigError, UsageError
from seatrial.graph.run import Run
from seatrial.scoring import Score, bind

SCHEMA = {
    "orders": {"id": "integer", "tenant_id": "integer", "total": "real", "user_id": "integer"},
    "users": {"id": "integer", "tenant_id": "integer", "name": "text"},
    "countries": {"code": "text", "name": "text"},
}


def judge(check: Any, sql: Any) -> Score:
    (score,) = bind(check)(Run("r", {}, {"sql": sql}), Example("e", {}))
    return score


SCOPED: list[tuple[str, float | None]] = [
    ("SELECT * FROM orders WHERE tenant_id = :tenant", 1.0),
    ("SELECT * FROM orders WHERE :tenant = tenant_id AND total > 5", 1.0),
    ("SELECT * FROM orders AS o WHERE (o.tenant_id = (:tenant)) AND (total > 5 OR total < 1)", 1.0),
    ("SELECT * FROM orders WHERE tenant_id IN (:tenant)", 1.0),
    ("SELECT * FROM orders WHERE TENANT_ID = CAST(:tenant AS INTEGER)", 1.0),
    ("SELECT * FROM orders", 0.0),
    ("SELECT * FROM orders WHERE tenant_id = 5", 0.0),
    ("SELECT * FROM orders WHERE tenant_id = :other", 0.0),
    ("SELECT * FROM orders WHERE tenant_id <> 5 AND total = :tenant", 0.0),
    ("SELECT * FROM orders WHERE tenant_id = :tenant OR 1 = 1", 0.0),
    ("SELECT * FROM orders WHERE tenant_id = :tenant OR total > 5", 0.0),
    ("SELECT * FROM orders WHERE tenant_id = ':tenant'", 0.0),
    ("SELECT * FROM orders WHERE tenant_id = :tenant OR tenant_id = :tenant AND total > 5", None),
    ("SELECT * FROM orders WHERE NOT tenant_id <> :tenant", None),
    ("SELECT * FROM orders WHERE coalesce(tenant_id, 0) = :tenant", None),
    ("SELECT * FROM countries", 1.0),
    ("SELECT * FROM orders, countries WHERE tenant_id = :tenant", 1.0),
    ("SELECT * FROM orders o JOIN users u ON u.id = o.user_id WHERE o.tenant_id = :tenant", 0.0),
    ("SELECT * FROM orders o JOIN users u ON u.id = o.user_id AND u.tenant_id = o.tenant_id WHERE o.tenant_id = :tenant", 1.0),
    ("SELECT * FROM orders o JOIN users u USING (tenant_id) WHERE o.tenant_id = :tenant", 1.0),
    ("SELECT * FROM orders o JOIN users u ON u.tenant_id = :tenant AND o.tenant_id = :tenant", 1.0),
    ("SELECT * FROM orders o LEFT JOIN users u ON u.tenant_id = :tenant WHERE o.tenant_id = :tenant", 1.0),
    ("SELECT * FROM orders o LEFT JOIN users u ON u.tenant_id = o.tenant_id WHERE o.tenant_id = :tenant", 1.0),
    ("SELECT * FROM orders o LEFT JOIN users u ON o.tenant_id = :tenant AND u.tenant_id = :tenant", 0.0),
    ("SELECT * FROM orders o LEFT JOIN users u ON u.tenant_id = o.tenant_id WHERE u.tenant_id = :tenant", 0.0),
    ("SELECT * FROM orders o FULL JOIN users u ON u.tenant_id = :tenant AND o.tenant_id = :tenant", 0.0),
    ("SELECT * FROM orders o WHERE tenant_id = :tenant AND EXISTS (SELECT 1 FROM users u WHERE u.id = o.user_id)", 0.0),
    ("SELECT * FROM orders o WHERE tenant_id = :tenant AND EXISTS (SELECT 1 FROM users u WHERE u.tenant_id = o.tenant_id)", 1.0),
    ("SELECT * FROM orders WHERE tenant_id = :tenant UNION SELECT * FROM orders", 0.0),
    ("SELECT * FROM orders WHERE tenant_id = :tenant UNION ALL SELECT * FROM orders WHERE tenant_id = :tenant", 1.0),
    ("WITH x AS (SELECT * FROM orders WHERE tenant_id = :tenant) SELECT * FROM x", 1.0),
    ("WITH x AS (SELECT * FROM orders) SELECT * FROM x", 0.0),
    ("WITH x AS (SELECT * FROM orders) SELECT * FROM x WHERE tenant_id = :tenant", None),
    ("SELECT * FROM (SELECT * FROM orders) x WHERE x.tenant_id = :tenant", None),
    ("SELECT (SELECT count(*) FROM users) FROM orders WHERE tenant_id = :tenant", 0.0),
    ("SELECT * FROM orders WHERE tenant_id = (SELECT max(tenant_id) FROM users WHERE tenant_id = :tenant)", None),
    ("SELECT * FROM strangers WHERE tenant_id = 5", None),
    ("DELETE FROM orders WHERE tenant_id = :tenant", None),
    ("SELECT FROM WHERE", None),
    ("", None),
]  # fmt: skip


@pytest.mark.parametrize(("sql", "score"), SCOPED, ids=[sql for sql, _ in SCOPED])
def test_every_table_with_the_column_is_filtered_by_the_parameter(sql: str, score: float | None) -> None:
    found = judge(sql_scoped_to("tenant_id", "tenant", schema=SCHEMA), sql)
    assert found.score == score, found
    assert len(found.reason) > 10


@pytest.mark.parametrize("sql", [sql for sql, score in SCOPED if score == 1.0])
def test_a_statement_that_passes_shows_no_row_of_another_tenant(sql: str) -> None:
    database = sqlite3.connect(":memory:")
    for table, columns in SCHEMA.items():
        database.execute(f"CREATE TABLE {table} ({', '.join(columns)})")
    for tenant in (1, 2):
        database.execute("INSERT INTO orders VALUES (?, ?, 9, ?)", (tenant, tenant, tenant))
        database.execute("INSERT INTO users VALUES (?, ?, ?)", (tenant, tenant, f"tenant {tenant}"))
    before = database.execute(sql, {"tenant": 1} if ":tenant" in sql else {}).fetchall()
    database.execute("DELETE FROM orders WHERE tenant_id = 2")
    database.execute("DELETE FROM users WHERE tenant_id = 2")
    assert database.execute(sql, {"tenant": 1} if ":tenant" in sql else {}).fetchall() == before
    database.close()


@pytest.mark.parametrize(
    ("dialect", "written", "parameter"),
    [
        ("postgres", "$1", "1"),
        ("postgres", "%(tenant)s", "tenant"),
        ("postgres", "%s", "1"),
        ("sqlite", "?", "1"),
        ("sqlite", "@tenant", ":tenant"),
        ("mysql", "%s", "1"),
        ("bigquery", "@tenant", "tenant"),
        ("tsql", "@tenant", "@tenant"),
        ("snowflake", ":tenant", "tenant"),
    ],
)
def test_a_parameter_is_read_in_every_driver_s_style(dialect: str, written: str, parameter: str) -> None:
    check = sql_scoped_to("tenant_id", parameter, schema=SCHEMA, dialect=dialect)
    assert judge(check, f"SELECT * FROM orders WHERE tenant_id = {written}").score == 1.0
    assert judge(check, "SELECT * FROM orders WHERE tenant_id = 1").score == 0.0


def test_without_a_schema_every_table_must_be_filtered() -> None:
    check = sql_scoped_to("tenant_id", "tenant")
    assert judge(check, "SELECT * FROM a JOIN b ON a.id = b.id WHERE a.tenant_id = :tenant").score == 0.0
    assert judge(check, "SELECT * FROM a WHERE tenant_id = :tenant").score == 1.0


def test_the_sentence_names_the_table() -> None:
    score = judge(sql_scoped_to("tenant_id", "tenant", schema=SCHEMA), "SELECT * FROM orders")
    assert score.reason == "table orders is not filtered by tenant_id = parameter tenant"


LIMITED: list[tuple[str, str, float | None]] = [
    ("sqlite", "SELECT * FROM orders LIMIT 100", 1.0),
    ("sqlite", "SELECT * FROM orders LIMIT 101", 0.0),
    ("sqlite", "SELECT * FROM orders LIMIT 10 OFFSET 500", 1.0),
    ("sqlite", "SELECT * FROM orders", 0.0),
    ("sqlite", "SELECT * FROM orders LIMIT -1", 0.0),
    ("sqlite", "SELECT * FROM orders LIMIT :n", None),
    ("sqlite", "SELECT * FROM orders LIMIT 10 * 100", None),
    ("sqlite", "SELECT * FROM (SELECT * FROM orders LIMIT 5) a, orders b", 0.0),
    ("sqlite", "SELECT count(*) FROM orders", 1.0),
    ("sqlite", "SELECT round(avg(total), 2) AS mean FROM orders", 1.0),
    ("sqlite", "SELECT count(*) OVER () FROM orders", 0.0),
    ("sqlite", "SELECT user_id, count(*) FROM orders GROUP BY user_id", 0.0),
    ("sqlite", "SELECT (SELECT count(*) FROM users) FROM orders", 0.0),
    ("postgres", "(SELECT id FROM orders LIMIT 5) UNION SELECT 1", 1.0),
    ("sqlite", "SELECT id FROM orders UNION SELECT id FROM users LIMIT 50", 1.0),
    ("sqlite", "SELECT count(*) FROM orders UNION ALL SELECT count(*) FROM users", 1.0),
    ("postgres", "SELECT * FROM orders LIMIT ALL", 0.0),
    ("postgres", "SELECT * FROM orders FETCH FIRST 20 ROWS ONLY", 1.0),
    ("postgres", "SELECT * FROM orders FETCH FIRST ROW ONLY", 1.0),
    ("postgres", "SELECT * FROM orders ORDER BY total FETCH FIRST 5 ROWS WITH TIES", None),
    ("postgres", "SELECT generate_series(1, count(*)) FROM orders", 0.0),
    ("tsql", "SELECT TOP 10 * FROM orders", 1.0),
    ("tsql", "SELECT TOP 10 PERCENT * FROM orders", None),
    ("mysql", "SELECT * FROM orders LIMIT 5, 10", 1.0),
    ("sqlite", "DROP TABLE orders", None),
]


@pytest.mark.parametrize(("dialect", "sql", "score"), LIMITED, ids=[sql for _, sql, _ in LIMITED])
def test_a_statement_returns_no_more_rows_than_allowed(dialect: str, sql: str, score: float | None) -> None:
    found = judge(sql_limited(100, dialect=dialect), sql)
    assert found.score == score, found


def test_without_a_statement_both_are_wrong_and_wrong_arguments_are_refused() -> None:
    assert judge(sql_limited(5), None).score == 0.0
    assert judge(sql_scoped_to("a", "b"), 5).score == 0.0
    with pytest.raises(ConfigError):
        sql_limited(0)
    with pytest.raises(ConfigError):
        sql_scoped_to("", "x")
    with pytest.raises(UsageError, match="sqlite"):
        sql_limited(5, dialect="oracle")
