"""The shadow stage end to end: live calls, recorded scores, the gate's verdict per cell, and the climb."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TypedDict

import pytest

from seatrial.errors import ConfigError, UsageError
from seatrial.experiment.router import Router
from seatrial.graph.run import Run
from seatrial.graph.spec import GraphSpec, Version
from seatrial.rollout import controller, ledger
from seatrial.rollout.ladder import Move, exit_code
from seatrial.rollout.reason import Why
from seatrial.rollout.routing import route_of, snapshot_in
from seatrial.rollout.shadow_gate import judge_shadow
from seatrial.rollout.shadow_request import Compared, Place, Request
from seatrial.rollout.shadow_score import Recorder, shadow_evaluators
from seatrial.rollout.shadowing import shadow_of
from seatrial.rollout.state import Mode
from seatrial.rollout.status import status_decision
from seatrial.rollout.store_source import StoreSource
from seatrial.scoring import bind, evaluator
from seatrial.store.shadow import ShadowAnswer, read_shadow, write_shadow

from .conftest import make_rules

BEGIN = 1_800_000_000.0
UNITS = 40
SHADOW = {"units": UNITS, "sample": 1.0, "keys": ["polite"], "margin": 0.2}


@evaluator(version="1")
def polite(outputs):
    return "please" in outputs["text"]


@evaluator(version="1")
def no_pii(outputs):
    return "@" not in outputs["text"]


SUITE = (bind(polite), bind(no_pii))


class Words(TypedDict, total=False):
    region: str
    n: int
    text: str


def build(version):
    """v4 is rude in DE."""
    langgraph = pytest.importorskip("langgraph.graph")

    def node(state):
        rude = version == "v4" and state["region"] == "DE"
        return {"text": f"{'do it' if rude else 'please'} {version} {state['n']}"}

    graph = langgraph.StateGraph(Words)
    graph.add_node("node", node)
    graph.add_edge(langgraph.START, "node")
    return graph


def started(store, **changes):
    rules = make_rules(**{"shadow": SHADOW, **changes})
    controller.start(store, ledger.started(rules, BEGIN, code="1", author="ada", reason="x"), rules)
    return rules


def runtime(side_effects="none"):
    from seatrial.graph.runtime import Runtime  # noqa: PLC0415 - LangGraph, for the tests that call a graph

    versions = tuple(Version(name, {"version": name}) for name in ("v3", "v4"))
    spec = GraphSpec("support", module="m", side_effects=side_effects, versions=versions)
    return Runtime((spec,), lambda _: SimpleNamespace(build=build))


def look(store, rules, at):
    return controller.look(store, rules.rollout, StoreSource(store), at, code="1")


def rows_of(store, rules):
    return controller.all_rows(store, rules.rollout)


def test_live_calls_take_a_cell_out_of_the_shadow_stage_and_stop_one_whose_candidate_is_worse(store):
    rules, fleet = started(store), runtime()
    router = Router(lambda: snapshot_in(store, BEGIN))
    router.refresh()
    one = shadow_of(store, "support_v4", router, fleet, SUITE, waiting=1000)
    call = one.around(fleet.compiled("support", "v3").graph.invoke)
    for n in range(2 * UNITS):
        answer = call(
            {"region": "DE" if n % 2 else "FR", "n": n}, {"configurable": {"thread_id": f"t{n}"}, "tags": ["x"]}
        )
        assert answer["text"] == f"please v3 {n}"
        if n == 10:
            assert look(store, rules, BEGIN + 60).decided.steps[0].reason.why is Why.SHADOW
    one.close()
    assert one.counts.unrecorded == 0, one.problem
    assert (one.counts.compared, one.counts.failed) == (2 * UNITS, 0)
    shadowed = {"DE": StoreSource(store).shadow_answers(rules.rollout, "DE", 0)}
    said = status_decision(controller.all_rows(store, rules.rollout), shadow=shadowed)
    assert dict(said.facts)["Shadow · DE"] == f"{UNITS} of {UNITS} threads, 0 failed"
    assert "shadow needs 40 more threads" in said.reason
    found = look(store, rules, BEGIN + 120)
    moves = {step.cell: (step.move, step.reason.why) for step in found.decided.steps}
    assert moves == {"DE": (Move.OFF, Why.SHADOW_WORSE), "rest": (Move.UP, Why.SHADOW)}
    assert exit_code(found.decided.steps) == 1
    assert found.decided.state.cell("DE").mode is Mode.ROLLED_BACK
    assert found.decided.state.cell("rest").rung == 1
    assert "rest: 10.0 %: the shadow stage passed on 40 threads" in status_decision(rows_of(store, rules)).reason
    assert not look(store, rules, BEGIN + 180).written
    assert ledger.replayed(controller.all_rows(store, rules.rollout)) is None
    with store.read() as connection:
        assert connection.exec_driver_sql("SELECT COUNT(*) FROM exposures").scalar() == 0
    # What has left the stage, by either way, is copied no longer.
    route = route_of(rules, found.decided.state)
    assert {cell.shadow for cell in route.cells.values()} == {0.0}


def test_what_a_shadow_spends_is_shown_apart_and_never_in_the_live_spend(store):
    # R28
    rules = started(store)
    recorder = Recorder(store, shadow_evaluators(rules, SUITE), clock=lambda: BEGIN)
    for i in range(3):
        live, new = (Run("", {}, {"text": "please"}, input_tokens=n, output_tokens=1) for n in (1000, 9))
        assert recorder(Compared(Request({}, f"t{i}"), Place(rules.rollout, "DE"), live, "", 1.0, new, "", 1.0, 1.0))
    shadowed = {"DE": StoreSource(store).shadow_answers(rules.rollout, "DE", 0)}
    said = status_decision(rows_of(store, rules), shadow=shadowed)
    assert dict(said.facts)["Shadow · DE"] == f"3 of {UNITS} threads, 0 failed, 30 tokens of its own"
    with store.read() as connection:
        counts = [
            connection.exec_driver_sql(f"SELECT COUNT(*) FROM {name}").scalar() for name in ("model_calls", "outcomes")
        ]
    assert counts == [0, 0]


def test_a_shadow_needs_declared_side_effects_a_stage_in_the_plan_and_evaluators_that_exist(store):
    rules = started(store)
    router = Router(lambda: snapshot_in(store, BEGIN))
    with pytest.raises(ConfigError, match="does not declare its side effects"):
        shadow_of(store, "support_v4", router, runtime(None), SUITE)
    with pytest.raises(ConfigError, match="no evaluator of support is called 'polite'; it has: no_pii"):
        shadow_evaluators(rules, SUITE[1:])
    assert [bound.key for bound in shadow_evaluators(rules, SUITE)] == ["polite", "no_pii", "answered"]
    plain = started(store, shadow={})
    with pytest.raises(UsageError, match="no shadow stage"):
        shadow_of(store, plain.rollout, router, runtime(), SUITE)


def answers(rules, n, *, control=lambda _: 1.0, candidate=lambda _: 1.0, key="polite", cell="DE", first=0):
    """Rows of n threads in time; a score of None is a crash."""
    rows = []
    for i in range(first, first + n):
        for arm, score in (("control", control(i)), ("candidate", candidate(i))):
            for name, value in ((key, score), ("answered", 1.0)):
                crashed = score is None
                rows.append(
                    ShadowAnswer(
                        rules.rollout, cell, 0, f"t{i}", arm, name, "target_error" if crashed else "scored",
                        "exception" if crashed else None, None if crashed else value, output_hash=f"{arm}{i}",
                        recorded_at=BEGIN + i,
                    )
                )  # fmt: skip
    return rows


@pytest.mark.parametrize(
    ("control", "candidate", "key", "verdict"),
    [
        (lambda _: 1.0, lambda i: 1.0 if i % 20 else 0.0, "polite", "pass"),
        (lambda _: 1.0, lambda i: float(i % 2), "polite", "fail"),
        (lambda i: float(i % 3 > 0), lambda i: float(i % 5 > 0 and i % 3 < 2), "polite", "inconclusive"),
        (lambda _: 1.0, lambda i: None if i % 2 else 1.0, "polite", "fail"),
        (lambda i: None if i % 5 == 0 else 1.0, lambda _: 1.0, "polite", "inconclusive"),  # the control crashed
    ],
)
def test_the_gate_judges_the_planned_number_of_threads(control, candidate, key, verdict):
    rules = make_rules(shadow=SHADOW)
    rows = answers(rules, UNITS, control=control, candidate=candidate, key=key)
    found = judge_shadow(rules, "DE", rows)
    assert (found.verdict, found.passed, found.units) == (verdict, verdict == "pass", UNITS)
    assert found.text
    # Further threads change nothing: the sample is judged once.
    more = rows + answers(rules, UNITS, candidate=lambda _: 0.0, key=key, first=UNITS)
    assert judge_shadow(rules, "DE", more) == found
    assert not judge_shadow(rules, "DE", rows[:-4]).passed


def test_a_new_event_of_zero_tolerance_fails_the_shadow_stage():
    rules = make_rules(shadow={**SHADOW, "keys": []})
    rows = answers(rules, UNITS, candidate=lambda i: float(i != 7), key="no_pii")
    assert judge_shadow(rules, "DE", rows).verdict == "fail"


def test_a_thread_that_two_processes_copied_is_recorded_once(store):
    rules = make_rules(shadow=SHADOW)
    rows = answers(rules, 1)
    assert write_shadow(store, rows)
    assert not write_shadow(store, answers(rules, 1, candidate=lambda _: 0.0))
    assert read_shadow(store, rules.rollout, "DE", 0) == sorted(rows, key=lambda row: (row.arm, row.key))
