"""Evidence made in this process says what the same columns say once they were written and read."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seatrial.errors import DataError
from seatrial.evidence.check import check
from seatrial.evidence.combine import combine
from seatrial.evidence.numpy_table import coded
from seatrial.evidence.read import read_evidence
from seatrial.evidence.schema import provenance
from seatrial.evidence.write import Repeated, write_parquet

WORDS = st.sampled_from(["a", "b", "é", "ß c", "0"])


@st.composite
def runs(draw, version="v1"):
    """Columns as the runner gives them: examples x repetitions x keys."""
    ids = draw(st.lists(st.text("abc", min_size=1, max_size=3), min_size=1, max_size=6, unique=True))
    repetitions, keys = draw(st.integers(1, 3)), draw(st.lists(WORDS, min_size=1, max_size=2, unique=True))
    per, rows = repetitions * len(keys), len(ids) * repetitions * len(keys)
    scores = draw(st.lists(st.none() | st.floats(0, 1), min_size=rows, max_size=rows))
    places = draw(st.lists(WORDS, min_size=len(ids), max_size=len(ids)))
    tokens = draw(st.lists(st.none() | st.integers(0, 2**40), min_size=len(ids), max_size=len(ids)))
    return {
        "example_id": Repeated(ids, per),
        "version": Repeated([version], rows),
        "key": Repeated(keys, times=len(ids) * repetitions),
        "repetition": Repeated([r for r in range(repetitions) for _ in keys], times=len(ids)),
        "outcome": ["unparsed" if score is None else "scored" for score in scores],
        "score": scores,
        "reason": [None if score is None else f"{score}" for score in scores],
        "input_tokens": Repeated(tokens, per),
        "judge": Repeated([None], rows),
        "segment.place": Repeated(places, per),
    }


def both(columns, folder):
    """The same columns held in this process, and written and read."""
    path = folder / "evidence.parquet"
    write_parquet(columns, path, {"run_id": "r"})
    made = coded(columns, str(path), provenance({"run_id": "r"}))
    check(made)
    return made, read_evidence(path)


def words(evidence, name):
    codes = evidence.codes(name)
    return [codes.values[i] if i >= 0 else None for i in codes.index]


def same(one, other):
    assert (len(one), one.names, one.source, one.metadata) == (len(other), other.names, other.source, other.metadata)
    assert (one.versions, one.keys, one.dimensions) == (other.versions, other.keys, other.dimensions)
    for name in one.names:
        assert one.is_text(name) == other.is_text(name)
        assert one.missing(name).tolist() == other.missing(name).tolist()
        if one.is_text(name):
            # In whatever order, the words that rows say and none that no row says.
            assert sorted(one.codes(name).values) == sorted(other.codes(name).values)
            assert words(one, name) == words(other, name)
        else:
            assert np.array_equal(one.numbers(name), other.numbers(name), equal_nan=True)


@given(runs(), st.randoms(use_true_random=False))
@settings(max_examples=40, deadline=None)
def test_it_is_what_a_file_of_it_would_be(tmp_path_factory, columns, random):
    made, read = both(columns, tmp_path_factory.mktemp("e"))
    same(made, read)
    same(made.named("other"), read.named("other"))
    same(made.later(2), read.later(2))
    mask = np.array([random.random() < 0.5 for _ in range(len(made))])
    if mask.any():
        same(made.where(mask), read.where(mask))
    assert made.rows() == read.rows()


def refusal(*parts):
    """What joining them is refused with; empty where it is not."""
    try:
        combine(parts, "both")
    except DataError as error:
        return str(error)
    return ""


@given(runs("v1"), runs("v2"))
@settings(max_examples=20, deadline=None)
def test_two_are_joined_as_files_are(tmp_path_factory, one, other):
    other = {name: column for name, column in other.items() if name != "reason"} | {"model": Repeated(["m"], len(other["score"]))}  # fmt: skip
    folder = tmp_path_factory.mktemp("e")
    (a, a_read), (b, b_read) = both(one, folder), both(other, folder)
    refusals = [refusal(a_read, b_read), refusal(a, b), refusal(a, b_read)]
    assert len(set(refusals)) == 1
    if refusals[0]:  # an example that stands in two places
        return
    complete = combine([a_read, b_read], "both")
    joined = combine([a, b], "both")
    same(joined, complete)
    same(combine([a, b_read], "both"), complete)  # one of them lies in a file


ROW = {"example_id": ["e"], "version": ["v"], "key": ["k"], "repetition": [0], "outcome": ["scored"], "score": [1.0]}


@pytest.mark.parametrize(
    "other",
    [
        {"score": [True]},
        {"score": ["pass"]},
        {"score": [math.nan]},
        {"score": [math.inf]},
        {"score": [10**400]},
        {"repetition": [0.5]},
        {"repetition": [None]},
        {"example_id": [7]},
        {"example_id": ["\ud800"]},
        {"example_id": [None]},
        {"outcome": [None]},
        {"input_tokens": [2**60]},
        {"segment.tier": [" pro"]},
        {"segment.tier": [""]},
        {"segment.tier": [None]},
        {"segment.a=b": ["x"]},
        {"cluster": [["a"]]},
        {"cluster": [{"a": 1}]},
        {"colour": ["red"]},
        {"example_id": ["e", "f"]},
        {"latency_ms": [1.0, 2.0]},
    ],
)
def test_what_is_not_plainly_of_its_type_is_left_to_the_rules_of_files(other):
    assert coded(ROW, "memory") is not None
    assert coded({**ROW, **other}, "memory") is None


@pytest.mark.parametrize("name", ["example_id", "version", "key", "repetition", "outcome", "score"])
def test_a_column_that_has_a_default_is_left_to_the_rules_of_files_too(name):
    assert coded({column: values for column, values in ROW.items() if column != name}, "memory") is None


def test_no_rows_are_left_to_the_rules_of_files_as_well():
    assert coded({name: [] for name in ROW}, "memory") is None


def test_a_row_that_breaks_the_format_is_named(tmp_path):
    columns = {**ROW, "example_id": ["e", "e"], "version": ["v"] * 2, "key": ["k"] * 2, "repetition": [0, 0], "outcome": ["scored"] * 2, "score": [1.0, 0.0]}  # fmt: skip
    with pytest.raises(
        DataError, match="memory row 2: a second row for example_id 'e', version 'v', key 'k', repetition 0"
    ):
        check(coded(columns, "memory"))
