"""What is judged of a classified e-mail: its business band, the shape of the answer, and more that is reported only.

    SUITE = (band_match, label_match, schema, reasons_given, calibration)

`band` is the primary key and `schema` has zero tolerance. Nine raw labels mean four things to do: two labels of one band
are one decision, so the raw label is reported and does not gate.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from seatrial import Score, evaluator

if TYPE_CHECKING:
    from seatrial.dataset import Example
    from seatrial.graph.run import Run


BANDS = {
    "positive": ("interested", "info_request", "meeting_scheduled", "partnership"),
    "negative": ("not_interested",),
    "opt_out": ("unsubscribe",),
    "automatic": ("auto_reply", "bounced", "spam"),
}
"""A person answers; the sequence ends; the address is blocked; nobody read our mail, so a machine deals with it."""

BAND_OF = {label: band for band, labels in BANDS.items() for label in labels}


@evaluator(version="1", key="band")
def band_match(run: Run, example: Example) -> Score:
    """1 when the label falls into the golden label's band."""
    label = _answer(run).get("label")
    got, wanted = BAND_OF.get(str(label)), BAND_OF.get(str((example.outputs or {}).get("label")))
    if wanted is None:
        return Score("band", None, "the example has no golden label of a known band")
    return Score("band", got == wanted, f"{got} is right" if got == wanted else f"said {label} ({got}), it is {wanted}")


@evaluator(version="1", key="label")
def label_match(run: Run, example: Example) -> Score:
    """1 when the label is the golden one."""
    got, wanted = _answer(run).get("label"), (example.outputs or {}).get("label")
    if wanted is None:
        return Score("label", None, "the example has no golden label")
    return Score("label", got == wanted, f"{got} is right" if got == wanted else f"said {got}, it is {wanted}")


@evaluator(version="1")
def schema(run: Run, example: Example) -> Score:
    """1 when the answer is a label, a confidence in 0..1 and a list of reasons, whatever their worth."""
    answer = _answer(run)
    if not isinstance(answer.get("label"), str):
        return Score("schema", 0.0, "the answer has no label")
    if _confidence(answer) is None:
        return Score("schema", 0.0, f"the confidence {answer.get('confidence')!r} is no number in 0..1")
    if not isinstance(answer.get("reasons"), list):
        return Score("schema", 0.0, "the reasons are no list")
    return Score("schema", 1.0, "a label, a confidence in 0..1 and a list of reasons")


@evaluator(version="1")
def reasons_given(run: Run, example: Example) -> Score:
    """1 when there is at least one reason and none is blank."""
    reasons = _answer(run).get("reasons")
    given = isinstance(reasons, list) and bool(reasons) and all(isinstance(one, str) and one.strip() for one in reasons)
    return Score("reasons_given", given, f"{len(reasons or ())} given" if given else "no reason, or a blank one")


@evaluator(version="1")
def calibration(run: Run, example: Example) -> Score:
    """1 minus the Brier score of the stated confidence (Brier 1950): 1 is sure and right, 0 is sure and wrong.

    A proper score: on average it is best when the confidence is the true probability. Under 10 or so examples it says
    little; the mean of a segment is the figure to read.
    """
    answer = _answer(run)
    confidence, wanted = _confidence(answer), (example.outputs or {}).get("label")
    if confidence is None or wanted is None:
        return Score("calibration", None, "there is no confidence in 0..1, or no golden label, to compare")
    right = answer.get("label") == wanted
    return Score(
        "calibration", 1 - (confidence - right) ** 2, f"{confidence:.2f} sure and {'right' if right else 'wrong'}"
    )


SUITE = (band_match, label_match, schema, reasons_given, calibration)


def _answer(run: Run) -> dict[str, Any]:
    return dict(run.outputs or {})


def _confidence(answer: dict[str, Any]) -> float | None:
    value = answer.get("confidence")
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        return None
    return float(value) if 0 <= value <= 1 else None
