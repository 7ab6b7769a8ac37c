"""What is left out, was not planned or was run more often elsewhere changes nothing of the rest, and hides nothing."""

from datetime import date

import pytest

from seatrial.errors import ConfigError, DataError, InvalidComparison
from seatrial.evidence import read_evidence
from seatrial.gate.confirmation import check_second_stage
from seatrial.gate.merge import check
from seatrial.gate.policy import KeyRule, MeasureRule, Policy
from seatrial.gate.quarantine_file import Entry, Quarantine
from seatrial.verdict import Verdict

SPOTLESS = Policy(keys=(KeyRule("score", primary=True), KeyRule("pii", zero_tolerance=True)))


def rows(n, regressed=(), **columns):
    """n examples that both versions pass, but for those that b broke."""
    return [
        {"example_id": f"e{i}", "version": v, "score": float(not (v == "b" and i in regressed)), **columns}
        for i in range(n)
        for v in "ab"
    ]


def kept(*names):
    return Quarantine(tuple(Entry("g", name, "ann", "coin", date(2026, 4, 1), "c", "a", 5, 0.5) for name in names))


def gate(evidence, policy=None, **more):
    return check(evidence, policy or Policy(), baseline="a", candidate="b", **more)


def test_quarantine_is_counted_in_examples_where_they_stand_in_clusters(build):
    # 60 clusters of two, the second example of 20 broke: 20 of 120 in quarantine are over 5 %, though no cluster is gone
    two = [
        {**row, "cluster": f"c{int(row['example_id'][1:]) // 2}", "segment.tier": "pro"}
        for row in rows(120, regressed=range(1, 41, 2))
    ]
    report = gate(build(two), critical=["tier=pro"], quarantine=kept(*(f"e{i}" for i in range(1, 41, 2))))
    assert report.verdict is Verdict.FAIL
    assert report.quarantine.kept_complete == ("tier=pro",)
    assert any("20 of 120 examples of tier=pro" in warning for warning in report.warnings)


@pytest.mark.parametrize("left_out", ["surplus", "quarantine", "beyond the plan"])
def test_a_fraction_that_is_not_judged_does_not_choose_the_test_of_the_rest(build, left_out):
    # 6 of 60 broke: mid-p 2^-7 = .0078; as a sign-flip it would be .0156, over .01
    table = rows(60, regressed=range(6))
    policy, quarantine = Policy(alpha=0.01), {}
    odd = {"example_id": "e59", "score": 0.5}
    if left_out == "surplus":
        table.append({**odd, "version": "b", "repetition": 7})
    elif left_out == "beyond the plan":
        policy = Policy(alpha=0.01, repetitions=1)
        table += [{**odd, "version": v, "repetition": 1} for v in "ab"]
    else:
        table += [{**odd, "example_id": "odd", "version": v} for v in "ab"]
        quarantine = {"quarantine": kept("odd")}
    report = gate(build(table), policy, **quarantine)
    assert (report.verdict, report.overall.p) == (Verdict.FAIL, pytest.approx(2**-7))


def identical(table):
    return [{**row, "output_hash": f"{hash(row['example_id']) % 97:016d}"} for row in table]


def test_a_score_that_moved_in_a_run_nobody_planned_is_no_unchanged(build):
    table = [
        {**row, "key": key, "repetition": r, "score": float(not (key == "pii" and r == 1 and row["version"] == "b"))}
        for row in rows(40)
        for key in ("score", "pii")
        for r in (0, 1)
    ]
    policy = Policy(keys=SPOTLESS.keys, repetitions=1)
    with pytest.raises(InvalidComparison, match="pii: 40 of 80 identical outputs"):
        gate(build(identical(table)), policy)
    report = gate(build([{**row, "evaluator_hash": "h"} for row in identical(table)]), policy)
    assert (report.verdict, report.unchanged) == (Verdict.FAIL, False)


def test_scores_that_changed_places_within_an_example_have_moved(build):
    table = [
        {**row, "repetition": r, "score": float((r == 0) == (row["version"] == "a"))} for row in rows(5) for r in (0, 1)
    ]
    assert gate(build(identical(table))).verdict is Verdict.INCONCLUSIVE


def test_unchanged_is_unchanged_however_often_each_example_was_run(build):
    table = [{**row, "repetition": r} for row in rows(5) for r in range(1 if row["example_id"] == "e0" else 2)]
    report = gate(build(identical(table)))
    assert (report.verdict, report.unchanged) == (Verdict.PASS, True)


def test_a_contract_that_broke_in_its_extra_runs_is_no_unchanged(build):
    table = identical(rows(40))
    table += [
        {
            "example_id": "vital",
            "version": v,
            "repetition": r,
            "score": float(v == "a"),
            "output_hash": v * 16,
        }
        for v in "ab"
        for r in (1, 2, 3)
    ]
    report = gate(build(table), Policy(keys=(KeyRule("score", primary=True),), must_pass=("vital",)))
    assert (report.verdict, report.unchanged) == (Verdict.FAIL, False)


def tokens(n, of, repetitions=(0,)):
    return [
        {**row, "repetition": r, "output_tokens": value}
        for row in rows(n)
        for r in repetitions
        if (value := of(row["version"], int(row["example_id"][1:]), r)) is not None
    ]


def measured(build, table, increase=0.1):
    policy = Policy(keys=(KeyRule("score"),), measures=(MeasureRule("output_tokens", increase),))
    report = gate(build(table), policy)
    return next(f for f in report.findings if f.key == "output_tokens")


def test_cheap_runs_beyond_the_plan_do_not_pay_for_the_planned_ones(build):
    table = tokens(40, lambda v, i, r: 100 if v == "a" else 200)
    table += [
        {**row, "repetition": r, "output_tokens": 40} for row in rows(40) if row["version"] == "b" for r in (1, 2, 3)
    ]
    assert measured(build, table).verdict is Verdict.FAIL


def test_a_run_that_is_not_there_is_a_run_without_a_number(build):
    # the candidate lacks the dear repetition of 40 of 60 examples: 40 of 120 planned runs have no number in both
    table = tokens(
        60, lambda v, i, r: None if (v, r) == ("b", 1) and i < 40 else 100 * (1 + 9 * r) * (1 + (v == "b")), (0, 1)
    )
    finding = measured(build, table)
    assert finding.verdict is Verdict.INCONCLUSIVE
    assert "have no number above 0 in both arms, 33.3 %" in finding.reason


def test_a_cluster_is_the_mean_of_its_examples_however_often_each_was_run(build):
    # of two examples one was run three times and is unchanged, the other once and is 8 times as dear: sqrt(8), +182.8 %
    table = [
        {**row, "cluster": f"c{int(row['example_id'][1:]) // 2}"}
        for row in tokens(
            80, lambda v, i, r: None if i % 2 and r else 100 * (8 if v == "b" and i % 2 else 1), (0, 1, 2)
        )
    ]
    finding = measured(build, table, increase=1.0)
    assert "median ratio +182.8 %" in finding.reason
    assert finding.verdict is Verdict.FAIL


@pytest.mark.parametrize("increase", [0.1, 0.2, 0.3, 1.0])
def test_growth_by_just_what_is_allowed_is_allowed(build, increase):
    table = tokens(40, lambda v, i, r: 100 if v == "a" else round(100 * (1 + increase)))
    assert measured(build, table, increase).verdict is Verdict.PASS


def test_a_crashed_baseline_is_counted_over_its_own_runs(build):
    crashed = [
        {**row, "score": None, "outcome": "target_error"}
        if (row["version"], row["example_id"][1:]) in {("a", str(i)) for i in range(4)}
        else row
        for row in rows(100)
    ]
    more = [{"example_id": f"x{i}", "version": "b", "score": 1.0} for i in range(100)]
    skipped = [{"example_id": f"s{i}", "version": v, "outcome": "skipped"} for i in range(100) for v in "ab"]
    for table in (crashed, crashed + more, crashed + skipped):
        with pytest.raises(InvalidComparison, match=r"baseline a failed on 4 of 100 runs \(4.0 %\)"):
            gate(build(table))


def test_a_crashed_critical_segment_that_is_judged_in_full_is_asked_in_full(build):
    table = [{**row, "segment.tier": "pro" if int(row["example_id"][1:]) < 60 else "free"} for row in rows(200)]
    for row in table:
        if row["version"] == "a" and int(row["example_id"][1:]) < 10:
            row.update(score=None, outcome="target_error")
    with pytest.raises(InvalidComparison, match=r"failed on 10 of 60 runs of tier=pro"):
        gate(build(table), critical=["tier=pro"], quarantine=kept(*(f"e{i}" for i in range(10))))


def test_the_second_look_asks_a_segment_that_is_judged_in_full_in_full_too(build):
    table = [
        {**row, "segment.tier": "pro" if int(row["example_id"][1:]) < 60 else "free"}
        for row in rows(200, range(12, 24))
    ]
    policy, quarantine = Policy(keys=(KeyRule("score"),)), kept(*(f"e{i}" for i in range(10)))
    evidence = build(table)
    first = gate(evidence, policy, critical=["tier=pro"], quarantine=quarantine)
    second_stage = [{**row, "repetition": r} for row in table for r in (1, 2, 3)]
    for row in second_stage:
        if row["version"] == "a" and int(row["example_id"][1:]) < 10:
            row.update(score=None, outcome="target_error")
    with pytest.raises(InvalidComparison, match=r"failed on 30 of 180 runs of tier=pro"):
        check_second_stage(first, evidence, build(second_stage), policy, critical=["tier=pro"], quarantine=quarantine)


@pytest.mark.parametrize("blank", ["", " ", "\t"])
def test_a_blank_cluster_is_the_examples_own(tmp_path, blank):
    lines = [
        f"e{i},{v},{int(not (v == 'b' and i < 12))},{blank if i < 20 else 'c' + str(i)}"
        for i in range(60)
        for v in "ab"
    ]
    (tmp_path / "r.csv").write_text("\n".join(["example_id,version,score,cluster", *lines]))
    report = gate(read_evidence(tmp_path / "r.csv"))
    assert (report.overall.n, report.verdict) == (60, Verdict.FAIL)


def test_names_that_cannot_be_told_apart_are_refused(build, tmp_path):
    table = [{**row, "key": "output_tokens", "output_tokens": 5} for row in rows(30)]
    with pytest.raises(ConfigError, match="'output_tokens' is a key and a measurement"):
        gate(build(table), Policy(measures=(MeasureRule("output_tokens", 0.1),)))
    (tmp_path / "r.csv").write_text("example_id,version,score,segment.must_pass\ne1,a,1,x\ne1,b,1,x\n")
    with pytest.raises(DataError, match="a dimension cannot be called 'must_pass'"):
        read_evidence(tmp_path / "r.csv")


@pytest.mark.parametrize("outcome", ["evaluator_error", "unparsed"])
def test_what_ran_beyond_the_plan_and_was_not_looked_at_may_hide_a_hit(build, outcome):
    table = [{**row, "key": key} for row in rows(40) for key in ("score", "pii")]
    table.append({"example_id": "e3", "version": "b", "key": "pii", "repetition": 1, "score": None, "outcome": outcome})
    assert gate(build(table), SPOTLESS).verdict is Verdict.INCONCLUSIVE


def fresh(table, but=()):
    return [
        {**row, "repetition": r, **({} if key == "score" else dict(but).get((row["example_id"], row["version"]), {}))}
        | {"key": key}
        for row in table
        for r in (1, 2, 3)
        for key in ("score", "pii")
    ]


def test_a_fresh_hit_is_new_where_only_the_first_look_saw_the_baseline(build):
    first_rows = [
        {**row, "key": key, **({"score": 1.0} if key == "pii" else {})}
        for row in rows(60, range(5))
        for key in ("score", "pii")
    ]
    evidence = build(first_rows)
    first = gate(evidence, SPOTLESS)
    unseen = {("e0", "a"): {"score": None, "outcome": "evaluator_error"}, ("e0", "b"): {"score": 0.0}}
    report = check_second_stage(first, evidence, build(fresh(rows(60), unseen)), SPOTLESS)
    assert report.verdict is Verdict.FAIL
    assert "1 new hit: e0, on fresh repetitions" in report.reason


def test_every_example_of_a_row_is_repeated_on_its_own_key(build):
    evidence = build(
        [
            {**row, "key": key, **({"score": 1.0} if key == "pii" else {})}
            for row in rows(60, range(5))
            for key in ("score", "pii")
        ]
    )
    first = gate(evidence, SPOTLESS)
    second_stage = [row for row in fresh(rows(60)) if row["key"] == "pii" or row["example_id"] != "e7"]
    with pytest.raises(InvalidComparison, match="1 of 60 examples were not repeated with a on 'score': e7"):
        check_second_stage(first, evidence, build(second_stage), SPOTLESS)
