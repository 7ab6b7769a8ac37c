"""plain: what a state looks like as JSON."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from langchain_core.messages import AIMessage
from pydantic import BaseModel

from seatrial.evidence import canonical_json
from seatrial.graph.state import plain


class Colour(Enum):
    RED = "red"


class Model(BaseModel):
    id: int
    colour: Colour


@dataclass
class Point:
    x: int


def test_models_dataclasses_and_enums_become_plain() -> None:
    state = {"model": Model(id=1, colour=Colour.RED), "points": (Point(1), Point(2)), "colour": Colour.RED, "n": 1}
    expected = {"model": {"id": 1, "colour": "red"}, "points": [{"x": 1}, {"x": 2}], "colour": "red", "n": 1}
    assert plain(state) == expected


def test_equal_answers_hash_equally_whatever_id_their_message_drew() -> None:
    one, other = (canonical_json(plain({"messages": [AIMessage("hi", id=name)]})) for name in ("run-1", "run-2"))
    assert one == other
    assert '"content":"hi"' in one


def test_what_has_no_plain_form_stays() -> None:
    thing = object()
    assert plain({"a": thing}) == {"a": thing}
