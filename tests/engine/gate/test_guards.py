"""Guards of a dimension: how many examples its segments must have, and what becomes of a critical one with fewer."""

import pytest

from seatrial.errors import ConfigError
from seatrial.gate.merge import check
from seatrial.gate.policy import KeyRule, Policy
from seatrial.reason import Dropped, NotProven, NotShown, OnlyReported, Thin, Underpowered
from seatrial.segment import Guard, guards_of, parse
from seatrial.verdict import ReasonClass, State, Verdict

VIP = "t=vip"


def gate(evidence, policy, critical=(VIP,)):
    return check(evidence, policy, baseline="a", candidate="b", critical=critical)


def policy(min_n=None, thin="cannot_tell", **more):
    return Policy(keys=(KeyRule("score"),), guards=(Guard("t", min_n, thin),), **more)


def row(report, segment=VIP):
    return next(f for f in report.findings if f.segment == segment)


def test_an_ordinary_segment_is_decided_on_as_many_as_its_dimension_says(build, pairs):
    evidence = build(pairs({"x": (200, 0, 0, 0), "vip": (24, 1, 0, 0)}))
    found = row(gate(evidence, policy(30), critical=()))
    assert (found.alpha_row, found.reasons) == (None, (Thin(25, 30),))
    found = row(gate(build(pairs({"x": (200, 0, 0, 0), "vip": (11, 1, 0, 0)})), policy(12), critical=()))
    assert found.alpha_row is not None, "the dimension's own number is smaller than the policy's 20"


def test_a_critical_segment_under_its_own_number_cannot_be_told(build, pairs):
    evidence = build(pairs({"x": (200, 0, 0, 0), "vip": (25, 1, 1, 0)}))
    assert gate(evidence, policy()).verdict is Verdict.PASS
    report = gate(evidence, policy(30))
    assert (report.verdict, report.reason_class) == (Verdict.INCONCLUSIVE, ReasonClass.UNDERPOWERED)
    first = row(report).reasons[0]
    assert isinstance(first, Underpowered)
    assert (first.n, first.needs) == (27, 30)


def test_thin_report_lets_a_critical_segment_off_and_says_so_in_the_verdict(build, pairs):
    evidence = build(pairs({"x": (200, 1, 0, 0), "vip": (7, 1, 0, 0)}))
    strict = gate(evidence, policy())
    assert isinstance(row(strict).reasons[0], NotShown)
    assert strict.verdict is Verdict.INCONCLUSIVE
    report = gate(evidence, policy(thin="report"))
    assert (report.verdict, report.exit_code, report.undecided) == (Verdict.PASS, 0, 0)
    assert row(report).reasons[0] == OnlyReported(8, 20)
    assert report.reason.startswith(
        '1 critical segment is only reported (thin = "report"): t=vip (8 of 20 examples); a drop there that is not proven passes unseen. Shown not worse overall'
    )


def test_a_proven_drop_in_a_segment_that_is_only_reported_fails(build, pairs):
    evidence = build(pairs({"x": (200, 0, 0, 0), "vip": (4, 15, 0, 0)}))
    report = gate(evidence, policy(thin="report"))
    assert report.verdict is Verdict.FAIL
    assert isinstance(row(report).reasons[0], Dropped)


def test_a_segment_that_is_only_reported_and_looks_worse_is_named_as_such(build, pairs):
    evidence = build(pairs({"x": (180, 10, 10, 0), "vip": (15, 4, 0, 0)}))
    found = row(report := gate(evidence, policy(thin="report")))
    assert (found.state, [type(one) for one in found.reasons[:2]]) == (State.WATCH, [NotProven, OnlyReported])
    assert "t=vip −21.1 points" in report.reason
    assert "only reported" in report.reason
    assert gate(evidence, policy(thin="report", watch="hold")).verdict is Verdict.INCONCLUSIVE


def test_with_examples_enough_thin_changes_nothing(build, pairs):
    evidence = build(pairs({"x": (200, 0, 0, 0), "vip": (20, 5, 3, 0)}))
    for thin in ("cannot_tell", "report"):
        found = gate(evidence, policy(thin=thin))
        assert (found.verdict, isinstance(row(found).reasons[0], NotShown)) == (Verdict.INCONCLUSIVE, True)


def test_a_floor_and_what_is_missing_still_count_where_a_segment_is_only_reported(build, pairs):
    rows = pairs({"x": (200, 0, 0, 0), "vip": (8, 0, 0, 0)})
    for one in rows:
        if one["version"] == "b" and one["segment.t"] == "vip":
            one |= {"score": None, "outcome": "unparsed"}
    assert gate(build(rows), policy(thin="report")).verdict is Verdict.INCONCLUSIVE


def test_no_segment_is_let_off_where_the_goal_is_that_all_are_shown(build, pairs):
    evidence = build(pairs({"x": (200, 1, 0, 0), "vip": (8, 1, 0, 0)}))
    assert gate(evidence, policy(thin="report", goal="non_inferior")).verdict is Verdict.INCONCLUSIVE


def test_a_fail_elsewhere_keeps_the_sentence_on_what_is_only_reported(build, pairs):
    evidence = build(pairs({"x": (150, 50, 0, 0), "vip": (8, 0, 0, 0), "y": (1, 0, 0, 0)}))
    report = gate(evidence, policy(thin="report"))
    assert report.verdict is Verdict.FAIL
    assert [one for one in report.warnings if "only reported" in one]


def test_guards_are_part_of_the_policys_hash_and_read_from_the_segments_file():
    assert policy(30).hash != policy(31).hash != policy(31, "report").hash
    assert Policy(guards=()).hash == Policy().hash
    text = '[dimension.{}]\ntag = "t"\nvalues = ["vip"]\ncritical = ["vip"]\n{}\n'
    found = parse(text.format("b", "min_n = 30") + text.format("a", 'thin = "report"') + text.format("c", ""))
    assert guards_of(found) == (Guard("a", None, "report"), Guard("b", 30))
    with pytest.raises(ConfigError, match=r"thin: 'pass' is unknown; choose one of: cannot_tell, report"):
        parse(text.format("a", 'thin = "pass"'))
    with pytest.raises(ConfigError, match="thin is about critical segments, and it has none"):
        parse('[dimension.a]\ntag = "t"\nthin = "report"')
