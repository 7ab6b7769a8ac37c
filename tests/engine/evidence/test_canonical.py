"""Canonical JSON and the writer: equal values, equal bytes, and what is written is read back."""

import json
import math

import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seatrial.evidence import canonical_json, content_hash, read_evidence, write_parquet

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


def test_it_is_sorted_short_and_in_the_readers_letters():
    assert canonical_json({"b": [1, 0.1], "a": {"é": None}}) == '{"a":{"é":null},"b":[1,0.1]}'


def test_its_hash_is_the_first_16_digits_of_sha256():
    # printf '{}' | sha256sum
    assert content_hash({}) == "44136fa355b3678a"


@given(st.dictionaries(st.text(max_size=3), JSON, max_size=4), st.randoms(use_true_random=False))
@settings(max_examples=60, deadline=None)
def test_the_order_of_names_has_no_say_and_nothing_is_lost(value, random):
    items = list(value.items())
    random.shuffle(items)
    assert canonical_json(dict(items)) == canonical_json(value)
    assert json.loads(canonical_json(value)) == value


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, {"x": [math.nan]}])
def test_what_is_no_number_is_refused(value):
    with pytest.raises(ValueError, match="not JSON compliant"):
        canonical_json(value)


@pytest.mark.parametrize("value", [{1, 2}, b"x", object()])
def test_what_json_has_no_word_for_is_refused(value):
    with pytest.raises(TypeError):
        canonical_json(value)


def test_what_is_written_is_read_back(tmp_path):
    path = tmp_path / "evidence.parquet"
    columns = {
        "example_id": ["e1", "e2"],
        "version": ["a", "a"],
        "key": ["k", "k"],
        "repetition": [0, 0],
        "outcome": ["scored", "skipped"],
        "error_kind": [None, "budget"],
        "score": [0.25, None],
        "latency_ms": [1.5, None],
        "input_tokens": [7, None],
        "segment.t": ["x", "y"],
    }
    write_parquet(columns, path, {"interleaved": "true"})
    found = read_evidence(path)
    assert {name: found.values(name) for name in columns} == columns
    assert found.metadata["interleaved"] == "true"
    assert found.metadata["schema"] == "seatrial/evidence/1"
    assert [p.name for p in tmp_path.iterdir()] == ["evidence.parquet"]


def test_a_column_that_is_none_of_ours_is_not_written(tmp_path):
    with pytest.raises(ValueError, match="'colour' is no evidence column"):
        write_parquet({"example_id": ["e1"], "colour": ["red"]}, tmp_path / "x.parquet", {})
    assert list(tmp_path.iterdir()) == []


def test_a_failed_write_leaves_the_old_file_whole(tmp_path):
    path = tmp_path / "evidence.parquet"
    write_parquet({"example_id": ["e1"], "version": ["a"], "score": [1.0]}, path, {})
    with pytest.raises(Exception, match=r"float|convert|double"):
        write_parquet({"example_id": ["e1"], "version": ["a"], "score": ["high"]}, path, {})
    assert pq.read_table(path).num_rows == 1
