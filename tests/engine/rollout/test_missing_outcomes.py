"""Outcomes that stop coming never advance a cell: a default is applied only while events of its type come in."""

from __future__ import annotations

from dataclasses import replace

import pytest

from seatrial.errors import DataError
from seatrial.outcome.polarity import Polarity
from seatrial.rollout import controller, ledger
from seatrial.rollout.gather import gather
from seatrial.rollout.ladder import Move, exit_code
from seatrial.rollout.reason import Why
from seatrial.rollout.state import Mode, first_state
from seatrial.rollout.store_source import StoreSource
from seatrial.store.exposures import Exposure, write_exposures
from seatrial.store.outcomes import OutcomeEvent, write_outcomes

from .test_warehouse import duckdb_of, postgres_of

BEGIN = 1_800_000_000.0
HOUR = 3600.0


def exposed(store, rules, hours, *, every=6, without=(0, 0)):
    """A unit every so many seconds, a tenth of them the candidate's, none between two hours; returns (thread, time) of each."""
    found = [(f"t{i}", BEGIN + every * i) for i in range(int(hours * HOUR / every))]
    found = [one for one in found if not without[0] * HOUR <= one[1] - BEGIN < without[1] * HOUR]
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


def heard(store, units, *, after=60, label="1"):
    write_outcomes(store, [OutcomeEvent(f"o{thread}", thread, "resolved", label, at + after) for thread, at in units])


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
    of = "control" if (direction, default) == ("up", "negative") else "candidate"
    assert f"no event of its type of the {of} since 2027-01-15 08:00 UTC" in found.decided.steps[0].reason.text


def test_outcomes_that_arrive_after_all_count_as_if_they_had_been_in_time(store, started):
    units = exposed(store, started, 5)
    assert exit_code(look(store, started, 4).decided.steps) == 2
    heard(store, units)
    found = look(store, started, 4.1)
    assert {one.move for one in found.decided.steps} == {Move.UP}
    assert found.evidence.late == 0
    assert sum(sum(one.counts) for one in found.evidence.blocks) == sum(at < BEGIN + 3.1 * HOUR - 60 for _, at in units)
    assert all(one.candidate_bad + one.control_bad == 0 for one in found.evidence.blocks)


def test_outcomes_that_arrive_after_their_minute_was_closed_are_counted_once_and_reopen_nothing(
    store, started, tmp_path
):
    units = exposed(store, started, 2, every=60)
    heard(store, units)
    before = look(store, started, 4).decided.state
    thread, at = units[0]
    late = [
        OutcomeEvent(f"x{i}", thread, "resolved", "0", at + seconds) for i, seconds in enumerate((30, 2 * HOUR, -1))
    ]
    write_outcomes(store, late, now=BEGIN + 4 * HOUR + 1)
    write_outcomes(store, [OutcomeEvent("future", thread, "resolved", "0", at + 40)], now=BEGIN + 9 * HOUR)
    with duckdb_of(store, tmp_path) as warehouse:
        found = gather(warehouse, started, before, BEGIN + 5 * HOUR, BEGIN + 4 * HOUR)
    second = look(store, started, 5)
    assert (found.late, second.evidence.late, second.written) == (2, 2, True)  # the third came before its unit
    assert [cell.rows for cell in second.decided.state.cells] == [cell.rows for cell in before.cells]
    third = look(store, started, 5.1)
    assert (third.evidence.late, third.written) == (0, False)
    rows = controller.all_rows(store, started.rollout)
    assert [row.data["evidence"]["late"] for row in rows[1:]] == [0, 2]
    assert ledger.replayed(rows) is None


def test_units_of_a_silence_wait_and_are_no_failures(store, started):
    units = exposed(store, started, 6)
    heard(store, [one for i, one in enumerate(units) if one[1] < BEGIN + 2 * HOUR and i % 20])
    found = look(store, started, 3)
    assert exit_code(found.decided.steps) == 0  # silent since an hour, which is still being waited for
    found = look(store, started, 5)
    assert exit_code(found.decided.steps) == 2
    # Last event at 2 h and a minute; half an hour's silence is allowed at the end of a unit's hour.
    assert dict(found.evidence.closed)["resolved"] == BEGIN + 1.5 * HOUR + 60 - 60
    state = found.decided.state
    assert sum(sum(stream.worse[1:]) for cell in state.cells for stream in cell.rows[0].streams) == 900


def test_traffic_that_stops_leaves_nothing_missing(store, started):
    units = exposed(store, started, 2)
    heard(store, units)
    found = look(store, started, 9)
    assert exit_code(found.decided.steps) == 0
    assert dict(found.evidence.closed)["resolved"] > BEGIN + 7 * HOUR


def test_exposures_and_outcomes_that_stop_together_never_move_a_cell_up(store, started):
    # An outcome takes 50 minutes, and all that were due after the first hour are lost: they would read as 0 % against 0 %.
    heard(store, [one for one in exposed(store, started, 1) if one[1] < BEGIN + 600], after=3000)
    found = look(store, started, 9)
    assert (exit_code(found.decided.steps), {one.move for one in found.decided.steps}) == (0, {Move.HOLD})
    assert (
        dict(found.evidence.closed)["resolved"] == BEGIN + 29 * 60
    )  # heard last at 59:54, and half an hour's silence is allowed
    assert not found.evidence.problems  # traffic may pause for a night
    found = look(store, started, 26)  # and not for longer than a day
    assert (exit_code(found.decided.steps), {one.move for one in found.decided.steps}) == (2, {Move.HOLD})


@pytest.mark.parametrize("question", ["last_outcome", "has_unheard", "gaps"])
def test_a_source_that_cannot_say_whether_outcomes_come_in_closes_nothing(store, started, question):
    class Source(StoreSource):
        """Fails once, as a store that another process has locked."""

    def locked(*_):
        raise DataError("the store is locked")

    setattr(Source, question, locked)
    heard(store, [one for one in exposed(store, started, 5) if question == "gaps" or one[1] < BEGIN + 600])
    found = controller.look(store, started.rollout, Source(store), BEGIN + 4 * HOUR, code="1")
    assert {(one.move, one.reason.text) for one in found.decided.steps} == {(Move.HOLD, "the store is locked")}
    assert (exit_code(found.decided.steps), dict(found.evidence.closed)["resolved"]) == (2, BEGIN)


def test_outcomes_of_a_silence_that_never_arrive_begin_the_evidence_anew(store, started):
    units = exposed(store, started, 7)
    heard(store, [one for one in units if one[1] >= BEGIN + 5.9 * HOUR])  # 0 % against 0 % before
    found = look(store, started, 7)  # the first since the feed came back
    assert [(one.move, one.reason.why) for one in found.decided.steps] == [(Move.RESTART, Why.OUTCOMES_MISSING)] * 2
    assert exit_code(found.decided.steps) == 2
    assert "of the control from 2027-01-15 08:00 to 2027-01-15 13:55 UTC" in found.decided.steps[0].reason.text
    assert {(cell.mode, cell.attempt, cell.rung) for cell in found.decided.state.cells} == {(Mode.HELD, 1, 1)}
    later = look(store, started, 8.5)
    assert {one.reason.why for one in later.decided.steps} == {Why.HELD}
    assert ledger.replayed(controller.all_rows(store, started.rollout)) is None


def test_a_bad_candidate_falls_beside_a_silence_that_has_ended(store, started):
    units = exposed(store, started, 8)
    known = [one for one in units if not HOUR / 5 <= one[1] - BEGIN < 1.4 * HOUR]
    heard(store, of_arm(known, "control"))
    heard(store, of_arm(known, "candidate"), label="0")
    assert {one.move for one in look(store, started, 8).decided.steps} == {Move.BACK}


def test_a_night_without_traffic_is_no_silence(store, started):
    units = [one for one in exposed(store, started, 8, every=12, without=(1, 5)) if one[1] % 5]
    heard(store, units)
    found = look(store, started, 8)
    assert exit_code(found.decided.steps) == 0
    assert dict(found.evidence.closed)["resolved"] == BEGIN + 7 * HOUR - 60


def of_arm(units, arm):
    return [one for one in units if ((int(one[0][1:]) // 5) % 10 == 0) == (arm == "candidate")]


@pytest.mark.parametrize(
    ("direction", "default", "dead", "move", "exit_of_step"),
    [
        # What is missing would favour the candidate: its units wait.
        ("up", "negative", "control", Move.HOLD, 2),
        ("down", "negative", "candidate", Move.HOLD, 2),
        ("up", "positive", "candidate", Move.HOLD, 2),
        # A candidate that resolves nothing, or a control that nobody complains about: a rollback does not wait.
        ("up", "negative", "candidate", Move.BACK, 1),
        ("down", "negative", "control", Move.BACK, 1),
    ],
)
def test_a_feed_that_is_dead_in_one_version_moves_no_cell_up_and_keeps_none_from_falling(
    store, rules, direction, default, dead, move, exit_of_step
):
    rules = replace(rules, metrics=(replace(rules.metrics[0], direction=direction, default=Polarity(default)),))
    controller.start(store, ledger.started(rules, BEGIN, code="1", author="ada", reason="x"), rules)
    units = exposed(store, rules, 5)
    heard(store, of_arm(units, "control" if dead == "candidate" else "candidate"))
    found = look(store, rules, 4)
    assert {one.move for one in found.decided.steps} == {move}
    assert exit_code(found.decided.steps) == exit_of_step
    assert move is Move.BACK or f"of the {dead} since" in found.decided.steps[0].reason.text


@pytest.mark.parametrize("opened", [duckdb_of, postgres_of])
def test_a_warehouse_waits_for_the_same_units(store, tmp_path, rules, opened):
    units = exposed(store, rules, 6, every=30)
    heard(store, [one for one in units if not HOUR <= one[1] - BEGIN < 4 * HOUR])
    state = first_state(rules, BEGIN)
    with opened(store, tmp_path) as warehouse:
        for hours in (1.5, 2.2, 4, 6):
            found = gather(StoreSource(store), rules, state, BEGIN + hours * HOUR, BEGIN)
            assert gather(warehouse, rules, state, BEGIN + hours * HOUR, BEGIN) == found
    assert [one.reason.why for one in found.problems] == [Why.OUTCOMES_MISSING]
