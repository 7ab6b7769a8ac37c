"""Evaluators see the outputs that evidence keeps: plain JSON, to the very types."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING, Any
from uuid import UUID

import numpy as np
from langchain_core.messages import AIMessage

from seatrial.dataset import Example
from seatrial.evidence import canonical_json
from seatrial.graph.state import is_plain
from seatrial.graph.target import callable_target
from seatrial.runner.work import Work
from seatrial.scoring import Score, bind

if TYPE_CHECKING:
    from collections.abc import Callable

    from seatrial.runner.record import Record


class Label(StrEnum):
    SPAM = "spam"


OUTPUTS = {
    "label": Label.SPAM,
    "text": AIMessage("hi").text,
    "words": ("a", np.str_("b")),
    "score": np.float64(0.5),
    "by": {Label.SPAM: 1, "n": 2},
}


def ran(outputs: Any, evaluator: Callable[..., Any]) -> tuple[Record, bytes]:
    target = callable_target(lambda inputs: outputs)
    return Work(target, [bind(evaluator)], [Example("e", {})], repetitions=1, timeout_s=None)(0)


def test_an_evaluator_that_compares_types_sees_the_plain_form() -> None:
    def strict(run: Any, example: Any) -> Score:
        wanted = {"label": "spam", "text": "hi", "words": ["a", "b"], "score": 0.5, "by": {"spam": 1, "n": 2}}
        assert is_plain(run.outputs)
        return Score("strict", float(run.outputs == wanted and type(run.outputs["label"]) is str))

    record, line = ran(OUTPUTS, strict)
    assert record.results == ((("strict", 1.0, ""),),)
    assert canonical_json(OUTPUTS) in line.decode()


def test_a_message_with_a_numpy_number_in_its_state_is_plain_too() -> None:
    def strict(run: Any, example: Any) -> Score:
        return Score("strict", float(is_plain(run.outputs)))

    state = {"messages": [AIMessage("hi")], "n": np.int64(3), "label": Label.SPAM}
    assert ran(state, strict)[0].results == ((("strict", 1.0, ""),),)


def test_what_has_no_plain_form_is_null_and_named_and_does_not_crash_the_graph() -> None:
    seen: list[Any] = []

    def look(run: Any, example: Any) -> Score:
        seen.append(run.outputs)
        return Score("look", 1.0)

    state = {
        "at": datetime(2026, 3, 1, tzinfo=UTC),
        "price": Decimal("0.10"),
        "id": UUID(int=7),
        "tags": {"b", "a"},
        "odds": [1.0, math.nan, {"x": math.inf}],
        "client": object(),
        "raw": b"x",
    }
    record, _ = ran(state, look)
    assert seen == [
        {
            "at": "2026-03-01T00:00:00+00:00",
            "price": 0.1,
            "id": "00000000-0000-0000-0000-000000000007",
            "tags": ["a", "b"],
            "odds": [1.0, None, {"x": None}],
            "client": None,
            "raw": None,
        }
    ]
    assert (record.outcome, record.warnings) == ("scored", ("no plain form, kept as null: client, raw",))


def test_plain_outputs_are_handed_over_equal_and_as_a_copy() -> None:
    outputs = {"label": "spam", "scores": [1, 0.5, None, True]}
    seen: list[Any] = []

    def look(run: Any, example: Any) -> Score:
        seen.append(run.outputs)
        return Score("look", 1.0)

    ran(outputs, look)
    assert seen[0] == outputs
    assert seen[0] is not outputs
