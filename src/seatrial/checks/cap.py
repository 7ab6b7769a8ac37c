"""Caps: a number in the outputs, or an argument of a tool call, that must not be higher or lower than it may be."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from typing import Any

from seatrial.checks.calls import UnknownForm, UnreadableCall, calls_of
from seatrial.checks.field import MISSING, Check, lacks, read, show
from seatrial.errors import ConfigError
from seatrial.scoring import Score, evaluator

NUMBER = re.compile(r"\s*([-+]?\d+(?:\.\d+)?)\s*%?\s*")


def capped(
    field: str,
    at_most: float | None = None,
    *,
    at_least: float | None = None,
    optional: bool = False,
    key: str = "capped",
) -> Check:
    """1 when the number at `field`, or each in a list of them, is within its limits: `capped("max_discount", 15)`.

    What is no number is an abstention.

    >>> capped("discount", 15)(Run("r1", {}, {"discount": "20 %"}), Example("e1", {})).reason
    "discount is '20 %', allowed are at most 15"

    Args:
        field: where the outputs have it; a number may be written as text, with a percent sign.
        at_most: the highest value allowed.
        at_least: the lowest value allowed.
        optional: without the field, or with null, nothing was done; else a missing field scores 0.
        key: the score's key.
    """
    allowed = _limits(key, at_least, at_most)

    @evaluator(version="1", key=key)
    def check(run: Any, example: Any) -> Score:
        got = read(run.outputs, field)
        if got is MISSING or got is None:
            if optional and run.outputs is not None:
                return Score(key, 1.0, f"the outputs have no {field}")
            return lacks(key, field)
        return _within(key, field, got if isinstance(got, (list, tuple)) else [got], at_least, at_most, allowed)

    return check


def capped_call(
    tool: str,
    argument: str,
    at_most: float | None = None,
    *,
    at_least: float | None = None,
    field: str = "messages",
    key: str = "capped_call",
) -> Check:
    """1 when `argument` of every call of `tool` is within its limits: `capped_call("refund", "amount", 100)`.

    A call without the argument leaves it to the tool, and a value that is no number may mean any: the check abstains.

    >>> run = Run("r1", {}, {"tool_calls": [{"name": "refund", "args": {"amount": 250}}]})
    >>> capped_call("refund", "amount", 100, field="tool_calls")(run, Example("e1", {})).reason
    'refund(amount) is 250, allowed are at most 100'
    """
    allowed = _limits(key, at_least, at_most)

    @evaluator(version="1", key=key)
    def check(run: Any, example: Any) -> Score:
        got = read(run.outputs, field)
        if got is MISSING:
            return lacks(key, field)
        try:
            values = [read(call.args, argument) for call in calls_of(got) if call.name == tool]
        except (UnreadableCall, UnknownForm) as error:
            return Score(key, None, str(error))
        if not values:
            return Score(key, 1.0, f"{tool} was not called")
        known = [value for value in values if value is not MISSING]
        result = _within(key, f"{tool}({argument})", known, at_least, at_most, allowed)
        if len(known) < len(values) and result.score != 0.0:
            return Score(key, None, f"a call of {tool} leaves {argument} to the tool")
        return result

    return check


def number_of(value: Any) -> float | None:
    """A number, or a text that is one; None for anything else.

    >>> number_of("15 %"), number_of(15), number_of("fifteen"), number_of(True), number_of("1,500")
    (15.0, 15.0, None, None, None)
    """
    if isinstance(value, str):
        found = NUMBER.fullmatch(value)
        return float(found[1]) if found else None
    if isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value):
        return float(value)
    return None


def _within(
    key: str, name: str, values: Iterable[Any], at_least: float | None, at_most: float | None, allowed: str
) -> Score:
    unknown = ""
    last = "none"
    for value in values:
        number = number_of(value)
        if number is None:
            unknown = unknown or f"{name} is {show(value)}, which is no number"
        elif (at_most is not None and number > at_most) or (at_least is not None and number < at_least):
            return Score(key, 0.0, f"{name} is {show(value)}, {allowed}")
        else:
            last = show(value)
    return Score(key, None, unknown) if unknown else Score(key, 1.0, f"{name} is {last}, {allowed}")


def _limits(key: str, at_least: float | None, at_most: float | None) -> str:
    """The limits in words.

    Raises:
        ConfigError: there is none, or they leave no room.
    """
    given = [limit for limit in (at_least, at_most) if limit is not None]
    if not given or not all(math.isfinite(limit) for limit in given) or given != sorted(given):
        raise ConfigError(f"check {key!r} needs at_most or at_least, and at_least <= at_most")
    words = (("at least", at_least), ("at most", at_most))
    return "allowed are " + " and ".join(f"{word} {limit:g}" for word, limit in words if limit is not None)
