"""Lining up two versions: every planned cell has a lowest and a highest score it may have had."""

import pytest

from seatrial.gate.arms import OUTCOMES, arms
from seatrial.verdict import MEASUREMENT_FAILURES, SYSTEM_FAILURES


def cell(example, version, score=None, **more):
    return {"example_id": example, "version": version, "score": score, **more}


def spans(arm):
    return list(zip(arm.low.tolist(), arm.high.tolist(), arm.missing_cells.tolist(), strict=True))


@pytest.mark.parametrize("word", sorted(SYSTEM_FAILURES))
def test_a_system_failure_scores_0_in_both_arms(build, word):
    rows = [cell("e1", "a", outcome=word), cell("e1", "b", outcome=word), cell("e2", "a", 1.0), cell("e2", "b", 1.0)]
    found = arms(build(rows), "score", "a", "b")
    assert spans(found.baseline) == spans(found.candidate) == [(0.0, 0.0, 0), (1.0, 1.0, 0)]
    assert found.paired


@pytest.mark.parametrize("word", sorted(MEASUREMENT_FAILURES))
def test_a_measurement_failure_lies_anywhere_in_0_to_1_in_both_arms(build, word):
    rows = [cell("e1", "a", outcome=word), cell("e1", "b", outcome=word), cell("e2", "a", 1.0), cell("e2", "b", 0.0)]
    found = arms(build(rows), "score", "a", "b")
    assert spans(found.baseline) == [(0.0, 1.0, 1), (1.0, 1.0, 0)]
    assert spans(found.candidate) == [(0.0, 1.0, 1), (0.0, 0.0, 0)]


def test_every_outcome_word_is_one_or_the_other_or_scored():
    assert {*SYSTEM_FAILURES, *MEASUREMENT_FAILURES} == set(OUTCOMES) - {"scored"}
    assert not SYSTEM_FAILURES & MEASUREMENT_FAILURES


def test_an_example_of_one_arm_is_planned_and_skipped_in_the_other(build):
    rows = [cell("e1", "a", 1.0), cell("e2", "b", 1.0), cell("e3", "a", 1.0), cell("e3", "b", 0.0)]
    found = arms(build(rows), "score", "a", "b")
    assert spans(found.baseline) == [(1.0, 1.0, 0), (0.0, 1.0, 1), (1.0, 1.0, 0)]
    assert spans(found.candidate) == [(0.0, 1.0, 1), (1.0, 1.0, 0), (0.0, 0.0, 0)]


def test_an_example_of_a_third_version_is_not_planned(build):
    rows = [cell("e1", "a", 1.0), cell("e1", "b", 1.0), cell("e2", "c", 1.0)]
    assert arms(build(rows), "score", "a", "b").example.size == 1


def test_repetitions_are_averaged_inside_the_example(build):
    scores = {("a", 0): 1.0, ("a", 1): 0.0, ("a", 2): None, ("b", 0): 1.0, ("b", 1): 1.0, ("b", 2): 0.5}
    rows = [
        cell("e1", version, score, repetition=r, outcome="scored" if score is not None else "unparsed")
        for (version, r), score in scores.items()
    ]
    found = arms(build(rows), "score", "a", "b")
    # (1 + 0 + ?) / 3 lies in 1/3..2/3
    assert spans(found.baseline) == [(pytest.approx(1 / 3), pytest.approx(2 / 3), 1)]
    assert spans(found.candidate) == [(pytest.approx(2.5 / 3), pytest.approx(2.5 / 3), 0)]
    assert (found.baseline.repetitions, found.paired) == (3, False)


def test_a_repetition_one_example_lacks_is_skipped_there(build):
    rows = [cell(e, v, 1.0, repetition=r) for e in ("e1", "e2") for v in "ab" for r in (0, 1)]
    rows = [row for row in rows if (row["example_id"], row["version"], row["repetition"]) != ("e2", "b", 1)]
    assert spans(arms(build(rows), "score", "a", "b").candidate) == [(1.0, 1.0, 0), (0.5, 1.0, 1)]


def test_the_candidates_repetitions_never_exceed_the_baselines(build):
    rows = [cell("e1", "a", 1.0)] + [cell("e1", "b", float(r == 0), repetition=r) for r in range(5)]
    found = arms(build(rows), "score", "a", "b")
    assert (found.dropped, found.candidate.repetitions) == (4, 1)
    assert spans(found.candidate) == [(1.0, 1.0, 0)]


@pytest.mark.parametrize(
    ("change", "paired"),
    [
        ({}, True),
        ({"score": 0.5}, False),
        ({"score": 1e-9}, False),
        ({"cluster": "c"}, True),
        ({"repetition": 1}, True),
    ],
)
def test_mcnemar_applies_to_single_pairs_of_0_and_1(build, change, paired):
    rows = [{**cell("e1", v, 1.0), **change} for v in "ab"]
    rows += [cell("e2", v, 1.0, repetition=change.get("repetition", 0)) for v in "ab"]
    assert arms(build(rows), "score", "a", "b").paired is paired


def test_two_examples_of_one_cluster_are_no_pairs_and_a_null_cluster_is_its_own(build):
    def rows(*clusters):
        return [cell(f"e{i}", v, 1.0, cluster=c) for i, c in enumerate(clusters) for v in "ab"]

    shared, own = (arms(build(rows(*c)), "score", "a", "b") for c in (("x", "x", None), ("x", None, None)))
    assert len(set(shared.cluster.tolist())) == 2
    assert len(set(own.cluster.tolist())) == 3
    assert (shared.paired, own.paired) == (False, True)


def test_an_examples_place_is_known_from_either_arm(build):
    rows = [cell("e1", "a", 1.0, **{"segment.t": "x"}), cell("e2", "b", 1.0, **{"segment.t": "y"})]
    evidence = build(rows)
    values, of = arms(evidence, "score", "a", "b").segment(evidence, "t")
    assert [values[i] for i in of] == ["x", "y"]


def test_a_candidate_planned_with_fewer_repetitions_misses_none_of_the_others(build):
    rows = [cell("e1", "a", 1.0, repetition=r) for r in range(3)] + [cell("e1", "b", 0.0)]
    evidence = build(rows)
    assert spans(arms(evidence, "score", "a", "b").candidate) == [(0.0, pytest.approx(2 / 3), 2)]
    planned = arms(evidence, "score", "a", "b", repetitions=1)
    assert spans(planned.candidate) == [(0.0, 0.0, 0)]
    # the plan holds in both arms: one answer against one
    assert spans(planned.baseline) == [(1.0, 1.0, 0)]
    assert planned.paired is True
