"""From ledger to router to exposure and back: shares as decided, tries and rungs in every row."""

from __future__ import annotations

from dataclasses import replace

import pytest

from seatrial.errors import DataError, UsageError
from seatrial.experiment.read import parse_rollout_plan
from seatrial.experiment.router import Router
from seatrial.experiment.snapshot import snapshot_data, snapshot_of
from seatrial.experiment.tally import KEPT, Tally
from seatrial.rollout import controller, ledger
from seatrial.rollout.ladder import Move, exit_code
from seatrial.rollout.person import Act, Action
from seatrial.rollout.plan_diff import plan_diff
from seatrial.rollout.reason import Why
from seatrial.rollout.routing import exposure_of, snapshot_in, traffic_to
from seatrial.rollout.rules import rules_data, rules_from, rules_of, same_plan
from seatrial.rollout.status import status_decision
from seatrial.rollout.store_source import StoreSource
from seatrial.store.exposures import Exposure, write_exposures
from seatrial.store.outcomes import OutcomeEvent, write_outcomes

from .conftest import METRICS, PLAN, make_rules

BEGIN = 1_800_000_000.0


def start(store, rules):
    decided = ledger.started(rules, BEGIN, code="1", author="ada", reason="x", control_hash="c1", candidate_hash="k1")
    assert controller.start(store, decided, rules)


def request(region):
    return {"inputs": {"region": region}}


def test_an_assignment_leaves_an_exposure_that_the_next_step_counts(store, rules):
    start(store, rules)
    router = Router(lambda: snapshot_in(store, BEGIN))
    assert router.refresh(), router.problem
    rows = []
    for i in range(400):
        found = router.assign("support", request("DE" if i % 2 else "FR"), f"u{i}")
        rows.append(exposure_of(found, f"u{i}", f"u{i}", BEGIN + i))
    write_exposures(store, [row for row in rows if row], now=BEGIN)
    write_exposures(store, [row for row in rows if row], now=BEGIN)
    look = controller.look(store, rules.rollout, StoreSource(store), BEGIN + 900, code="1")
    cells = look.decided.state.cells
    assert [cell.exposed for cell in cells] == [200, 200]
    assert 0 < sum(cell.candidate for cell in cells) < 90
    assert look.decided.state.algorithm == router.snapshot.algorithm


def test_a_unit_is_one_however_it_is_written(store, rules):
    start(store, rules)
    router = Router(lambda: snapshot_in(store, BEGIN))
    assert router.refresh(), router.problem
    for number in range(60):
        forms = (number, float(number), f"{number}", f" {number}\n")
        rows = [exposure_of(router.assign("support", request("DE"), unit), unit, "t", BEGIN) for unit in forms]
        assert {(row.event_id.rpartition("/")[2], row.unit) for row in rows} == {(str(number), str(number))}
        assert write_exposures(store, rows, now=BEGIN) == 1
    write_exposures(store, [Exposure("by hand", rules.rollout, "7.0 ", "t", "DE", "control", 0, 1, BEGIN)])
    write_exposures(store, [Exposure("by number", rules.rollout, 7.0, "t", "DE", "control", 0, 1, BEGIN)])
    with pytest.raises(UsageError, match="needs a unit"):
        write_exposures(store, [Exposure("nobody", rules.rollout, float("nan"), "t", "DE", "control", 0, 1, BEGIN)])
    look = controller.look(store, rules.rollout, StoreSource(store), BEGIN + 900, code="1")
    assert look.decided.state.cell("DE").exposed == 61  # the text "7.0" is another name; the number 7.0 is not


def test_a_user_who_comes_back_in_another_thread_was_exposed_once(store, rules):
    start(store, rules)
    router = Router(lambda: snapshot_in(store, BEGIN))
    assert router.refresh(), router.problem
    found = router.assign("support", request("DE"), "ann")
    written = [write_exposures(store, [exposure_of(found, "ann", thread, BEGIN)]) for thread in ("t1", "t2")]
    assert written == [1, 0]
    with pytest.raises(DataError, match="names one event"):
        write_exposures(store, [exposure_of(found, "ann", "t3", BEGIN, content="rebuilt")])


def test_a_tester_of_the_plan_is_recorded_and_counts_in_no_rate_but_its_zero_tolerance_event_counts(store):
    rules = make_rules(testers={" bob": "candidate", "eve": "control"})
    start(store, rules)
    assert controller.ends(store, rules.rollout)[0] == rules
    router = Router(lambda: snapshot_in(store, BEGIN))
    assert router.refresh(), router.problem
    found = [router.assign("support", request("DE"), unit) for unit in ("bob", "eve")]
    assert [one.version for one in found] == ["v4", "v3"]
    rows = [exposure_of(one, unit, unit, BEGIN) for one, unit in zip(found, ("bob", "eve"), strict=True)]
    assert [row.forced for row in rows] == [True, True]
    write_exposures(store, rows, now=BEGIN)
    write_outcomes(store, [OutcomeEvent(f"o{unit}", unit, "resolved", "0", BEGIN + 5) for unit in ("bob", "eve")])
    look = controller.look(store, rules.rollout, StoreSource(store), BEGIN + 4 * 3600, code="1")
    assert (look.evidence.exposed, look.evidence.blocks, look.evidence.late) == ((), (), 0)
    write_outcomes(store, [OutcomeEvent("leak", "bob", "no_pii", "0", BEGIN + 6)])
    late = [OutcomeEvent("late", "bob", "resolved", "0", BEGIN + 7)]
    write_outcomes(store, late, now=BEGIN + 4.5 * 3600)
    write_exposures(store, [replace(rows[0], event_id="late", exposed_at=BEGIN - 1)], now=BEGIN + 4.5 * 3600)
    look = controller.look(store, rules.rollout, StoreSource(store), BEGIN + 5 * 3600, code="1")
    assert look.evidence.late == 0
    assert [one.move for one in look.decided.steps] == [Move.OFF, Move.HOLD]
    assert ledger.replayed(controller.all_rows(store, rules.rollout)) is None


def test_a_rollout_begun_before_metrics_were_hashed_is_changed_by_its_metrics_all_the_same():
    plan = parse_rollout_plan(PLAN, "plan.toml", (), name="support_v4")
    longer = {**METRICS, "resolved": replace(METRICS["resolved"], horizon=7200.0)}
    other = {**METRICS, "cost": replace(METRICS["cost"], horizon=7200.0)}  # no metric of this plan
    now = rules_of(plan, METRICS)
    for rules in (now, replace(now, plan_hash=plan.hash)):
        assert [same_plan(rules, plan, one) for one in (METRICS, longer, other)] == [True, False, True]
    assert rules_of(plan, longer).rollout != now.rollout


def test_a_plan_without_testers_is_ledgered_as_before_and_one_with_them_shows_a_changed_one(rules):
    assert "testers" not in rules_data(rules)
    assert rules_from(rules_data(rules)) == rules
    changes = plan_diff(rules, make_rules(testers={"bob": "candidate"}))
    assert [one.sentence for one in changes] == ["tester.bob: - → candidate"]


def test_the_snapshot_follows_the_ledger_and_survives_its_own_format(store, rules):
    start(store, rules)
    action = Action(Act.ROLLBACK, ("DE",), "ada", "complaints")
    controller.person(store, rules.rollout, action, BEGIN + 1, code="1")
    snapshot = snapshot_in(store, BEGIN + 2)
    cells = snapshot.routes["support"].cells
    assert (cells["DE"].share, cells["DE"].attempt, cells["DE"].rung) == (0.0, 1, 0)
    assert cells["rest"].share == 0.1
    assert snapshot_of(snapshot_data(snapshot)) == snapshot


def test_a_store_without_a_rollout_is_no_snapshot(store):
    with pytest.raises(DataError, match="no rollout"):
        snapshot_in(store, BEGIN)


def damage(store, rules, row, body):
    with store.write() as connection:
        connection.exec_driver_sql(
            "UPDATE rollout_ledger SET body = ? WHERE rollout = ? AND sequence = ?", (body, rules.rollout, row)
        )


def started_one_after_another(store, *all_rules):
    for i, rules in enumerate(all_rules):
        decided = ledger.started(rules, BEGIN + i, code="1", author="ada", reason="x")
        assert controller.start(store, decided, rules)


@pytest.mark.parametrize("cut", [0, 1])
def test_a_damaged_ledger_stops_its_own_graph_and_no_rollback_of_another(store, rules, cut):
    # Cut: the damage hides of which graph it is; a router that routed it knows.
    desk, older = make_rules(graph="desk"), make_rules(min_units=50)
    started_one_after_another(store, older, desk, rules)
    router = Router(lambda: snapshot_in(store, BEGIN))
    assert router.refresh(), router.problem
    routed = router.snapshot.routes["support"]
    assert routed.rollout == rules.rollout
    damage(store, rules, 0, ledger.started(rules, BEGIN, code="2", author="eve", reason="x").row.body[cut:])
    action = Action(Act.ROLLBACK, ("DE",), "ada", "complaints")
    controller.person(store, desk.rollout, action, BEGIN + 10, code="1")
    assert not router.refresh()
    assert f"row 0 of the ledger of {rules.rollout} is not what its hash says" in router.problem
    assert router.snapshot.routes["support"] == routed
    assert router.snapshot.routes["desk"].cells["DE"].share == 0
    assert snapshot_of(snapshot_data(router.snapshot)) == router.snapshot
    # A process that begins now never routes the graph by its older rollout; the other graph it routes where that is sure.
    fresh = Router(lambda: snapshot_in(store, BEGIN))
    assert not fresh.refresh()
    assert fresh.assign("support", request("DE"), "u1").version is None
    assert (fresh.assign("desk", request("DE"), "u1").version is None) == bool(cut)


def test_a_damaged_ledger_under_a_newer_rollout_of_its_graph_stops_nothing(store, rules):
    older = make_rules(min_units=50)
    started_one_after_another(store, older, rules)
    damage(store, older, 0, "{")
    router = Router(lambda: snapshot_in(store, BEGIN))
    assert router.refresh(), router.problem
    assert router.snapshot.routes["support"].rollout == rules.rollout


def test_a_blank_unit_leaves_no_exposure(store, rules):
    start(store, rules)
    router = Router(lambda: snapshot_in(store, BEGIN))
    router.refresh()
    for unit in (None, "", "  "):
        found = router.assign("support", request("DE"), unit)
        assert found.arm == "control"
        assert exposure_of(found, "", "t", BEGIN) is None


def test_a_version_rebuilt_under_its_name_is_noticed_by_what_really_answered(store, rules):
    start(store, rules)
    router = Router(lambda: snapshot_in(store, BEGIN))
    router.refresh()
    for i in range(100):
        found = router.assign("support", request("DE"), f"u{i}")
        content = "k2" if found.arm == "candidate" else None
        write_exposures(store, [exposure_of(found, f"u{i}", f"u{i}", BEGIN + i, content=content)], now=BEGIN)
    look = controller.look(store, rules.rollout, StoreSource(store), BEGIN + 900, code="1")
    assert look.decided.steps[0].reason.why is Why.CONTENT_CHANGED
    assert look.decided.state.candidate_hash == "k2"


def test_a_unit_that_is_many_people_is_named_and_holds_its_cell_until_the_ids_are_real(store, rules):
    start(store, rules)
    routers = [Router(lambda: snapshot_in(store, BEGIN), report=traffic_to(store, f"r{n}")) for n in range(2)]
    for router in routers:
        assert router.refresh(), router.problem
        for i in range(1000):
            unit = "anonymous" if i % 20 == 0 else "" if i % 20 == 1 else f"u{i}"
            router.assign("support", request("DE"), unit)
            router.assign("support", request("FR"), f"u{i}")
        router.close()
        router.close()  # reporting again changes nothing
    found = controller.look(store, rules.rollout, StoreSource(store), BEGIN + 900, code="1")
    step = found.decided.steps[0]
    assert (step.cell, step.reason.why, step.reason.text) == ("DE", Why.HEAVY_UNIT, "anonymous")
    assert step.reason.candidate == pytest.approx(0.05)
    assert found.decided.steps[1].reason.why is not Why.HEAVY_UNIT
    said = status_decision(controller.all_rows(store, rules.rollout), StoreSource(store).traffic(rules.rollout))
    assert dict(said.facts)["Requests without a unit"].startswith("2.5 % of 4,000")


def test_heavy_units_are_found_in_bounded_memory():
    tally = Tally()
    for i in range(20_000):
        tally.add("anonymous" if i % 50 == 0 else f"u{i}")
    name, n = tally.heaviest[0]
    assert name == "anonymous"
    assert 400 - 20_000 / KEPT <= n <= 400


def test_units_are_never_assigned_anew_by_another_algorithm(store, rules):
    # R04: the rollout began under another algorithm than this version's.
    start(store, rules)
    exposed = Exposure("e1", rules.rollout, "u1", "u1", "DE", "control", 0, 1, BEGIN + 1, algorithm="sha1-mod/0")
    write_exposures(store, [exposed], now=BEGIN)
    controller.look(store, rules.rollout, StoreSource(store), BEGIN + 300, code="1")
    for minute in range(2):
        found = controller.look(store, rules.rollout, StoreSource(store), BEGIN + 600 + 60 * minute, code="1")
        assert {step.reason.why for step in found.decided.steps} == {Why.ALGORITHM_CHANGED}
        assert exit_code(found.decided.steps) == 2
    router = Router(lambda: snapshot_in(store, BEGIN))
    assert not router.refresh()
    assert router.assign("support", request("DE"), "u1").version is None
