"""The SQL check tells a read-only, answerable statement from everything else, and says which."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from types import SimpleNamespace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seatrial.checks.sql import SqlKind, allowed, check_sql, lock_sqlite, run_select, sql_read_only, sql_valid
from seatrial.errors import UsageError
from seatrial.scoring import bind

SCHEMA = {
    "users": {"id": "INTEGER", "name": "VARCHAR", "age": "INTEGER"},
    "orders": {"id": "INTEGER", "user_id": "INTEGER", "total": "DOUBLE"},
}
DIALECTS = ("sqlite", "postgres", "mysql", "duckdb")


def cases(text: str) -> tuple[str, ...]:
    """One statement a line; a written \\n is a line break."""
    return tuple(line.replace("\\n", "\n") for line in text.strip().splitlines())


READS = cases("""
SELECT 1
SELECT name FROM users
select u.name, count(*) as n from users u join orders o on o.user_id = u.id group by u.name having count(*) > 1
SELECT * FROM users WHERE age BETWEEN 1 AND 2 OR name LIKE 'a%' AND id IN (SELECT user_id FROM orders)
WITH b AS (SELECT user_id, SUM(total) AS t FROM orders GROUP BY user_id) SELECT name, t FROM users JOIN b ON b.user_id = id
SELECT name FROM users UNION ALL SELECT CAST(total AS CHAR) FROM orders ORDER BY 1 LIMIT 5 OFFSET 2
SELECT name, RANK() OVER (PARTITION BY age ORDER BY id DESC) FROM users
SELECT CASE WHEN age > 3 THEN 'old' ELSE 'new' END AS kind, COUNT(DISTINCT id) FROM users GROUP BY 1
SELECT COALESCE(name, 'x'), ROUND(AVG(age), 1) FROM users GROUP BY name
SELECT id FROM (SELECT id FROM users) AS t
SELECT name FROM users u WHERE EXISTS (SELECT 1 FROM orders o WHERE o.user_id = u.id)
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5) SELECT i FROM n
""")

WRITES = cases("""
INSERT INTO users VALUES (1, 'a', 2)
UPDATE users SET age = 1
DELETE FROM users
DROP TABLE users
REPLACE INTO users VALUES (1, 'a', 2)
TRUNCATE TABLE users
ALTER TABLE users ADD COLUMN x INT
CREATE TABLE t (a INT)
CREATE TABLE t AS SELECT * FROM users
CREATE VIEW v AS SELECT 1
CREATE INDEX i ON users(id)
MERGE INTO users USING orders ON users.id = orders.id WHEN MATCHED THEN DELETE
VACUUM
VACUUM INTO 'x'
REINDEX
ANALYZE
ATTACH 'x.db' AS y
ATTACH DATABASE 'x.db' AS y
DETACH y
PRAGMA journal_mode = DELETE
PRAGMA table_info(users)
EXPLAIN ANALYZE DELETE FROM users
EXPLAIN SELECT 1
CALL do_it()
DO $$ BEGIN DELETE FROM users; END $$
EXEC p
EXECUTE p
PREPARE p AS DELETE FROM users
COPY users TO '/tmp/x'
COPY (SELECT 1) TO PROGRAM 'sh'
COPY users FROM '/tmp/x'
LISTEN c
NOTIFY c
LOCK TABLE users
LOCK TABLES users WRITE
GRANT ALL ON users TO x
REVOKE ALL ON users FROM x
SET search_path = x
RESET ALL
SHOW TABLES
USE other
BEGIN
COMMIT
ROLLBACK
SAVEPOINT s
KILL 1
INSTALL httpfs
LOAD httpfs
LOAD DATA INFILE 'x' INTO TABLE users
IMPORT DATABASE 'x'
EXPORT DATABASE 'x'
HANDLER users OPEN
CHECKPOINT
SELECT 1; DROP TABLE users
SELECT 1;\\n-- fine\\nDELETE FROM users
SELECT 1 /* ; */; DELETE FROM users; --
DELETE FROM users; SELECT 1
WITH x AS (INSERT INTO users VALUES (1, 'a', 2) RETURNING id) SELECT * FROM x
WITH x AS (DELETE FROM users RETURNING *) SELECT * FROM x
WITH x AS (UPDATE users SET age = 1 RETURNING *) SELECT * FROM x
WITH x AS (SELECT 1) DELETE FROM users
WITH x AS (SELECT 1) INSERT INTO users SELECT * FROM x
WITH x AS (SELECT 1) UPDATE users SET age = 1
SELECT * INTO t FROM users
SELECT * INTO TEMP t FROM users
SELECT name INTO OUTFILE '/tmp/x' FROM users
SELECT name INTO @v FROM users
SELECT * FROM users FOR UPDATE
SELECT * FROM users FOR SHARE
SELECT * FROM (SELECT * FROM users FOR UPDATE) AS t
SELECT @a := 1
SELECT * FROM users WHERE id IN (SELECT id FROM users FOR UPDATE)
TABLE users
DESCRIBE users
SUMMARIZE users
""")

CALLS = cases("""
load_extension('x')
readfile('/etc/passwd')
writefile('x', 'y')
edit('x')
fts3_tokenizer('x')
sqlite_compileoption_get(1)
pg_terminate_backend(1)
pg_cancel_backend(1)
pg_sleep(9)
pg_read_file('x')
pg_ls_dir('/')
lo_import('/etc/passwd')
lo_export(1, 'x')
nextval('s')
setval('s', 1)
set_config('a', 'b', false)
dblink('x', 'y')
dblink_exec('drop')
query_to_xml('x', true, true, '')
pg_catalog.pg_sleep(1)
pg_advisory_lock(1)
pg_reload_conf()
current_setting('x')
evil.lower('x')
"pg_sleep"(1)
sleep(9)
load_file('/etc/passwd')
benchmark(1, 2)
get_lock('a', 1)
sys_exec('id')
user()
version()
getenv('HOME')
read_text('/etc/passwd')
read_blob('x')
nextval('s')
current_user()
no_such_function(1)
zeroblob(1000000000)
""")

TABLE_FUNCTIONS = cases("""
read_csv('/etc/passwd')
read_csv_auto('x')
read_parquet('x')
read_json('x')
glob('/*')
parquet_scan('x')
sqlite_scan('a', 'b')
pragma_table_info('users')
generate_series(1, 1000000000)
dblink('x', 'y')
pg_ls_dir('/')
postgres_scan('a', 'b', 'c')
duckdb_settings()
pg_stat_file('x')
query('DROP TABLE users')
query_table('users')
""")

POSITIONS = cases("""
SELECT ({f}).x
SELECT 1 FROM users WHERE id = ANY({f})
SELECT * FROM users TABLESAMPLE {f}
SELECT * FROM users TABLESAMPLE system({f})
SELECT SUM(id) OVER (ORDER BY {f}) FROM users
SELECT COUNT(*) FILTER (WHERE {f}) FROM users
SELECT id FROM users LIMIT {f}
SELECT id FROM users LIMIT 1 OFFSET {f}
SELECT id FROM users FETCH FIRST {f} ROWS ONLY
SELECT id AT TIME ZONE {f} FROM users
SELECT ARRAY[{f}]
SELECT ARRAY(SELECT {f})
SELECT ROW({f})
SELECT [{f}]
SELECT {{'a': {f}}}
SELECT id FROM users GROUP BY ROLLUP({f})
SELECT id FROM users GROUP BY GROUPING SETS (({f}))
SELECT SUM(id) OVER w FROM users WINDOW w AS (ORDER BY {f})
SELECT DISTINCT ON ({f}) id FROM users
SELECT * FROM (VALUES ({f})) AS t
SELECT * FROM users JOIN users u ON {f}
SELECT id FROM users HAVING {f}
SELECT id FROM users QUALIFY {f}
SELECT CASE WHEN {f} THEN 1 END
SELECT CAST({f} AS TEXT)
SELECT {f}::text
SELECT EXTRACT(year FROM {f})
SELECT SUBSTRING('a' FROM {f})
SELECT TRIM(BOTH {f} FROM 'a')
SELECT POSITION({f} IN 'a')
SELECT INTERVAL '1' * {f}
SELECT 1 BETWEEN 0 AND {f}
SELECT name LIKE {f} FROM users
SELECT name LIKE 'a' ESCAPE {f} FROM users
SELECT percentile_cont({f}) WITHIN GROUP (ORDER BY id) FROM users
SELECT id[{f}] FROM users
SELECT id[1:{f}] FROM users
SELECT -{f}
SELECT NOT {f}
SELECT 1 WHERE ({f}) IS NULL
SELECT COALESCE(NULL, {f})
SELECT id FROM users ORDER BY {f} NULLS LAST
SELECT MAX(id ORDER BY {f}) FROM users
SELECT string_agg(name, {f}) FROM users
WITH RECURSIVE t AS (SELECT {f} AS a UNION ALL SELECT a FROM t) SELECT * FROM t
WITH t AS MATERIALIZED (SELECT {f} AS a) SELECT * FROM t
SELECT 1 UNION SELECT {f}
SELECT (SELECT {f})
SELECT EXISTS (SELECT {f})
SELECT 1 IN (SELECT {f})
SELECT users.{f} FROM users
SELECT list_transform([1], x -> {f})
SELECT * REPLACE ({f} AS id) FROM users
SELECT * EXCLUDE (id) FROM users, {f}
SELECT COLUMNS(c -> {f}) FROM users
SELECT * FROM users, LATERAL (SELECT {f}) t
SELECT * FROM users CROSS JOIN {f}
SELECT * FROM unnest({f})
SELECT * FROM XMLTABLE('/x' PASSING {f} COLUMNS a int)
SELECT * FROM JSON_TABLE({f}, '$' COLUMNS (a int PATH '$'))
SELECT name COLLATE {f} FROM users
""")

ODD_READS = cases("""
SELECT * FROM (DESCRIBE users)
SELECT * FROM (PIVOT users ON name)
SELECT * FROM (DELETE FROM users RETURNING *)
SELECT * FROM FINAL TABLE (INSERT INTO users VALUES (1))
SELECT id FROM users ORDER BY id USING OPERATOR(evil.<)
SELECT 1 OPERATOR(evil.+) 2
SELECT id FROM users PROCEDURE ANALYSE()
SELECT SQL_CALC_FOUND_ROWS id FROM users INTO DUMPFILE 'x'
SELECT * FROM EXTERNAL_QUERY('c', 'DELETE FROM x')
SELECT * FROM ML.PREDICT(MODEL m, TABLE users)
SELECT NEXT VALUE FOR s
SELECT NEXTVAL FOR s
SELECT * FROM users WITH (UPDLOCK)
SELECT * FROM users LOCK IN SHARE MODE
SELECT * FROM users FOR NO KEY UPDATE SKIP LOCKED
SELECT * FROM users FOR KEY SHARE
""")


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("sql", READS)
def test_an_ordinary_read_passes_with_and_without_its_schema(sql: str, dialect: str) -> None:
    assert check_sql(sql, dialect=dialect).kind == SqlKind.OK
    assert check_sql(sql, dialect=dialect, schema=SCHEMA).kind == SqlKind.OK


@pytest.mark.parametrize("sql", READS)
def test_an_ordinary_read_is_planned_by_both_databases(sql: str) -> None:
    assert check_sql(sql, schema=SCHEMA).kind == SqlKind.OK
    assert check_sql(sql.replace("AS CHAR", "AS VARCHAR"), dialect="duckdb", schema=SCHEMA).kind == SqlKind.OK


@pytest.mark.parametrize("dialect", DIALECTS)
def test_no_write_command_or_lock_is_accepted_in_any_dialect(dialect: str) -> None:
    accepted = [sql for sql in WRITES if check_sql(sql, dialect=dialect).ok]
    assert accepted == []


@pytest.mark.parametrize("dialect", DIALECTS)
def test_no_write_is_accepted_by_way_of_the_fallback(dialect: str) -> None:
    accepted = [sql for sql in WRITES if check_sql(sql, dialect=dialect, schema=SCHEMA).ok]
    assert accepted == []


@pytest.mark.parametrize("dialect", DIALECTS)
def test_no_dangerous_function_is_accepted_wherever_it_stands(dialect: str) -> None:
    shapes = (
        "SELECT {}",
        "SELECT name FROM users WHERE age = {}",
        "SELECT 1 AS a ORDER BY {}",
        "WITH x AS (SELECT {} AS y) SELECT y FROM x",
    )
    calls = [shape.format(call) for call in CALLS for shape in shapes] + [
        f"SELECT * FROM {call}" for call in TABLE_FUNCTIONS
    ]
    calls += [f"SELECT * FROM users, LATERAL {call} AS t" for call in TABLE_FUNCTIONS] + [
        f"SELECT * FROM ROWS FROM ({call})" for call in TABLE_FUNCTIONS
    ]
    accepted = [sql for sql in calls if check_sql(sql, dialect=dialect).ok]
    assert accepted == []


@pytest.mark.parametrize("dialect", ["postgres", "mysql", "duckdb", "bigquery"])
def test_no_place_in_a_select_lets_a_dangerous_call_through(dialect: str) -> None:
    # sqlite is left out: there [pg_sleep(1)] is a quoted name, and `id[...]` an alias.
    calls = ("pg_sleep(1)", "read_text(1)")
    accepted = [
        sql for shape in POSITIONS for call in calls if check_sql(sql := shape.format(f=call), dialect=dialect).ok
    ]
    assert accepted == []


@pytest.mark.parametrize("dialect", [*DIALECTS, "bigquery"])
def test_no_odd_form_of_reading_is_accepted(dialect: str) -> None:
    assert [sql for sql in ODD_READS if check_sql(sql, dialect=dialect, schema=SCHEMA).ok] == []


@pytest.mark.parametrize(
    ("dialect", "sql"),
    [
        ("mysql", "SELECT 1 /*! INTO OUTFILE '/tmp/x' */"),
        ("mysql", "SELECT 1 /*!50000 ; DROP TABLE users */"),
        ("mysql", "SELECT 1 /*M! ; DROP TABLE users */"),
        ("mysql", "SELECT /*+ SET_VAR(sql_mode = '') */ 1"),
        ("mysql", "SELECT 1 --1; DROP TABLE users"),  # MySQL wants a blank after --: this is 1 - -1, then a DROP
        ("postgres", "SELECT 1 -- x\r; DROP TABLE users"),  # PostgreSQL ends the comment at \r, sqlglot at \n
        ("sqlite", "SELECT 1 /* /* */; DROP TABLE users; /* */ */"),
        ("postgres", "SELECT 1 /* /* */ */; DROP TABLE users"),
        ("sqlite", "SELECT 1 --\r/*\n; DROP TABLE users; --*/"),
        ("sqlite", "SELECT 'a\\'; DROP TABLE users; --'"),
        ("duckdb", "SELECT 1; INSTALL httpfs"),
        ("sqlite", "SELECT 1\0; DROP TABLE users"),
    ],
)
def test_what_a_comment_or_a_quote_hides_is_refused(dialect: str, sql: str) -> None:
    assert not check_sql(sql, dialect=dialect, schema=SCHEMA).ok


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT 1;",
        "SELECT 1 ;\n",
        "-- a; b\nSELECT 1",
        "SELECT /* ; DROP TABLE users */ 1",
        "SELECT 1 -- tail",
        "SELECT ';' AS x;",
    ],
)
def test_comments_and_a_trailing_semicolon_are_allowed(sql: str) -> None:
    assert check_sql(sql, schema=SCHEMA).kind == SqlKind.OK


@pytest.mark.parametrize(
    ("sql", "kind"),
    [
        (None, SqlKind.EMPTY),
        ("  \n", SqlKind.EMPTY),
        ("-- nothing", SqlKind.EMPTY),
        (";", SqlKind.EMPTY),
        ("SELEC name FROM users", SqlKind.SYNTAX_ERROR),
        ("SELECT FROM WHERE", SqlKind.SYNTAX_ERROR),
        ("SELECT (1", SqlKind.SYNTAX_ERROR),
        ("SELECT 'a", SqlKind.SYNTAX_ERROR),
        ("Here is your query", SqlKind.SYNTAX_ERROR),
        ("SELECT " + "(" * 5000 + "1" + ")" * 5000, SqlKind.SYNTAX_ERROR),
        ("SELECT 1" + " " * 200_000, SqlKind.SYNTAX_ERROR),
        ("DELETE FROM users", SqlKind.NOT_READ_ONLY),
        ("SELECT 1; SELECT 2", SqlKind.NOT_READ_ONLY),
        ("SELECT load_extension('x')", SqlKind.FORBIDDEN_FUNCTION),
        ("SELECT name FROM user", SqlKind.UNKNOWN_TABLE),
        ("SELECT nam FROM users", SqlKind.UNKNOWN_COLUMN),
        ("SELECT u.total FROM users u", SqlKind.UNKNOWN_COLUMN),
        ("SELECT x.name FROM users u", SqlKind.UNKNOWN_COLUMN),
        (
            "SELECT id FROM users JOIN orders ON users.id = orders.user_id",
            SqlKind.UNKNOWN_COLUMN,
        ),  # ambiguous: which id?
        ("WITH c AS (SELECT id FROM users) SELECT name FROM c", SqlKind.UNKNOWN_COLUMN),
        ("WITH c AS (SELECT id FROM nowhere) SELECT id FROM c", SqlKind.UNKNOWN_TABLE),
        ("SELECT name FROM users WHERE id IN (SELECT user_id FROM order_s)", SqlKind.UNKNOWN_TABLE),
        ("SELECT name FROM other.users", SqlKind.UNKNOWN_TABLE),
        ("SELECT sql FROM sqlite_master", SqlKind.UNKNOWN_TABLE),
        ("SELECT name FROM users WHERE COUNT(*) > 1", SqlKind.EXPLAIN_FAILED),
        ("SELECT name FROM users WHERE id = (SELECT id, name FROM users)", SqlKind.EXPLAIN_FAILED),
        ("SELECT NAME FROM Main.Users", SqlKind.OK),
        ("WITH users AS (SELECT 1 AS z) SELECT z FROM users", SqlKind.OK),
        ("SELECT rowid FROM users", SqlKind.OK),
    ],
)
def test_each_kind_of_fault_has_its_own_word(sql: str | None, kind: SqlKind) -> None:
    verdict = check_sql(sql, schema=SCHEMA)
    assert (verdict.kind, verdict.ok) == (kind, kind == SqlKind.OK)
    assert verdict.message


def test_a_fault_says_where_it_stands() -> None:
    assert check_sql("SELECT name\nFROM userz", schema=SCHEMA).position == (2, 10)
    assert check_sql("SELECT 1; SELECT 2").position == (1, 9)
    assert check_sql("SELECT nam FROM users", schema=SCHEMA).position == (1, 10)


@pytest.mark.parametrize(
    ("dialect", "table"),
    [
        ("postgres", "pg_shadow"),
        ("postgres", "information_schema.tables"),
        ("mysql", "mysql.user"),
        ("sqlite", "sqlite_master"),
        ("sqlite", "pragma_database_list"),
    ]
    + [("duckdb", table) for table in ("'a.csv'", '"/etc/passwd"', "data.parquet", "'s3://x/y'", "duckdb_secrets")],
)
def test_system_tables_and_files_are_no_data_even_without_a_schema(dialect: str, table: str) -> None:
    assert check_sql(f"SELECT * FROM {table}", dialect=dialect).kind == SqlKind.UNKNOWN_TABLE


UNPARSED = "SELECT name FROM users ORDER BY id LIMIT 2 - (SELECT COUNT(*) FROM users) % 2 OFFSET (SELECT 1)"


def test_sqlite_itself_decides_where_sqlglot_cannot_read_a_select() -> None:
    # If a later sqlglot reads this, the fallback is no longer reached by this test: the first line says so.
    assert check_sql(UNPARSED).kind == SqlKind.SYNTAX_ERROR
    assert check_sql(UNPARSED, schema=SCHEMA).kind == SqlKind.OK
    assert check_sql(UNPARSED.replace("users", "userz"), schema=SCHEMA).kind == SqlKind.UNKNOWN_TABLE
    assert (
        check_sql(UNPARSED.replace("SELECT 1", "SELECT load_extension('x')"), schema=SCHEMA).kind
        == SqlKind.FORBIDDEN_FUNCTION
    )
    assert (
        check_sql(UNPARSED.replace("SELECT name", "SELECT randomblob(9)"), schema=SCHEMA).kind
        == SqlKind.FORBIDDEN_FUNCTION
    )
    assert (
        check_sql(UNPARSED.replace("FROM users", "FROM pragma_table_info('users')", 1), schema=SCHEMA).kind
        != SqlKind.OK
    )
    assert check_sql(UNPARSED + "; DELETE FROM users", schema=SCHEMA).kind == SqlKind.NOT_READ_ONLY


def test_the_locked_connection_reads_and_does_nothing_else() -> None:
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        connection.execute("CREATE TABLE users (id, name)")
        connection.execute("INSERT INTO users VALUES (1, 'Ada')")
        denied = lock_sqlite(connection, allowed("sqlite").names)
        assert run_select(connection, "SELECT upper(name) FROM users") == [("ADA",)]
        for sql in (
            *(
                sql
                for sql in WRITES
                if sql.split()[0] in {"INSERT", "UPDATE", "DELETE", "DROP", "ATTACH", "PRAGMA", "CREATE"}
            ),
            "SELECT randomblob(1)",
        ):
            with pytest.raises((sqlite3.Error, sqlite3.Warning)):
                connection.execute(sql)
        assert any("randomblob" in reason for reason in denied)
        endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT {} FROM n"
        with pytest.raises(sqlite3.OperationalError, match="interrupted"):
            run_select(connection, endless.format("max(i)"), max_steps=50_000)
        with pytest.raises(sqlite3.OperationalError, match="more than 10 rows"):
            run_select(connection, endless.format("i"), max_rows=10)
        assert run_select(connection, "SELECT id FROM users") == [(1,)]


def test_the_duckdb_sandbox_plans_and_tells_a_type_error() -> None:
    assert check_sql("SELECT name + 1 FROM users", dialect="duckdb", schema=SCHEMA).kind == SqlKind.EXPLAIN_FAILED
    with pytest.raises(UsageError, match="no type name"):
        check_sql("SELECT 1", dialect="duckdb", schema={"t": {"a": "INT); DROP TABLE t"}})


def test_a_list_of_functions_replaces_the_default_one() -> None:
    assert check_sql("SELECT strftime('%Y', name), julianday(name) FROM users", functions={"strftime", "julianday"}).ok
    assert check_sql("SELECT count(*) FROM users", functions={"strftime"}).kind == SqlKind.FORBIDDEN_FUNCTION
    assert check_sql("SELECT value FROM json_each('[]')", functions={"json_each"}).ok


def test_an_unknown_option_lists_the_choices() -> None:
    with pytest.raises(UsageError, match="sqlite, postgres, duckdb, mysql, bigquery, tsql, snowflake"):
        check_sql("SELECT 1", dialect="oracle")
    with pytest.raises(UsageError, match="True"):
        check_sql("SELECT 1", explain="sqlite")  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="postgres SQL only"):
        check_sql("SELECT 1", dialect="duckdb", database="postgresql://127.0.0.1/test")


def _run(sql: object) -> SimpleNamespace:
    return SimpleNamespace(outputs={"sql": sql})


def test_the_evaluators_score_and_say_why() -> None:
    read, valid = sql_read_only(), sql_valid(schema=SCHEMA)
    assert [
        read(_run(sql), None).score for sql in ("SELECT 1", "SELECT x FROM y", "DROP TABLE users", "", None, 7)
    ] == [1.0, 1.0, 0.0, 0.0, 0.0, 0.0]
    assert [
        valid(_run(sql), None).score for sql in ("SELECT id FROM users", "SELECT x FROM users", "SELECT 1 FROM y")
    ] == [1.0, 0.0, 0.0]
    assert valid(_run("SELECT 1 FROM y"), None).reason == "unknown_table: table 'y' is not in the schema (2 tables)"
    assert read(SimpleNamespace(outputs=None), None).score == 0.0


def test_the_evaluators_bind_under_their_key_and_refuse_an_unknown_dialect() -> None:
    assert (bind(sql_read_only()).key, bind(sql_valid(schema=SCHEMA, key="valid")).key) == ("sql_read_only", "valid")
    with pytest.raises(UsageError, match="SQL dialect 'oracle' is unknown"):
        sql_read_only(dialect="oracle")


def test_without_a_schema_validity_abstains() -> None:
    assert sql_valid(schema=None)(_run("SELECT id FROM users"), None).score is None


def test_read_only_uses_the_schema_for_what_only_sqlite_can_read() -> None:
    assert sql_read_only()(_run(UNPARSED), None).score == 0.0
    assert sql_read_only(schema=SCHEMA)(_run(UNPARSED), None).score == 1.0


@settings(max_examples=60, deadline=None)
@given(
    read=st.sampled_from(READS),
    write=st.sampled_from([sql for sql in WRITES if not sql.startswith(("SELECT", "WITH", "VALUES", "TABLE"))]),
    glue=st.sampled_from([";", ";\n", " ; /* x */ ", ";-- x\n", "; ;"]),
    first=st.booleans(),
    dialect=st.sampled_from(DIALECTS),
)
def test_a_read_with_a_write_before_or_after_it_is_refused(
    read: str, write: str, glue: str, first: bool, dialect: str
) -> None:
    sql = f"{write}{glue}{read}" if first else f"{read}{glue}{write}"
    assert check_sql(read, dialect=dialect).ok
    assert check_sql(sql, dialect=dialect, schema=SCHEMA).kind in {SqlKind.NOT_READ_ONLY, SqlKind.SYNTAX_ERROR}


FRAGMENTS = cases("""
SELECT
FROM
users
name
INSERT
INTO
WITH
AS
(
)
,
*
'
;
--
/*
*/
"
`
$$
::
[
{
?
1
""")


@settings(max_examples=100, deadline=None)
@given(
    text=st.text(max_size=60) | st.lists(st.sampled_from(FRAGMENTS), max_size=12).map(" ".join),
)
def test_no_text_makes_the_check_raise_or_changes_a_table(text: str) -> None:
    verdict = check_sql(text, schema=SCHEMA)
    assert verdict.message
    if verdict.ok:
        with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
            connection.execute("CREATE TABLE users (id, name, age)")
            connection.execute("CREATE TABLE orders (id, user_id, total)")
            before = connection.total_changes, connection.execute("PRAGMA schema_version").fetchone()
            connection.execute(text).fetchall()
            assert (connection.total_changes, connection.execute("PRAGMA schema_version").fetchone()) == before
