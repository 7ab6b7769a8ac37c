"""Bound parameters in any driver's style are values: a statement that holds them is still one read."""

from __future__ import annotations

import os

import pytest

from seatrial.checks.sql import SqlKind, check_sql, sql_read_only
from seatrial.checks.sql.function_lists import DIALECTS
from seatrial.checks.sql.parameters import bound
from seatrial.checks.sql.readonly import opening

SCHEMA = {"users": {"id": "INTEGER", "name": "VARCHAR", "age": "INTEGER", "born": "DATE"}}
STYLES = ("?", "?1", "$1", ":id", ":1", "@p", "%s", "%(id)s")
SHAPES = (
    "SELECT name FROM users WHERE id = {p}",
    "SELECT name FROM users WHERE id IN ({p}, {p}) AND age BETWEEN {p} AND {p}",
    "SELECT name, {p} AS tag FROM users WHERE name LIKE {p} AND age % 2 = 1",
    "SELECT COUNT(*) FROM users WHERE (name = {p} OR {p} IS NULL)",
    "WITH a AS (SELECT id FROM users WHERE age > {p}) SELECT id FROM a",
    "SELECT CASE WHEN age > {p} THEN {p} ELSE -{p} END FROM users",
    "SELECT COALESCE(name, {p}), CAST({p} AS DATE) FROM users /* {p} */ -- {p}",
)
AT_IS_AN_OPERATOR = ("duckdb",)


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("style", STYLES)
def test_a_bound_parameter_is_part_of_a_read_only_statement(style: str, dialect: str) -> None:
    if style == "@p" and dialect in AT_IS_AN_OPERATOR:
        return
    for shape in SHAPES:
        sql = shape.format(p=style)
        assert check_sql(sql, dialect=dialect).ok, sql
        assert check_sql(sql, dialect=dialect, schema=SCHEMA).ok, sql
        assert check_sql(sql.replace("users", "userz"), dialect=dialect, schema=SCHEMA).kind is SqlKind.UNKNOWN_TABLE


@pytest.mark.parametrize(("dialect", "style"), [("sqlite", "$name"), ("postgres", "$1::int"), ("duckdb", "$name")])
def test_a_style_of_one_dialect_is_read_there(dialect: str, style: str) -> None:
    assert check_sql(f"SELECT id FROM users WHERE id = {style} LIMIT {style}", dialect=dialect, schema=SCHEMA).ok


def test_postgres_infers_the_types_of_parameters() -> None:
    psycopg = pytest.importorskip("psycopg")
    url = os.environ.get("SEATRIAL_TEST_POSTGRES", "postgresql://postgres@127.0.0.1:5432/test")
    try:
        psycopg.connect(url, connect_timeout=3).close()
    except psycopg.Error as error:
        pytest.skip(f"no PostgreSQL answers ({type(error).__name__}); set SEATRIAL_TEST_POSTGRES to one")
    for p in STYLES:
        sql = f"SELECT n FROM (VALUES (1), (2)) AS t(n) WHERE n = {p} OR upper({p}) = {p} LIMIT 3"
        verdict = check_sql(sql, dialect="postgres", database=url)
        if p in ("?", "%s"):  # three parameters: each has a type of its own
            assert verdict.ok, verdict
        else:  # one parameter cannot be an integer and a text
            assert verdict.kind is SqlKind.EXPLAIN_FAILED, verdict
        assert check_sql(f"SELECT 1 LIMIT {p}", dialect="postgres", database=url).ok


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("style", STYLES)
def test_a_parameter_cannot_name_a_table_or_hide_a_write(style: str, dialect: str) -> None:
    for shape in (
        "SELECT id FROM {p}",
        "SELECT id FROM users JOIN {p} ON 1 = 1",
        "DELETE FROM users WHERE id = {p}",
        "SELECT id INTO {p} FROM users",
        "SELECT {p} := 1",
        "SELECT 1; DELETE FROM users WHERE id = {p}",
        "SELECT pg_sleep({p})",
        "SELECT id FROM users WHERE id = {p} FOR UPDATE",
    ):
        assert not check_sql(shape.format(p=style), dialect=dialect).ok, shape.format(p=style)


@pytest.mark.parametrize("dialect", [one for one in DIALECTS if one not in AT_IS_AN_OPERATOR])
def test_a_server_variable_is_no_parameter(dialect: str) -> None:
    assert not check_sql("SELECT @@version", dialect=dialect).ok


@pytest.mark.parametrize(
    ("dialect", "sql", "count"),
    [
        ("postgres", "SELECT age %s FROM users", 0),  # modulo a column named s
        ("postgres", "SELECT 5 %s FROM users", 0),
        ("postgres", "SELECT born::text, ARRAY[1, 2][1:age] FROM users", 0),
        ("postgres", "SELECT doc ? 'key' FROM users", 0),
        ("snowflake", "SELECT doc:customer FROM users", 0),
        ("duckdb", "SELECT {'a': age} FROM users", 0),
        ("sqlite", "SELECT ':id ? %s @p $1' FROM users", 0),
        ("postgres", "SELECT $$ ? $$ FROM users", 0),
        ("mysql", "SELECT `a?` FROM users", 0),
        ("postgres", "SELECT $1, $2, $1", 2),
        ("sqlite", "SELECT :a, :b, :a, ?, ?", 4),
        ("postgres", "SELECT born AT TIME ZONE :tz FROM users", 1),
        ("mysql", "SELECT %(id)s, %(id)s, %s", 2),
    ],
)
def test_operators_texts_and_comments_are_no_parameters(dialect: str, sql: str, count: int) -> None:
    tokens, refusal = opening(sql, dialect)
    assert refusal is None
    assert bound(tokens, dialect).count == count


def test_parameters_are_numbered_as_an_engine_reads_them() -> None:
    sql = "SELECT '%s', :a, ünï, %(b)s /* :c */ FROM t WHERE x = :a"
    tokens, _ = opening(sql, "sqlite")
    assert bound(tokens, "sqlite").text(sql, "?") == "SELECT '%s', ?1, ünï, ?2 /* :c */ FROM t WHERE x = ?1"


def test_the_evaluator_scores_a_parametrised_read_1_and_a_parametrised_write_0() -> None:
    class Answer:
        def __init__(self, sql: str) -> None:
            self.outputs = {"sql": sql}

    judge = sql_read_only(dialect="postgres")
    assert judge(Answer("SELECT name FROM users WHERE id = $1"), None).score == 1.0
    assert judge(Answer("DELETE FROM users WHERE id = $1"), None).score == 0.0
