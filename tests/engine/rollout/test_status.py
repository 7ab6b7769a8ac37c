"""What people see of a rollout: the cause of a fall, what the evidence came to, and many cells in a few words."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from seatrial.experiment.tally import CellTraffic
from seatrial.report.console import console
from seatrial.report.rollout_view import rollout_view
from seatrial.rollout import ledger
from seatrial.rollout.decision import look_decision
from seatrial.rollout.evidence import Block, Evidence, Exposed, Problem
from seatrial.rollout.history import history
from seatrial.rollout.judge import findings, odds_of_worse
from seatrial.rollout.ladder import Move
from seatrial.rollout.person import Act, Action
from seatrial.rollout.reason import Reason, Why
from seatrial.rollout.status import status_decision, traffic_facts
from seatrial.verdict import State, Verdict

from .conftest import make_rules

BEGIN = 1_800_000_000.0
HOUR = 3600.0


class Ledger:
    """Rows of a rollout without a store: each look is given its evidence."""

    def __init__(self, rules):
        self.rules = rules
        self.rows = [ledger.started(rules, BEGIN, code="1", author="ada", reason="new prompt").row]

    @property
    def state(self):
        return ledger.state_of(self.rows[-1])

    def look(self, hours, candidate=(0, 0), control=(0, 0), cell="DE", problems=()):
        """One step with these (good, bad) outcomes in a cell."""
        here, now = self.state.cell(cell), BEGIN + hours * HOUR
        # As many units as the stage's share says: the sample ratio is not what is tested here.
        share = self.rules.share(here.rung) or 1.0
        new = sum(candidate)
        exposed = Exposed(cell, here.attempt, here.rung, round(new * (1 - share) / share), new)
        block = Block(int(now // 60), cell, "resolved", here.attempt, here.rung, *candidate, *control)
        evidence = Evidence(now, self.state.closed, (exposed,), (block,), problems=tuple(problems))
        decided = ledger.stepped(self.rules, self.rows[-1], evidence, now, code="1")
        self.rows.append(decided.row)
        return decided

    def act(self, hours, act, *cells, **more):
        action = Action(act, cells, "ada", "a reason of hers", **more)
        self.rows.append(ledger.acted(self.rules, self.rows[-1], action, BEGIN + hours * HOUR, code="1").row)


@pytest.fixture
def fallen(rules):
    """DE fell in row 2, and nothing has happened since."""
    found = Ledger(rules)
    found.look(2, (10, 0), (90, 0))
    assert found.look(4, (20, 60), (700, 20)).steps[0].move is Move.BACK
    found.look(6, (20, 0), (180, 0), "rest")
    return found


def test_a_cell_that_waits_says_what_took_it_back_when_and_in_which_row(fallen):
    decision = status_decision(fallen.rows)
    assert decision.reason.startswith("1 of 2 cells needs a person. DE: 0.0 %: rolled back from 10.0 % at ")
    # 1,800,000,000 s is 2027-01-15 08:00 UTC, and the fall came four hours later.
    assert "at 2027-01-15 12:00 UTC (ledger row 2): worse in resolved, 33.3 % against 97.5 % on 90 candidate units" in (
        decision.reason
    )
    assert "a person resumes it" in decision.reason
    de, rest = decision.details["cells"]
    assert (de["fall"]["row"], de["fall"]["at"], de["fall"]["reason"]["why"]) == (2, BEGIN + 4 * HOUR, "worse")
    assert rest["fall"] is None
    assert decision.details["needs_person"] == ["DE"]
    row = next(row for row in decision.findings if row.segment == "DE")
    assert "ledger row 2" in row.reason
    assert decision.next_step.startswith("look at DE; when the cause is fixed: seatrial rollout resume")


def test_a_step_after_a_fall_names_the_command_that_says_what_it_was(fallen):
    decided = fallen.look(8, (20, 0), (180, 0), "rest")
    decision = look_decision(fallen.rules, decided.state, decided.steps, decided.findings, None)
    assert "look at DE (seatrial rollout status support_v4 says what stopped it); when" in decision.next_step


def test_the_evidence_of_a_history_is_the_one_that_is_judged(fallen):
    for row in fallen.rows:
        state = ledger.state_of(row)
        found = findings(fallen.rules, state, Evidence(state.counted, state.closed))
        judged = [one for cell in found.cells for one in cell.rows] + list(found.overall)
        assert [(one[0], one[1], *one[3:]) for one in odds_of_worse(fallen.rules, state)] == [
            (one.segment, one.key, one.sequential.log_e, one.sequential.log_threshold) for one in judged
        ]


def test_a_cell_that_was_resumed_no_longer_shows_its_fall(fallen):
    fallen.act(7, Act.RESUME, "DE")
    decision = status_decision(fallen.rows)
    assert decision.details["cells"][0]["fall"] is None
    assert "DE: 10.0 %: ada: a reason of hers" in decision.reason


def test_history_holds_the_evidence_that_took_a_cell_back_and_breaks_at_the_next_try(fallen):
    fallen.act(7, Act.RESUME, "DE")
    fallen.look(9, (10, 0), (90, 0))
    de, rest, whole = history(fallen.rows)
    first, second = de.tries["resolved"]
    step = fallen.rows[2].data["steps"][0]["reason"]
    assert first.points[-1] == (4.0, step["log_e"])
    assert first.log_threshold == step["log_threshold"]
    assert first.points[-1][1] >= first.log_threshold
    # The second try may spend half as much alpha: its threshold is log 2 higher, and it begins with E = 1.
    assert second.log_threshold == pytest.approx(first.log_threshold + math.log(2))
    assert second.points[0] == (4.0, 0.0)
    assert [(event.sequence, event.move, event.start, event.end) for event in de.events] == [
        (2, Move.BACK, 0.1, 0.0),
        (4, Move.UP, 0.0, 0.1),
    ]
    assert len(rest.tries["resolved"]) == 1
    assert len(whole.tries["resolved"]) == 2  # a cell that falls leaves the whole, which begins another try


def test_a_person_leaves_the_reasons_of_the_cells_that_are_not_concerned(rules):
    found = Ledger(rules)
    found.look(2, (10, 0), (90, 0), "rest")
    assert "needs 20 more candidate units" in status_decision(found.rows).reason
    found.act(3, Act.PAUSE, "DE")
    decision = status_decision(found.rows)
    assert "not concerned" not in decision.reason
    assert "rest: 10.0 %: needs 20 more candidate units" in decision.reason
    assert "DE: 10.0 %: ada: a reason of hers" in decision.reason


def test_requests_without_a_unit_get_the_candidate_where_a_cell_has_all_of_it(rules):
    below = CellTraffic(rules.rollout, "DE", 0, 1, 900, 30)
    full = CellTraffic(rules.rollout, "rest", 0, rules.top, 100, 10)
    assert traffic_facts(rules, [below])[0][1] == "3.3 % of 900: they got the control"
    assert traffic_facts(rules, [below, full])[0][1] == (
        "4.0 % of 1,000: 30 got the control, 10 the candidate (in cells at 100 %)"
    )


def test_a_dwell_that_calls_a_person_is_not_headed_on_course(rules):
    found = Ledger(rules)
    decided = found.look(30, (10, 0), (90, 0))
    assert decided.steps[0].reason.why is Why.DWELL
    decision = look_decision(rules, decided.state, decided.steps, decided.findings, None)
    assert (decision.verdict, decision.exit_code) == (Verdict.PASS, 0)
    first, headline, *_ = [line.text for line in console(rollout_view(decision))]
    assert first == "! NEEDS A PERSON  support v3 → v4   exit 0"
    assert "2 of 2 cells need a person" in headline
    assert rollout_view(replace(decision, details={**decision.details, "needs_person": []})).word == "ON COURSE"


def many(**changes):
    """200 cells of half a percent each."""
    cells = {
        f"c{i}": {"share": 0.005, "rate": 0.95, "where": [{"field": "inputs.r", "op": "equals", "arg": f"r{i}"}]}
        for i in range(199)
    }
    return make_rules(cell={**cells, "rest": {"share": 0.005, "rate": 0.95, "critical": True}}, **changes)


def test_200_cells_are_told_in_a_few_words_and_what_fell_comes_first():
    found = Ledger(many())
    found.look(1, (5, 0), (45, 0), "c3")
    found.act(2, Act.ROLLBACK, "c57")
    decided = found.look(3, (3, 0), (27, 0), "c9")
    for decision in (
        status_decision(found.rows),
        look_decision(found.rules, decided.state, decided.steps, decided.findings, None),
    ):
        assert decision.reason.startswith("1 of 200 cells needs a person. c57: 0.0 %: rolled back")
        assert "c0, c1, c2 and 196 more: 10.0 %: the most in c0: needs 30 more candidate units" in decision.reason
        assert len(decision.reason) < 400
        lines = [line.text for line in console(rollout_view(decision), every=len(decision.findings) <= 24)]
        assert len(lines) < 20
        assert not any("--all" in line for line in lines)
    unread = [Problem("", Reason(Why.UNREADABLE, text="the disk is full"))]
    decided = found.look(4, cell="c9", problems=unread)
    decision = look_decision(found.rules, decided.state, decided.steps, decided.findings, None)
    assert "c0, c1, c2 and" in decision.reason
    assert "the most in" not in decision.reason  # every one of them for the same reason in the same words
    assert len(decision.next_step) < 200


def test_many_means_are_one_note():
    warnings = status_decision(Ledger(many(watch=["cost"])).rows).warnings
    assert warnings == ("200 more means not shown to be worse: -o FILE.html shows each",)
    few = status_decision(Ledger(make_rules(watch=["cost"])).rows).warnings
    assert few == ("cost · DE: no value yet", "cost · rest: no value yet")


def test_a_row_at_no_traffic_collects_nothing(rules):
    found = Ledger(rules)
    found.look(2, (10, 0), (90, 0))
    assert found.look(4, (20, 60), (700, 20)).steps[0].move is Move.BACK
    row = next(row for row in status_decision(found.rows).findings if row.segment == "DE")
    assert row.state is State.REPORTED
