"""Decisions and outcomes are written once per id, by any number of processes, and never dropped in silence."""

from __future__ import annotations

import math
import sqlite3
import subprocess
import sys

import pytest

import seatrial
from seatrial.errors import ConfigError, DataError, UsageError
from seatrial.store.current import close_stores, use_store
from seatrial.store.engine import open_store
from seatrial.store.exposures import Exposure, write_exposures
from seatrial.store.outcomes import DecisionRow, OutcomeEvent, write_decisions, write_outcomes
from seatrial.store.shadow import ShadowAnswer, read_shadow, write_shadow
from seatrial.store.traffic import read_traffic, write_traffic

REPLY = OutcomeEvent("e1", "t1", "reply", "positive", 10.0)


def test_an_event_is_written_once(store):
    assert write_outcomes(store, [REPLY, REPLY]) == 1
    assert write_outcomes(store, [REPLY]) == 0
    with use_store(store):
        assert seatrial.outcomes_of("t1") == (REPLY,)
        assert seatrial.outcomes_of("t2") == ()


def test_one_event_id_with_two_contents_is_refused_and_nothing_of_the_call_is_written(store):
    write_outcomes(store, [REPLY])
    with pytest.raises(DataError, match="event_id 'e1' is in the store with label 'positive', and now says 'negative'"):
        write_outcomes(
            store, [OutcomeEvent("e2", "t1", "reply", "x", 1.0), OutcomeEvent("e1", "t1", "reply", "negative", 10.0)]
        )
    with use_store(store):
        assert seatrial.outcomes_of("t1") == (REPLY,)


def test_outcomes_come_back_oldest_first(store):
    late, early = OutcomeEvent("b", "t", "reply", "", 20.0), OutcomeEvent("a", "t", "open", "", 5.0)
    write_outcomes(store, [late, early])
    with use_store(store):
        assert seatrial.outcomes_of("t") == (early, late)


def test_a_decision_is_written_once_and_its_confidence_is_a_share(store):
    row = DecisionRow("d1", "t1", "email_classify", "interested", 0.9, 5.0, segments={"tier": "pro"})
    assert (write_decisions(store, [row]), write_decisions(store, [row])) == (1, 0)
    with pytest.raises(DataError, match=r"confidence 90 lies outside 0\.\.1"):
        write_decisions(store, [DecisionRow("d2", "t1", "c", "v", 90, 5.0)])


@pytest.mark.parametrize("name", ["event_id", "thread_id", "outcome"])
def test_an_outcome_without_an_id_is_refused(store, name):
    values = {"event_id": "e", "thread_id": "t", "outcome": "o", "label": "l", "observed_at": 1.0, name: " "}
    with pytest.raises(UsageError, match=f"an outcome needs a {name}"):
        write_outcomes(store, [OutcomeEvent(**values)])


def test_a_shadow_thread_is_written_once_and_a_router_replaces_what_it_reported(store):
    rows = [ShadowAnswer("r", "DE", 0, "t1", arm, "polite", "scored", score=1.0) for arm in ("candidate", "control")]
    assert (write_shadow(store, rows), write_shadow(store, rows)) == (True, False)
    assert read_shadow(store, "r", "DE", 0) == rows
    place = {"rollout": "r", "cell": "DE", "attempt": 0, "rung": 1}
    for requests in (10, 25):
        write_traffic(store, "host/1", [{**place, "requests": requests, "blank": 2, "heaviest": (("u1", 4),)}], 5.0)
    write_traffic(store, "host/2", [{**place, "requests": 1, "blank": 0, "heaviest": ()}], 5.0)
    found = [(row["requests"], row["heaviest"]) for row in read_traffic(store, "r")]
    assert found == [(25, [("u1", 4)]), (1, [])]


def test_a_store_is_opened_again_with_what_it_holds(url):
    for new in (1, 0):
        with open_store(url) as store:
            assert write_outcomes(store, [REPLY]) == new


def test_a_store_of_a_newer_version_is_refused(url):
    with open_store(url) as store, store.write() as connection:
        connection.exec_driver_sql("INSERT INTO seatrial_migrations VALUES (999, 'later')")
    with pytest.raises(DataError, match=r"written by a newer version of seatrial \(migration 999"):
        open_store(url)


def test_emit_finds_the_store_of_the_nearest_project(tmp_path, monkeypatch):
    (tmp_path / "pyproject.toml").write_text('[tool.seatrial]\nfleet = "f"\nstore = "sqlite:///data/events.db"\n')
    (tmp_path / "graphs").mkdir()
    monkeypatch.chdir(tmp_path / "graphs")
    monkeypatch.delenv("SEATRIAL_STORE", raising=False)
    assert seatrial.emit("t1", "reply", "positive", event_id="e1", observed_at=1.0)
    assert not seatrial.emit("t1", "reply", "positive", event_id="e1", observed_at=1.0)
    assert (tmp_path / "data" / "events.db").exists()
    monkeypatch.setenv("SEATRIAL_STORE", f"sqlite:///{tmp_path}/other.db")
    assert seatrial.outcomes_of("t1") == ()
    close_stores()


def test_emits_are_discarded_where_there_is_no_store(tmp_path):
    with open_store(f"sqlite:///{tmp_path}/s.db") as store:
        with use_store(None):
            assert not seatrial.emit("t1", "reply", "positive", event_id="e1")
        with use_store(store):
            assert seatrial.outcomes_of("t1") == ()


def test_a_lock_that_outlasts_the_timeout_raises_and_says_so(tmp_path):
    path = tmp_path / "s.db"
    with open_store(f"sqlite:///{path}", busy_seconds=0.1) as store:
        other = sqlite3.connect(path, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(DataError, match="could not be written: database is locked; nothing was written"):
            write_outcomes(store, [REPLY])
        other.execute("ROLLBACK")
        other.close()
        assert write_outcomes(store, [REPLY]) == 1


WRITER = """
import sys, seatrial
from seatrial.store.engine import open_store
from seatrial.store.current import close_stores, use_store
with open_store(sys.argv[1]) as store, use_store(store):
    for i in range(int(sys.argv[3])):
        assert seatrial.emit(f"t{i % 7}", "reply", "positive", event_id=f"{sys.argv[2]}-{i}")
"""


def emit_from_processes(url, processes, each):
    children = [
        subprocess.Popen([sys.executable, "-c", WRITER, url, str(n), str(each)], stderr=subprocess.PIPE, text=True)
        for n in range(processes)
    ]
    errors = [child.communicate(timeout=300)[1] for child in children]
    assert [child.returncode for child in children] == [0] * processes, errors
    with open_store(url) as store, store.read() as connection:
        return connection.exec_driver_sql("SELECT COUNT(*), COUNT(DISTINCT event_id) FROM outcomes").one()


def test_several_processes_write_every_event_once(url):
    assert tuple(emit_from_processes(url, 3, 50)) == (150, 150)


@pytest.mark.slow
def test_eight_processes_write_8000_events_once(url):
    assert tuple(emit_from_processes(url, 8, 1000)) == (8000, 8000)


@pytest.mark.parametrize("url_", ["mysql://x/y", "sqlite://", "store.db"])
def test_another_store_is_refused(url_):
    with pytest.raises(ConfigError, match=r"write sqlite:///PATH"):
        open_store(url_)


def test_a_password_never_stands_in_a_message(tmp_path):
    psycopg = pytest.importorskip("psycopg")
    assert psycopg
    with pytest.raises(DataError) as raised:
        open_store("postgresql://someone:hunter2@127.0.0.1:1/none")
    assert "hunter2" not in str(raised.value)


def test_an_event_of_no_time_is_refused(store):
    milliseconds = 1_800_000_000_000
    for time in (math.nan, math.inf, -math.inf, -1.0, "soon", None, milliseconds):
        for write, event in (
            (write_outcomes, OutcomeEvent("o1", "t1", "reply", "1", time)),
            (write_exposures, Exposure("e1", "r", "u", "t1", "c", "control", 0, 1, time)),
        ):
            with pytest.raises(UsageError, match="a time is seconds since 1970") as error:
                write(store, [event])
            assert ("milliseconds" in str(error.value)) == (time == milliseconds)
    with store.read() as connection:
        assert connection.exec_driver_sql("SELECT COUNT(*) FROM outcomes").scalar() == 0
