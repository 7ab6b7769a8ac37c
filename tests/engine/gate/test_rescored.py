"""Identical outputs with other scores: the scorer changed, and a verdict that hangs on them cannot be told."""

import pytest

from seatrial.errors import InvalidComparison
from seatrial.gate.merge import check
from seatrial.gate.policy import KeyRule, Policy
from seatrial.verdict import Verdict

POLICY = Policy(keys=(KeyRule("score", primary=True), KeyRule("tone")))


def gate(evidence, policy=POLICY):
    return check(evidence, policy, baseline="a", candidate="b")


def rows(version, tone, answers, hashed=None):
    found = []
    for i in range(60):
        one = {"example_id": f"e{i}", "version": version, "output_hash": answers(i), "evaluator_hash": hashed}
        found += [{**one, "score": 1.0, "key": "score"}, {**one, "score": tone(i), "key": "tone"}]
    return found


def strict(i):
    return float(i >= 20)


def test_a_scorer_that_changed_is_named_and_is_not_a_blocked_candidate(build):
    evidence = build(rows("a", lambda i: 1.0, str) + rows("b", strict, lambda i: str(i) if i else "another"))
    with pytest.raises(
        InvalidComparison,
        match=r"the evaluator changed.*tone: 19 of 59 identical outputs \(32.2 %\) have another score: its evaluator changed",
    ):
        gate(evidence)


def test_a_scorer_that_got_lenient_is_no_pass(build):
    # On its own scale the candidate is worse on 20 examples; the 20 that it answers alike went up.
    before = rows("a", strict, str)
    after = rows("b", lambda i: float(i < 40), lambda i: str(i) if i < 40 else f"other{i}")
    with pytest.raises(InvalidComparison, match=r"the evaluator changed.*tone: 20 of 40 identical outputs"):
        gate(build(before + after))


def test_a_few_such_rows_beside_a_real_regression_do_not_excuse_it(build):
    def answers(i):
        return str(i) if i >= 18 else f"other{i}"

    report = gate(build(rows("a", lambda i: 1.0, str) + rows("b", strict, answers)))
    assert report.verdict is Verdict.FAIL
    assert [w for w in report.warnings if w.startswith("tone: 2 of 42 identical outputs (4.8 %) have another score")]


def test_the_same_code_that_reads_more_than_the_output_did_not_change(build):
    evidence = build(rows("a", lambda i: 1.0, str, "h") + rows("b", strict, str, "h"))
    report = gate(evidence)
    assert report.verdict is Verdict.FAIL
    assert [w for w in report.warnings if "reads more than the output" in w]
