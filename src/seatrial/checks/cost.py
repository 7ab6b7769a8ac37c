"""Cost: what the model calls of one run cost, by prices that are handed in. Without tokens or a price it abstains."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from seatrial.checks.field import Check
from seatrial.errors import ConfigError
from seatrial.scoring import Score, evaluator

PER = 1_000_000
"""Tokens that a price is for, as providers write it."""


def cost(at_most: float, prices: Mapping[str, tuple[float, float]], *, key: str = "cost_budget") -> Check:
    """1 when the run's model calls cost at most `at_most`, in the currency of the prices.

    A run on several models says only how many tokens they used together: it passes when all of them at the highest of the
    prices are within the budget, fails when all at the lowest are over it, and else the check abstains. What a provider
    charges otherwise (cached tokens, batches) is not known here.

    >>> run = Run("r1", {}, {}, input_tokens=20_000, output_tokens=5_000, model="small")
    >>> cost(0.01, {"small": (0.15, 0.60)})(run, Example("e1", {})).reason
    'cost 0.006, budget 0.01'

    Args:
        at_most: the budget of one run.
        prices: for each model, as it names itself, the price of a million input and of a million output tokens.
        key: the score's key.
    """
    if not (at_most > 0 and math.isfinite(at_most)):
        raise ConfigError(f"check {key!r} has the budget {at_most}; it must be above 0")
    table = {name: (float(read), float(written)) for name, (read, written) in prices.items()}
    if not table or not all(price >= 0 and math.isfinite(price) for pair in table.values() for price in pair):
        raise ConfigError(f"check {key!r} needs a price of 0 or more for each model, input and output tokens")

    @evaluator(version="1", key=key)
    def check(run: Any, example: Any) -> Score:
        read, written = run.input_tokens, run.output_tokens
        if read is None or written is None:
            return Score(key, None, "the tokens of the run are unknown, so its cost is too")
        if not run.model:
            return Score(key, None, "the run does not say which model it used")
        models = [run.model] if run.model in table else run.model.split("+")
        if strange := [name for name in models if name not in table]:
            return Score(key, None, f"there is no price for model {strange[0]!r}, only for {', '.join(sorted(table))}")
        low, high = (
            spent(read, written, tuple(pick(table[name][side] for name in models) for side in (0, 1)))
            for pick in (min, max)
        )
        if low <= at_most < high:
            return Score(
                key, None, f"cost between {low:.6g} and {high:.6g}, budget {at_most:.6g}: {run.model} share it"
            )
        price = f"{low:.6g}" if math.isclose(low, high) else f"between {low:.6g} and {high:.6g}"
        return Score(key, float(high <= at_most), f"cost {price}, budget {at_most:.6g}")

    return check


def spent(read: int, written: int, price: tuple[float, ...]) -> float:
    """What so many tokens cost at a price per million of input and of output tokens.

    >>> spent(2_000, 500, (0.15, 0.60))  # 2,000 x .15 / 1,000,000 + 500 x .60 / 1,000,000
    0.0006
    """
    return (read * price[0] + written * price[1]) / PER
