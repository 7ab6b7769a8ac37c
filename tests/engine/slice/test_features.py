"""Features: what is asked of a column, by what it holds."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seatrial.segment.op import OPS
from seatrial.slice.features import Column, derive, script


def named(features):
    return {feature.name: feature.members.tolist() for feature in features}


def test_few_numbers_are_cut_between_all_of_them(field):
    assert named(derive([field("calls", [1, 1, 2, 3])])) == {
        "calls ≥ 2": [False, False, True, True],
        "calls < 2": [True, True, False, False],
        "calls ≥ 3": [False, False, False, True],
        "calls < 3": [True, True, True, False],
    }


def test_many_numbers_are_cut_at_their_quintiles(field):
    # 0..99: a fifth of them lies below 20, two fifths below 40, ...; `higher` takes the next value that occurs.
    features = [one for one in derive([field("x", range(100))]) if "<" in one.name]
    assert [(one.name, int(one.members.sum())) for one in features] == [
        ("x < 20", 20),
        ("x < 40", 40),
        ("x < 60", 60),
        ("x < 80", 80),
    ]


def test_a_missing_number_is_on_neither_side_and_a_feature_of_its_own(field):
    reported = named(derive([field("x", [1, 2, None, 2])]))
    assert reported["x is missing"] == [False, False, True, False]
    assert reported["x ≥ 2"] == [False, True, False, True]
    assert reported["x < 2"] == [True, False, False, False]


def test_a_repeating_text_is_a_category(field):
    assert set(named(derive([field("language", ["de", "fr", "de", "fr"])]))) == {"language=de", "language=fr"}


def test_prose_is_measured_and_looked_into(field):
    texts = [
        "Why?",
        "See https://a.example/x",
        "Gib mir 3 Äpfel",
        "def f(x):\n    return x",
        "plain words",
        "more words",
    ]
    reported = named(derive([field("body", texts)]))
    assert reported["body has a question mark"] == [True, False, False, False, False, False]
    assert reported["body has a URL"] == [False, True, False, False, False, False]
    assert reported["body has a number"] == [False, False, True, False, False, False]
    assert reported["body has non-ASCII letters"] == [False, False, True, False, False, False]
    assert reported["body has code"] == [False, False, False, True, False, False]
    assert reported["body lacks code"] == [True, True, True, False, True, True]
    assert "body length ≥ 11" in reported


def test_lists_are_counted(field):
    assert named(derive([field("files", [[], ["a"], ["a", "b"]])]))["files items ≥ 2"] == [False, False, True]


def test_tags_and_segments_are_categories_whatever_their_number():
    values = tuple(str(i) for i in range(20)) * 2
    assert len(derive([Column("team", values, "tag", "team")])) == 20
    assert len(derive([Column("team", values, "segment", "team")])) == 20


@pytest.mark.parametrize(
    ("text", "expected"),
    [("Привет", "CYRILLIC"), ("hello", "LATIN"), ("你好", "CJK"), ("مرحبا", "ARABIC"), ("12!", None)],
)
def test_script_is_the_writing_of_most_letters(text, expected):
    assert script(text) == expected


def test_mixed_values_ask_nothing(field):
    assert derive([field("odd", [1, "a", [2], None])])[0].name == "odd is missing"
    assert len(derive([field("odd", [1, "a", [2], None])])) == 1


VALUES = st.one_of(
    st.lists(st.one_of(st.none(), st.integers(-50, 50)), min_size=2, max_size=30),
    st.lists(st.one_of(st.none(), st.floats(-1e6, 1e6)), min_size=2, max_size=30),
    st.lists(st.one_of(st.none(), st.text(max_size=8)), min_size=2, max_size=30),
    st.lists(st.one_of(st.none(), st.lists(st.integers(), max_size=5)), min_size=2, max_size=30),
    st.lists(st.one_of(st.none(), st.booleans()), min_size=2, max_size=30),
)


@settings(max_examples=60, deadline=None)
@given(VALUES)
def test_a_clause_holds_exactly_of_the_members(values):
    for feature in derive([Column("x", tuple(values), "field", "inputs.x")]):
        assert feature.members.dtype == np.bool_
        if feature.clause is not None and OPS[feature.clause.op].takes(feature.clause.arg):
            holds = [v is not None and OPS[feature.clause.op].holds(v, feature.clause.arg) for v in values]
            assert holds == feature.members.tolist()
        if feature.clause is not None and feature.clause.otherwise is not None:
            op, arg = feature.clause.otherwise
            if OPS[op].takes(arg):
                opposite = [v is not None and OPS[op].holds(v, arg) for v in values]
                assert opposite == [v is not None and not m for v, m in zip(values, feature.members, strict=True)]
