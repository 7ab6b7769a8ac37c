"""Contract tests on thin but essential examples: three of three, then none, is a broken contract."""

from dataclasses import replace

import pytest

from seatrial.errors import ConfigError
from seatrial.gate.merge import check
from seatrial.gate.must_pass import is_contract, must_pass_findings, without_extra_runs
from seatrial.gate.policy import Policy
from seatrial.gate.sentence import sentence_of
from seatrial.reason import Unchanged
from seatrial.verdict import State, Verdict


def rows(base, cand, example="gdpr-01", outcome=None):
    return [
        {"example_id": example, "version": version, "repetition": r, "score": score,
         **({"outcome": outcome} if score is None else {})}
        for version, scores in (("a", base), ("b", cand)) for r, score in enumerate(scores)
    ]  # fmt: skip


def judge(evidence, runs=3, *, examples=("gdpr-01",)):
    found = next(must_pass_findings(evidence, examples, "score", "a", "b", runs=runs))
    return replace(found, reason=sentence_of(found))


@pytest.mark.parametrize(
    ("base", "cand", "verdict", "state"),
    [
        ([1, 1, 1], [0, 0, 0], Verdict.FAIL, State.BLOCKS),
        ([1, 1, 1], [1, 1, 1], Verdict.PASS, State.NO_DROP),
        ([1, 1, 1], [1, 0, 0], Verdict.PASS, State.WATCH),
        ([1, 0, 1], [0, 0, 0], Verdict.PASS, State.WATCH),
        ([1, 1, 1], [0, 0], Verdict.INCONCLUSIVE, State.CANNOT_TELL),
        ([1, 1], [0, 0, 0], Verdict.INCONCLUSIVE, State.CANNOT_TELL),
        ([1, 1, 1], [0.9, 0.9, 0.9], Verdict.FAIL, State.BLOCKS),
    ],
)
def test_three_against_three(build, base, cand, verdict, state):
    found = judge(build(rows(base, cand)))
    assert (found.verdict, found.state) == (verdict, state)
    assert f"baseline passed {sum(s == 1 for s in base)} of {len(base)}" in found.reason


def test_a_graph_that_always_answers_the_same_needs_one_run(build):
    assert judge(build(rows([1], [0])), runs=1).verdict is Verdict.FAIL
    assert judge(build(rows([1], [0])), runs=3).verdict is Verdict.INCONCLUSIVE


def test_a_crash_is_a_run_that_did_not_pass(build):
    assert judge(build(rows([1, 1, 1], [None] * 3, outcome="target_error"))).verdict is Verdict.FAIL


def test_a_run_nobody_measured_is_no_run(build):
    found = judge(build(rows([1, 1, 1], [0, 0, None], outcome="evaluator_error")))
    assert found.verdict is Verdict.INCONCLUSIVE
    assert "candidate measured fewer than 3 times" in found.reason


def test_an_example_that_is_not_there_guards_nobody(build):
    with pytest.raises(ConfigError, match=r"'gdpr-02'.*guards nobody"):
        judge(build(rows([1], [0])), examples=("gdpr-02",))


def test_identical_outputs_pass_whatever_was_run(build):
    same = [{**row, "output_hash": "o"} for row in rows([0], [0])]
    report = check(build(same), Policy(must_pass=("gdpr-01",)), baseline="a", candidate="b")
    (found,) = [f for f in report.findings if is_contract(f)]
    assert (found.verdict, found.reasons[0]) == (Verdict.PASS, Unchanged())


def test_extra_runs_count_here_and_nowhere_else(build, pairs):
    plain = pairs({"x": (30, 0, 0, 0)})
    extra = [{**row, "segment.t": "x"} for row in rows([1, 1, 1], [0, 0, 0])]
    evidence = build(plain + extra)
    family = without_extra_runs(evidence, ["gdpr-01"])
    assert len(evidence) - len(family) == 4  # two runs more of each arm
    assert set(family.numbers("repetition")) == {0.0}
    assert without_extra_runs(family, ["gdpr-01"]) is family
    assert without_extra_runs(evidence, []) is evidence


def test_planned_repetitions_stay(build):
    every = [
        {"example_id": f"e{i}", "version": v, "repetition": r, "score": 1.0} for i in range(5) for v in "ab" for r in range(3)
    ]  # fmt: skip
    evidence = build(every)
    assert without_extra_runs(evidence, ["e0"]) is evidence
