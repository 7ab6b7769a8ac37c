"""The ladder: what each kind of finding does to one cell, and to no other."""

from __future__ import annotations

from dataclasses import replace

import pytest

from seatrial.experiment.plan import OnMismatch, Shadow
from seatrial.rollout.evidence import Shadowed
from seatrial.rollout.judge import CellFindings, Findings
from seatrial.rollout.ladder import Move, apply, exit_code, step
from seatrial.rollout.person import Act, Action, act
from seatrial.rollout.reason import Reason, Why
from seatrial.rollout.state import Mode, first_state
from seatrial.verdict import Finding, Sequential, Verdict

HOUR = 3600.0
NOW = 1_000_000.0


def row(verdict=Verdict.INCONCLUSIVE, *, key="resolved", n=500):
    return Finding(
        segment="DE",
        key=key,
        n=n,
        verdict=verdict,
        promotable=verdict is Verdict.PASS,
        needed_n=n + 140,
        sequential=Sequential(9.0 if verdict is Verdict.FAIL else 0.0, 5.0),
    )


def found(*, verdict=Verdict.INCONCLUSIVE, units=500, hits=(), problems=(), shadow=None, rows=None):
    quiet = CellFindings("rest", (row(),), 500)
    return Findings((CellFindings("DE", rows or (row(verdict),), units, hits, problems, shadow), quiet))


def at(rules, rung, *, mode=Mode.CLIMBING):
    state = first_state(rules, NOW)
    return replace(state, cells=tuple(replace(cell, rung=rung, mode=mode) for cell in state.cells))


def test_evidence_of_worse_takes_one_cell_back_one_step(rules):
    steps = step(rules, at(rules, 2), found(verdict=Verdict.FAIL), NOW + 1)
    assert [(one.move, one.after.rung, one.after.mode) for one in steps] == [
        (Move.BACK, 1, Mode.ROLLED_BACK),
        (Move.HOLD, 2, Mode.CLIMBING),
    ]
    assert steps[0].after.attempt == 1
    assert steps[0].after.candidate == 0
    assert exit_code(steps) == 1


def test_zero_tolerance_takes_the_cell_to_nothing_at_once(rules):
    steps = step(rules, at(rules, 2), found(verdict=Verdict.PASS, hits=(("leak", 1),)), NOW + 1)
    assert (steps[0].move, steps[0].after.rung, steps[0].reason.why) == (Move.OFF, 0, Why.ZERO_TOLERANCE)
    assert exit_code(steps) == 1


def test_zero_tolerance_acts_after_the_rollout_is_done_too(rules):
    steps = step(rules, at(rules, rules.top, mode=Mode.DONE), found(hits=(("leak", 2),)), NOW + 1)
    assert steps[0].move is Move.OFF


def test_promotable_with_units_and_bake_goes_up(rules):
    steps = step(rules, at(rules, 1), found(verdict=Verdict.PASS), NOW + HOUR)
    assert (steps[0].move, steps[0].after.rung, steps[0].after.since) == (Move.UP, 2, NOW + HOUR)
    assert exit_code(steps) == 0


@pytest.mark.parametrize(
    ("units", "seconds", "why"),
    [(29, HOUR, Why.NEEDS_UNITS), (500, HOUR - 1, Why.BAKING)],
)
def test_promotable_alone_does_not_go_up(rules, units, seconds, why):
    (one, _) = step(rules, at(rules, 1), found(verdict=Verdict.PASS, units=units), NOW + seconds)
    assert (one.move, one.reason.why) == (Move.HOLD, why)


def test_one_metric_that_is_not_shown_holds_the_cell(rules):
    rows = (row(Verdict.PASS), row(Verdict.INCONCLUSIVE, key="fast"))
    (one, _) = step(rules, at(rules, 1), found(rows=rows), NOW + HOUR)
    assert (one.move, one.reason.why, one.reason.metric, one.reason.units) == (
        Move.HOLD,
        Why.NEEDS_EVIDENCE,
        "fast",
        140,
    )


def test_inconclusive_holds_with_what_it_needs_and_about_how_long(rules):
    (one, _) = step(rules, at(rules, 1), found(), NOW + 2 * HOUR)
    assert one.reason.units == 140
    assert one.reason.seconds == pytest.approx(140 / 500 * 2 * HOUR)


@pytest.mark.parametrize("rung", [1, 2])
def test_a_metric_that_cannot_be_read_never_counts_as_success(rules, rung):
    problem = Reason(Why.UNREADABLE, "fast", text="timeout")
    steps = step(rules, at(rules, rung), found(verdict=Verdict.PASS, problems=(problem,)), NOW + 2 * HOUR)
    assert (steps[0].move, steps[0].reason) == (Move.HOLD, problem)
    assert exit_code(steps) == 2


def test_a_metric_that_cannot_be_read_does_not_hide_a_regression(rules):
    problem = Reason(Why.UNREADABLE, "fast", text="timeout")
    (one, _) = step(rules, at(rules, 1), found(verdict=Verdict.FAIL, problems=(problem,)), NOW + 1)
    assert one.move is Move.BACK


def test_sample_ratio_mismatch_holds_whatever_the_rows_say(rules):
    problem = Reason(Why.SAMPLE_RATIO, units=900)
    for verdict in (Verdict.PASS, Verdict.FAIL):
        steps = step(rules, at(rules, 1), found(verdict=verdict, problems=(problem,)), NOW + HOUR)
        assert steps[0].move is Move.HOLD
        assert exit_code(steps) == 2


@pytest.mark.parametrize(
    ("action", "move"),
    [(OnMismatch.HOLD, Move.HOLD), (OnMismatch.ROLLBACK, Move.OFF), (OnMismatch.WARN, Move.UP)],
)
def test_sample_ratio_mismatch_does_what_the_plan_says(rules, action, move):
    changed = replace(rules, on_mismatch=action)
    problem = Reason(Why.SAMPLE_RATIO, units=900)
    (one, _) = step(changed, at(changed, 1), found(verdict=Verdict.PASS, problems=(problem,)), NOW + HOUR)
    assert one.move is move


def test_changed_content_begins_a_new_try_that_waits_for_a_person(rules):
    state = at(rules, 1)
    steps = step(rules, state, found(problems=(Reason(Why.CONTENT_CHANGED, "candidate", text="h2"),)), NOW + 1)
    assert (steps[0].move, steps[0].after.mode, steps[0].after.attempt) == (Move.RESTART, Mode.HELD, 1)
    assert exit_code(steps) == 2
    assert apply(rules, state, steps).candidate_hash == "h2"


def test_at_the_end_of_its_dwell_a_cell_holds_and_calls_a_person(rules):
    (one, _) = step(rules, at(rules, 1), found(units=3), NOW + 25 * HOUR)
    assert (one.move, one.reason.why) == (Move.HOLD, Why.DWELL)


@pytest.mark.parametrize("mode", [Mode.PAUSED, Mode.HELD, Mode.ROLLED_BACK])
def test_only_a_climbing_cell_climbs(rules, mode):
    (one, _) = step(rules, at(rules, 1, mode=mode), found(verdict=Verdict.PASS), NOW + HOUR)
    assert (one.move, one.reason.why) == (Move.HOLD, Why(mode.value))


@pytest.mark.parametrize("mode", [Mode.PAUSED, Mode.HELD, Mode.ROLLED_BACK])
def test_a_cell_that_does_not_climb_still_falls(rules, mode):
    (one, _) = step(rules, at(rules, 1, mode=mode), found(verdict=Verdict.FAIL), NOW + 1)
    assert (one.move, one.after.rung) == (Move.BACK, 0)


def test_traffic_as_a_whole_takes_every_climbing_cell_back_and_begins_anew(rules):
    state = at(rules, 2)
    both = Findings((*found().cells,), (row(Verdict.FAIL),))
    steps = step(rules, state, both, NOW + 1)
    assert [one.move for one in steps] == [Move.BACK, Move.BACK]
    assert apply(rules, state, steps).overall.attempt == 1


def test_a_cell_that_fails_by_itself_leaves_the_others_where_they_are(rules):
    both = Findings((*found(verdict=Verdict.FAIL).cells,), (row(Verdict.FAIL),))
    steps = step(rules, at(rules, 2), both, NOW + 1)
    assert [one.move for one in steps] == [Move.BACK, Move.HOLD]


def test_all_traffic_is_done_after_its_bake(rules):
    state = at(rules, rules.top)
    assert step(rules, state, found(), NOW + HOUR - 1)[0].reason.why is Why.BAKING
    assert step(rules, state, found(), NOW + HOUR)[0].after.mode is Mode.DONE


def test_a_clock_that_goes_back_holds(rules):
    steps = step(rules, at(rules, 1), found(verdict=Verdict.PASS), NOW - 61)
    assert steps[0].reason.why is Why.CLOCK
    assert exit_code(steps) == 2


def test_the_shadow_stage_opens_the_first_share(rules):
    shadowed = replace(rules, shadow=Shadow(units=100))
    state = first_state(shadowed, NOW)
    assert [cell.rung for cell in state.cells] == [0, 0]
    for shadow, move in (
        (None, Move.HOLD),
        (Shadowed("DE", 99, passed=True), Move.HOLD),
        (Shadowed("DE", 100, passed=True, verdict="pass"), Move.UP),
        (Shadowed("DE", 100, passed=False, verdict="fail", text="worse"), Move.OFF),
        (Shadowed("DE", 100, passed=False, verdict="inconclusive", text="too few"), Move.RESTART),
    ):
        steps = step(shadowed, state, found(shadow=shadow), NOW + 1)
        assert steps[0].move is move
        assert exit_code(steps) == (1 if move is Move.OFF else 0)
    # Either way a person begins the next try, on shadow evidence of its own.
    kept = steps[0].after
    assert (kept.mode, kept.rung, kept.attempt) == (Mode.HELD, 0, 1)
    resumed = act(shadowed, apply(shadowed, state, steps), Action(Act.RESUME, ("DE",), "ada", "fixed"), NOW + 2)
    assert (resumed[0].after.mode, resumed[0].after.rung) == (Mode.CLIMBING, 0)


def test_all_traffic_waits_for_its_confirmation_while_evidence_still_rolls_back(rules):
    # Flagger #1801: a threshold breached while waiting for the hook rolled nothing back.
    def waiting(verdict):
        findings = found(verdict=verdict)
        return replace(findings, cells=(replace(findings.cells[0], confirmed=False), findings.cells[1]))

    (one, _) = step(rules, at(rules, 2), waiting(Verdict.PASS), NOW + HOUR)
    assert (one.move, one.reason.why) == (Move.HOLD, Why.CONFIRM)
    (one, _) = step(rules, at(rules, 2), waiting(Verdict.FAIL), NOW + HOUR)
    assert one.move is Move.BACK
    (one, _) = step(rules, at(rules, 1), waiting(Verdict.PASS), NOW + HOUR)
    assert one.move is Move.UP
