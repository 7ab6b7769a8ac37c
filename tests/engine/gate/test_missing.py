"""Missing: a row that crashed or vanished is counted, shown, and can never turn a FAIL into a PASS."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from seatrial.errors import InvalidComparison, SeatrialError
from seatrial.gate.merge import check
from seatrial.gate.policy import KeyRule, Policy
from seatrial.verdict import ReasonClass, State, Verdict


def gate(evidence, policy=None, critical=()):
    return check(evidence, policy or Policy(), baseline="a", candidate="b", critical=critical)


def arm(version, scores, **more):
    """One row an example; a score may be an outcome word instead."""
    return [
        {
            "example_id": f"e{i:03d}",
            "version": version,
            "score": None if isinstance(s, str) else float(s),
            "outcome": s if isinstance(s, str) else "scored",
            **more,
        }
        for i, s in enumerate(scores)
    ]


# ---------------------------------------------------------------- known values


def test_system_failures_of_the_candidate_are_failures(build):
    # 5 of 40 crash: b = 5, c = 0, mid-p = 1/64 <= .05
    report = gate(build(arm("a", [1] * 40) + arm("b", [1] * 35 + ["target_error"] * 5)))
    assert (report.verdict, report.overall.p) == (Verdict.FAIL, pytest.approx(1 / 64))
    assert report.overall.outcomes["candidate"] == {"scored": 35, "target_error": 5}
    assert report.overall.missing == 0


def test_system_failures_of_the_baseline_are_failures_too(build):
    # 1 of 60 crashed in the baseline (within its record + 2 points) and passes now: fixed, not missing
    report = gate(build(arm("a", [1] * 59 + ["target_error"]) + arm("b", [1] * 60)))
    assert (report.overall.regressed, report.overall.fixed, report.overall.missing) == (0, 1, 0)


@pytest.mark.parametrize("word", ["evaluator_error", "unparsed", "skipped"])
def test_measurement_failures_are_bounded_by_their_best_and_worst(build, word):
    # 5 of 40 unmeasured: at best nothing broke, at worst b = 5 and mid-p = 1/64 <= .05, 5/80 cells > 2 %
    report = gate(build(arm("a", [1] * 40) + arm("b", [1] * 35 + [word] * 5)))
    assert (report.verdict, report.exit_code, report.overall.state) == (Verdict.INCONCLUSIVE, 2, State.CANNOT_TELL)
    assert (report.overall.p, report.overall.missing) == (1.0, 5)
    assert report.reason_class in (ReasonClass.MISSING, ReasonClass.OUTAGE)
    # at 4 broke mid-p is 1/32 <= .05, at 3 it is 1/16
    assert "blocks if 4 of 5 unmeasured go against it" in report.overall.reason


def test_a_fail_that_stands_at_the_best_case_stays_a_fail(build):
    report = gate(build(arm("a", [1] * 40) + arm("b", [0] * 10 + [1] * 20 + ["skipped"] * 10)))
    assert report.verdict is Verdict.FAIL


def test_what_cannot_change_the_verdict_does_not_hold_it_up(build):
    # 3 of 100 unmeasured: at worst b = 3, mid-p = 1/16 > .05, and a drop of 8 points
    report = gate(build(arm("a", [1] * 100) + arm("b", [1] * 97 + ["skipped"] * 3)))
    assert (report.verdict, report.overall.missing) == (Verdict.PASS, 3)
    assert "3 not measured" in report.overall.reason


def test_a_critical_row_counts_the_worst_case_of_what_is_missing_whatever_is_tolerated(build):
    # 8 of 400 cells of b unmeasured are 1 % of 800: inside 2 %, though at worst b = 8 would block
    few = arm("a", [1] * 400, **{"segment.t": "x"}) + arm("b", [1] * 392 + ["skipped"] * 8, **{"segment.t": "x"})
    assert gate(build(few)).verdict is Verdict.PASS
    # 20 points are ruled out all the same: 9 / 401 + 1.649 x sqrt(.022 / 401) = .035
    assert gate(build(few), critical=["t=x"]).verdict is Verdict.PASS
    # three points are not; overall still tolerates it
    report = check(build(few), Policy(must_detect=0.03), baseline="a", candidate="b", critical=["t=x"])
    assert report.verdict is Verdict.INCONCLUSIVE
    assert [f.segment for f in report.findings if f.verdict is Verdict.INCONCLUSIVE] == ["t=x"]


def test_an_example_one_arm_lacks_is_missing_there(build):
    report = gate(build(arm("a", [1] * 40) + arm("b", [1] * 35)))
    assert (report.overall.n, report.overall.missing, report.verdict) == (40, 5, Verdict.INCONCLUSIVE)
    same = [{**row, "dataset_hash": "one"} for row in arm("a", [1] * 35) + arm("b", [1] * 40)]
    report = gate(build(same))
    assert (report.overall.n, report.overall.missing) == (40, 5)


def test_a_candidate_nobody_measured_is_never_a_pass(build):
    # the baseline passes 2 of 50: not even the worst case could be a significant drop, and still nothing is known
    report = gate(build(arm("a", [1] * 2 + [0] * 48) + arm("b", ["skipped"] * 50)))
    assert (report.verdict, report.exit_code) == (Verdict.INCONCLUSIVE, 2)
    assert "nothing measured in both arms" in report.reason


def test_a_segment_nobody_measured_is_never_a_pass(build):
    rows = arm("a", [1] * 60, **{"segment.t": "x"}) + arm("b", [1] * 60, **{"segment.t": "x"})
    rows += [{**r, "example_id": "y" + r["example_id"], "segment.t": "y"} for r in arm("a", [0] * 30)]
    rows += [{**r, "example_id": "y" + r["example_id"], "segment.t": "y"} for r in arm("b", ["evaluator_error"] * 30)]
    report = gate(build(rows))
    assert report.verdict is Verdict.INCONCLUSIVE
    assert [f.segment for f in report.findings if f.verdict is Verdict.INCONCLUSIVE] == ["t=y"]


@pytest.mark.parametrize("word", ["target_error", "interrupted"])
def test_a_crashed_baseline_is_refused(build, word):
    # its record allows 0 + 2 points: 1 of 50 is 2 %, 2 of 50 are 4 %
    def table(k):
        return build(arm("a", [word] * k + [1] * (50 - k)) + arm("b", [1] * 50))

    assert gate(table(1)).verdict is Verdict.PASS
    with pytest.raises(
        InvalidComparison, match=r"baseline a failed on 2 of 50 runs \(4.0 %\) on key score: .* is 0.0 %"
    ):
        gate(table(2))
    assert gate(table(2), Policy(baseline_system_failures=0.02)).verdict is Verdict.PASS


def test_the_record_allows_two_points_and_not_three(build):
    # 2 of 80 are 2.5 %
    with pytest.raises(InvalidComparison, match=r"failed on 2 of 80 runs \(2.5 %\)"):
        gate(build(arm("a", ["target_error"] * 2 + [1] * 78) + arm("b", [1] * 80)))


def test_an_unmeasured_baseline_may_have_passed_what_the_candidate_fails(build):
    # 5 of 40: at worst all five broke, mid-p 1/64; at best the baseline failed them too
    report = gate(build(arm("a", ["unparsed"] * 5 + [1] * 35) + arm("b", [0] * 5 + [1] * 35)))
    assert (report.verdict, report.overall.p) == (Verdict.INCONCLUSIVE, 1.0)
    assert "blocks if 4 of 5 unmeasured go against it" in report.overall.reason


def test_better_is_only_what_is_better_at_the_worst_of_what_is_missing(build):
    # 6 fixed and nothing broke is mid-p 1/128 the other way; with 6 more unmeasured, at worst 6 broke as well
    before = [0] * 6 + [1] * 194
    sure = gate(build(arm("a", before) + arm("b", [1] * 200)))
    unsure = gate(build(arm("a", before) + arm("b", [1] * 194 + ["unparsed"] * 6)))
    assert (sure.overall.state, unsure.overall.state) == (State.BETTER, State.NO_DROP)


def test_a_crashed_candidate_is_judged(build):
    assert gate(build(arm("a", [1] * 50) + arm("b", ["target_error"] * 50))).verdict is Verdict.FAIL


# ---------------------------------------------------------------- for any evidence

PROPERTY = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
SHAPE = {
    "seed": st.integers(0, 10**6),
    "n": st.integers(20, 70),
    "drop": st.sampled_from([0.1, 0.2, 0.3, 0.5]),
    "repetitions": st.sampled_from([1, 1, 2, 3]),
    "levels": st.sampled_from([2, 2, 3, 5]),
    "clusters": st.booleans(),
    "critical": st.booleans(),
    "missing_cells": st.sampled_from([0.02, 0.05, 0.1, 0.3, 0.7]),
}


def drawn(seed, n, drop, repetitions, levels, clusters):
    """Two segments, a candidate that loses `drop` on the first; scores on a lattice of `levels` steps."""
    rng = np.random.default_rng(seed)
    rows = []
    for i in range(n):
        place = "x" if i < n // 2 else "y"
        for r in range(repetitions):
            before = rng.integers(0, levels) / (levels - 1) if rng.random() < 0.3 else 1.0
            worse = rng.random() < drop * (1.5 if place == "x" else 0.5)
            after = 0.0 if worse else before
            for version, score in (("a", before), ("b", after)):
                row = {"example_id": f"e{i}", "version": version, "repetition": r, "score": float(score)}
                row["segment.t"] = place
                if clusters:
                    row["cluster"] = f"c{i // 2}"
                rows.append(row)
    return rows, rng


def changed(rows, rng, missing_cells, words):
    """The same rows with a random part of the candidate's turned into `words`; `removed` takes the row away."""
    out = []
    for row in rows:
        if row["version"] == "b" and rng.random() < missing_cells:
            word = str(rng.choice(words))
            if word != "removed":
                out.append({**row, "score": None, "outcome": word})
        else:
            out.append(row)
    return out


def judged(build, rows, critical):
    try:
        return gate(build(rows), critical=["t=x"] if critical else [])
    except SeatrialError:
        return None


@given(**SHAPE)
@PROPERTY
def test_crashing_more_never_turns_a_fail_into_anything_else(
    build, seed, n, drop, repetitions, levels, clusters, critical, missing_cells
):
    rows, rng = drawn(seed, n, drop, repetitions, levels, clusters)
    if gate(build(rows), critical=["t=x"] if critical else []).verdict is Verdict.FAIL:
        report = judged(build, changed(rows, rng, missing_cells, ["target_error", "interrupted"]), critical)
        assert report.verdict is Verdict.FAIL


@given(**SHAPE)
@PROPERTY
def test_losing_rows_beyond_the_tolerance_never_turns_a_fail_into_a_pass(
    build, seed, n, drop, repetitions, levels, clusters, critical, missing_cells
):
    rows, rng = drawn(seed, n, drop, repetitions, levels, clusters)
    full = gate(build(rows), critical=["t=x"] if critical else [])
    if full.verdict is not Verdict.FAIL:
        return
    words = ["target_error", "evaluator_error", "unparsed", "skipped", "removed"]
    report = judged(build, changed(rows, rng, missing_cells, words), critical)
    if report is not None and report.verdict is Verdict.PASS:
        # allowed only where every row that had failed lost less than it tolerates
        blocked = {f.segment for f in full.findings if f.verdict is Verdict.FAIL}
        for finding in report.findings:
            if finding.segment in blocked:
                cells = sum(sum(words.values()) for words in finding.outcomes.values())
                assert finding.missing / cells <= (0.0 if finding.critical else 0.02)


@given(**SHAPE)
@PROPERTY
def test_crashing_or_losing_rows_never_makes_a_row_better(
    build, seed, n, drop, repetitions, levels, clusters, critical, missing_cells
):
    rows, rng = drawn(seed, n, drop, repetitions, levels, clusters)
    full = gate(build(rows), critical=["t=x"] if critical else [])
    if full.verdict is Verdict.PASS:
        return
    report = judged(build, changed(rows, rng, missing_cells, ["target_error", "evaluator_error", "removed"]), critical)
    if report is not None:
        before = {f.segment: f.state for f in full.findings}
        now = {f.segment for f in report.findings if f.state is State.BETTER}
        assert not [segment for segment in now if before[segment] in (State.BLOCKS, State.WATCH, State.CANNOT_TELL)]


# ---------------------------------------------------------------- holes that are open

HOLE = "a whole repetition that one arm lacks counts as never planned: arms() takes each arm's own repetitions"


def test_a_repetition_the_candidate_lost_throughout_is_missing(build):
    rows = [
        {"example_id": f"e{i}", "version": v, "repetition": r, "score": 0.0 if (v, r) == ("b", 1) else 1.0}
        for i in range(50)
        for v in "ab"
        for r in (0, 1)
    ]
    assert gate(build(rows)).verdict is Verdict.FAIL
    missing_cells = [r for r in rows if (r["version"], r["repetition"]) != ("b", 1)]
    assert gate(build(missing_cells)).verdict is not Verdict.PASS


def test_a_repetition_of_another_name_does_not_stand_in_for_the_one_that_failed(build):
    rows = arm("a", [1] * 50) + arm("b", [0] * 50) + arm("b", [1] * 50, repetition=1)
    assert gate(build(rows)).verdict is Verdict.FAIL
    missing_cells = [r for r in rows if r["version"] == "a" or "repetition" in r]
    assert gate(build(missing_cells)).verdict is not Verdict.PASS


def test_no_policy_of_zero_tolerance_alone_passes_a_candidate_that_always_crashes(build):
    policy = Policy(keys=(KeyRule("score", zero_tolerance=True),))
    report = gate(build(arm("a", [1] * 50) + arm("b", ["target_error"] * 50)), policy)
    assert report.verdict is Verdict.INCONCLUSIVE


@pytest.mark.parametrize("kind", [None, "unrecorded"])
def test_an_outage_is_only_what_was_recorded_as_one(build, kind):
    # cells that are not there, or were skipped for another reason, are missing: a machine that waits out an outage waits forever
    rows = arm("a", [1] * 40) + arm("b", [1] * 30)
    rows += [] if kind is None else arm("b", [1] * 30 + ["skipped"] * 10, error_kind=kind)[30:]
    assert gate(build(rows)).reason_class is ReasonClass.MISSING
