"""Outcomes that stop coming never advance a cell: a default is applied only while events of its type come in."""

from __future__ import annotations

from dataclasses import replace

import pytest

from seatrial.outcome.polarity import Polarity
from seatrial.rollout import controller, ledger
from seatrial.rollout.gather import gather
from seatrial.rollout.ladder import Move, exit_code
from seatrial.rollout.reason import Why
from seatrial.rollout.state import first_state
from seatrial.rollout.store_source import StoreSource
from seatrial.store.exposures import Exposure, write_exposures
from seatrial.store.outcomes import OutcomeEvent, write_outcomes

from .test_warehouse import duckdb_of, postgres_of

BEGIN = 1_800_000_000.0
HOUR = 3600.0


def exposed(store, rules, hours, *, every=3):
    """A unit every so many seconds, a tenth of them the candidate's; returns (thread, time) of each."""
    found = [(f"t{i}", BEGIN + every * i) for i in range(int(hours * HOUR / every))]
    write_exposures(
        store,
        [
            Exposure(
                thread, rules.rollout, thread, thread, "DE" if i % 5 < 2 else "rest",
                "candidate" if (i // 5) % 10 == 0 else "control", 0, 1, at, "h", "sha256-splitmix64/1",
            )
            for i, (thread, at) in enumerate(found)
        ],
    )  # fmt: skip
    return found


def heard(store, units):
    write_outcomes(store, [OutcomeEvent(f"o{thread}", thread, "resolved", "1", at + 60) for thread, at in units])


def look(store, rules, hours):
    return controller.look(store, rules.rollout, StoreSource(store), BEGIN + hours * HOUR, code="1")


@pytest.fixture
def started(store, rules):
    controller.start(store, ledger.started(rules, BEGIN, code="1", author="ada", reason="x"), rules)
    return rules


@pytest.mark.parametrize(("direction", "default"), [("up", "negative"), ("down", "negative"), ("up", "positive")])
def test_a_feed_that_never_spoke_holds_every_cell_whatever_the_default_says(store, rules, direction, default):
    metric = replace(rules.metrics[0], direction=direction, default=Polarity(default))
    rules = replace(rules, metrics=(metric,))
    controller.start(store, ledger.started(rules, BEGIN, code="1", author="ada", reason="x"), rules)
    exposed(store, rules, 5)
    write_exposures(store, [Exposure("other", "other@1", "x", "other", "DE", "control", 0, 1, BEGIN)])
    write_outcomes(store, [OutcomeEvent("oo", "other", "resolved", "1", BEGIN + 3 * HOUR)])  # of another rollout
    found = look(store, rules, 4)
    assert [(one.move, one.reason.why, one.reason.metric) for one in found.decided.steps] == [
        (Move.HOLD, Why.UNREADABLE, "resolved")
    ] * 2
    assert exit_code(found.decided.steps) == 2
    assert "no event of its type since 2027-01-15 08:00 UTC" in found.decided.steps[0].reason.text


def test_outcomes_that_arrive_after_all_count_as_if_they_had_been_in_time(store, started):
    units = exposed(store, started, 5)
    assert exit_code(look(store, started, 4).decided.steps) == 2
    heard(store, units)
    found = look(store, started, 4.1)
    assert {one.move for one in found.decided.steps} == {Move.UP}
    assert found.evidence.late == 0
    assert sum(sum(one.counts) for one in found.evidence.blocks) == sum(at < BEGIN + 3.1 * HOUR - 60 for _, at in units)
    assert all(one.candidate_bad + one.control_bad == 0 for one in found.evidence.blocks)


def test_units_of_a_silence_wait_and_are_no_failures(store, started):
    units = exposed(store, started, 6)
    heard(store, [one for one in units if one[1] < BEGIN + 2 * HOUR])
    found = look(store, started, 3)
    assert exit_code(found.decided.steps) == 0  # silent since an hour, which is still being waited for
    found = look(store, started, 5)
    assert exit_code(found.decided.steps) == 2
    # Last event at 2 h and a minute; half an hour's silence is allowed at the end of a unit's hour.
    assert dict(found.evidence.closed)["resolved"] == BEGIN + 1.5 * HOUR + 60 - 60
    state = found.decided.state
    assert sum(sum(stream.worse[1:]) for cell in state.cells for stream in cell.rows[0].streams) == 1800


def test_traffic_that_stops_leaves_nothing_missing(store, started):
    units = exposed(store, started, 2)
    heard(store, units)
    found = look(store, started, 9)
    assert exit_code(found.decided.steps) == 0
    assert dict(found.evidence.closed)["resolved"] > BEGIN + 7 * HOUR


@pytest.mark.parametrize("opened", [duckdb_of, postgres_of])
def test_a_warehouse_waits_for_the_same_units(store, tmp_path, rules, opened):
    units = exposed(store, rules, 4, every=30)
    heard(store, [one for one in units if one[1] < BEGIN + HOUR])
    state = first_state(rules, BEGIN)
    with opened(store, tmp_path) as warehouse:
        for hours in (1.5, 2.2, 4):
            found = gather(StoreSource(store), rules, state, BEGIN + hours * HOUR, BEGIN)
            assert gather(warehouse, rules, state, BEGIN + hours * HOUR, BEGIN) == found
    assert found.problems
