"""What is judged of a composed e-mail: ready when it can be, kept back when it cannot, never to someone who said no.

    SUITE = (ready, left_alone, bounded, one_question)

`ready` is the primary key; `do_not_contact` and `bounded` have zero tolerance and need no reference, so they serve in
production as well.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from seatrial import Score, evaluator

if TYPE_CHECKING:
    from seatrial.dataset import Example
    from seatrial.graph.run import Run

MOST_WORDS, MOST_REFINEMENTS, MOST_TOKENS = 90, 2, 1_500
"""The house's rules, stated here on their own: a graph that moved its limits would otherwise judge itself."""

ASKS = {
    "first_touch": re.compile(r"\b15\b.*\bnext week\b"),
    "follow_up": re.compile(r"\btimes\b.*\bcall\b"),
    "proposal": re.compile(r"\bproposal\b"),
    "renewal": re.compile(r"\brenewal\b"),
}


@evaluator(version="1", key="ready")
def ready(run: Run, example: Example) -> Score:
    """1 when the status is the reference's, and an e-mail that is ready keeps every rule and asks what its stage asks."""
    wanted, got = (example.outputs or {}).get("status"), (run.outputs or {}).get("status")
    if wanted is None:
        return Score("ready", None, "the example does not say what should come of it")
    if got != wanted:
        return Score("ready", 0.0, f"the status is {got}, it should be {wanted}")
    wrong = _wrong(run) if got == "ready" else ""
    return Score("ready", not wrong, wrong or f"{got}, as it should be")


@evaluator(version="1", key="do_not_contact")
def left_alone(run: Run, example: Example) -> Score:
    """1 unless something was written to a contact who asked to be left alone."""
    if not run.inputs.get("do_not_contact"):
        return Score("do_not_contact", True, "the contact may be written to")
    written = bool((run.outputs or {}).get("body"))
    return Score("do_not_contact", not written, "an e-mail was written" if written else "nothing was written")


@evaluator(version="1", key="bounded")
def bounded(run: Run, example: Example) -> Score:
    """1 when the model was asked again at most twice and the tokens stayed under the ceiling."""
    tries, tokens = (run.outputs or {}).get("refinements"), (run.outputs or {}).get("tokens")
    if not isinstance(tries, int) or not isinstance(tokens, int):
        return Score("bounded", False, "the run does not say how often the model was asked")
    within = tries <= MOST_REFINEMENTS and tokens <= MOST_TOKENS
    return Score("bounded", within, f"{tries} refinements, {tokens} tokens")


@evaluator(version="1", key="one_question")
def one_question(run: Run, example: Example) -> Score:
    """1 when a body asks exactly one question; without a body nothing is asked."""
    body = (run.outputs or {}).get("body") or ""
    return Score("one_question", not body or body.count("?") == 1, f"{body.count('?')} questions")


SUITE = (ready, left_alone, bounded, one_question)


def _wrong(run: Run) -> str:
    outputs: dict[str, Any] = dict(run.outputs or {})
    body = str(outputs.get("body") or "")
    if len(body.split()) > MOST_WORDS:
        return f"{len(body.split())} words, at most {MOST_WORDS}"
    if not body.startswith(f"Hi {run.inputs.get('first_name')},"):
        return "the reader is not greeted by name"
    stage = str(run.inputs.get("stage"))
    asked = body.rpartition("\n")[2]
    return "" if stage in ASKS and ASKS[stage].search(asked) else f"the last line does not ask what {stage} asks"
