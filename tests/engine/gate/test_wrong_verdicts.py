"""Ways somebody once found to a wrong verdict; each must stay closed."""

import json

import numpy as np
import pytest

from seatrial.errors import DataError, InvalidComparison
from seatrial.evidence import Evidence, read_evidence
from seatrial.gate.merge import check
from seatrial.gate.policy import KeyRule, MeasureRule, Policy
from seatrial.report.data import gate_data, gate_json
from seatrial.verdict import Verdict


def row(i, version, score, **more):
    return {"example_id": f"e{i}", "version": version, "score": score, **more}


def gate(build, rows, policy=None, **more):
    return check(build(rows), policy or Policy(), baseline="a", candidate="b", **more)


def test_a_baseline_that_crashed_on_a_critical_segment_sets_no_bar_of_zero(build):
    # 40 of 2,000 crashed: 2 % of all runs, and every run of the critical segment
    rows = []
    for i in range(2000):
        critical_values = i < 40
        place = {"segment.t": "vital" if critical_values else "rest"}
        rows += [
            row(i, "a", None if critical_values else 1.0, **place),
            row(i, "b", 0.0 if critical_values else 1.0, **place),
        ]
    with pytest.raises(InvalidComparison, match="failed on 40 of 40 runs of t=vital"):
        gate(build, rows, critical=["t=vital"])


def test_one_failed_run_of_a_small_critical_segment_is_no_crashed_baseline(build):
    place = {"segment.t": "vital"}
    rows = [row(i, v, None if (i, v) == (0, "a") else 1.0, **place) for i in range(40) for v in "ab"]
    report = gate(build, rows, critical=["t=vital"])
    # 39 of 40 against 40 of 40: compared, and the crash counts as the 0 it is
    assert (report.verdict, report.overall.baseline, report.overall.fixed) == (Verdict.PASS, 39 / 40, 1)


def test_a_crash_on_one_key_of_a_run_that_was_scored_on_another_is_a_contradiction(build):
    rows = [row(0, "a", 1.0, key="answer"), row(0, "a", None, key="safety", outcome="target_error")]
    with pytest.raises(DataError, match="a crash belongs to the whole run"):
        build(rows)


def test_a_blank_beside_a_score_of_the_same_run_is_unmeasured_not_crashed(tmp_path):
    lines = ["example_id,version,key,score"]
    for i in range(200):
        lines += [f"{i},a,answer,1", f"{i},a,safety,", f"{i},b,answer,1", f"{i},b,safety,0"]
    (tmp_path / "r.csv").write_text("\n".join(lines))
    report = check(read_evidence(tmp_path / "r.csv"), Policy(), baseline="a", candidate="b")
    assert report.verdict is Verdict.INCONCLUSIVE


@pytest.mark.parametrize(("unseen", "verdict"), [(0, "fail"), (80, "pass"), (200, "inconclusive")])
def test_what_is_hidden_as_unparsed_counts_against_the_drop_that_is_ruled_out(build, unseen, verdict):
    # 4 % of the candidate's cells pass where the whole is shown within 10 points all the same; 10 % do not
    rows = []
    for i in range(2000):
        hard = {"outcome": "unparsed"} if i < unseen else {}
        score = None if i < unseen else 0.0 if i < 80 else 1.0
        rows += [row(i, "a", 1.0), row(i, "b", score, **hard)]
    report = gate(build, rows)
    assert report.verdict == verdict
    assert unseen != 80 or "the drop is at most 5 points" in report.reason


def test_a_pass_owns_up_to_the_drop_that_what_is_missing_may_hide(build):
    complete = [row(i, v, 1.0) for i in range(2000) for v in "ab"]
    holes = [
        r if r["version"] == "a" or int(r["example_id"][1:]) >= 30 else {**r, "score": None, "outcome": "unparsed"}
        for r in complete
    ]
    full, holed = (gate(build, rows).overall.detectable_drop for rows in (complete, holes))
    assert holed == pytest.approx(full + 30 / 2000)


def test_one_more_row_does_not_hide_a_drop(build):
    # 15 of 60 broke; a second repetition of one example plans that cell and no other
    rows = [row(i, v, float(v == "a" or i >= 15)) for i in range(60) for v in "ab"]
    assert gate(build, rows).verdict is Verdict.FAIL
    assert gate(build, [*rows, row(59, "a", 1.0, repetition=1)]).verdict is Verdict.FAIL


def test_an_example_that_both_arms_ran_twice_plans_nothing_for_the_others(build):
    rows = [row(i, v, 1.0) for i in range(60) for v in "ab"]
    report = gate(build, [*rows, row(0, "a", 1.0, repetition=1), row(0, "b", 1.0, repetition=1)])
    assert (report.verdict, report.counts["planned"], report.counts["scored"]) == (Verdict.PASS, 122, 122)


def test_a_median_is_tested_as_a_median(build):
    # 40 of 100 at three times the tokens, 60 a little under: the median did not grow
    rows = []
    for i in range(100):
        rows += [row(i, "a", 1.0, input_tokens=1000), row(i, "b", 1.0, input_tokens=3000 if i < 40 else 990)]
    policy = Policy(keys=(KeyRule("score"),), measures=(MeasureRule("input_tokens", 0.1),))
    assert gate(build, rows, policy).verdict is Verdict.PASS


@pytest.mark.parametrize("kind", ["repetitions", "clusters"])
def test_the_order_of_rows_has_no_say_in_a_single_byte(build, kind):
    rng = np.random.default_rng(5)
    rows = []
    for i in range(120):
        for r in range(3 if kind == "repetitions" else 1):
            for v in "ab":
                score = float(rng.random() < 0.8) if kind == "repetitions" else round(float(rng.random()), 6)
                more = {"cluster": f"c{i % 30}"} if kind == "clusters" else {}
                rows.append(row(i, v, score, repetition=r, reason=f"try {r}", **{"segment.t": "xyz"[i % 3]}, **more))
    reported = set()
    for seed in range(4):
        order = np.random.default_rng(seed).permutation(len(rows))
        reported.add(gate_json(gate_data(gate(build, [rows[i] for i in order]))))
    assert len(reported) == 1


def test_a_passing_repetition_is_no_cause(build):
    rows = []
    for i in range(60):
        for r in range(3):
            rows += [
                row(i, "a", 1.0, repetition=r),
                row(i, "b", float(r == 0), repetition=r, reason="fine" if r == 0 else "wrong total"),
            ]
    report = gate(build, rows)
    assert report.verdict is Verdict.FAIL
    assert [reason for reason, _ in report.causes] == ["wrong total"]


def test_the_same_evidence_in_another_folder_is_the_same_json(tmp_path):
    lines = ["example_id,version,score", *(f"{i},{v},1" for i in range(40) for v in "ab")]
    reported = []
    for folder in ("x", "y"):
        (tmp_path / folder).mkdir()
        file = tmp_path / folder / "r.csv"
        file.write_text("\n".join(lines))
        evidence: Evidence = read_evidence(file)
        reported.append(json.loads(gate_json(gate_data(check(evidence, Policy(), baseline="a", candidate="b")))))
    assert reported[0] == reported[1]
