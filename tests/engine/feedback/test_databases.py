"""CSV, Parquet, SQLite, DuckDB, PostgreSQL and the store give the same verdict, counts and digits."""

from __future__ import annotations

import csv
import sqlite3
import uuid
from datetime import UTC, datetime

import duckdb
import psycopg
import pytest

from seatrial.store import current
from seatrial.store.engine import open_store
from seatrial.testing.traffic import GRAPHS, Fault, FaultName, traffic

POSTGRES = "postgresql://postgres@127.0.0.1:5432/test"
AT_NOW = ("--now", "2026-03-15")


@pytest.fixture(scope="module")
def made():
    return traffic(5, 25, GRAPHS[1:], (Fault(FaultName.OVER_CONFIDENT, 0, segment="language=de", amount=0.5),))


@pytest.fixture
def schema():
    name = "feedback_" + uuid.uuid4().hex[:8]
    try:
        connection = psycopg.connect(POSTGRES, connect_timeout=2, autocommit=True)
    except psycopg.OperationalError:
        pytest.skip("no PostgreSQL here")
    with connection:
        connection.execute(f"CREATE SCHEMA {name}")
        yield name
        connection.execute(f"DROP SCHEMA {name} CASCADE")


def plain(table):
    names = list(table)
    rows = [list(row) for row in zip(*(values.tolist() for values in table.values()), strict=True)]
    for i, name in enumerate(names):
        if name.endswith("_at"):
            for row in rows:
                row[i] = datetime.fromtimestamp(row[i], UTC)
    return names, rows


def answers(gate, decisions, outcomes):
    segments = ("--segment", "language")
    answer = gate("--decisions", decisions, "--outcomes", outcomes, *segments, *AT_NOW)
    assert answer.code == 1, answer.kinds
    return answer


def test_every_kind_of_source_gives_the_same_answer(gate, project, write, made, schema):
    write("gates/feedback.toml", '[labels]\nresolved = "positive"\nreassigned = "negative"\n')
    write("gates/metrics.toml", '[metric.solved]\nsource = "outcome:ticket"\nhorizon = "14d"\n')
    tables = {"decisions": plain(made.decisions), "outcomes": plain(made.outcomes)}
    made.write(project)
    sqlite = sqlite3.connect(project / "t.db")
    duck = duckdb.connect(str(project / "t.duckdb"))
    postgres = psycopg.connect(POSTGRES, autocommit=True)
    for name, (columns, rows) in tables.items():
        with (project / f"{name}.csv").open("w", newline="") as out:
            csv.writer(out).writerows([columns, *rows])
        listed = ", ".join(f'"{column}"' for column in columns)
        marks = ", ".join("?" * len(columns))
        sqlite.execute(f"CREATE TABLE {name} ({listed})")
        sqlite.executemany(
            f"INSERT INTO {name} VALUES ({marks})",
            [[value.isoformat() if isinstance(value, datetime) else value for value in row] for row in rows],
        )
        duck.execute(f"CREATE TABLE {name} AS SELECT * FROM '{project}/{name}.parquet'")
        kinds = {"confidence": "double precision"} | {c: "timestamptz" for c in columns if c.endswith("_at")}
        typed = ", ".join(f'"{column}" {kinds.get(column, "text")}' for column in columns)
        postgres.execute(f"CREATE TABLE {schema}.{name} ({typed})")
        with postgres.cursor().copy(f"COPY {schema}.{name} FROM STDIN") as copy:
            for row in rows:
                copy.write_row(row)
    sqlite.commit()
    for connection in (sqlite, duck, postgres):
        connection.close()
    with open_store(f"sqlite:///{project}/store.db") as store:
        made.fill(store)
        seen = {"csv": answers(gate, "decisions.csv", "outcomes.csv")}
        seen["parquet"] = answers(gate, "decisions.parquet", "outcomes.parquet")
        seen["sqlite"] = answers(gate, "t.db", "t.db")
        seen["duckdb"] = answers(gate, "t.duckdb", "t.duckdb")
        seen["postgres"] = answers(gate, f"{POSTGRES}#{schema}.decisions", f"{POSTGRES}#{schema}.outcomes")
        with current.use_store(store):
            seen["store"] = answers(gate, "store", "store")
    rows = {name: [{k: f[k] for k in ("segment", "key", "n", "candidate", "p", "state")} for f in one.data["findings"]]
            for name, one in seen.items()}  # fmt: skip
    for name, found in rows.items():
        for a, b in zip(found, rows["csv"], strict=True):
            assert {**a, "p": None} == {**b, "p": None}, name
            assert a["p"] == pytest.approx(b["p"], rel=1e-12), name
    assert seen["csv"].row("language=de")["state"] == "blocks"
    assert seen["csv"].row("language=en")["state"] != "blocks"


def test_a_source_that_is_down_or_lacks_its_table_is_exit_2(gate, project):
    sqlite3.connect(project / "t.db").execute("CREATE TABLE other (a)")
    duckdb.connect(str(project / "t.duckdb")).execute("CREATE TABLE other (a INT)")
    for place, reported in (
        ("t.db", "has no table 'outcomes'; name one with #TABLE: other"),
        ("t.duckdb", "has no table 'outcomes'; name one with #TABLE: other"),
        ("t.db#other", "holds no rows"),
        ("absent.db", "does not exist"),
        ("postgresql://nobody:pass@127.0.0.1:1/x", "cannot be read"),
    ):
        answer = gate("--one-shot", "--outcomes", place)
        assert answer.code == 2
        assert reported in answer.kinds
        assert "pass@" not in answer.out
