"""What a right answer of the support router is: the right desk, a person when it was unsure, its best guess kept."""

from __future__ import annotations

from typing import Any

from seatrial.evaluator import Score, evaluator

ESCALATE_UNDER = 0.7
"""The house's rule, stated here on its own: a graph that moved its threshold would otherwise judge itself."""

DESKS = ("billing", "technical", "general")
ESCALATE = "escalate"


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


def _is_confidence(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and 0 <= value <= 1


def _guess(outputs: Any, expected: str) -> str:
    """What the best guess would have been worth, where a person was asked."""
    guess = outputs.get("guess")
    if outputs.get("route") != ESCALATE or guess is None:
        return ""
    return f" (the best guess, {guess}, was right)" if guess == expected else f" (the best guess was {guess})"


SUITE = (route_match, escalates_when_unsure, keeps_best_guess)
