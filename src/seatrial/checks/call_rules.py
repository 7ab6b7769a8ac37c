"""Rules for calls: which tools must not be called, which only after another one succeeded, and none twice alike."""

from __future__ import annotations

import re
from typing import Any

from seatrial.checks.arguments import Comparison, difference
from seatrial.checks.field import Check
from seatrial.checks.steps import Step, steps_at
from seatrial.errors import ConfigError, one_of
from seatrial.scoring import Score, evaluator

REQUIRED = ("success", "call")


def forbids_calls(*tools: str, field: str = "messages", key: str = "forbidden_calls") -> Check:
    """1 when none of these tools was called; fit for `zero_tolerance = true`.

    What cannot be read may be such a call: the check abstains.

    >>> run = Run("r1", {}, {"tool_calls": [{"name": "drop_table", "args": {}}]})
    >>> forbids_calls("drop_table", field="tool_calls")(run, Example("e1", {})).reason
    'called drop_table()'
    """
    _some(tools, key)

    @evaluator(version="1", key=key)
    def check(run: Any, example: Any) -> Score:
        steps = steps_at(run, field, key)
        if isinstance(steps, Score):
            return steps
        called = [step.call for step in steps if step.call.name in tools]
        if called:
            return Score(key, 0.0, f"called {called[0]}")
        return Score(key, 1.0, f"none of {', '.join(tools)} was called")

    return check


def call_order(
    tool: str,
    *,
    after: str,
    require: str = "success",
    failure: str | None = None,
    field: str = "messages",
    key: str = "call_order",
) -> Check:
    """1 when `tool` was called only after a call of `after` had succeeded.

    >>> run = Run("r1", {}, {"tool_calls": [{"name": "pay", "args": {}}]})
    >>> call_order("pay", after="check", field="tool_calls")(run, Example("e1", {})).reason
    'pay() was called without check before it'

    Args:
        tool: the later one; a run that never calls it is in order.
        after: the earlier one.
        require: `success`, or `call` where it is enough that it was called.
        failure: a regular expression found in results of calls that failed, for providers whose results do not say; without
            it, a result that does not say whether the call succeeded is an abstention.
        field: where the outputs have the messages.
        key: the score's key.
    """
    one_of(require, REQUIRED, "require")
    pattern = _compiled(failure, key)

    @evaluator(version="1", key=key)
    def check(run: Any, example: Any) -> Score:
        steps = steps_at(run, field, key, pattern)
        if isinstance(steps, Score):
            return steps
        later = next((step for step in steps if step.call.name == tool), None)
        if later is None:
            return Score(key, 1.0, f"{tool} was not called")
        before = [step for step in steps if step.call.name == after and step.at < later.at]
        if not before:
            return Score(key, 0.0, f"{later.call} was called without {after} before it")
        if require == "call":
            return Score(key, 1.0, f"{tool} was called after {after}")
        return _after_success(key, later, before)

    return check


def _after_success(key: str, later: Step, before: list[Step]) -> Score:
    ended = [step for step in before if step.ended_at is not None and step.ended_at < later.at]
    if any(step.succeeded for step in ended):
        return Score(key, 1.0, f"{later.call.name} was called after {before[0].call.name} succeeded")
    if any(step.succeeded is None for step in ended):
        return Score(key, None, f"the result of {ended[0].call} does not say whether it succeeded")
    if any(step.ended_at is not None for step in before):
        what = "failed" if ended else "had not ended"
        return Score(key, 0.0, f"{later.call} was called though {before[0].call} {what}")
    return Score(key, None, f"there is no result of {before[0].call}, so it is not known whether it succeeded")


def no_repeated_calls(
    *tools: str,
    at_most: int = 1,
    retries: bool = False,
    failure: str | None = None,
    field: str = "messages",
    key: str = "repeated_calls",
) -> Check:
    """1 when no call was made more than `at_most` times with the same arguments: a loop, or money sent twice.

    >>> pay = {"name": "pay", "args": {"order": "A1"}}
    >>> no_repeated_calls(field="tool_calls")(Run("r1", {}, {"tool_calls": [pay, pay]}), Example("e1", {})).reason
    "pay(order='A1') was made 2 times, allowed are 1"

    Args:
        tools: the tools it looks at; all of them where none is named.
        at_most: how often the same call may be made.
        retries: a call that failed may be made again; where a result does not say so the check abstains.
        failure: as in `call_order`.
        field: where the outputs have the messages.
        key: the score's key.
    """
    if at_most < 1:
        raise ConfigError(f"check {key!r} has at_most {at_most}; it must be 1 or more")
    pattern = _compiled(failure, key)

    @evaluator(version="1", key=key)
    def check(run: Any, example: Any) -> Score:
        steps = steps_at(run, field, key, pattern)
        if isinstance(steps, Score):
            return steps
        groups = _same([step for step in steps if not tools or step.call.name in tools])
        worst, unknown = max(groups, key=len, default=[]), ""
        for group in groups:
            surely = [step for step in group if not retries or step.succeeded]
            if retries and len(surely) <= at_most < sum(step.succeeded is not False for step in group):
                unknown = (
                    unknown or f"{group[0].call} was made {len(group)} times; results do not say whether it failed"
                )
            elif len(surely) > at_most:
                return Score(key, 0.0, f"{group[0].call} was made {len(group)} times, allowed are {at_most}")
        if unknown:
            return Score(key, None, unknown)
        return Score(key, 1.0, f"{len(steps)} calls, the same one at most {len(worst)} times")

    return check


def _same(steps: list[Step]) -> list[list[Step]]:
    groups: list[list[Step]] = []
    for step in steps:
        group = next((one for one in groups if not difference(step.call, one[0].call, Comparison())), None)
        if group is None:
            groups.append([step])
        else:
            group.append(step)
    return groups


def _some(tools: tuple[str, ...], key: str) -> None:
    if not tools or not all(tools):
        raise ConfigError(f"check {key!r} needs the name of at least one tool")


def _compiled(pattern: str | None, key: str) -> re.Pattern[str] | None:
    try:
        return None if pattern is None else re.compile(pattern)
    except re.error as error:
        raise ConfigError(f"check {key!r}: the pattern {pattern!r} is no regular expression: {error}") from None
