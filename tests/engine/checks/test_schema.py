"""The schema check: typed models of every kind, conversions, unknown fields, and its sentence."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import BaseModel, ConfigDict
from typing_extensions import TypedDict

from seatrial.checks import matches_schema
from seatrial.dataset import Example
from seatrial.errors import ConfigError, UsageError
from seatrial.evaluator import Score, bind
from seatrial.graph.run import Run


class Inner(BaseModel):
    n: int


class Answer(BaseModel):
    model_config = ConfigDict(extra="forbid")
    label: str
    inner: Inner | None = None


class Row(TypedDict):
    label: str


def judge(check: Any, outputs: Any) -> Score:
    (score,) = bind(check)(Run("r", {}, outputs), Example("e", {}))
    return score


def test_an_answer_that_validates_scores_one_without_any_reference() -> None:
    assert judge(matches_schema(Answer), {"label": "a"}) == Score("schema", 1.0, "the outputs validate")


@pytest.mark.parametrize("model", [Answer, Row, dict[str, str]])
def test_models_typed_dicts_and_plain_types_all_serve(model: Any) -> None:
    assert judge(matches_schema(model), {"label": "a"}).score == 1.0
    assert judge(matches_schema(model), {"label": 3}).score == 0.0


def test_the_sentence_names_the_places() -> None:
    reason = judge(matches_schema(Answer), {"inner": {"n": "many"}}).reason
    assert reason == (
        "label: Field required; inner.n: Input should be a valid integer, unable to parse string as an integer"
    )


def test_of_many_problems_three_are_named() -> None:
    reason = judge(matches_schema(list[int], "x"), {"x": ["a"] * 5}).reason
    assert reason.count("valid integer") == 3
    assert reason.endswith(" and 2 more")


def test_unknown_fields_are_ignored_or_forbidden_whatever_the_model_says() -> None:
    outputs = {"label": "a", "inner": {"n": 1, "extra": 2}}
    assert judge(matches_schema(Answer), outputs).score == 1.0
    assert (
        judge(matches_schema(Answer, extra="forbid"), outputs).reason == "inner.extra: Extra inputs are not permitted"
    )


def test_strict_refuses_conversions() -> None:
    assert judge(matches_schema(Inner), {"n": "5"}).score == 1.0
    assert judge(matches_schema(Inner, strict=True), {"n": "5"}).score == 0.0


def test_a_text_is_read_as_json() -> None:
    assert judge(matches_schema(Inner, "x"), {"x": '{"n": 5}'}).score == 1.0
    assert judge(matches_schema(Inner, "x"), {"x": "five"}).reason.startswith("Invalid JSON")
    assert judge(matches_schema(str, "x"), {"x": "five"}).score == 1.0


def test_a_missing_answer_is_wrong() -> None:
    assert judge(matches_schema(Inner, "x"), {}) == Score("schema", 0.0, "the outputs have no field 'x'")
    assert judge(matches_schema(Inner), None) == Score("schema", 0.0, "there are no outputs")


def test_a_json_schema_document_and_an_unknown_option_are_refused() -> None:
    with pytest.raises(ConfigError, match="got a JSON Schema document; give it a pydantic model"):
        matches_schema({"type": "object"})
    with pytest.raises(UsageError, match="choose one of: ignore, forbid"):
        matches_schema(Inner, extra="allow")
