"""Budgets: within, over, exactly at the limit, and what was never measured."""

from __future__ import annotations

from typing import Any

import pytest

from seatrial.checks import latency, tokens
from seatrial.dataset import Example
from seatrial.errors import ConfigError
from seatrial.graph.run import Run
from seatrial.scoring import Score, bind


def judge(check: Any, **measured: Any) -> Score:
    (score,) = bind(check)(Run("r", {}, {}, **measured), Example("e", {}))
    return score


@pytest.mark.parametrize(("took", "score"), [(0.0, 1.0), (500.0, 1.0), (500.1, 0.0), (None, None)])
def test_a_latency_at_the_budget_is_within_it_and_an_unknown_one_abstains(took: Any, score: Any) -> None:
    assert judge(latency(500), latency_ms=took).score == score


def test_the_sentence_names_both_numbers() -> None:
    assert judge(latency(500), latency_ms=812.4).reason == "took 812 ms, budget 500 ms"
    assert judge(tokens(100), input_tokens=90, output_tokens=20).reason == "used 110 tokens, budget 100"


@pytest.mark.parametrize(
    ("read", "written", "score"),
    [
        (60, 40, 1.0),
        (60, 41, 0.0),
        (0, 0, 1.0),
        (None, None, None),
        (60, None, None),
        (None, 60, None),
        (101, None, 0.0),
    ],
)
def test_unknown_tokens_abstain_unless_the_known_part_alone_is_over(read: Any, written: Any, score: Any) -> None:
    assert judge(tokens(100), input_tokens=read, output_tokens=written).score == score


def test_a_half_known_excess_says_at_least() -> None:
    assert judge(tokens(100), input_tokens=101).reason == "used at least 101 tokens, budget 100"


@pytest.mark.parametrize("make", [lambda: latency(0), lambda: latency(float("nan")), lambda: tokens(-1)])
def test_a_budget_of_nothing_is_refused(make: Any) -> None:
    with pytest.raises(ConfigError, match="must be above 0"):
        make()
