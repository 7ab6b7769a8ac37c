"""Order: the shortcut names every row as a dictionary would, and never takes two texts for one."""

from __future__ import annotations

import pyarrow as pa
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from seatrial.table.arrow_encode import GLANCE, numbered

RISING = [f"ex-{number:05d}" for number in range(2 * GLANCE)]
LATE = [*RISING[:-1], RISING[7]]
"""Rises far beyond a glance, and then holds a text a second time."""


def by_hand(texts: list[str]) -> tuple[list[str], list[int]]:
    words = list(dict.fromkeys(texts))
    place = {word: number for number, word in enumerate(words)}
    return words, [place[text] for text in texts]


def found(column: pa.Array) -> tuple[list[str], list[int]]:
    words, index = numbered(column)
    return words.to_pylist(), index.tolist()


@pytest.mark.parametrize(
    "texts",
    [
        [],
        ["a"],
        ["a", "a"],
        RISING,
        RISING * 3,
        RISING[::-1] * 2,
        [text for text in RISING for _ in range(2)],
        [text for text in RISING for _ in range(3)] * 2,
        LATE,
        LATE * 2,
        RISING + RISING[:-1],
        RISING + RISING[1:],
        [*RISING, *RISING[:-1], "other"],
        ["z", "ä", "é", "\x00", "", "z"],
    ],
    ids=[
        "none",
        "one",
        "one twice",
        "rising",
        "rising in three laps",
        "falling in two laps",
        "versions side by side",
        "keys side by side, versions in laps",
        "a text again after a long rise",
        "the same in two laps",
        "the last lap cut short",
        "the second lap starts late",
        "the second lap ends otherwise",
        "beyond ASCII",
    ],
)
def test_rows_are_numbered_as_by_hand(texts: list[str]) -> None:
    assert found(pa.array(texts, type=pa.string())) == by_hand(texts)


@given(
    st.lists(st.text(st.characters(exclude_categories=("Cs",)), max_size=2), max_size=12),
    st.integers(1, 3),
    st.integers(1, 3),
    st.booleans(),
    st.lists(st.sampled_from("ab"), max_size=2),
)
@example(["a", "b"], 1, 2, True, ["a"])
def test_any_order_is_numbered_as_by_hand(some: list[str], each: int, laps: int, rising: bool, tail: list[str]) -> None:
    texts = [text for text in (sorted(some) if rising else some) for _ in range(each)] * laps + tail
    assert found(pa.array(texts, type=pa.string())) == by_hand(texts)


def test_a_part_of_a_column_is_numbered_like_a_column_of_its_own() -> None:
    complete = ["x", "y", *RISING[:50], *RISING[:50]]
    assert found(pa.array(complete).slice(2)) == by_hand(complete[2:])
