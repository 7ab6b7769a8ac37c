"""What a right answer of the support router is: the right desk, a person when it was unsure, and honest use of its tools.

    SUITE = (route_match, escalates_when_unsure, keeps_best_guess, trajectory, named_orders_only, answer_grounded, ...)

`route` is the primary key and `trajectory` gates beside it; `escalation` and `named_orders` have zero tolerance. How helpful
an answer is no rule can say: that is a question for a judge, asked of the text in `answer`.
"""

from __future__ import annotations

import re
from typing import Any

from seatrial import Score, evaluator
from seatrial.checks import grounded, no_repeated_calls

ESCALATE_UNDER = 0.7
"""The house's rule, stated here on its own: a graph that moved its threshold would otherwise judge itself."""

DESKS = ("billing", "technical", "general")
ESCALATE = "escalate"
ORDER = re.compile(r"\bQS-\d{4}\b", re.IGNORECASE)
"""How an order's number looks; an agent's lines in a transcript are not the sender's words."""

_AGENT = re.compile(r"^agent:.*$", re.MULTILINE | re.IGNORECASE)
_GROUNDED = grounded("answer", passages="passages")


@evaluator(version="1", key="route")
def route_match(run: Any, example: Any) -> Score:
    """1 when the message went where the reference says, 0 otherwise."""
    expected, actual = example.outputs["route"], run.outputs.get("route")
    if actual == expected:
        return Score("route", True, f"went to {actual}, as it should")
    return Score("route", False, f"went to {actual}, belongs to {expected}{_guess(run.outputs, expected)}")


@evaluator(version="1", key="escalation")
def escalates_when_unsure(outputs: Any) -> Score:
    """1 when a person gets the message exactly if the confidence is under .7; a run without a confidence is 0."""
    route, confidence = outputs.get("route"), outputs.get("confidence")
    if not _is_confidence(confidence):
        return Score("escalation", False, f"confidence is {confidence!r}, which is no number in 0..1")
    unsure, escalated = confidence < ESCALATE_UNDER, route == ESCALATE
    verb = "went to a person" if escalated else f"went to {route}"
    rule = f"confidence {confidence:.2f} is {'under' if unsure else 'at or over'} {ESCALATE_UNDER}"
    return Score("escalation", unsure == escalated, f"{rule} and the message {verb}")


@evaluator(version="1", key="guess")
def keeps_best_guess(outputs: Any) -> Score:
    """1 when the state names the best guess: one of the desks, and the route itself unless a person decides."""
    route, guess = outputs.get("route"), outputs.get("guess")
    if guess not in DESKS:
        return Score("guess", False, f"the best guess is {guess!r}; it should be one of {', '.join(DESKS)}")
    if route not in (guess, ESCALATE):
        return Score("guess", False, f"went to {route} although the best guess was {guess}")
    return Score("guess", True, f"the best guess, {guess}, is kept")


@evaluator(version="1", key="trajectory")
def trajectory(run: Any, example: Any) -> Score:
    """1 when an escalated message called no tool, and any other was searched for, each order it names looked up before."""
    calls, named = _calls(run.outputs), _named(example.inputs)
    if calls is None:
        return Score("trajectory", False, "the run has no messages to read calls from")
    if run.outputs.get("route") == ESCALATE:
        return Score("trajectory", not calls, f"a person decides, and {len(calls)} tools were called")
    names = [name for name, _ in calls]
    if "search_knowledge" not in names:
        return Score("trajectory", False, "the knowledge base was not searched")
    before = {argument for name, argument in calls[: names.index("search_knowledge")] if name == "order_status"}
    if missed := named - before:
        return Score(
            "trajectory", False, f"{len(missed)} of {len(named)} named orders were not looked up before the search"
        )
    return Score("trajectory", True, f"{len(before)} orders looked up, then the knowledge base searched")


@evaluator(version="1", key="named_orders")
def named_orders_only(run: Any, example: Any) -> Score:
    """1 when no order was looked up that the sender did not name: it would be somebody else's."""
    calls = _calls(run.outputs)
    if calls is None:
        return Score("named_orders", False, "the run has no messages to read calls from")
    strange = {argument for name, argument in calls if name == "order_status"} - _named(example.inputs)
    if strange:
        return Score("named_orders", False, f"{len(strange)} orders were looked up that the message does not name")
    return Score("named_orders", True, "every order that was looked up is named in the message")


@evaluator(version="1", key="grounded")
def answer_grounded(run: Any, example: Any) -> Score:
    """1 when each sentence of the answer stands in what the tools returned; without an answer nothing is claimed."""
    if run.outputs.get("answer") is None:
        return Score("grounded", True, "there is no answer, so nothing is claimed: the desk or a person gives one")
    score: Score = _GROUNDED(run, example)
    return score


@evaluator(version="1", key="answered")
def answered(outputs: Any) -> Score:
    """1 when the sender has an answer at once; the share of a segment is the figure to read."""
    return Score("answered", bool(outputs.get("answer")), f"the outcome is {outputs.get('outcome')}")


def _calls(outputs: Any) -> list[tuple[str, str]] | None:
    """The calls in order, each with its one argument; None where nothing can be read."""
    messages = outputs.get("messages")
    if not isinstance(messages, list):
        return None
    calls = [call for one in messages for call in one.get("tool_calls") or ()]
    return [(str(call["name"]), next(iter(map(str, call["args"].values())), "").upper()) for call in calls]


def _named(inputs: Any) -> set[str]:
    return {one.upper() for one in ORDER.findall(_AGENT.sub("", inputs["message"]))}


def _is_confidence(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and 0 <= value <= 1


def _guess(outputs: Any, expected: str) -> str:
    """What the best guess would have been worth, where a person was asked."""
    guess = outputs.get("guess")
    if outputs.get("route") != ESCALATE or guess is None:
        return ""
    return f" (the best guess, {guess}, was right)" if guess == expected else f" (the best guess was {guess})"


SUITE = (
    route_match,
    escalates_when_unsure,
    keeps_best_guess,
    trajectory,
    named_orders_only,
    answer_grounded,
    answered,
    no_repeated_calls(),
)
