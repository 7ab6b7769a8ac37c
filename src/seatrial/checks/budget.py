"""Budgets: latency and tokens, from the run itself. What was not measured is an abstention, never a pass."""

from __future__ import annotations

from typing import Any

from seatrial.checks.field import Check
from seatrial.errors import ConfigError
from seatrial.evaluator import Score, evaluator


def latency(at_most_ms: float, *, key: str = "latency_budget") -> Check:
    """1 when the call took at most `at_most_ms` milliseconds; a run without a measured time is an abstention."""
    _positive(at_most_ms, key)

    @evaluator(version="1", key=key)
    def check(run: Any, example: Any) -> Score:
        took = run.latency_ms
        if took is None:
            return Score(key, None, "the run has no latency")
        return Score(key, float(took <= at_most_ms), f"took {took:.0f} ms, budget {at_most_ms:.0f} ms")

    return check


def tokens(at_most: int, *, key: str = "token_budget") -> Check:
    """1 when the run read and wrote at most `at_most` tokens together.

    Both counts must be known, with one exception: a known part that alone exceeds the budget is over it.
    """
    _positive(at_most, key)

    @evaluator(version="1", key=key)
    def check(run: Any, example: Any) -> Score:
        parts = (run.input_tokens, run.output_tokens)
        spent = sum(part for part in parts if part is not None)
        if None in parts and spent <= at_most:
            return Score(
                key, None, "no model call of the run reported its tokens" if not spent else "tokens are half known"
            )
        at_least = "at least " if None in parts else ""
        return Score(key, float(spent <= at_most), f"used {at_least}{spent} tokens, budget {at_most}")

    return check


def _positive(budget: float, key: str) -> None:
    if not budget > 0:
        raise ConfigError(f"check {key!r} has the budget {budget}; it must be above 0")
