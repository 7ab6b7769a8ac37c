"""What a right answer is: one tuple of evaluators per graph; "*" holds what every graph is asked."""

from typing import Any

from seatrial import Score, evaluator
from seatrial.checks import no_pii


@evaluator(version="1", key="desk")
def right_desk(run: Any, example: Any) -> Score:
    """1 when the message went to the desk the reference names, 0 otherwise."""
    got, expected = run.outputs.get("desk"), example.outputs["desk"]
    return Score("desk", got == expected, f"went to {got}, belongs to {expected}")


SUITES = {"triage": (right_desk,), "*": (no_pii(),)}
