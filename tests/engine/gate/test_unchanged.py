"""Unchanged: identical outputs pass whatever n; a failed, missing or unhashed run is not identical."""

import pytest

from seatrial.errors import InvalidComparison
from seatrial.gate.merge import check
from seatrial.gate.policy import KeyRule, MeasureRule, Policy
from seatrial.verdict import State, Verdict


def rows(n=8, **more):
    return [
        {"example_id": f"e{i}", "version": v, "score": float(i % 2), "output_hash": f"h{i}", "segment.t": "x", **more}
        for i in range(n)
        for v in "ab"
    ]


def gate(evidence, policy=None, critical=()):
    return check(evidence, policy or Policy(), baseline="a", candidate="b", critical=critical)


def test_identical_outputs_pass_however_few_and_however_critical(build):
    report = gate(build(rows(2)), critical=["t"])
    assert (report.verdict, report.exit_code, report.unchanged) == (Verdict.PASS, 0, True)
    assert report.reason == "Unchanged: outputs identical on all 2 examples."
    assert {f.state for f in report.findings} == {State.NO_DROP}


def test_the_same_scores_without_hashes_are_not_called_unchanged(build):
    few = [{k: v for k, v in row.items() if k != "output_hash"} for row in rows()]
    report = gate(build(few), critical=["t"])
    assert (report.verdict, report.exit_code, report.unchanged) == (Verdict.INCONCLUSIVE, 2, False)


@pytest.mark.parametrize("absent", [None, ""])
def test_one_run_without_a_hash_is_not_identical(build, absent):
    changed = rows()
    changed[3]["output_hash"] = absent
    assert gate(build(changed)).unchanged is False


def test_hashes_that_are_all_empty_say_nothing(build):
    assert gate(build(rows(output_hash=""))).unchanged is False


def test_one_output_that_differs_is_a_change(build):
    changed = rows()
    changed[1]["output_hash"] = "other"
    assert gate(build(changed)).unchanged is False


def test_one_run_that_is_missing_is_a_change(build):
    assert gate(build(rows()[:-1])).unchanged is False


@pytest.mark.parametrize("word", ["target_error", "interrupted", "evaluator_error", "skipped", "unparsed"])
def test_runs_that_failed_alike_are_not_unchanged(build, word):
    # one of sixty crashed in both arms: under the two points a baseline may crash beyond its record
    failed = rows(60)
    for row in failed[:2]:
        row.update(score=None, outcome=word)
    assert gate(build(failed)).unchanged is False


def test_two_arms_that_crashed_throughout_with_one_hash_are_refused(build):
    with pytest.raises(InvalidComparison, match="crashed baseline lowers the bar"):
        gate(build(rows(60, score=None, outcome="target_error", output_hash="same")))


def test_identical_outputs_with_other_scores_accuse_the_evaluator(build):
    changed = rows()
    changed[1]["score"] = 1.0
    report = gate(build(changed))
    assert report.unchanged is False
    assert [
        w for w in report.warnings if "1 of 8 identical outputs (12.5 %) have another score: its evaluator changed" in w
    ]


def test_repetitions_must_be_identical_one_by_one(build):
    both = [{**row, "repetition": r} for row in rows() for r in (0, 1)]
    assert gate(build(both)).unchanged is True
    both[0]["output_hash"] = "other"
    assert gate(build(both)).unchanged is False


def test_every_gating_key_must_be_scored(build):
    policy = Policy(keys=(KeyRule("k", primary=True), KeyRule("l")))
    two = [{**row, "key": key} for row in rows(30) for key in ("k", "l")]
    assert gate(build(two), policy).unchanged is True
    two[1].update(score=None, outcome="evaluator_error")
    assert gate(build(two), policy).unchanged is False


def test_no_row_blocks_in_a_report_that_passes(build):
    policy = Policy(keys=(KeyRule("score"),), measures=(MeasureRule("input_tokens", 0.1),))
    grown = [{**row, "input_tokens": 100 if row["version"] == "a" else 200} for row in rows(60)]
    report = gate(build(grown), policy)
    blocking = [f for f in report.findings if f.state is State.BLOCKS]
    assert bool(blocking) == (report.verdict is Verdict.FAIL)
