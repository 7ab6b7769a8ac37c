"""How much of a class a judge finds: recall with the bound that a floor is held against."""

from __future__ import annotations

from dataclasses import dataclass

from seatrial.stats.interval import CannotTell
from seatrial.stats.proportions import clopper_pearson
from seatrial.stats.validate import share


@dataclass(frozen=True, slots=True)
class Recall:
    """Share found, of how many, and the one-sided lower confidence bound at `confidence`."""

    estimate: float
    found: int
    present: int
    lower: float
    confidence: float


def recall(found: int, present: int, confidence: float = 0.95) -> Recall | CannotTell:
    """`found` of the `present` items that truly have the class, with Clopper and Pearson's one-sided lower bound.

    Take the class that is rare and costly to miss (usually "bad"). Exact, so never under its confidence. No such item
    is "cannot tell", not a recall of 1. Present items must be labelled by people without sight of the judge's verdict.
    """
    share("confidence", confidence)
    span = clopper_pearson(found, present, 2 * confidence - 1) if confidence > 0.5 else None
    if span is None:
        raise ValueError(f"confidence must exceed .5, got {confidence}")
    if isinstance(span, CannotTell):
        return CannotTell("no item of the class was labelled, so nothing says whether the judge finds it")
    return Recall(found / present, found, present, span.low, confidence)
