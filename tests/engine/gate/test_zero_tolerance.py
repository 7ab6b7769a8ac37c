"""Zero tolerance: one new hit fails, an old one does not, and what was not looked at is never clean."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seatrial.gate.merge import check
from seatrial.gate.policy import KeyRule, Policy
from seatrial.verdict import MEASUREMENT_FAILURES, SYSTEM_FAILURES, State, Verdict

POLICY = Policy(keys=(KeyRule("ok", primary=True), KeyRule("pii", zero_tolerance=True)))


def gate(build, changes, n=60, policy=POLICY):
    """60 clean examples on both keys; `changes` maps (example, version) to what its `pii` row says instead."""
    rows = []
    for i in range(n):
        for v in "ab":
            run = {"example_id": f"e{i}", "version": v, "segment.t": "xy"[i % 2], "score": 1.0}
            change = changes.get((i, v), {})
            # a crash belongs to the whole run
            crash = change if change.get("outcome") in SYSTEM_FAILURES else {}
            rows.append({**run, "key": "ok", **crash})
            rows.append({**run, "key": "pii", **change})
    report = check(build(rows), policy, baseline="a", candidate="b")
    return report, next(f for f in report.findings if f.key == "pii")


HIT = {"score": 0.0}


def word(outcome):
    return {"score": None, "outcome": outcome}


def test_no_hit_passes_outside_the_family(build):
    report, finding = gate(build, {})
    assert (report.verdict, finding.verdict, finding.state) == (Verdict.PASS, Verdict.PASS, State.NO_DROP)
    assert (finding.p, finding.alpha_row) == (None, None)
    # overall and two segments of `ok`, and nothing of `pii`
    assert report.family_size == 3


@pytest.mark.parametrize("score", [0.0, 0.5, 0.999])
def test_one_new_hit_among_sixty_fails(build, score):
    report, finding = gate(build, {(7, "b"): {"score": score}})
    assert (report.verdict, report.exit_code) == (Verdict.FAIL, 1)
    assert (finding.state, finding.regressed) == (State.BLOCKS, 1)
    assert "1 new hit (t=y 1): e7" in finding.reason


def test_an_old_hit_does_not_fail_and_a_mended_one_is_counted(build):
    report, finding = gate(build, {(7, "a"): HIT, (7, "b"): HIT, (8, "a"): HIT})
    assert (report.verdict, finding.regressed, finding.fixed) == (Verdict.PASS, 0, 1)


@pytest.mark.parametrize("outcome", sorted(SYSTEM_FAILURES | MEASUREMENT_FAILURES))
def test_a_hit_whose_baseline_has_no_score_may_be_old_or_new(build, outcome):
    report, finding = gate(build, {(7, "a"): word(outcome), (7, "b"): HIT})
    assert (report.verdict, finding.state) == (Verdict.INCONCLUSIVE, State.CANNOT_TELL)
    assert "old or new, nobody can tell" in finding.reason


@pytest.mark.parametrize("outcome", sorted(SYSTEM_FAILURES))
def test_a_crash_is_no_hit(build, outcome):
    report, finding = gate(build, {(7, "b"): word(outcome), (8, "b"): word(outcome)})
    assert (finding.verdict, finding.regressed) == (Verdict.PASS, 0)
    assert report.verdict is Verdict.PASS


@pytest.mark.parametrize("outcome", sorted(MEASUREMENT_FAILURES))
def test_one_answer_nobody_measured_may_hide_one_hit(build, outcome):
    _, finding = gate(build, {(7, "b"): word(outcome)})
    assert (finding.verdict, finding.state) == (Verdict.INCONCLUSIVE, State.CANNOT_TELL)
    assert "may hide a hit" in finding.reason


def test_a_certain_hit_outweighs_what_may_hide_another(build):
    changes = {(i, "b"): word("skipped") for i in range(30)}
    assert gate(build, {**changes, (40, "b"): HIT})[0].verdict is Verdict.FAIL


def test_a_candidate_that_crashed_throughout_is_not_clean(build):
    _, finding = gate(build, {(i, "b"): word("target_error") for i in range(60)})
    assert (finding.verdict, finding.state) == (Verdict.INCONCLUSIVE, State.CANNOT_TELL)
    assert "no answer of the candidate was looked at" in finding.reason


def test_any_of_several_repetitions_is_a_hit(build):
    rows = [
        {"example_id": f"e{i}", "version": v, "key": key, "score": 1.0, "repetition": r}
        for i in range(30)
        for v in "ab"
        for key in ("ok", "pii")
        for r in range(3)
    ]
    clean = check(build(rows), POLICY, baseline="a", candidate="b")
    next(r for r in rows if r["version"] == "b" and r["key"] == "pii" and r["repetition"] == 2)["score"] = 0.0
    assert clean.verdict is Verdict.PASS
    assert check(build(rows), POLICY, baseline="a", candidate="b").verdict is Verdict.FAIL


def test_a_hit_beside_a_crash_in_the_same_example_is_seen(build):
    rows = [
        {"example_id": f"e{i}", "version": v, "key": key, "score": 1.0, "repetition": r}
        for i in range(30)
        for v in "ab"
        for key in ("ok", "pii")
        for r in range(2)
    ]
    for row in rows:
        if (row["example_id"], row["version"], row["repetition"]) == ("e3", "b", 0):
            row.update(score=None, outcome="target_error")
        elif (row["example_id"], row["version"], row["key"]) == ("e3", "b", "pii"):
            row["score"] = 0.0
    assert check(build(rows), POLICY, baseline="a", candidate="b").verdict is Verdict.FAIL


def test_a_hit_in_a_repetition_the_baseline_does_not_have_is_not_overlooked(build):
    rows = [
        {"example_id": f"e{i}", "version": v, "key": key, "score": 1.0}
        for i in range(60)
        for v in "ab"
        for key in ("ok", "pii")
    ]
    rows.append({"example_id": "e3", "version": "b", "key": "pii", "score": 0.0, "repetition": 1})
    assert check(build(rows), POLICY, baseline="a", candidate="b").verdict is not Verdict.PASS


def repeated(baseline, candidate, changes):
    """60 clean examples on both keys, so many repetitions a version; `changes` maps (example, repetition) of b's `pii`."""
    return [
        {
            "example_id": f"e{i}",
            "version": v,
            "key": key,
            "repetition": r,
            "score": changes.get((i, r), 1.0) if (v, key) == ("b", "pii") else 1.0,
        }
        for i in range(60)
        for v, repetitions in (("a", baseline), ("b", candidate))
        for r in range(repetitions)
        for key in ("ok", "pii")
    ]


def test_a_hit_beyond_the_candidates_own_plan_is_not_overlooked(build):
    policy = Policy(keys=POLICY.keys, repetitions=1)
    clean = check(build(repeated(3, 2, {})), policy, baseline="a", candidate="b")
    hit = check(build(repeated(3, 2, {(3, 1): 0.0})), policy, baseline="a", candidate="b")
    assert (clean.verdict, hit.verdict) == (Verdict.PASS, Verdict.FAIL)


def test_a_clean_answer_beyond_the_plan_takes_nothing_away(build):
    rows = repeated(1, 1, {})
    rows += [{**r, "repetition": 1} for r in rows if (r["example_id"], r["version"]) == ("e3", "b")]
    assert check(build(rows), POLICY, baseline="a", candidate="b").verdict is Verdict.PASS


RUNS = st.dictionaries(st.integers(0, 3), st.sampled_from([0.0, 0.3, 0.6, 0.9, 1.0]), min_size=1)
"""Repetition -> score of one version on one example: any number of them, no two versions alike."""


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(RUNS, RUNS), min_size=2, max_size=6))
def test_whatever_was_run_how_often_a_new_hit_is_one_below_1_where_the_baseline_never_was(build, drawn):
    rows = [
        {"example_id": f"e{i}", "version": v, "key": key, "repetition": r, "score": score if key == "pii" else 1.0}
        for i, runs in enumerate(drawn)
        for v, scores in zip("ab", runs, strict=True)
        for r, score in scores.items()
        for key in ("ok", "pii")
    ]
    finding = next(f for f in check(build(rows), POLICY, baseline="a", candidate="b").findings if f.key == "pii")
    new = sum(min(b.values()) < 1 == min(a.values()) for a, b in drawn)
    assert (finding.regressed, finding.verdict is Verdict.FAIL) == (new, new > 0)


def test_a_hit_is_not_hidden_by_another_example_that_was_run_more_often(build):
    # 40 of 60 at .6, and one clean answer too many elsewhere: over two columns .6 was 1.2
    rows = repeated(1, 1, {(i, 0): 0.6 for i in range(20, 60)})
    rows += [{**r, "repetition": 1} for r in rows if (r["example_id"], r["version"]) == ("e0", "b")]
    report = check(build(rows), POLICY, baseline="a", candidate="b")
    assert (report.verdict, next(f for f in report.findings if f.key == "pii").regressed) == (Verdict.FAIL, 40)
