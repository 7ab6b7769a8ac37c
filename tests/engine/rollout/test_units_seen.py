"""Units seen before are kept between looks: same evidence as reading every exposure anew, and far fewer rows read."""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import groupby

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from seatrial.outcome.metric import Pick
from seatrial.outcome.polarity import Polarity
from seatrial.rollout.gather import gather
from seatrial.rollout.state import first_state
from seatrial.rollout.store_source import StoreSource
from seatrial.rollout.units_seen import SeenFolder, Tally, UnitsSeen
from seatrial.rollout.warehouse import Warehouse
from seatrial.rollout.warehouse_connect import duckdb_file
from seatrial.rollout.warehouse_sql import DUCKDB
from seatrial.store.exposures import Exposure, write_exposures
from seatrial.store.outcomes import OutcomeEvent, write_outcomes

from .test_warehouse import BEGIN, duckdb_of, rules_with


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(st.lists(st.lists(st.integers(0, 12), max_size=9), max_size=8), st.lists(st.integers(0, 12), max_size=9))
def test_units_are_repeated_as_plain_counting_says(batches, wanted):
    seen, everything = UnitsSeen(), []
    for until, batch in enumerate(batches):
        seen = seen.adding(np.array(batch, np.uint64), Tally(len(batch)), until)
        everything += batch
    assert sorted(seen.repeated(np.array(wanted, np.uint64))) == [
        one for one in sorted(set(wanted)) if everything.count(one) > 1
    ]
    assert sorted(seen.all_repeated()) == [one for one in sorted(set(everything)) if everything.count(one) > 1]
    assert seen.tally.rows == len(everything)
    assert all(len(a) >= 2 * len(b) for a, b in zip(seen.runs, seen.runs[1:], strict=False))


def arriving(rules, rng):
    """(time of arrival, exposure, outcomes) of an hour, most of them at once, some many minutes late."""
    for i in range(150):
        at = BEGIN + float(rng.uniform(0, 3600))
        unit, arm = f"u{int(rng.integers(0, 90))}", str(rng.choice(["control", "candidate"]))
        cell, rung = str(rng.choice(["DE", "rest"])), int(rng.integers(1, 3))
        exposure = Exposure(f"e{i}", rules.rollout, unit, f"t{i}", cell, arm, 0, rung, at, "h", "sha256-splitmix64/1")
        events = [
            OutcomeEvent(f"r{i}", f"t{i}", "resolved", str(rng.choice(["1", "0"])), at + 60),
            OutcomeEvent(f"l{i}", f"t{i}", "latency_ms", str(rng.choice(["12", "9000"])), at + 1),
        ]
        late = float(rng.choice([0.0, 0.0, 0.0, 700.0, 2500.0]))
        yield 300 * math.ceil((at + late) / 300), exposure, events


@pytest.mark.parametrize("seed", [0, *(pytest.param(one, marks=pytest.mark.slow) for one in range(1, 20))])
def test_any_order_of_arrival_and_any_steps_give_the_evidence_of_reading_everything(store, tmp_path, seed, monkeypatch):
    if seed % 2:
        monkeypatch.setattr("seatrial.rollout.warehouse.MOST", 60)  # too many to keep, from the second look on
    rng = np.random.default_rng(seed)
    rules = rules_with(Pick.FIRST, Polarity.NEGATIVE, 0.0)
    waiting = sorted(arriving(rules, rng), key=lambda one: one[0])
    state, looked = first_state(rules, BEGIN + 7), BEGIN
    for now in sorted({*(BEGIN + rng.uniform(60, 7200, 4)), BEGIN + 7300}):
        arrived = [one for one in waiting if one[0] <= now]
        waiting = waiting[len(arrived) :]
        for at, batch in groupby(arrived, key=lambda one: one[0]):
            events = list(batch)
            write_exposures(store, [one[1] for one in events], now=at)
            write_outcomes(store, [event for one in events for event in one[2]])
        found = gather(StoreSource(store), rules, state, now, looked)
        for cache in (None, tmp_path / "seen"):
            with duckdb_of(store, tmp_path, cache) as warehouse:
                assert gather(warehouse, rules, state, now, looked) == found
        state, looked = replace(state, counted=found.counted, closed=found.closed), now
    assert not waiting


@pytest.fixture
def look(store, tmp_path):
    """`look(since, until)` counts new units of 400 exposures, of which 20 are of units seen before; `look.read` adds up
    the hashes that each query read. `look.change(SQL, ...)` changes the table."""
    duckdb = pytest.importorskip("duckdb")
    rules = rules_with(Pick.FIRST, Polarity.NEGATIVE, 0.0)
    exposures = [
        Exposure(f"e{i}", rules.rollout, f"u{i % 380}", f"t{i}", "DE", "control", 0, 1, BEGIN + i, "h", "a")
        for i in range(400)
    ]
    write_exposures(store, exposures, now=BEGIN + 400)
    with duckdb_of(store, tmp_path):
        pass

    def found(since, until):
        engine, connect = duckdb_file(tmp_path / "events.duckdb")

        def counting():
            opened = connect()

            def hashes(query, values):
                found = opened.hashes(query, values)
                look.read.append(len(found))
                return found

            return replace(opened, hashes=hashes)

        look.read.clear()
        with Warehouse(DUCKDB, counting, None, lambda _: SeenFolder(tmp_path / "seen", engine)) as warehouse:
            warehouse.begin(rules.rollout, [(since, until)])
            return sum(one.units for one in warehouse.exposed(rules.rollout, since, until))

    def change(*queries):
        with duckdb.connect(str(tmp_path / "events.duckdb")) as connection:
            for query in queries:
                connection.execute(query)

    look = found
    look.read, look.change = [], change
    return look


LATE = "INSERT INTO exposures SELECT * REPLACE ('late' AS event_id, 'v' AS unit, {at} AS exposed_at, {seen} AS recorded_at) FROM exposures WHERE event_id = 'e7'"


def test_a_further_look_reads_its_own_window(look):
    assert look(BEGIN, BEGIN + 360) == 360
    assert sum(look.read) == 360
    assert look(BEGIN + 360, BEGIN + 400) == 20  # the other 20 were seen before
    assert sum(look.read) == 80


def test_what_was_recorded_late_is_read_and_nothing_else(look):
    assert look(BEGIN, BEGIN + 360) == 360
    # Of a unit that comes back in the next window: it was exposed before, as is known now.
    look.change(LATE.format(at=BEGIN + 5, seen=BEGIN + 500), "UPDATE exposures SET unit = 'v' WHERE event_id = 'e370'")
    assert look(BEGIN + 360, BEGIN + 400) == 19
    assert sum(look.read) == 81


@pytest.mark.parametrize(
    "change",
    [
        "DELETE FROM exposures WHERE event_id = 'e5'",
        "UPDATE exposures SET exposed_at = exposed_at + 1 WHERE event_id = 'e6'",  # as many rows
        f"DELETE FROM exposures WHERE event_id = 'e5'; {LATE.format(at=BEGIN + 10, seen=BEGIN + 500)}",
    ],
)
def test_a_table_that_is_not_what_was_seen_is_read_anew(look, change):
    assert look(BEGIN, BEGIN + 360) == 360
    look.change(*change.split("; "))
    expected = 20 + ("'e5'" in change)  # u5 comes back at 385 s, and was never exposed before
    assert look(BEGIN + 360, BEGIN + 400) == expected
    assert sum(look.read) > 360


@pytest.mark.parametrize(("other", "same"), [(Tally(3, 10, 9.0), True), (Tally(4, 10), False), (Tally(3, 11), False)])
def test_exposures_are_recognised_by_their_number_and_their_times(other, same):
    assert Tally(3, 10, 7.0).same(other) is same


@pytest.mark.parametrize("damage", ["cut", "changed", "gone", "no list", "another engine"])
def test_what_was_kept_is_not_read_where_it_is_damaged(tmp_path, damage):
    folder = SeenFolder(tmp_path, "duckdb 1")
    seen = UnitsSeen().adding(np.arange(100, dtype=np.uint64), Tally(100, 5, 7.0), 60.0)
    folder.write(seen.adding(np.arange(3, dtype=np.uint64), Tally(3, 5, 8.0), 120.0))
    kept = folder.read()
    assert (kept.until, kept.tally, [len(run) for run in kept.runs]) == (120.0, Tally(103, 10, 8.0), [100, 3])
    run = max(tmp_path.glob("*.u64"), key=lambda one: one.stat().st_size)
    if damage == "cut":
        run.write_bytes(run.read_bytes()[:-8])
    elif damage == "changed":
        run.write_bytes(b"\x01" + run.read_bytes()[1:])
    elif damage == "gone":
        run.unlink()
    elif damage == "no list":
        (tmp_path / "seen.json").write_text("[]")
    else:
        folder = SeenFolder(tmp_path, "duckdb 2")
    assert folder.read() == UnitsSeen()
    assert folder.read().until == -math.inf


def test_a_folder_that_cannot_be_written_stops_nothing(tmp_path):
    (tmp_path / "file").write_text("")
    SeenFolder(tmp_path / "file" / "seen", "duckdb 1").write(UnitsSeen())
    assert SeenFolder(tmp_path / "file" / "seen", "duckdb 1").read() == UnitsSeen()
