"""Rows of a rollout: stages combined, thresholds by try, shares held against the plan, and what is still missing."""

from __future__ import annotations

import json
import math
from dataclasses import replace

import numpy as np
import pytest

from seatrial.canonical import canonical_json
from seatrial.experiment.assign import ALGORITHM
from seatrial.outcome.maturity import Answer
from seatrial.rollout import controller, ledger
from seatrial.rollout.evidence import Block, Evidence, evidence_data, evidence_from, fold
from seatrial.rollout.gather import gather
from seatrial.rollout.judge import findings
from seatrial.rollout.ladder import Move, exit_code, step
from seatrial.rollout.reason import Why
from seatrial.rollout.sentence import reason_sentence
from seatrial.rollout.source import AnswerCount, Answers, ExposedCount
from seatrial.rollout.state import Mode, Row, Stream, first_state
from seatrial.rollout.store_source import StoreSource
from seatrial.stats.sequential import eprocess
from seatrial.store.exposures import ARMS, Exposure, write_exposures
from seatrial.store.outcomes import OutcomeEvent, write_outcomes

from .conftest import make_rules

BEGIN = 1_800_000_000.0
HOUR = 3600.0
ALL = {"all": {"share": 1.0, "rate": 0.95, "critical": True}}


def judged(rules, cell, **changes):
    """Findings and step of a cell that differs so from where it begins."""
    state = first_state(rules, BEGIN)
    cells = tuple(replace(one, **changes) if one.cell == cell else one for one in state.cells)
    state = replace(state, cells=cells)
    found = findings(rules, state, Evidence(BEGIN, state.closed))
    steps = dict(zip([one.cell for one in cells], step(rules, state, found, BEGIN + 2 * HOUR), strict=True))
    return {one.cell: one for one in found.cells}[cell], steps[cell]


def worse(*e_values):
    """A row whose stages have these e-values of "worse"."""
    streams = (Stream(rung, eprocess.State(math.log(e), 90, 10, 95, 5)) for rung, e in enumerate(e_values, 1))
    return (Row("resolved", tuple(streams)),)


@pytest.mark.parametrize(
    ("e_values", "falls"),
    [
        # Alpha of the one critical cell: .05 / 2 x .8 = .02, so E of the mean over two stages must reach 50.
        ((95, 10), True),  # 52.5: by neither stage alone would it be more than 47.5
        ((10, 75), False),  # 42.5, however high the present stage stands
        ((98,), False),  # 49.5: the stage that has not begun is worth 1
        ((100,), True),  # 50.5
    ],
)
def test_a_cell_falls_by_the_mean_over_its_stages(rules, e_values, falls):
    found, one = judged(rules, "DE", rung=2, rows=worse(*e_values))
    assert found.rows[0].sequential.log_e == pytest.approx(math.log((sum(e_values) + 2 - len(e_values)) / 2))
    assert (one.move is Move.BACK) is falls


@pytest.mark.parametrize(("attempt", "threshold"), [(0, 50), (1, 100), (2, 200)])
def test_every_further_try_spends_half_as_much(rules, attempt, threshold):
    for factor, move in ((1.01, Move.BACK), (0.99, Move.HOLD)):
        found, one = judged(rules, "DE", attempt=attempt, rows=worse(2 * threshold * factor - 1))
        assert found.rows[0].threshold == pytest.approx(threshold)
        assert one.move is move


def test_a_cell_that_was_rolled_back_is_no_part_of_all_traffic(rules):
    state = first_state(rules, BEGIN)
    state = replace(state, cells=(replace(state.cell("DE"), mode=Mode.ROLLED_BACK), state.cell("rest")))
    blocks = tuple(
        Block(0, cell, "resolved", 0, 1, *counts) for cell, counts in (("DE", (1, 9, 90, 10)), ("rest", (8, 2, 70, 30)))
    )
    folded = fold(rules, state, Evidence(BEGIN, state.closed, blocks=blocks))
    assert folded.overall.rows[0].on(1).worse[1:] == (8, 2, 70, 30)
    assert folded.cell("DE").rows[0].on(1).worse[1:] == (1, 9, 90, 10)  # it still falls by its own


def test_a_user_of_two_cells_counts_once_in_all_traffic(store, rules):
    # Ten users come in DE and then in the rest of the traffic, which five others see, too.
    at = [("DE", i, BEGIN + i) for i in range(10)] + [("rest", i, BEGIN + 60 + i) for i in range(15)]
    write_exposures(
        store,
        [
            Exposure(f"{cell}{i}", rules.rollout, f"u{i}", f"{cell}{i}", cell, ARMS[i % 2], 0, 1, time)
            for cell, i, time in at
        ],
    )  # fmt: skip
    write_outcomes(store, [OutcomeEvent(f"o{cell}{i}", f"{cell}{i}", "resolved", "1", time) for cell, i, time in at])
    state = first_state(rules, BEGIN)
    found = gather(StoreSource(store), rules, state, BEGIN + 2 * HOUR, BEGIN)
    assert evidence_from(json.loads(canonical_json(evidence_data(found)))) == found
    folded = fold(rules, state, found)
    units = [
        sum(row.on(1).worse[1:])
        for row in (folded.cell("DE").rows[0], folded.cell("rest").rows[0], folded.overall.rows[0])
    ]
    assert units == [10, 15, 15]


@pytest.mark.parametrize(
    ("n", "moved", "control", "candidate"),
    [(1_000, 64, 953, 47), pytest.param(20_000, 1_328, 18_970, 1_030, marks=pytest.mark.slow)],
)
def test_users_whom_the_ramp_moves_count_where_they_were_first(store, n, moved, control, candidate):
    # R11: heavy users (success .6) come back more often, and the versions do not differ. 1,328 users change versions between
    # the stages; by first exposure there are 18,970 and 1,030 users of 20,000, by last exposure the candidate would look worse.
    rules = make_rules(
        cell=ALL, stage=[{"share": 0.05, "margin": 0.10, "hours": 24}, {"share": 0.25, "margin": 0.08, "hours": 24}]
    )
    rng = np.random.default_rng(1)
    b, heavy = rng.random(n), rng.random(n) < 0.3
    back = np.where(heavy, rng.random(n) < 0.9, rng.random(n) < 0.1)
    success = rng.random(n) < np.where(heavy, 0.6, 0.9)
    stages = (("a", 1, 0.05, np.arange(n)), ("b", 2, 0.25, np.flatnonzero(back)))
    assert int((back & (b >= 0.05) & (b < 0.25)).sum()) == moved
    exposures, outcomes = [], []
    for name, rung, share, users in stages:
        for i in users.tolist():
            thread, at = f"{name}{i}", BEGIN + 600 * rung + i / 100
            exposures.append(
                Exposure(thread, rules.rollout, str(i), thread, "all", ARMS[int(b[i] < share)], 0, rung, at)
            )
            outcomes.append(OutcomeEvent(thread, thread, "resolved", str(int(success[i])), at + 5))
    write_exposures(store, exposures)
    write_outcomes(store, outcomes)
    state = first_state(rules, BEGIN)
    found = gather(StoreSource(store), rules, state, BEGIN + 2 * HOUR, BEGIN)
    assert found.problems == ()
    first, second = (fold(rules, state, found).cells[0].rows[0].on(rung).worse for rung in (1, 2))
    assert (first.control_good + first.control_bad, first.canary_good + first.canary_bad) == (control, candidate)
    assert second == eprocess.START
    assert abs(first.control_good / control - first.canary_good / candidate) < 4 * (0.16 / candidate) ** 0.5


@pytest.mark.parametrize(("log_e", "units"), [(0.0, 60), (1.0, 40)])
def test_a_hold_says_about_how_many_units_an_unchanged_candidate_needs(log_e, units):
    # At a share of 1 % the control's rate is known: a unit gains KL(.05 || .15) = .05 ln(1/3) + .95 ln(.95/.85) = .0507,
    # and log E = ln 20 = 3.00 is wanted: 59.05 units in the mean; with a log E of 1 there are 39.3 to go.
    rules = make_rules(stage=[{"share": 0.01, "margin": 0.10, "hours": 24}])
    stream = Stream(1, eprocess.State(0.0, 95, 5, 9405, 495), eprocess.State(log_e, 95, 5, 9405, 495))
    _, one = judged(rules, "DE", rows=(Row("resolved", (stream,)),))
    assert (one.move, one.reason.why, one.reason.units) == (Move.HOLD, Why.NEEDS_EVIDENCE, units)
    hours = f"{math.ceil(units / 100 * 120)} min"  # 100 units came in two hours
    assert reason_sentence(rules, one.reason) == f"needs about {units} more candidate units for resolved, about {hours}"


@pytest.mark.parametrize(("control", "why"), [(359, Why.NEEDS_EVIDENCE), (360, Why.DWELL)])
def test_a_dwell_in_units_is_over_when_the_cell_has_its_part_of_them(control, why):
    rules = make_rules(stage=[{"share": 0.1, "margin": 0.10, "units": 1000}])  # 400 of them are DE's
    stream = Stream(1, eprocess.State(0.0, 38, 2, 300, 20), eprocess.State(0.0, 38, 2, 300, 20))
    _, one = judged(rules, "DE", control=control, candidate=40, rows=(Row("resolved", (stream,)),))
    assert (one.move, one.reason.why) == (Move.HOLD, why)


class Counted:
    """A source in which so many units of each version were exposed in the first minute, every one resolved."""

    def __init__(self, control, candidate):
        self.units = {"control": control, "candidate": candidate}

    def begin(self, *_):
        pass

    def exposed(self, _rollout, since, _until):
        key = ("", ALGORITHM)
        return [ExposedCount("all", 0, 1, arm, *key, n, BEGIN) for arm, n in self.units.items() if since <= BEGIN]

    def answers(self, _rollout, _metric, since, _until):
        place = (int(BEGIN // 60), "all", 0, 1)
        found = [AnswerCount(*place, arm, "", ALGORITHM, Answer.POSITIVE, n, 0, 0) for arm, n in self.units.items()]
        return Answers(tuple(found) if since <= BEGIN else (), 0)

    def last_outcome(self, *_):
        return BEGIN

    def nothing(self, *_):
        return ()

    def none(self, *_):
        return 0

    bad_events = crossings = shadow_answers = traffic = means = gaps = nothing
    has_unheard = has_exposures = late_exposures = late_outcomes = none


@pytest.mark.parametrize(
    ("control", "candidate", "move", "code", "messages"), [(9_512, 488, Move.UP, 0, 1), (9_200, 800, Move.HOLD, 2, 1)]
)
def test_shares_are_held_against_the_plan_s_own(store, control, candidate, move, code, messages):
    # R08: of 10,000 units 5 % are planned; 488 are p .58 (and 0 against a half), 800 are p 4e-43.
    stages = [{"share": 0.05, "margin": 0.10, "hours": 24}, {"share": 0.25, "margin": 0.08, "hours": 24}]
    rules = make_rules(cell=ALL, stage=stages)
    controller.start(store, ledger.started(rules, BEGIN, code="1", author="ada", reason="x"), rules)
    looks = [
        controller.look(store, rules.rollout, Counted(control, candidate), BEGIN + hours * HOUR, code="1")
        for hours in (2, 2.5)
    ]
    (one,) = looks[0].decided.steps
    assert (one.move, exit_code(looks[0].decided.steps)) == (move, code)
    assert (one.reason.why is Why.SAMPLE_RATIO) is (code == 2)
    assert [len(look.decided.reported) for look in looks] == [messages, 0]
    assert exit_code(looks[1].decided.steps) == code
