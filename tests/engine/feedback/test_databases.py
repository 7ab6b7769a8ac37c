"""CSV, Parquet, SQLite, DuckDB, PostgreSQL and the store give the same verdict, counts and digits, in memory and by SQL."""

from __future__ import annotations

import csv
import sqlite3
import uuid
from datetime import UTC, datetime

import duckdb
import numpy as np
import psycopg
import pytest

from seatrial.adapters.feedback.sql import aggregate
from seatrial.store import current
from seatrial.store.engine import open_store
from seatrial.testing.traffic import GRAPHS, Fault, FaultName, traffic

POSTGRES = "postgresql://postgres@127.0.0.1:5432/test"
AT_NOW = ("--now", "2026-03-15")


@pytest.fixture(scope="module")
def made():
    faults = (
        Fault(FaultName.OVER_CONFIDENT, 0, segment="language=de", amount=0.5),
        Fault(FaultName.DUPLICATED, 0, amount=0.02),
        Fault(FaultName.CONTRADICTORY, 0, amount=0.1),
    )
    made = traffic(5, 15, GRAPHS[1:], faults)
    # Every seventh decision is the second one of its thread.
    made.decisions["thread_id"][7::7] = made.decisions["thread_id"][6:-1:7]
    # Some events say a word that no table names.
    label = made.outcomes["label"].astype("U20")
    label[np.char.endswith(made.outcomes["event_id"], "3-b")] = "escalated"
    made.outcomes["label"] = label
    return made


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


def answers(gate, decisions, outcomes, *how):
    answer = gate("--decisions", decisions, "--outcomes", outcomes, "--segment", "language", *AT_NOW, *how)
    assert answer.code == 1, answer.kinds
    return answer


def by_sql(monkeypatch):
    """Every source is large now; returns the names of those that a database added up."""
    added = []

    def counted(self, evidence=aggregate.Aggregation.evidence):
        found = evidence(self)
        added.append(self.tables.name)
        return found

    monkeypatch.setattr(aggregate, "LARGE", 1)
    monkeypatch.setattr(aggregate, "CSV_BYTES", 0)
    monkeypatch.setattr(aggregate.Aggregation, "evidence", counted)
    return added


def same(name, one, other):
    for a, b in zip(one.data["findings"], other.data["findings"], strict=True):
        kept = ("segment", "key", "n", "candidate", "missing", "outcomes", "state", "verdict")
        assert {k: a[k] for k in kept} == {k: b[k] for k in kept}, name
        assert a["p"] == pytest.approx(b["p"], rel=1e-12), name
        assert a["baseline"] == pytest.approx(b["baseline"], rel=1e-12), name
    source, there = (next(iter(x.data["details"]["sources"].values())) for x in (one, other))
    assert source["ledger"] == there["ledger"], name
    assert source["ledger"]["superseded"] > 0
    assert source["unknown_labels"] == there["unknown_labels"], name
    assert [one["label"] for one in source["unknown_labels"]] == ["escalated"] * 3
    assert one.data["reason"] == other.data["reason"], name


def test_every_kind_of_source_gives_the_same_answer(gate, project, write, made, schema, monkeypatch):
    write(
        "gates/metrics.toml",
        '[metric.solved]\nsource = "outcome:ticket"\nhorizon = "5d"\npick = "worst"\ndefault = "negative"\n'
        'labels = { resolved = "positive", reassigned = "negative" }\n',
    )
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
        places = {
            "csv": ("decisions.csv", "outcomes.csv"),
            "parquet": ("decisions.parquet", "outcomes.parquet"),
            "sqlite": ("t.db", "t.db"),
            "duckdb": ("t.duckdb", "t.duckdb"),
            "postgres": (f"{POSTGRES}#{schema}.decisions", f"{POSTGRES}#{schema}.outcomes"),
        }
        seen = {name: answers(gate, *where) for name, where in places.items()}
        shot = answers(gate, *places["csv"], "--one-shot")
        with current.use_store(store):
            seen["store"] = answers(gate, "store", "store")
    added = by_sql(monkeypatch)
    seen |= {f"{name} by SQL": answers(gate, *where) for name, where in places.items()}
    shots = {name: answers(gate, *where, "--one-shot") for name, where in places.items()}
    assert len(added) == 2 * len(places)
    for name, one in seen.items():
        same(name, one, seen["csv"])
    for name, one in shots.items():
        same(name, one, shot)
    assert seen["csv"].row("language=de")["state"] == "blocks"


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
