"""Lattice: singles and pairs of a testable size, each set of examples once."""

import numpy as np
import pytest

from seatrial.errors import UsageError
from seatrial.slice import lattice as room
from seatrial.slice.features import derive
from seatrial.slice.lattice import lattice


def names(slices):
    return [one.name for one in slices]


def test_singles_come_first_then_pairs(field):
    columns = [field("a", [True, False] * 20), field("b", [True] * 20 + [False] * 20)]
    assert names(lattice(derive(columns))) == [
        "a=false",
        "a=true",
        "b=false",
        "b=true",
        "a=false and b=false",
        "a=false and b=true",
        "a=true and b=false",
        "a=true and b=true",
    ]


def test_a_slice_has_eight_examples_inside_and_outside(field):
    columns = [field("a", [True] * 7 + [False] * 23), field("b", [True] * 8 + [False] * 22)]
    assert names(lattice(derive(columns))) == ["b=false", "b=true"]


def test_the_same_examples_are_one_slice_with_the_simplest_name(field):
    flag = [True] * 10 + [False] * 20
    found = lattice(derive([field("copy", flag), field("flag", flag)]))
    assert names(found) == ["copy=false", "copy=true"]


def test_two_cuts_of_one_number_make_a_band(field):
    found = {one.name: int(one.members.sum()) for one in lattice(derive([field("x", [1] * 10 + [2] * 10 + [3] * 10)]))}
    assert found["x ≥ 2 and x < 3"] == 10


def test_too_many_slices_are_refused_before_memory_is_gone(field, monkeypatch):
    monkeypatch.setattr(room, "MOST_CELLS", 100)
    with pytest.raises(UsageError, match="too many to search at once; give fewer features"):
        lattice(derive([field("x", np.arange(60).tolist())]))
