"""What is judged of an answer out of the handbook: the right passage cited, nothing invented, the right passage found.

    SUITE = (settled, answer_grounded, none_missing)

`settled` is the primary key and `grounded` gates beside it; `none_missing` is of the retrieval
and is reported.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from seatrial import Score, evaluator
from seatrial.checks import grounded, recall_at

if TYPE_CHECKING:
    from seatrial.dataset import Example
    from seatrial.graph.run import Run

_GROUNDED = grounded("answer", passages="passages", must_cite=True)
_RECALL = recall_at(2, "ids", reference_field="relevant")


@evaluator(version="1", key="settled")
def settled(run: Run, example: Example) -> Score:
    """1 when a relevant passage is cited, or nothing is said where no passage is relevant."""
    relevant = (example.outputs or {}).get("relevant")
    if relevant is None:
        return Score("settled", None, "the example does not say which passages are relevant")
    answer, cited = (run.outputs or {}).get("answer"), (run.outputs or {}).get("citations") or []
    if not relevant:
        return Score(
            "settled", answer is None, "said nothing" if answer is None else "answered what the handbook does not"
        )
    right = answer is not None and bool(set(cited) & set(relevant))
    return Score("settled", right, f"cites {', '.join(cited) or 'nothing'}, the answer stands in {', '.join(relevant)}")


@evaluator(version="1", key="grounded")
def answer_grounded(run: Run, example: Example) -> Score:
    """1 when each sentence cites a passage that supports it; without an answer nothing is claimed."""
    if (run.outputs or {}).get("answer") is None:
        return Score("grounded", True, "there is no answer, so nothing is claimed")
    score: Score = _GROUNDED(run, example)
    return score


@evaluator(version="1", key="none_missing")
def none_missing(run: Run, example: Example) -> Score:
    """1 when every relevant passage is among the first two that were retrieved; where none is relevant, none is missing."""
    if (example.outputs or {}).get("relevant") == []:
        return Score("none_missing", True, "no passage is relevant, so none is missing")
    found: Score = _RECALL(run, example)
    return Score("none_missing", None if found.score is None else found.score == 1, found.reason)


SUITE = (settled, answer_grounded, none_missing)
