"""The first cause of a row that cannot be told is its largest, with its first message."""

from dataclasses import replace

import pytest

from seatrial.gate.merge import check
from seatrial.gate.policy import KeyRule, Policy
from seatrial.reason import NotShown, TippingPoint, Underpowered, Unmeasured, reason_data, reason_of
from seatrial.report.view import view
from seatrial.verdict import ReasonClass, Verdict


def rows(failed, n=60, vip=34, message="KeyError: 'tone'"):
    """Two keys on n examples, `vip` of them in the critical segment; the evaluator of tone fails on the first `failed`."""
    made = []
    for i in range(n):
        for version in "ab":
            at = {"example_id": f"e{i:02d}", "version": version, "segment.tier": "vip" if i < vip else "rest"}
            made.append({**at, "key": "label", "score": 1.0})
            bad = version == "b" and i < failed
            tone = {"outcome": "evaluator_error", "reason": message} if bad else {"score": 1.0}
            made.append({**at, "key": "tone", **tone})
    return made


POLICY = Policy(keys=(KeyRule("label", primary=True), KeyRule("tone")))


def gate(build, *args, **more):
    return check(build(rows(*args, **more)), POLICY, baseline="a", candidate="b", critical=("tier=vip",))


def test_an_evaluator_that_failed_everywhere_is_the_first_cause_and_not_six_examples(build):
    report = gate(build, 60, vip=12)
    vip = next(f for f in report.findings if (f.segment, f.key) == ("tier=vip", "label"))
    assert vip.reasons[0].kind == "not_shown"  # 12 of the 13 examples it needs
    assert (report.verdict, report.reason_class) == (Verdict.INCONCLUSIVE, ReasonClass.MISSING)
    v = view(report)
    assert v.headline == (
        "overall · tone: the evaluator failed on 60 of 60 answers of the candidate, and the verdict hangs on them: KeyError: 'tone' (3 such rows)."
    )
    assert v.todo == "correct the evaluator of tone and evaluate both versions again with it"


def test_a_row_with_two_causes_names_the_larger_one_first(build):
    few = Policy(keys=(KeyRule("tone"),))
    for failed, first in ((20, Unmeasured), (1, NotShown)):
        report = check(build(rows(failed, vip=10)), few, baseline="a", candidate="b", critical=("tier=vip",))
        vip = next(f for f in report.findings if f.segment == "tier=vip")
        assert [type(one) for one in vip.reasons if not isinstance(one, TippingPoint)] == [
            first,
            {Unmeasured: NotShown, NotShown: Unmeasured}[first],
        ]
        assert vip.reasons[0].share > vip.reasons[1].share


def test_the_most_frequent_message_of_the_rows_own_segment_is_named(build):
    table = rows(60)
    for row in table:
        if row.get("reason") and row["segment.tier"] == "rest":
            row["reason"] = "ValueError: rest"
    report = check(build(table), POLICY, baseline="a", candidate="b", critical=("tier=vip",))
    reported = {f.segment: f.reasons[0].message for f in report.findings if f.key == "tone"}
    assert reported == {"overall": "KeyError: 'tone'", "tier=vip": "KeyError: 'tone'", "tier=rest": "ValueError: rest"}


def test_shares_of_missing_cells_are_of_the_version_they_are_missing_from(build):
    """60 of 120 cells are half of both versions and all of one: 'N of M (100.0 %)' never names two different M."""
    report = gate(build, 60)
    reason = next(f for f in report.findings if (f.segment, f.key) == ("overall", "tone")).reasons[0]
    assert reason_data(reason) == {
        "kind": "unmeasured",
        "arm": "candidate",
        "outcome": "evaluator_error",
        "cells": 60,
        "planned": 60,
        "outage": False,
        "provider": 0,
        "message": "KeyError: 'tone'",
    }
    assert reason.share == 1.0
    assert not any("of 120" in f.reason for f in report.findings)


@pytest.mark.parametrize(
    "reason",
    [Underpowered(20, 33, 0.2, 0.26), Unmeasured("baseline", "skipped", 3, 60), Underpowered(3, None, None, None)],
)
def test_a_reason_comes_back_from_its_data(reason):
    assert reason_of(reason_data(reason)) == reason


def test_a_zero_tolerance_key_whose_evaluator_failed_names_the_message(build):
    table = rows(60)
    spotless = Policy(keys=(KeyRule("label", primary=True), KeyRule("tone", zero_tolerance=True)))
    report = check(build(table), spotless, baseline="a", candidate="b")
    tone = next(f for f in report.findings if f.key == "tone")
    assert tone.reason.endswith("the evaluator failed on 60 of 60 answers of the candidate: KeyError: 'tone'")


def test_of_runs_it_names_the_command_that_measures_what_is_missing(build):
    report = replace(gate(build, 60, vip=12), source="runs RUN-A and RUN-B", graph="desk")
    assert view(report).todo == (
        "run again what could not be measured: seatrial eval desk --resume RUN-B --retry-errors; "
        "where it fails again, correct the evaluator of tone and evaluate both versions again with it"
    )
