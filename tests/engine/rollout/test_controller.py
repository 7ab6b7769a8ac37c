"""The controller over a store: climbs, comes back, keeps every decision, and takes no step twice."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace

import numpy as np
import pytest

from seatrial.canonical import content_hash
from seatrial.errors import DataError, UsageError
from seatrial.experiment.router import Router
from seatrial.rollout import controller, ledger
from seatrial.rollout.decision import look_decision
from seatrial.rollout.evidence import Block, Evidence, fold
from seatrial.rollout.ladder import Move, exit_code
from seatrial.rollout.person import Act, Action, act
from seatrial.rollout.reason import Why
from seatrial.rollout.routing import snapshot_in
from seatrial.rollout.state import Mode, first_state
from seatrial.rollout.status import status_decision
from seatrial.rollout.store_source import StoreSource
from seatrial.stats.sequential import eprocess
from seatrial.store import ledger as kept
from seatrial.store.engine import open_store
from seatrial.store.exposures import Exposure, write_exposures
from seatrial.store.outcomes import OutcomeEvent, write_outcomes
from seatrial.testing.rollout_traffic import serve

from .conftest import make_rules

HOUR = 3600.0
BEGIN = 1_800_000_000.0


def begin(store, rules):
    decided = ledger.started(rules, BEGIN, code="1", author="ada", reason="new prompt")
    assert controller.start(store, decided, rules)
    return decided


def look(store, rules, now, source=None, **more):
    return controller.look(store, rules.rollout, source or StoreSource(store), now, code="1", **more)


def drive(store, rules, truth, hours, *, rng, from_hour=0, every=2.0, **more):
    """Traffic and a step every so many hours; returns the looks."""
    looks = []
    hour = from_hour
    while hour < from_hour + hours:
        now = BEGIN + hour * HOUR
        state = ledger.state_of(controller.ends(store, rules.rollout)[1])
        serve(store, rules, state, truth, rng, begin=now, seconds=every * HOUR, units_per_day=12_000, **more)
        hour += every
        looks.append(look(store, rules, BEGIN + hour * HOUR))
    return looks


def breaks_in_de(cell, arm, _metric, share):
    return 0.70 if (cell, arm) == ("DE", "candidate") and share >= 0.2 else 0.95


@pytest.fixture(scope="module")
def played(tmp_path_factory):
    """A whole rollout, played once."""
    file, rules = tmp_path_factory.mktemp("played") / "store.db", make_rules()
    with open_store(f"sqlite:///{file}") as store:
        begin(store, rules)
        looks = drive(store, rules, breaks_in_de, 20, rng=np.random.default_rng(5))
        with store.engine.connect() as connection:
            connection.exec_driver_sql("COMMIT")
            connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
            connection.exec_driver_sql("BEGIN")
    return file, rules, looks


@pytest.fixture
def broken(played, tmp_path):
    file, rules, looks = played
    shutil.copy(file, tmp_path / "copy.db")
    with open_store(f"sqlite:///{tmp_path}/copy.db") as store:
        yield store, rules, looks


def test_one_cell_breaks_and_comes_back_while_the_other_arrives(broken):
    store, rules, looks = broken
    state = looks[-1].decided.state
    assert (state.cell("rest").rung, state.cell("rest").mode) == (rules.top, Mode.DONE)
    assert (state.cell("DE").rung, state.cell("DE").mode) == (1, Mode.ROLLED_BACK)
    codes = [exit_code(one.decided.steps) for one in looks]
    assert codes.count(1) == 1
    assert set(codes) == {0, 1}
    rows = controller.all_rows(store, rules.rollout)
    assert ledger.replayed(rows) is None
    assert ledger.broken_at(rows) is None
    reported = status_decision(rows)
    assert reported.details["cells"][0]["mode"] == "rolled_back"


def test_a_second_step_decides_nothing(broken):
    store, rules, _looks = broken
    rows = controller.all_rows(store, rules.rollout)
    second_stage = look(store, rules, BEGIN + 20 * HOUR)
    assert not second_stage.written
    assert exit_code(second_stage.decided.steps) == 0
    assert controller.all_rows(store, rules.rollout) == rows


def test_only_a_person_lets_a_cell_climb_after_a_rollback(broken):
    store, rules, _ = broken
    good = drive(store, rules, lambda *_: 0.95, 4, rng=np.random.default_rng(6), from_hour=20)
    assert good[-1].decided.state.cell("DE").rung == 1
    action = Action(Act.RESUME, ("DE",), "ada", "prompt fixed")
    assert controller.person(store, rules.rollout, action, BEGIN + 24 * HOUR, code="1").written
    good = drive(store, rules, lambda *_: 0.95, 16, rng=np.random.default_rng(7), from_hour=24)
    assert good[-1].decided.state.cell("DE").mode is Mode.DONE
    assert ledger.replayed(controller.all_rows(store, rules.rollout)) is None


def test_a_changed_row_is_found_by_verify_and_by_replay(broken):
    store, rules, _ = broken
    rows = list(controller.all_rows(store, rules.rollout))
    data = rows[3].data
    data["state"]["cells"][0]["rung"] = 3
    body = ledger.canonical_json(data)
    rows[3] = replace(rows[3], body=body)
    assert ledger.broken_at(rows) == 3
    rows[3] = replace(rows[3], hash=ledger._hash(body))
    assert ledger.broken_at(rows) == 4
    assert ledger.replayed(rows) == 3


def test_a_ledger_that_does_not_name_its_estimates_goes_on_and_replays_by_separate_ones(store):
    rules = replace(make_rules(), estimates="separate")
    begin(store, rules)
    first = controller.all_rows(store, rules.rollout)[0]
    assert "estimates" not in first.data["rules"]
    assert controller.ends(store, rules.rollout)[0] == rules
    looks = drive(store, rules, lambda *_: 0.95, 3, rng=np.random.default_rng(5))
    assert looks[-1].decided.state.cell("DE").rows[0].streams
    assert ledger.replayed(controller.all_rows(store, rules.rollout)) is None
    assert ledger.rules_data(make_rules())["estimates"] == "shrunk"
    blocks = tuple(Block(minute, "DE", "resolved", 0, 1, 9, 1, 95, 5) for minute in range(1, 6))
    found = []
    for one in (rules, make_rules()):
        stream = fold(one, first_state(one, BEGIN), Evidence(BEGIN, (), blocks=blocks)).cell("DE").rows[0].on(1)
        counts = ([9] * 5, [1] * 5, [95] * 5, [5] * 5)
        path = eprocess.run(*counts, margin=0.10, evidence="not_worse", estimates=one.estimates)
        assert stream.not_worse.log_e == pytest.approx(path.log_e[-1])
        found.append(stream.not_worse.log_e)
    assert found == pytest.approx([0.375, 0.064], abs=0.001)


def test_a_row_holds_its_verdict_and_the_hash_of_its_evidence(broken):
    store, rules, _looks = broken
    rows = [row.data for row in controller.all_rows(store, rules.rollout)]
    assert [row["verdict"] for row in rows].count("fail") == 1
    assert rows[0]["evidence_hash"] == ""
    assert {row["evidence_hash"] for row in rows[1:]} == {content_hash(row["evidence"]) for row in rows[1:]}


def test_a_ledger_whose_rows_hold_no_verdict_goes_on_without(store):
    rules = replace(make_rules(), header=False)
    begin(store, rules)
    assert look(store, rules, BEGIN + 60, plan_hash="other").written
    rows = controller.all_rows(store, rules.rollout)
    assert not any("verdict" in row.data for row in rows)
    assert "header" not in rows[0].data["rules"]
    assert ledger.replayed(rows) is None


def test_a_person_clears_what_calls_one(store, rules):
    begin(store, rules)
    units = [
        Exposure(f"e{i}", rules.rollout, f"u{i}", f"u{i}", "DE", "candidate" if i % 2 else "control", 0, 1, BEGIN + i)
        for i in range(400)
    ]
    write_exposures(store, units)
    mismatch = look(store, rules, BEGIN + 600).decided
    assert mismatch.steps[0].reason.why is Why.SAMPLE_RATIO
    resume = Action(Act.RESUME, ("DE", "rest"), "ada", "balancer repaired")
    again = controller.person(store, rules.rollout, resume, BEGIN + 700, code="1")
    assert [one.move for one in again.decided.steps] == [Move.RESTART, Move.HOLD]
    assert (again.decided.state.cell("DE").attempt, again.decided.state.cell("DE").exposed) == (1, 0)
    assert exit_code(look(store, rules, BEGIN + 800).decided.steps) == 0
    assert ledger.replayed(controller.all_rows(store, rules.rollout)) is None


def test_resumed_after_its_time_a_stage_begins_its_time_again_and_keeps_its_evidence(rules):
    state = first_state(rules, BEGIN)
    told = replace(state, cells=tuple(replace(cell, candidate=9, reported="dwell:resolved") for cell in state.cells))
    (de, rest) = act(rules, told, Action(Act.RESUME, ("DE",), "ada", "one more day"), BEGIN + 25 * HOUR)
    assert (de.after.since, de.after.candidate, de.after.attempt) == (BEGIN + 25 * HOUR, 9, 0)
    assert rest.after == told.cell("rest")


def test_a_persons_clock_that_went_back_changes_nothing(store, rules):
    begin(store, rules)
    with pytest.raises(UsageError, match="the clock is 48 h behind the last row"):
        controller.person(store, rules.rollout, Action(Act.PAUSE, (), "ada", "why"), BEGIN - 48 * HOUR + 60, code="1")
    assert len(controller.all_rows(store, rules.rollout)) == 1


@pytest.mark.parametrize(("before", "move"), [(60, Move.OFF), (61, Move.HOLD)])
def test_an_event_of_zero_tolerance_may_come_before_its_exposure_is_written(store, rules, before, move):
    begin(store, rules)
    place = (rules.rollout, "u", "u", "DE", "candidate", 0, 1, BEGIN + 100)
    write_exposures(store, [Exposure("e", *place, "h", "sha256-splitmix64/1")], now=BEGIN + 100)
    write_outcomes(store, [OutcomeEvent("o", "u", "no_pii", "0", BEGIN + 100 - before)])
    assert look(store, rules, BEGIN + 400).decided.steps[0].move is move


def test_events_written_twice_count_once(store, rules):
    begin(store, rules)
    state = ledger.state_of(controller.ends(store, rules.rollout)[1])
    for _ in range(2):
        serve(
            store, rules, state, breaks_in_de, np.random.default_rng(1), begin=BEGIN, seconds=HOUR, units_per_day=9000
        )
    found = look(store, rules, BEGIN + 3 * HOUR).decided.state
    with store.read() as connection:
        n = connection.exec_driver_sql("SELECT COUNT(*) FROM exposures").scalar()
    assert sum(cell.exposed for cell in found.cells) == n


def test_outcomes_count_by_exposure_and_only_after_their_horizon(store, rules):
    begin(store, rules)
    exposure = Exposure("e1", rules.rollout, "t1", "t1", "DE", "candidate", 0, 1, BEGIN + 30)
    write_exposures(store, [exposure])
    write_outcomes(store, [OutcomeEvent("o1", "t1", "resolved", "0", BEGIN + 40)])
    early = look(store, rules, BEGIN + 0.5 * HOUR)
    assert early.evidence.exposed
    assert not early.evidence.blocks
    ripe = look(store, rules, BEGIN + HOUR + 180)
    assert [block.counts for block in ripe.evidence.blocks] == [(0, 1, 0, 0)]
    write_outcomes(store, [OutcomeEvent("o2", "t1", "resolved", "1", BEGIN + 35)])
    assert not look(store, rules, BEGIN + 3 * HOUR).evidence.blocks


def test_an_exposure_that_comes_after_its_minute_was_closed_is_counted_aloud_and_left_out(store, rules):
    begin(store, rules)
    look(store, rules, BEGIN + HOUR)
    write_exposures(store, [Exposure("e0", rules.rollout, "t0", "t0", "DE", "control", 0, 1, BEGIN + HOUR - 30)])
    assert look(store, rules, BEGIN + HOUR + 600).written
    late = Exposure("e1", rules.rollout, "t1", "t1", "DE", "control", 0, 1, BEGIN + 30)
    write_exposures(store, [late], now=BEGIN + 2 * HOUR)
    found = look(store, rules, BEGIN + 3 * HOUR)
    assert found.evidence.late == 1
    assert found.decided.state.cell("DE").exposed == 1


def test_a_zero_tolerance_event_takes_its_cell_off_once(store, rules):
    begin(store, rules)
    write_exposures(store, [Exposure("e1", rules.rollout, "t1", "t1", "rest", "candidate", 0, 1, BEGIN + 30)])
    write_outcomes(store, [OutcomeEvent("o1", "t1", "no_pii", "0", BEGIN + 31)])
    found = look(store, rules, BEGIN + 60)
    assert [one.move for one in found.decided.steps] == [Move.HOLD, Move.OFF]
    second_stage = look(store, rules, BEGIN + 60)
    assert exit_code(second_stage.decided.steps) == 0
    assert not second_stage.written


def test_a_rebuilt_candidate_holds_and_its_failures_count_from_nothing(store):
    # R17
    rules = make_rules(bake="3d")
    # 300 units with 10 failures, then the same name with 60 of 300: pooled that reads 11.7 %.
    begin(store, rules)

    def units(first, n, failures, content, attempt, start):
        for i in range(n):
            name = f"{content}-{first + i}"
            moment = start + i * 10
            for arm, bad in (("candidate", i % (n // failures) == 0), ("control", i % 33 == 0)):
                for k in range(1 if arm == "candidate" else 9):
                    thread = f"{name}-{arm}-{k}"
                    mark = content if arm == "candidate" else "c1"
                    exposures.append(
                        Exposure(thread, rules.rollout, thread, thread, "DE", arm, attempt, 1, moment, mark)
                    )
                    outcomes.append(OutcomeEvent(thread, thread, "resolved", "0" if bad else "1", moment + 1))

    exposures, outcomes = [], []
    units(0, 300, 10, "h1", 0, BEGIN)
    write_exposures(store, exposures, now=BEGIN)
    write_outcomes(store, outcomes)
    assert exit_code(look(store, rules, BEGIN + 2 * HOUR).decided.steps) == 0
    write_exposures(
        store, [Exposure("h2", rules.rollout, "h2", "h2", "DE", "candidate", 0, 1, BEGIN + 2 * HOUR, "h2")], now=BEGIN
    )
    changed = look(store, rules, BEGIN + 2 * HOUR + 300)
    assert exit_code(changed.decided.steps) == 2
    assert changed.decided.steps[0].reason.why is Why.CONTENT_CHANGED
    assert changed.decided.state.cell("DE").attempt == 1
    exposures, outcomes = [], []
    units(0, 300, 60, "h2", 1, BEGIN + 3 * HOUR)
    write_exposures(store, exposures, now=BEGIN)
    write_outcomes(store, outcomes)
    back = look(store, rules, BEGIN + 6 * HOUR)
    assert back.decided.steps[0].move is Move.BACK
    assert back.decided.steps[0].reason.units == 300


def test_a_unit_in_both_arms_within_one_stage_is_invalid_and_across_stages_is_not(store, rules):
    # R11
    begin(store, rules)
    ids = [("a", "candidate", 1), ("b", "control", 2)]
    write_exposures(
        store,
        [Exposure(f"x{i}", rules.rollout, "u1", f"t{i}", "DE", arm, 0, rung, BEGIN + i) for i, arm, rung in
         [(k, arm, rung) for k, (_, arm, rung) in enumerate(ids)]],
    )  # fmt: skip
    assert exit_code(look(store, rules, BEGIN + 300).decided.steps) == 0
    write_exposures(store, [Exposure("x9", rules.rollout, "u1", "t9", "DE", "control", 0, 1, BEGIN + 400)])
    found = look(store, rules, BEGIN + 700)
    assert found.decided.steps[0].reason.why is Why.BOTH_ARMS
    assert exit_code(found.decided.steps) == 2


class Broken(StoreSource):
    """The latency's source raises in every query."""

    def outcomes(self, rollout, metric, since, until):
        if metric.name == "fast":
            raise DataError("the warehouse did not answer")
        return super().outcomes(rollout, metric, since, until)


def test_a_metric_that_cannot_be_read_never_advances_a_cell(store):
    # R14
    rules = make_rules(
        metric={"resolved": {"primary": True}, "fast": {}},
        cell={"all": {"share": 1.0, "rate": {"resolved": 0.95, "fast": 0.95}}},
    )
    begin(store, rules)
    state = ledger.state_of(controller.ends(store, rules.rollout)[1])
    rng = np.random.default_rng(3)
    serve(store, rules, state, lambda *_: 0.95, rng, begin=BEGIN, seconds=6 * HOUR, units_per_day=20_000)
    kept = look(store, rules, BEGIN + 8 * HOUR, Broken(store))
    assert exit_code(kept.decided.steps) == 2
    assert kept.decided.state.cell("all").rung == 1
    assert kept.decided.steps[0].reason.why is Why.UNREADABLE
    read = look(store, rules, BEGIN + 8 * HOUR + 60)
    assert read.decided.steps[0].move is Move.UP


@pytest.mark.parametrize(("dearer", "held"), [(1.0, False), (1.6, True)])
def test_a_mean_is_shown_with_its_sequence_and_holds_but_never_rolls_back(store, dearer, held):
    rules = make_rules(watch=["cost"], cell={"all": {"share": 1.0, "rate": 0.95}})
    begin(store, rules)
    state = ledger.state_of(controller.ends(store, rules.rollout)[1])
    rng = np.random.default_rng(3)
    serve(store, rules, state, lambda *_: 0.95, rng, begin=BEGIN, seconds=6 * HOUR, units_per_day=20_000)
    with store.read() as connection:
        rows = connection.exec_driver_sql("SELECT thread_id, arm, exposed_at FROM exposures").fetchall()
    # What an answer cost is known once it is there, some seconds after its exposure.
    costs = [
        OutcomeEvent(f"c/{unit}", unit, "cost_usd", f"{rng.gamma(4, 0.005) * (dearer if arm == 'candidate' else 1):.6f}", at + 20)
        for unit, arm, at in rows
    ]  # fmt: skip
    write_outcomes(store, costs)
    found = look(store, rules, BEGIN + 8 * HOUR)
    (step,) = found.decided.steps
    assert (step.reason.why is Why.MEAN_WORSE, step.move) == (held, Move.HOLD if held else Move.UP)
    assert exit_code(found.decided.steps) == 0
    (shown,) = found.decided.findings.cells[0].means
    assert shown.control == pytest.approx(0.02, rel=0.1)
    assert shown.low < 0.02 * (dearer - 1) < shown.high
    if held:
        said = look_decision(rules, found.decided.state, found.decided.steps, found.decided.findings, None)
        assert "at any look" in dict(said.facts)["cost · all"]
    assert ledger.replayed(controller.all_rows(store, rules.rollout)) is None


def test_a_plan_edited_while_it_runs_holds(store, rules):
    begin(store, rules)
    found = look(store, rules, BEGIN + 60, plan_hash="other")
    assert exit_code(found.decided.steps) == 2
    assert found.decided.steps[0].reason.why is Why.PLAN_CHANGED


def test_of_two_controllers_one_moves_a_cell(store, rules):
    begin(store, rules)
    rules_, last = controller.ends(store, rules.rollout)
    action = Action(Act.ROLLBACK, (), "ada", "stop")
    one = ledger.acted(rules_, last, action, BEGIN + 1, code="1")
    other = ledger.acted(rules_, last, replace(action, author="bob"), BEGIN + 2, code="1")
    row = kept.LedgerRow(one.row.sequence, one.row.body, one.row.hash)
    late = kept.LedgerRow(other.row.sequence, other.row.body, other.row.hash)
    assert kept.append(store, rules.rollout, row, kind="person", at=BEGIN)
    assert not kept.append(store, rules.rollout, late, kind="person", at=BEGIN)
    assert controller.all_rows(store, rules.rollout)[-1].data["action"]["author"] == "ada"


def test_starting_twice_changes_nothing(store, rules):
    first = begin(store, rules)
    assert not controller.start(store, first, rules)
    assert len(controller.all_rows(store, rules.rollout)) == 1


@pytest.mark.parametrize(
    ("action", "says"),
    [
        (Action(Act.PAUSE, (), " ", "why"), "--author"),
        (Action(Act.PAUSE, (), "ada", ""), "--reason"),
        (Action(Act.PAUSE, ("XX",), "ada", "why"), "DE, rest"),
        (Action(Act.OVERRIDE, (), "ada", "why", 0.5), "0, 0.1, 0.25, 1"),
    ],
)
def test_a_persons_action_is_signed_and_names_what_there_is(store, rules, action, says):
    begin(store, rules)
    with pytest.raises(UsageError, match=says):
        controller.person(store, rules.rollout, action, BEGIN + 1, code="1")


def test_an_override_goes_straight_to_all_traffic(store, rules):
    begin(store, rules)
    action = Action(Act.OVERRIDE, (), "ada", "closes a leak", 1.0)
    found = controller.person(store, rules.rollout, action, BEGIN + 1, code="1")
    assert [cell.rung for cell in found.decided.state.cells] == [rules.top, rules.top]
    assert json.loads(found.decided.row.body)["action"]["reason"] == "closes a leak"
    assert ledger.replayed(controller.all_rows(store, rules.rollout)) is None


def test_an_override_to_nothing_waits_for_a_person(store, rules):
    begin(store, rules)
    action = Action(Act.OVERRIDE, ("DE",), "ada", "complaints", 0.0)
    found = controller.person(store, rules.rollout, action, BEGIN + 1, code="1")
    assert (found.decided.state.cell("DE").rung, found.decided.state.cell("DE").mode) == (0, Mode.ROLLED_BACK)
    with pytest.raises(UsageError, match="only `resume --cell DE` lets it in again"):
        controller.person(store, rules.rollout, replace(action, share=1.0), BEGIN + 2, code="1")


@pytest.mark.parametrize("row", [0, 1])
def test_a_row_that_is_not_what_its_hash_says_decides_and_routes_nothing(store, rules, row):
    older = make_rules(min_units=50)
    controller.start(store, ledger.started(older, BEGIN - 1, code="1", author="ada", reason="x"), older)
    begin(store, rules)
    drive(store, rules, lambda *_: 0.95, 1, rng=np.random.default_rng(5))
    router = Router(lambda: snapshot_in(store, BEGIN))
    assert router.refresh()
    good = router.snapshot.routes
    with store.write() as connection:
        connection.exec_driver_sql(
            "UPDATE rollout_ledger SET body = REPLACE(body, '\"rung\":1', '\"rung\":2') WHERE rollout = ? AND sequence = ?",
            (rules.rollout, row),
        )
    before = controller.all_rows(store, rules.rollout)
    with pytest.raises(DataError, match=f"row {row} of the ledger of {rules.rollout} is not what its hash says"):
        look(store, rules, BEGIN + 3 * HOUR)
    assert controller.all_rows(store, rules.rollout) == before
    assert not router.refresh()
    assert "is not what its hash says" in router.problem
    assert router.snapshot.routes == good
    assert ledger.broken_at(before) == row


def test_a_ledger_of_another_format_is_refused_in_a_sentence(store, rules):
    row = begin(store, rules).row
    body = row.body.replace(ledger.SCHEMA, "seatrial/rollout-ledger/1")
    older = replace(row, body=body, hash=ledger._hash(body))
    with pytest.raises(DataError, match="end that rollout with the version that began it"):
        ledger.rules_in([older])


def test_a_rollout_that_was_never_started_is_named(store):
    with pytest.raises(UsageError, match="no rollout was started here yet; start one: seatrial rollout start nothing"):
        controller.full_name(store, "nothing")
