"""The three verdicts and the closed sets of words around them."""

from itertools import product

import pytest

from seatrial.verdict import MEASUREMENT_FAILURES, SYSTEM_FAILURES, ErrorKind, Outcome, ReasonClass, State, Verdict


@pytest.mark.parametrize(("verdict", "code"), [(Verdict.PASS, 0), (Verdict.FAIL, 1), (Verdict.INCONCLUSIVE, 2)])
def test_each_verdict_has_its_exit_code(verdict, code):
    assert verdict.exit_code == code


@pytest.mark.parametrize("three", list(product(Verdict, repeat=3)))
def test_fail_dominates_inconclusive_dominates_pass(three):
    for expected in (Verdict.FAIL, Verdict.INCONCLUSIVE, Verdict.PASS):
        if expected in three:
            break
    assert Verdict.worst(three) is expected


def test_of_nothing_nobody_can_tell():
    assert Verdict.worst([]) is Verdict.INCONCLUSIVE


def test_every_outcome_is_scored_a_system_failure_or_a_measurement_failure():
    assert {Outcome.SCORED} | SYSTEM_FAILURES | MEASUREMENT_FAILURES == set(Outcome)
    assert not SYSTEM_FAILURES & MEASUREMENT_FAILURES


def test_the_words_of_the_format_are_these():
    assert list(Outcome) == ["scored", "target_error", "evaluator_error", "unparsed", "interrupted", "skipped"]
    assert list(ErrorKind)[:4] == ["timeout", "recursion_limit", "exception", "invalid_output"]
    assert list(ErrorKind)[4:] == ["kill_switch", "budget", "outage", "unrecorded"]
    assert list(ReasonClass) == ["usage", "missing", "underpowered", "invalid", "outage"]
    assert list(State) == ["blocks", "cannot_tell", "watch", "no_drop", "better", "reported"]
