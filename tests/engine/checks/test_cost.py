"""Cost: known sums, several models, and what is not known."""

from __future__ import annotations

from typing import Any

import pytest

from seatrial.checks import cost
from seatrial.dataset import Example
from seatrial.errors import ConfigError
from seatrial.graph.run import Run
from seatrial.scoring import Score, bind

PRICES = {"small": (0.15, 0.60), "large": (2.50, 10.0)}


def judge(at_most: float, read: int | None, written: int | None, model: str | None) -> Score:
    run = Run("r", {}, {}, input_tokens=read, output_tokens=written, model=model)
    (score,) = bind(cost(at_most, PRICES))(run, Example("e", {}))
    return score


@pytest.mark.parametrize(
    ("at_most", "model", "score"),
    [
        # 20,000 x .15 / 1e6 + 5,000 x .60 / 1e6 = .003 + .003 = .006
        (0.006, "small", 1.0),
        (0.0059, "small", 0.0),
        # 20,000 x 2.50 / 1e6 + 5,000 x 10 / 1e6 = .05 + .05 = .1
        (0.1, "large", 1.0),
        # both: between .006 and .1, whatever the share of each
        (0.1, "small+large", 1.0),
        (0.0059, "small+large", 0.0),
        (0.05, "small+large", None),
    ],
)
def test_a_run_costs_its_tokens_at_the_price_of_its_model(at_most: float, model: str, score: float | None) -> None:
    assert judge(at_most, 20_000, 5_000, model).score == score


def test_the_sentence_names_cost_and_budget() -> None:
    assert judge(0.01, 20_000, 5_000, "small").reason == "cost 0.006, budget 0.01"
    assert judge(0.05, 20_000, 5_000, "small+large").reason == (
        "cost between 0.006 and 0.1, budget 0.05: small+large share it"
    )


@pytest.mark.parametrize(
    ("read", "written", "model", "sentence"),
    [
        (None, 5, "small", "the tokens of the run are unknown"),
        (5, None, "small", "the tokens of the run are unknown"),
        (5, 5, None, "does not say which model"),
        (5, 5, "small-2026", "no price for model 'small-2026', only for large, small"),
        (5, 5, "small+other", "no price for model 'other'"),
    ],
)
def test_without_tokens_or_a_price_it_abstains(read: Any, written: Any, model: Any, sentence: str) -> None:
    score = judge(1, read, written, model)
    assert score.score is None
    assert sentence in score.reason


@pytest.mark.parametrize("wrong", [lambda: cost(0, PRICES), lambda: cost(1, {}), lambda: cost(1, {"m": (-1, 0)})])
def test_wrong_budgets_and_prices_are_refused(wrong: Any) -> None:
    with pytest.raises(ConfigError):
        wrong()
