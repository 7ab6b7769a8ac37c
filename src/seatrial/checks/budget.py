"""Budgets: latency and tokens, from the run itself. What was not measured is an abstention, never a pass."""

from __future__ import annotations

from typing import Any

from seatrial.checks.field import Check
from seatrial.errors import ConfigError
from seatrial.scoring import Score, evaluator


def latency(at_most_ms: float, *, key: str = "latency_budget") -> Check:
    """1 when the call took at most `at_most_ms` milliseconds; a run without a measured time is an abstention.

    >>> latency(1000)(Run("r1", {}, {}, latency_ms=1812.0), Example("e1", {})).reason
    'took 1812 ms, budget 1000 ms'
    """
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

    The tokens of every model call must be known, with one exception: a known part that alone exceeds the budget is over
    it.

    >>> tokens(1000)(Run("r1", {}, {}, input_tokens=900, output_tokens=200), Example("e1", {})).reason
    'used 1100 tokens, budget 1000'
    """
    _positive(at_most, key)

    @evaluator(version="2", key=key)
    def check(run: Any, example: Any) -> Score:
        extra = getattr(run, "extra", None) or {}
        uncounted = extra.get("uncounted_calls", 0)
        parts = (run.input_tokens, run.output_tokens)
        spent = extra.get("known_tokens", 0) if uncounted else sum(part for part in parts if part is not None)
        unknown = bool(uncounted) or None in parts
        if unknown and spent <= at_most:
            return Score(key, None, _unknown(spent, uncounted))
        at_least = "at least " if unknown else ""
        return Score(key, float(spent <= at_most), f"used {at_least}{spent} tokens, budget {at_most}")

    return check


def _unknown(spent: int, uncounted: int) -> str:
    if uncounted:
        calls = "a model call" if uncounted == 1 else f"{uncounted} model calls"
        return f"{calls} of the run did not report tokens; the others used {spent}"
    return "no model call of the run reported its tokens" if not spent else "tokens are half known"


def _positive(budget: float, key: str) -> None:
    if not budget > 0:
        raise ConfigError(f"check {key!r} has the budget {budget}; it must be above 0")
