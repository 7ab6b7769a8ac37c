"""Growing datasets: the examples two versions share are compared, the others are counted and named."""

from dataclasses import replace

import pytest

from seatrial.errors import InvalidComparison
from seatrial.gate.merge import check
from seatrial.gate.policy import KeyRule, Policy, parse_policy
from seatrial.reason import FewRuns
from seatrial.verdict import State, Verdict


def gate(evidence, policy=None, **given):
    return check(evidence, policy or Policy(), baseline="a", candidate="b", **given)


def rows(version, ids, score=lambda i: 1.0, content=lambda i: f"c{i}", dataset=None, **more):
    dataset = dataset or f"of-{version}"
    return [
        {
            "example_id": f"e{i:03}",
            "version": version,
            "score": score(i),
            "dataset_hash": dataset,
            "example_hash": content(i),
            "output_hash": f"{version}{i}",
            **more,
        }
        for i in ids
    ]


def broken(i):
    return 0.0 if i < 10 else 1.0


def test_added_examples_are_counted_and_named_and_not_compared(build):
    report = gate(build(rows("a", range(80)) + rows("b", range(81))))
    assert (report.verdict, report.overall.n, report.overall.missing) == (Verdict.PASS, 80, 0)
    assert report.warnings == ("1 of 81 examples new, not compared: e080",)
    assert report.counts["not_compared"] == {"new": 1, "changed": 0, "removed": 0}
    assert report.counts["planned"] == 160


def test_an_added_example_does_not_hide_a_broken_graph(build):
    report = gate(build(rows("a", range(80)) + rows("b", range(81), broken)))
    assert (report.verdict, report.overall.regressed, report.overall.n) == (Verdict.FAIL, 10, 80)


def test_changed_examples_are_not_compared(build):
    changed = rows("b", range(80), broken, lambda i: f"other{i}" if i < 10 else f"c{i}")
    report = gate(build(rows("a", range(80)) + changed))
    assert (report.verdict, report.overall.n) == (Verdict.PASS, 70)
    assert report.warnings == (
        "10 of 80 examples changed since the baseline, not compared: e000, e001, e002, e003, e004 and 5 more",
    )


@pytest.mark.parametrize("answers", ["b", "a"])
def test_a_critical_segment_keeps_its_own_share_of_unchanged_examples(build, answers):
    """10 of 80 changed are within the policy's fifth; where they are 10 of a critical 25 they are not, unchanged or not."""
    both = rows("a", range(80)) + rows("b", range(80), broken, lambda i: f"other{i}" if i < 10 else f"c{i}")
    for place, row in enumerate(both):
        row["segment.t"] = "x" if place % 80 < 25 else "y"
        row["output_hash"] = f"{answers if place >= 80 else 'a'}{place % 80}"
    assert gate(build(both), critical={"t=y"}).verdict is Verdict.PASS
    with pytest.raises(
        InvalidComparison, match=r"15 of 25 examples of t=x \(60.0 %\) are unchanged in b, the policy asks"
    ):
        gate(build(both), critical={"t"})
    assert gate(build(both), Policy(common=0.6), critical={"t"}).verdict is not Verdict.FAIL


def test_a_changed_example_may_stand_in_another_segment(build):
    base = rows("a", range(80), **{"segment.t": "x"})
    moved = rows("b", range(80), content=lambda i: "other" if i == 3 else f"c{i}", **{"segment.t": "x"})
    moved[3]["segment.t"] = "y"
    report = gate(build(base + moved))
    assert {f.segment: f.n for f in report.findings} == {"overall": 79, "t=x": 79}


def test_removed_examples_are_named(build):
    report = gate(build(rows("a", range(80)) + rows("b", range(2, 80))))
    assert (report.verdict, report.overall.n) == (Verdict.PASS, 78)
    assert report.warnings == ("2 examples of the baseline no longer in the dataset, not compared: e000, e001",)


def test_an_example_of_the_same_dataset_that_one_version_lacks_is_missing(build):
    report = gate(build(rows("a", range(80), dataset="d") + rows("b", range(40, 80), dataset="d")))
    assert (report.overall.n, report.overall.missing) == (80, 40)
    assert report.verdict is Verdict.INCONCLUSIVE
    assert "not_compared" not in report.counts


def test_too_few_unchanged_examples_cannot_be_compared(build):
    evidence = build(rows("a", range(80)) + rows("b", range(17, 97)))
    with pytest.raises(InvalidComparison, match=r"63 of 80 examples of a \(78.8 %\) are unchanged in b.* asks for 80"):
        gate(evidence)
    assert gate(evidence, Policy(common=0.7)).verdict is Verdict.PASS


def test_the_least_share_is_a_key_of_the_policy():
    raw = {"schema": "seatrial/policy/1", "common": 0.5, "key": {"score": {"primary": True}}}
    assert parse_policy(raw, "p").common == 0.5
    assert Policy().common == 0.8
    assert parse_policy(raw, "p").hash != parse_policy(raw | {"common": 0.8}, "p").hash


def test_imported_candidate_rows_of_their_own_do_not_hide_regressions(build):
    def plain(version, ids, score=lambda i: 1.0):
        return [{"example_id": f"e{i}", "version": version, "score": score(i)} for i in ids]

    report = gate(build(plain("a", range(50)) + plain("b", range(110), broken)))
    assert (report.verdict, report.overall.n, report.overall.regressed) == (Verdict.FAIL, 50, 10)
    assert report.counts["not_compared"] == {"new": 60, "changed": 0, "removed": 0}
    # Rows that only the baseline has were not answered by the candidate: that is no smaller dataset.
    report = gate(build(plain("a", range(110)) + plain("b", range(50))))
    assert (report.verdict, report.overall.n, report.overall.missing) == (Verdict.INCONCLUSIVE, 110, 60)


def test_unchanged_outputs_of_the_common_examples_pass_at_any_size(build):
    def same(version, ids):
        return [{**row, "output_hash": row["example_id"]} for row in rows(version, ids)]

    report = gate(build(same("a", range(8)) + same("b", range(9))))
    assert (report.verdict, report.unchanged) == (Verdict.PASS, True)


def test_a_new_contract_test_passes_or_cannot_be_told(build):
    policy = Policy(must_pass=("e080",), must_pass_runs=1)
    for score, verdict, state in ((1.0, Verdict.PASS, State.NO_DROP), (0.0, Verdict.INCONCLUSIVE, State.CANNOT_TELL)):
        report = gate(
            build(rows("a", range(80)) + rows("b", range(81), lambda i, s=score: s if i == 80 else 1.0)), policy
        )
        (found,) = [f for f in report.findings if f.segment == "must_pass=e080"]
        assert (report.verdict, found.state, found.n) == (verdict, state, 1)
        assert "new to the baseline" in found.reason
    short = gate(build(rows("a", range(80)) + rows("b", range(81))), replace(policy, must_pass_runs=3))
    (found,) = [f for f in short.findings if f.segment == "must_pass=e080"]
    assert found.reasons[0] == FewRuns(("candidate",), 3)


def test_zero_tolerance_looks_at_new_examples_too(build):
    def leaky(version, ids, hit):
        return rows(version, ids, key="score") + rows(version, ids, lambda i: float(i != hit), key="leak")

    policy = Policy(keys=(KeyRule("score", primary=True), KeyRule("leak", zero_tolerance=True)))
    for hit, verdict in ((None, Verdict.PASS), (80, Verdict.INCONCLUSIVE), (3, Verdict.FAIL)):
        assert gate(build(leaky("a", range(80), None) + leaky("b", range(81), hit)), policy).verdict is verdict


def test_evidence_of_two_datasets_without_example_hashes_is_refused(build):
    def bare(version):
        return [{**row, "example_hash": None} for row in rows(version, range(80))]

    with pytest.raises(InvalidComparison, match=r"dataset_hash differs"):
        gate(build(bare("a") + bare("b")))
