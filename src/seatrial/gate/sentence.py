"""Sentences for the reasons of a row."""

from __future__ import annotations

from typing import assert_never

from seatrial.reason import NotProven, Reason, Underpowered, Unmeasured
from seatrial.verdict import Outcome
from seatrial.wording import count, drop, p_value, points

_BECAME = {
    Outcome.EVALUATOR_ERROR: "the evaluator failed on {} answers",
    Outcome.UNPARSED: "no verdict could be read for {} answers",
    Outcome.SKIPPED: "{} runs are missing",
}
"""What became of cells that have no score."""


def sentence(reason: Reason) -> str:
    """The reason in words, without a full stop."""
    match reason:
        case Underpowered(must_detect=None):
            return f"{count(reason.n, 'example')}, and {'no number of them is enough' if reason.needs is None else f'{reason.needs:,} are needed'}"
        case Underpowered():
            shows = "no drop at all" if reason.detects is None else f"only drops of {drop(reason.detects)} or more"
            needs = "more than any number of examples" if reason.needs is None else f"{reason.needs:,}"
            return f"critical, and {count(reason.n, 'example')} show {shows}: it must show {drop(reason.must_detect)}, which needs {needs}"
        case Unmeasured():
            became = _BECAME.get(Outcome(reason.outcome), f"{reason.outcome} on {{}} answers")
            said = f"{became.format(f'{reason.cells:,} of {reason.planned:,}')} of the {reason.arm}"
            return f"{said}: {reason.message}" if reason.message else said
        case NotProven():
            return f"looks worse: {points(reason.difference)} ({reason.regressed:,} of {reason.n:,} regressed), p {p_value(reason.p)} alone and {p_value(reason.p_adjusted)} in the family"
        case _:
            assert_never(reason)
