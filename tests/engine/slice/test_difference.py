"""Differences: one number per example, and nothing that was not measured counts as one."""

import pytest

from seatrial.errors import InvalidComparison, UsageError
from seatrial.evidence import read_evidence
from seatrial.slice.difference import differences, movement


@pytest.fixture
def evidence(tmp_path):
    def write(rows, head="example_id,version,key,repetition,outcome,score"):
        path = tmp_path / "e.csv"
        path.write_text("\n".join([head, *rows]) + "\n")
        return read_evidence(path)

    return write


def test_repetitions_are_averaged_over_what_was_measured(evidence):
    # b: v1 scored 1 and 0 -> .5; v2 scored 1, the other try was lost in the evaluator -> 1.
    rows = ["b,v1,k,0,scored,1", "b,v1,k,1,scored,0", "b,v2,k,0,scored,1", "b,v2,k,1,evaluator_error,"]
    # a: a crash is a score of 0, in either version.
    rows += ["a,v1,k,0,scored,1", "a,v1,k,1,scored,1", "a,v2,k,0,target_error,", "a,v2,k,1,scored,1"]
    found = differences(evidence(rows), None, baseline="v1", candidate="v2")
    assert (found.ids, found.before.tolist(), found.after.tolist()) == (("a", "b"), [1.0, 0.5], [0.5, 1.0])
    assert movement(found.before, found.after).tolist() == [-0.5, 0.5]
    assert found.notes == ()


def test_what_one_version_has_no_score_for_is_left_out_and_counted(evidence):
    rows = ["a,v1,k,0,scored,1", "a,v2,k,0,scored,1", "b,v1,k,0,scored,1", "c,v1,k,0,scored,1", "c,v2,k,0,unparsed,"]
    found = differences(evidence(rows), "k", baseline="v1", candidate="v2")
    assert found.ids == ("a",)
    assert found.notes == ("2 examples left out: one of the versions has no score there",)


@pytest.mark.parametrize(
    ("key", "baseline", "reported"),
    [
        (None, "v1", "holds several keys; choose one with --key: k, l"),
        ("m", "v1", "--key 'm' is unknown; choose one of: k, l"),
        ("k", "v0", "baseline 'v0' is not in"),
    ],
)
def test_a_wrong_name_lists_the_right_ones(evidence, key, baseline, reported):
    rows = [f"a,{version},{key_},0,scored,1" for version in ("v1", "v2") for key_ in "kl"]
    with pytest.raises(UsageError, match=reported):
        differences(evidence(rows), key, baseline=baseline, candidate="v2")


def test_nothing_measured_in_both_is_no_comparison(evidence):
    with pytest.raises(InvalidComparison, match="no example of 'k' was measured in both"):
        differences(evidence(["a,v1,k,0,scored,1", "a,v2,k,0,unparsed,"]), "k", baseline="v1", candidate="v2")


def test_two_datasets_are_no_comparison(evidence):
    rows = ["a,v1,1,x", "a,v2,1,y"]
    with pytest.raises(InvalidComparison, match="dataset_hash differs"):
        differences(evidence(rows, "example_id,version,score,dataset_hash"), None, baseline="v1", candidate="v2")
