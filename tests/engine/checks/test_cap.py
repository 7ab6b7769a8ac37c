"""Caps: at the limit, over it, written as text, and what is no number."""

from __future__ import annotations

from typing import Any

import pytest

from seatrial.checks import capped, capped_call
from seatrial.dataset import Example
from seatrial.errors import ConfigError
from seatrial.graph.run import Run
from seatrial.scoring import Score, bind


def judge(check: Any, outputs: Any) -> Score:
    (score,) = bind(check)(Run("r", {}, outputs), Example("e", {}))
    return score


@pytest.mark.parametrize(
    ("got", "score"),
    [
        (15, 1.0),
        (15.1, 0.0),
        ("15 %", 1.0),
        ("20%", 0.0),
        ([5, 15], 1.0),
        ([5, 16], 0.0),
        (-1, 0.0),
        ("fifteen", None),
        ("1,500", None),
        (True, None),
        (["fifteen", 16], 0.0),
        ([], 1.0),
    ],
)
def test_a_discount_is_capped(got: Any, score: float | None) -> None:
    assert judge(capped("max_discount", 15, at_least=0), {"max_discount": got}).score == score


def test_the_sentence_names_the_value_and_the_limits() -> None:
    assert judge(capped("d", 15), {"d": 20}) == Score("capped", 0.0, "d is 20, allowed are at most 15")
    assert judge(capped("d", 15, at_least=5), {"d": 7}).reason == "d is 7, allowed are at least 5 and at most 15"
    assert judge(capped("d", 15), {"d": "many"}).reason == "d is 'many', which is no number"


def test_a_missing_field_is_wrong_unless_it_is_optional() -> None:
    assert judge(capped("d", 15), {}).score == 0.0
    assert judge(capped("d", 15, optional=True), {}).score == 1.0
    assert judge(capped("d", 15, optional=True), {"d": None}).score == 1.0
    assert judge(capped("d", 15, optional=True), None).score == 0.0


def refund(**args: Any) -> dict[str, Any]:
    return {"role": "assistant", "content": [{"type": "tool_use", "id": "t", "name": "refund", "input": args}]}


@pytest.mark.parametrize(
    ("messages", "score"),
    [
        ([refund(amount=100)], 1.0),
        ([refund(amount=100), refund(amount=101)], 0.0),
        ([refund(amount="all")], None),
        ([refund()], None),
        ([refund(), refund(amount=101)], 0.0),
        ([refund(amount="all"), refund(amount=101)], 0.0),
        ([{"role": "assistant", "content": "hi"}], 1.0),
        ([{"role": "assistant", "content": [{"type": "widget"}]}], None),
        ("refund 500", None),
    ],
)
def test_an_argument_of_a_call_is_capped(messages: Any, score: float | None) -> None:
    assert judge(capped_call("refund", "amount", 100), {"messages": messages}).score == score


def test_without_messages_it_is_wrong() -> None:
    assert judge(capped_call("refund", "amount", 100), {}).score == 0.0


@pytest.mark.parametrize(
    "wrong", [lambda: capped("d"), lambda: capped("d", 1, at_least=2), lambda: capped("d", float("nan"))]
)
def test_limits_that_leave_no_room_are_refused(wrong: Any) -> None:
    with pytest.raises(ConfigError):
        wrong()
