"""Events counted in DuckDB and PostgreSQL give the evidence that counting rows gives, whatever the events are."""

from __future__ import annotations

import os
import uuid
from contextlib import contextmanager
from dataclasses import replace

import numpy as np
import pytest

from seatrial.errors import ConfigError, DataError
from seatrial.outcome.metric import Pick
from seatrial.outcome.polarity import Polarity
from seatrial.rollout import controller, ledger
from seatrial.rollout.gather import gather
from seatrial.rollout.ladder import exit_code
from seatrial.rollout.reason import Why
from seatrial.rollout.state import first_state
from seatrial.rollout.store_source import StoreSource
from seatrial.rollout.warehouse import open_warehouse
from seatrial.store.exposures import Exposure, write_exposures
from seatrial.store.outcomes import OutcomeEvent, write_outcomes

from .conftest import make_rules

BEGIN = 1_800_000_000.0
POSTGRES = os.environ.get("SEATRIAL_TEST_POSTGRES", "postgresql://postgres@127.0.0.1:5432/test")
LABELS = ("1", "0", "true", " FALSE ", "positive", "Positive", "neutral", "", "nan", "maybe", "\t1.0\n")
TYPES = {
    "event_id": "TEXT", "rollout": "TEXT", "unit": "TEXT", "thread_id": "TEXT", "cell": "TEXT", "arm": "TEXT", "attempt": "INTEGER",
    "rung": "INTEGER", "content": "TEXT", "algorithm": "TEXT", "forced": "INTEGER", "exposed_at": "DOUBLE PRECISION",
    "recorded_at": "DOUBLE PRECISION", "outcome": "TEXT", "label": "TEXT", "observed_at": "DOUBLE PRECISION",
}  # fmt: skip


def made_up(store, rules, rng, *, repeated):
    """Half an hour of events of every kind; with `repeated` units and threads come back."""
    exposures, outcomes = [], []
    for i in range(160):
        unit = f"u{int(rng.integers(0, 40)) if repeated else i}"
        thread = f"t{int(rng.integers(0, 60)) if repeated else i}"
        at = BEGIN + float(rng.uniform(0, 1800))
        exposures.append(
            Exposure(
                f"e{i}", rules.rollout, unit, thread, str(rng.choice(["DE", "rest", "gone"])),
                str(rng.choice(["control", "candidate"])), int(rng.integers(0, 2)), int(rng.integers(1, 3)), at,
                str(rng.choice(["h1", "h1", "h1", ""])), "sha256-splitmix64/1", bool(rng.random() < 0.05),
            )
        )  # fmt: skip
        for k in range(int(rng.integers(0, 3)) if repeated else int(rng.integers(0, 2))):
            seen = at + float(rng.choice([-5.0, 3.0, 60.0, 600.0, 601.0, 5000.0]))
            outcomes.append(OutcomeEvent(f"r{i}-{k}", thread, "resolved", str(rng.choice(LABELS)), seen))
            outcomes.append(
                OutcomeEvent(
                    f"l{i}-{k}", thread, "latency_ms", str(rng.choice(["12", " 3e3 ", "3001.5", "slow", ""])), seen
                )
            )
            outcomes.append(
                OutcomeEvent(f"c{i}-{k}", thread, "cost_usd", str(rng.choice(["0.5", "2", " 1e1 ", "free"])), seen)
            )
            outcomes.append(OutcomeEvent(f"p{i}-{k}", thread, "no_pii", str(rng.choice(["1", "0"])), seen))
    write_exposures(store, exposures, now=BEGIN + 2000)
    write_outcomes(store, outcomes)


def tables(store):
    """Name -> (columns, rows) of a store's events."""
    found = {}
    with store.read() as connection:
        for name in ("exposures", "outcomes"):
            rows = connection.exec_driver_sql(f"SELECT * FROM {name}")
            found[name] = (list(rows.keys()), [tuple(row) for row in rows])
    return found


@contextmanager
def duckdb_of(store, tmp_path, cache=None):
    duckdb = pytest.importorskip("duckdb")
    file = tmp_path / "events.duckdb"
    file.unlink(missing_ok=True)
    with duckdb.connect(str(file)) as connection:
        for name, (columns, rows) in tables(store).items():
            connection.execute(f"CREATE TABLE {name} ({', '.join(f'{one} {TYPES[one]}' for one in columns)})")
            one = f"({', '.join('?' * len(columns))})"
            values = [value for row in rows for value in row]
            if rows:
                connection.execute(f"INSERT INTO {name} VALUES {', '.join([one] * len(rows))}", values)
    with open_warehouse("events.duckdb", tmp_path, StoreSource(store), cache) as opened:
        yield opened


@contextmanager
def postgres_of(store, _tmp_path):
    psycopg = pytest.importorskip("psycopg")
    try:
        connection = psycopg.connect(POSTGRES, autocommit=True, connect_timeout=2)
    except psycopg.OperationalError as error:
        pytest.skip(f"no PostgreSQL: {error}")
    schema = f"seatrial_{uuid.uuid4().hex[:12]}"
    try:
        connection.execute(f"CREATE SCHEMA {schema}")
        for name, (columns, rows) in tables(store).items():
            place = f"{schema}.{name}"
            connection.execute(f"CREATE TABLE {place} ({', '.join(f'{one} {TYPES[one]}' for one in columns)})")
            with connection.cursor() as cursor:
                cursor.executemany(f"INSERT INTO {place} VALUES ({', '.join(['%s'] * len(columns))})", rows)
        with open_warehouse(f"{POSTGRES}?options=-csearch_path%3D{schema}", _tmp_path, StoreSource(store)) as opened:
            yield opened
    finally:
        connection.execute(f"DROP SCHEMA IF EXISTS {schema} CASCADE")
        connection.close()


def rules_with(pick, default, min_delay):
    rules = make_rules(
        watch=["leak", "cost"],
        metric={"resolved": {"primary": True}, "fast": {}},
        cell={
            "DE": {"share": 0.4, "rate": {"resolved": 0.9, "fast": 0.9}, "where": [{"field": "inputs.region", "op": "equals", "arg": "DE"}]},
            "rest": {"share": 0.6, "rate": {"resolved": 0.9, "fast": 0.9}},
        },
    )  # fmt: skip
    resolved, fast = rules.metrics
    labels = (("maybe", Polarity.NEGATIVE),) if pick is Pick.WORST else ()
    changed = replace(resolved, horizon=600.0, pick=pick, default=default, min_delay=min_delay, labels=labels)
    watch = tuple(replace(one, horizon=600.0, pick=pick, min_delay=min_delay) for one in rules.watch)
    return replace(rules, metrics=(changed, fast), watch=watch)


@pytest.mark.parametrize("opened", [duckdb_of, postgres_of])
@pytest.mark.parametrize(
    ("pick", "default", "min_delay", "repeated"),
    [
        (Pick.FIRST, Polarity.NEGATIVE, 0.0, True),
        (Pick.LATEST, Polarity.NEUTRAL, 30.0, True),
        (Pick.WORST, Polarity.POSITIVE, 0.0, True),
        (Pick.FIRST, Polarity.NEGATIVE, 30.0, False),
    ],
)
def test_counting_in_the_database_finds_the_evidence_that_rows_give(
    store, tmp_path, opened, pick, default, min_delay, repeated
):
    rules = rules_with(pick, default, min_delay)
    made_up(store, rules, np.random.default_rng(len(pick) + repeated), repeated=repeated)
    start = first_state(rules, BEGIN + 7)
    rows = StoreSource(store)
    with opened(store, tmp_path) as warehouse:
        looked = BEGIN
        for now in (BEGIN + 900, BEGIN + 1500, BEGIN + 4000):
            found = gather(rows, rules, start, now, looked)
            assert found.blocks or now == BEGIN + 900
            assert gather(warehouse, rules, start, now, looked) == found  # sums too: their terms are exact in binary
            start, looked = replace(start, counted=found.counted, closed=found.closed), now
    assert found.unknown
    assert found.unclear
    assert bool(found.elsewhere) is repeated
    assert found.late
    assert found.hits
    assert found.means


def test_a_warehouse_that_cannot_be_read_holds_every_cell_once_and_is_read_later(store, tmp_path):
    duckdb = pytest.importorskip("duckdb")
    rules, file = make_rules(), tmp_path / "events.duckdb"
    controller.start(store, ledger.started(rules, BEGIN, code="1", author="ada", reason="x"), rules)
    duckdb.connect(str(file)).close()  # the loader has not made its tables yet

    def step(minutes):
        with open_warehouse(file.name, tmp_path, StoreSource(store)) as warehouse:
            return controller.look(store, rules.rollout, warehouse, BEGIN + 60 * minutes, code="1")

    found = step(10)
    assert {one.reason.why for one in found.decided.steps} == {Why.UNREADABLE}
    assert exit_code(found.decided.steps) == 2
    assert found.written
    assert not step(11).written  # told once
    with duckdb_of(store, tmp_path):
        pass
    assert exit_code(step(12).decided.steps) == 0
    assert ledger.replayed(controller.all_rows(store, rules.rollout)) is None


def test_a_warehouse_that_is_none_is_named(tmp_path):
    with pytest.raises(ConfigError, match=r"FILE\.duckdb or postgresql"):
        open_warehouse("mysql://ada:secret@host/events", tmp_path)
    with pytest.raises(DataError, match="does not exist"):
        open_warehouse("absent.duckdb", tmp_path)
