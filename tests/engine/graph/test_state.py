"""plain: what a state looks like as JSON."""

from __future__ import annotations

import json
from collections import OrderedDict
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from enum import Enum, StrEnum
from uuid import UUID

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from langchain_core.messages import AIMessage
from pydantic import BaseModel

from seatrial.evidence import canonical_json
from seatrial.graph.state import is_plain, plain


class Colour(Enum):
    RED = "red"


class Name(StrEnum):
    ANN = "ann"


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


def test_numbers_and_times_of_other_libraries_become_plain() -> None:
    state = {
        Colour.RED: Decimal("2.5"),
        "exact": Decimal("0.1000000000000000000001"),
        "when": datetime(2026, 1, 2, 3, tzinfo=UTC),
        "id": UUID(int=1),
        "n": np.int64(3),
        "rows": np.array([[1.5, 2.0]]),
    }
    assert canonical_json(plain(state)) == (
        '{"exact":"0.1000000000000000000001","id":"00000000-0000-0000-0000-000000000001","n":3,"red":2.5,'
        '"rows":[[1.5,2.0]],"when":"2026-01-02T03:00:00+00:00"}'
    )


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(JSON)
def test_what_json_reads_back_is_plain(value: object) -> None:
    assert is_plain(json.loads(json.dumps(value)))


@pytest.mark.parametrize(
    "value",
    [Name.ANN, np.str_("x"), np.float64(1), (1,), {1: 2}, {"a": [Name.ANN]}, {Name.ANN: 1}, Decimal(1), OrderedDict()],
)
def test_a_subclass_of_what_json_knows_is_not_plain(value: object) -> None:
    assert not is_plain(value)
    assert not is_plain({"x": [value]})


def test_what_has_no_plain_form_stays() -> None:
    thing = object()
    assert plain({"a": thing}) == {"a": thing}
