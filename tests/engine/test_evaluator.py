"""The evaluator contract: both calling forms, every accepted return value, and everything that is refused."""

from __future__ import annotations

import math
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from seatrial.dataset import Example
from seatrial.errors import ConfigError
from seatrial.graph.run import Run
from seatrial.scoring import NotAScore, Score, bind, evaluator

RUN = Run("r1", {"q": "2+2"}, {"answer": 4})
EXAMPLE = Example("e1", {"q": "2+2"}, {"answer": 4})


def test_a_function_of_run_and_example_gets_both() -> None:
    def same(run: Any, example: Any) -> bool:
        return bool(run.outputs == example.outputs)

    assert bind(same)(RUN, EXAMPLE) == (Score("same", 1.0),)


def test_a_function_that_names_fields_gets_only_those() -> None:
    def same(outputs: Any, reference_outputs: Any) -> bool:
        return bool(outputs == reference_outputs)

    assert bind(same)(RUN, EXAMPLE) == (Score("same", 1.0),)


def test_one_named_field_is_enough() -> None:
    def short(*, outputs: Any) -> bool:
        return len(outputs) < 2

    assert bind(short)(RUN, EXAMPLE) == (Score("short", 1.0),)


def test_an_openevals_evaluator_drops_in_unchanged() -> None:
    # The shape of openevals.exact.exact_match: keywords only, Any, **kwargs, a dict with `comment`.
    def exact_match(*, outputs: Any, reference_outputs: Any, **kwargs: Any) -> dict[str, Any]:
        assert kwargs == {"inputs": {"q": "2+2"}}
        return {"key": "equal", "score": outputs == reference_outputs, "comment": None, "metadata": None}

    assert bind(exact_match)(RUN, EXAMPLE) == (Score("equal", 1.0, ""),)


def test_positional_names_of_the_user_s_own_are_run_and_example() -> None:
    assert bind(lambda r, e: r.outputs == e.outputs)(RUN, EXAMPLE)[0].score == 1.0


def test_a_default_after_run_and_example_is_left_alone() -> None:
    def within(run: Any, example: Any, tolerance: float = 0.5) -> bool:
        return abs(run.outputs["answer"] - example.outputs["answer"]) <= tolerance

    assert bind(within)(RUN, EXAMPLE)[0].score == 1.0


def test_an_object_with_call_is_an_evaluator_under_its_class_s_name() -> None:
    class Fixed:
        def __call__(self, run: Any, example: Any) -> float:
            return 0.25

    assert bind(Fixed())(RUN, EXAMPLE) == (Score("Fixed", 0.25),)


def test_binding_twice_is_binding_once() -> None:
    bound = bind(lambda run, example: True)
    assert bind(bound) is bound


def test_the_decorator_gives_key_and_version_and_leaves_the_function_callable() -> None:
    @evaluator(version="7", key="renamed")
    def original(run: Any, example: Any) -> bool:
        return True

    assert original(RUN, EXAMPLE) is True
    bound = bind(original)
    assert (bound.key, bound.version, bound(RUN, EXAMPLE)) == ("renamed", "7", (Score("renamed", 1.0),))


def test_a_function_without_the_decorator_has_version_one() -> None:
    assert bind(lambda run, example: True).version == "1"


@pytest.mark.parametrize(
    ("returned", "expected"),
    [
        (True, Score("k", 1.0)),
        (False, Score("k", 0.0)),
        (0, Score("k", 0.0)),
        (0.5, Score("k", 0.5)),
        (np.float32(0.5), Score("k", 0.5)),
        (np.bool_(True), Score("k", 1.0)),
        (None, Score("k", None)),
        (Score("own", True, "why"), Score("own", 1.0, "why")),
        ({"score": 1}, Score("k", 1.0)),
        ({"key": "own", "score": 0.5, "reason": "why"}, Score("own", 0.5, "why")),
        ({"key": "own", "score": 0.5, "comment": "why"}, Score("own", 0.5, "why")),
        ({"score": None, "reason": "cannot tell"}, Score("k", None, "cannot tell")),
    ],
)
def test_every_accepted_value_becomes_a_float_or_an_abstention(returned: Any, expected: Score) -> None:
    def k(run: Any, example: Any) -> Any:
        return returned

    scores = bind(k)(RUN, EXAMPLE)
    assert scores == (expected,)
    assert scores[0].score is None or type(scores[0].score) is float


def test_a_list_becomes_as_many_scores() -> None:
    def many(run: Any, example: Any) -> Any:
        return [Score("a", 1.0), {"key": "b", "score": False}]

    assert bind(many)(RUN, EXAMPLE) == (Score("a", 1.0), Score("b", 0.0))


@pytest.mark.parametrize(
    ("returned", "sentence"),
    [
        (math.nan, "is not a number"),
        (math.inf, "is not a number"),
        (np.float64("nan"), "is not a number"),
        (1.0000001, "is outside 0..1"),
        (-0.1, "is outside 0..1"),
        (7, "is outside 0..1"),
        ("0.5", "is no score"),
        (object(), "is no score"),
        ({"key": "k", "score": math.nan}, "is not a number"),
        (Score("k", 2.0), "is outside 0..1"),
        ([], "empty list"),
        (Score("", 1.0), "a key is a name"),
        (Score(None, 1.0), "a key is a name"),
        ([True, False], "the same key twice"),
        ([Score("a", 1.0), Score("a", 0.0)], "the same key twice"),
    ],
)
def test_what_is_no_score_is_refused_with_a_sentence_that_names_the_evaluator(returned: Any, sentence: str) -> None:
    def k(run: Any, example: Any) -> Any:
        return returned

    with pytest.raises(NotAScore, match="evaluator ") as caught:
        bind(k)(RUN, EXAMPLE)
    assert sentence in str(caught.value)


@settings(max_examples=50)
@given(st.floats())
@example(1.0000000000000002)
def test_a_float_is_a_score_exactly_when_it_lies_in_0_to_1_but_for_rounding(value: float) -> None:
    bound = bind(lambda run, example: value)
    if -1e-9 <= value <= 1 + 1e-9:
        assert bound(RUN, EXAMPLE)[0].score == min(1.0, max(0.0, value))
    else:
        with pytest.raises(NotAScore):
            bound(RUN, EXAMPLE)


def test_what_an_evaluator_raises_passes_through() -> None:
    def broken(run: Any, example: Any) -> bool:
        return bool(run.outputs["nothing"])

    with pytest.raises(KeyError, match="nothing"):
        bind(broken)(RUN, EXAMPLE)


def test_an_async_function_is_refused_when_it_is_bound() -> None:
    async def later(run: Any, example: Any) -> bool:
        return True

    with pytest.raises(ConfigError, match="'later' is async"):
        bind(later)


def test_other_parameters_are_refused_with_both_forms_in_the_sentence() -> None:
    def wrong(outputs: Any, threshold: float, strictness: int) -> bool:
        return True

    with pytest.raises(ConfigError) as caught:
        bind(wrong)
    assert str(caught.value) == (
        "evaluator 'wrong' takes (outputs, threshold, strictness); "
        "an evaluator takes (run, example), or any of inputs, outputs, reference_outputs by name"
    )


def test_no_parameter_at_all_is_refused() -> None:
    with pytest.raises(ConfigError, match="an evaluator takes"):
        bind(lambda: True)


def test_a_function_without_a_readable_signature_is_refused() -> None:
    with pytest.raises(ConfigError, match="no readable signature"):
        bind(min)


def test_langsmith_objects_serve_as_well_as_ours() -> None:
    # LangSmith's Run and Example carry the same attribute names, which is all that is asked of them.
    run, example = SimpleNamespace(outputs={"x": 1}), SimpleNamespace(inputs={}, outputs={"x": 1})

    def same(outputs: Any, reference_outputs: Any) -> bool:
        return bool(outputs == reference_outputs)

    assert bind(same)(run, example) == (Score("same", 1.0),)
