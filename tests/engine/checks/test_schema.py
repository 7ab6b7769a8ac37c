"""The schema check: typed models of every kind, conversions, unknown fields, and its sentence."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import BaseModel, ConfigDict
from typing_extensions import TypedDict

from seatrial.checks import matches_schema
from seatrial.dataset import Example
from seatrial.errors import ConfigError, UsageError
from seatrial.graph.run import Run
from seatrial.scoring import Score, bind


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


def test_an_unknown_option_is_refused() -> None:
    with pytest.raises(UsageError, match="choose one of: ignore, forbid"):
        matches_schema(Inner, extra="allow")


FENCED = '```json\n{"label": "a"}\n```'


@pytest.mark.parametrize(
    ("text", "score"),
    [
        (FENCED, 1.0),
        (f"\n{FENCED}\n", 1.0),
        ('~~~\n{"label": "a"}\n~~~', 1.0),
        ('{"label": "a"}', 1.0),
        ('```json\n{"label": 5}\n```', 0.0),
        (f"Here it is: {FENCED}", 0.0),
        (f"{FENCED}\n{FENCED}", 0.0),
        ("```json\n```", 0.0),
    ],
)
@pytest.mark.parametrize("model", [Answer, {"type": "object", "properties": {"label": {"type": "string"}}}])
def test_one_fence_around_the_json_is_taken_off_when_asked(model: Any, text: str, score: float) -> None:
    assert judge(matches_schema(model, "x", fenced=True), {"x": text}).score == score
    assert judge(matches_schema(model, "x"), {"x": FENCED}).score == 0.0


def test_a_fenced_text_stays_a_text_where_a_text_is_asked_for() -> None:
    assert judge(matches_schema(str, "x", fenced=True), {"x": FENCED}).score == 1.0
    assert (
        judge(matches_schema({"type": "string", "minLength": len(FENCED)}, "x", fenced=True), {"x": FENCED}).score
        == 1.0
    )


DOCUMENT = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "type": "object",
    "required": ["subject", "priority"],
    "additionalProperties": False,
    "properties": {"subject": {"$ref": "#/$defs/text"}, "priority": {"type": "integer", "maximum": 3}},
    "$defs": {"text": {"type": "string", "minLength": 1}},
}


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ({"subject": "x", "priority": 1}, "x validates"),
        ('{"subject": "x", "priority": 1}', "x validates"),
        ({"subject": "x"}, "the value: 'priority' is a required property"),
        ({"subject": "", "priority": "1"}, "priority: '1' is not of type 'integer'; subject: '' should be non-empty"),
        ("hello", "the text is no JSON: Expecting value: line 1 column 1 (char 0)"),
    ],
)
def test_a_json_schema_document_judges_and_names_the_places(answer: Any, reason: str) -> None:
    found = judge(matches_schema(DOCUMENT, "x"), {"x": answer})
    assert (found.score, found.reason) == (1.0 if reason == "x validates" else 0.0, reason)


def test_the_dialect_that_a_document_names_is_its_own() -> None:
    # In draft 4 `exclusiveMaximum` is a flag beside `maximum`; in 2020-12 that is no schema.
    draft4 = {"$schema": "http://json-schema.org/draft-04/schema#", "maximum": 3, "exclusiveMaximum": True}
    assert judge(matches_schema(draft4, "x"), {"x": 3}).score == 0.0
    assert judge(matches_schema(draft4, "x"), {"x": 2}).score == 1.0
    with pytest.raises(ConfigError, match="is no JSON Schema: at"):
        matches_schema({"maximum": 3, "exclusiveMaximum": True})


def test_a_document_of_another_address_is_not_fetched_and_abstains(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_network(*_: Any, **__: Any) -> None:
        raise AssertionError("it reached for the network")

    monkeypatch.setattr("urllib.request.urlopen", no_network)
    found = judge(matches_schema({"$ref": "https://example.com/order.json"}, "x"), {"x": 1})
    assert found.score is None
    assert "'https://example.com/order.json', which is not part of it" in found.reason


def test_a_document_that_is_none_and_options_it_has_itself_are_refused() -> None:
    for wrong in (lambda: matches_schema({"type": "thing"}), lambda: matches_schema({"const": object()})):
        with pytest.raises(ConfigError, match="the document is no JSON"):
            wrong()
    for options in ({"extra": "forbid"}, {"strict": True}):
        with pytest.raises(ConfigError, match="see additionalProperties"):
            matches_schema(DOCUMENT, **options)  # type: ignore[arg-type]


def test_two_documents_are_two_evaluators_and_one_is_the_same_every_time() -> None:
    one, same, other = ({"const": n} for n in (1, 1, 2))
    assert bind(matches_schema(one)).hash == bind(matches_schema(same)).hash != bind(matches_schema(other)).hash
