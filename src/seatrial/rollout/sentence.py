"""Sentence: a step's reason in words, with its numbers."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from seatrial.outcome.metric import MetricKind
from seatrial.rollout.ladder import Move
from seatrial.rollout.reason import Why
from seatrial.wording import count, percent

if TYPE_CHECKING:
    from collections.abc import Callable

    from seatrial.rollout.ladder import Step
    from seatrial.rollout.reason import Reason
    from seatrial.rollout.rules import Rules


def step_sentence(rules: Rules, step: Step) -> str:
    """What the cell does and why, e.g. `region=DE: 10 % → 5 %: worse in resolved, 90 % against 95 % ...`."""
    return f"{step.cell}: {share_sentence(rules, step)}: {reason_sentence(rules, step.reason, step.move)}"


def share_sentence(rules: Rules, step: Step) -> str:
    """The cell's share, or `10 % → 5 %` where it moved."""
    before, after = rules.share(step.rung), rules.share(step.after.rung)
    return percent(before) if before == after else f"{percent(before)} → {percent(after)}"


def reason_sentence(rules: Rules, reason: Reason, move: Move = Move.HOLD) -> str:
    """The reason alone."""
    return _SENTENCES[reason.why](rules, reason, move)


def duration(seconds: float) -> str:
    """`40 min`, `6 h` or `3 days`, rounded up."""
    minutes = math.ceil(seconds / 60)
    if minutes < 120:
        return f"{minutes} min"
    hours = math.ceil(seconds / 3600)
    return f"{hours} h" if hours < 72 else count(math.ceil(hours / 24), "day")


def odds(log_e: float) -> str:
    """An e-value as odds, e.g. `E 412`; above a million the power of ten."""
    if log_e > math.log(1e6):
        return f"E 10^{log_e / math.log(10):.0f}"
    return f"E {math.exp(log_e):,.3g}" if log_e < math.log(100) else f"E {math.exp(log_e):,.0f}"


def _rates(r: Reason) -> str:
    return f"{percent(r.candidate)} against {percent(r.control)}"


def _evidence(r: Reason) -> str:
    return f"{odds(r.log_e or 0.0)}, threshold {math.exp(r.log_threshold or 0.0):,.0f}"


def _time(r: Reason) -> str:
    return f", about {duration(r.seconds)}" if r.seconds is not None else ""


def _person(_: Rules, r: Reason, move: Move) -> str:
    return f"{r.author}: {r.text}" if r.author else "not concerned" if move is Move.HOLD else "by a person"


def _shadow(_: Rules, r: Reason, move: Move) -> str:
    if move is Move.UP:
        return f"the shadow stage passed on {count(r.units or 0, 'thread')}"
    return f"shadow needs {count(r.units or 0, 'more thread')}"


def _unknown_label(rules: Rules, r: Reason, _: Move) -> str:
    numbers = any(one.name == r.metric and one.kind is MetricKind.LATENCY_OVER for one in rules.metrics)
    place = f"gates/metrics.toml, labels of [metric.{r.metric}]"
    advice = (
        "its outcomes are numbers, so correct what writes them"
        if numbers
        else f"map it in {place}, and start a new rollout"
    )
    return (
        f"label {r.text!r} of {r.metric} is unknown, {percent(r.candidate)} of the candidate's units and "
        f"{percent(r.control)} of the control's have no known one: {advice}"
    )


_SENTENCES: dict[Why, Callable[[Rules, Reason, Move], str]] = {
    Why.WORSE: lambda _, r, __: (
        f"worse in {r.metric}, {_rates(r)} on {count(r.units or 0, 'candidate unit')} of this stage ({_evidence(r)})"
    ),
    Why.WORSE_OVERALL: lambda _, r, __: f"worse in {r.metric} over all traffic, {_rates(r)} ({_evidence(r)})",
    Why.ZERO_TOLERANCE: lambda _, r, __: f"{count(r.units or 0, 'event')} of {r.metric}, of which none is tolerated",
    Why.NOT_WORSE: lambda _, r, __: (
        f"not worse beyond the stage's margin in any metric; {r.metric} {_rates(r)} on {count(r.units or 0, 'unit')}"
    ),
    Why.BAKED: lambda *_: "all traffic, and the bake time is over",
    Why.NEEDS_UNITS: lambda _, r, __: f"needs {count(r.units or 0, 'more candidate unit')}{_time(r)}",
    Why.NEEDS_EVIDENCE: lambda _, r, __: (
        f"needs about {count(r.units or 0, 'more candidate unit')} for {r.metric}{_time(r)}"
    ),
    Why.BAKING: lambda _, r, __: f"bakes another {duration(r.seconds or 0.0)}",
    Why.SHADOW: _shadow,
    Why.SHADOW_WORSE: lambda _, r, __: f"the shadow stage found it worse on {count(r.units or 0, 'thread')}: {r.text}",
    Why.SHADOW_NOT_SHOWN: lambda _, r, __: (
        f"the shadow stage could not show it not worse on {count(r.units or 0, 'thread')}: {r.text}"
    ),
    Why.DWELL: lambda rules, r, __: (
        f"the stage's time is over and {count(r.units or 0, 'more candidate unit')} would be needed"
        f"{f' for {r.metric}' if r.metric else ''}: {rules.owner or 'a person'} decides"
    ),
    Why.SAMPLE_RATIO: lambda _, r, __: (
        f"{percent(r.candidate)} of {count(r.units or 0, 'unit')} got the candidate, planned {percent(1 - (r.control or 0.0))} "
        f"({_evidence(r)}): the comparison is invalid"
    ),
    Why.BOTH_ARMS: lambda _, r, __: f"unit {r.text!r} met both versions within this stage: the comparison is invalid",
    Why.CONTENT_CHANGED: lambda rules, r, __: (
        f"{rules.candidate if r.metric == 'candidate' else rules.control} changed its content to {r.text}: its evidence begins anew"
    ),
    Why.ALGORITHM_CHANGED: lambda _, r, __: f"units were assigned by {r.text}, not by the algorithm it began with",
    Why.UNREADABLE: lambda _, r, __: f"{r.metric or 'the source'} could not be read: {r.text}",
    Why.OUTCOMES_MISSING: lambda _, r, __: (
        f"{r.metric}: {r.text}, while units were exposed: its evidence begins anew. If no event for so long is normal, set silence"
    ),
    Why.UNKNOWN_LABEL: _unknown_label,
    Why.PLAN_CHANGED: lambda _, r, __: (
        f"the plan file or a metric it names was changed ({r.text}); a changed plan is a new rollout"
    ),
    Why.CLOCK: lambda _, r, __: f"the clock went back by {duration(r.seconds or 0.0)}",
    Why.HEAVY_UNIT: lambda _, r, __: f"unit {r.text!r} is {percent(r.candidate)} of the cell",
    Why.MEAN_WORSE: lambda _, r, __: (
        f"{r.metric} is worse, {r.candidate:.4g} against {r.control:.4g} ({r.text}); a mean holds and never rolls back"
    ),
    Why.HOOK: lambda *_: "a rollback webhook asked for it",
    Why.CONFIRM: lambda *_: "all traffic waits for its confirm-promotion webhook",
    Why.PAUSED: lambda *_: "paused by a person",
    Why.HELD: lambda *_: "held until a person resumes it",
    Why.ROLLED_BACK: lambda *_: "rolled back; a person resumes it",
    Why.DONE: lambda *_: "done",
    Why.PERSON: _person,
}
