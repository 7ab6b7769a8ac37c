"""Match checks: exact, label, band, JSON and tolerance, each with its abstention and its sentence."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from enum import Enum, IntEnum, StrEnum
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from langchain_core.messages import AIMessage

from seatrial.checks import band, close, exact, json_equal, label
from seatrial.dataset import Example
from seatrial.errors import ConfigError
from seatrial.graph.run import Run
from seatrial.scoring import Score, bind


def judge(check: Any, outputs: Any, reference: Any) -> Score:
    (score,) = bind(check)(Run("r", {}, outputs), Example("e", {}, reference))
    return score


def pair(check: Any, got: Any, want: Any) -> float | None:
    return judge(check, {"x": got}, {"x": want}).score


@pytest.mark.parametrize(
    ("got", "want", "score"),
    [
        ("a", "a", 1.0),
        ("a", "A", 0.0),
        (1, 1.0, 1.0),
        (1, True, 0.0),
        (1, "1", 0.0),
        (None, None, 1.0),
        ({"a": 1, "b": 2}, {"b": 2, "a": 1}, 1.0),
        ({"a": 1}, {"a": 1, "b": None}, 0.0),
        ([1, 2], [2, 1], 0.0),
        ([1, 2], [1, 2, 3], 0.0),
        ((1, 2), [1, 2], 1.0),
    ],
)
def test_exact_is_json_equality(got: Any, want: Any, score: float) -> None:
    assert pair(exact("x"), got, want) == score


class Colour(StrEnum):
    RED = "red"


class Level(IntEnum):
    HIGH = 3


class Unit(Enum):
    KM = "km"


SAME = [
    (AIMessage("red").text, "red"),
    (Colour.RED, "red"),
    (Unit.KM, "km"),
    (np.str_("red"), "red"),
    (np.float64(0.5), 0.5),
    (np.float32(0.5), 0.5),
    (np.int64(3), 3),
    (np.bool_(True), True),
    (Level.HIGH, 3),
    (Decimal("0.10"), 0.1),
    (Decimal("0.1000000000000000000001"), "0.1000000000000000000001"),
    (date(2026, 1, 2), "2026-01-02"),
    (np.array([1, 2]), [1, 2]),
]


@pytest.mark.parametrize(("got", "want"), SAME, ids=[type(got).__name__ for got, _ in SAME])
def test_what_json_writes_alike_is_equal_whatever_its_type(got: Any, want: Any) -> None:
    for check in (exact("x"), close("x", absolute=1e-6)):
        assert (pair(check, got, want), pair(check, want, got)) == (1.0, 1.0)
        assert (pair(check, [got], [want]), pair(check, {"y": got}, {"y": want})) == (1.0, 1.0)
    assert pair(json_equal("x"), {"y": got}, {"y": want}) == 1.0


def test_types_that_json_writes_otherwise_stay_different() -> None:
    assert pair(exact("x"), np.int64(1), True) == 0.0
    assert pair(exact("x"), Colour.RED, "blue") == 0.0
    assert pair(exact("x"), Level.HIGH, "3") == 0.0
    assert pair(label("x"), Unit.KM, "KM") == 1.0
    assert pair(band("x", {"low": (0, 1)}), np.float32(0.5), 0.2) == 1.0


def test_exact_without_a_field_compares_all_of_the_outputs() -> None:
    assert judge(exact(), {"a": 1}, {"a": 1}) == Score("exact", 1.0, "{'a': 1} is the reference")
    assert judge(exact(), {"a": [{"b": 1}]}, {"a": [{"b": 2}]}) == Score("exact", 0.0, "at a[0].b: 1, expected 2")


@pytest.mark.parametrize("check", [exact("x"), json_equal("x"), close("x", absolute=1), band("x", {"a": (0, 1)})])
def test_a_missing_answer_is_wrong_and_a_missing_reference_is_an_abstention(check: Any) -> None:
    assert judge(check, {}, {"x": 0}).score == 0.0
    assert judge(check, None, {"x": 0}).reason == "the outputs have no field 'x'"
    assert judge(check, {"x": 0}, {}).score is None
    assert judge(check, {"x": 0}, None).reason == "the reference has no field 'x'"


def test_a_path_steps_into_objects_and_lists() -> None:
    assert judge(exact("a.0.b"), {"a": [{"b": 1}]}, {"a": [{"b": 1}]}).score == 1.0
    assert judge(exact("a.1.b"), {"a": [{"b": 1}]}, {"a": [{}, {"b": 1}]}).score == 0.0


def test_a_label_is_compared_without_case_and_space() -> None:
    check = label("x", ["spam", "lead"])
    assert judge(check, {"x": " Spam\n"}, {"x": "spam"}).score == 1.0
    assert judge(check, {"x": "lead"}, {"x": "spam"}).reason == "'lead', expected 'spam'"
    assert judge(check, {"x": "junk"}, {"x": "junk"}).reason == "'junk' is not one of the 2 labels"
    assert judge(check, {"x": 3}, {"x": "spam"}).reason == "3 is no label"


def test_a_reference_that_is_no_label_is_an_abstention() -> None:
    assert judge(label("x"), {"x": "none"}, {"x": None}).score is None
    assert judge(label("x"), {"x": "none"}, {}).score is None
    assert judge(label("x"), {}, {"x": "spam"}).score == 0.0


BANDS = {"cold": (0, 40), "hot": (70, 101)}


@pytest.mark.parametrize(
    ("got", "want", "score"),
    [
        (10, 39.9, 1.0),
        (40, 39.9, 0.0),
        (70, 100, 1.0),
        (50, 10, 0.0),
        ("10", 10, 0.0),
        (10, 50, None),
        (10, "10", None),
    ],
)
def test_a_band_is_what_both_numbers_must_fall_into(got: Any, want: Any, score: float | None) -> None:
    assert pair(band("x", BANDS), got, want) == score


def test_a_band_s_sentence_names_number_and_bands() -> None:
    assert judge(band("x", BANDS), {"x": 80}, {"x": 10}).reason == "80 is in band hot, expected cold"


def test_a_band_upside_down_is_refused() -> None:
    with pytest.raises(ConfigError, match="low must be below high"):
        band("x", {"a": (5, 5)})


def test_json_text_is_read_before_it_is_compared() -> None:
    assert pair(json_equal("x"), '{"b": 1, "a": [1, 2]}', {"a": [1, 2.0], "b": 1}) == 1.0
    assert judge(json_equal("x"), {"x": "{oops"}, {"x": {}}).reason.startswith("the answer is not JSON: ")


def test_json_names_may_be_left_out() -> None:
    assert judge(json_equal(ignore=["at"]), {"a": 1, "at": "noon"}, {"a": 1}).score == 1.0
    assert judge(json_equal(), {"a": 1, "at": "noon"}, {"a": 1}).reason == "at is not in the reference"
    assert judge(json_equal(), {"a": {}}, {"a": {"b": 1}}).reason == "a.b is missing"


@pytest.mark.parametrize(
    ("got", "score"), [(10.5, 1.0), (10.51, 0.0), (9.5, 1.0), ("10", 0.0), (True, 0.0), (float("nan"), 0.0)]
)
def test_an_absolute_tolerance_includes_its_edge(got: Any, score: float) -> None:
    assert pair(close("x", absolute=0.5), got, 10.0) == score


def test_a_relative_tolerance_is_relative_to_the_reference() -> None:
    # 10 % of the reference 100 is 10; 10 % of the answer 111 would be 11.1 and would let it pass.
    assert pair(close("x", relative=0.1), 110, 100) == 1.0
    assert pair(close("x", relative=0.1), 111, 100) == 0.0
    assert pair(close("x", relative=0.1), 0.0, 0) == 1.0


def test_a_tolerance_reaches_into_lists_and_objects() -> None:
    check = close("x", absolute=0.1)
    assert judge(check, {"x": {"a": [1.05, 2]}}, {"x": {"a": [1, 2]}}).score == 1.0
    assert judge(check, {"x": {"a": [1.05, 3]}}, {"x": {"a": [1, 2]}}).reason == "at a[1]: 3, expected 2"


@pytest.mark.parametrize("tolerance", [{}, {"absolute": -1.0, "relative": 2.0}, {"absolute": float("nan")}])
def test_no_tolerance_or_a_negative_one_is_refused(tolerance: dict[str, float]) -> None:
    with pytest.raises(ConfigError, match="needs absolute > 0 or relative > 0"):
        close("x", **tolerance)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 3) | st.sampled_from([0.5, "", "a"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("ab"), inner),
    max_leaves=5,
)


@settings(max_examples=60)
@given(JSON, JSON)
def test_exact_is_symmetric_and_every_value_equals_itself(one: Any, other: Any) -> None:
    assert pair(exact("x"), one, one) == 1.0
    assert pair(exact("x"), one, other) == pair(exact("x"), other, one)


@pytest.mark.parametrize(
    ("got", "what"),
    [
        ("cafe\u0301", "they look the same, one with its accents as signs of their own (NFD)"),
        ("x" * 70 + "a", "they differ from character 71 on: 'a' against 'b'"),
    ],
)
def test_two_texts_that_look_the_same_say_what_differs(got: str, what: str) -> None:
    want = "caf\u00e9" if got.startswith("caf") else "x" * 70 + "b"
    assert what in judge(exact("label"), {"label": got}, {"label": want}).reason
