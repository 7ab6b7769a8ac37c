"""Rollout view: a look or a status in the words of a rollout, whose heading says so where a person is needed."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from seatrial.report.decision_view import decision_view
from seatrial.report.rollout_terms import ROLLOUT
from seatrial.verdict import Verdict

if TYPE_CHECKING:
    from collections.abc import Sequence

    from seatrial.report.view import Figure, View
    from seatrial.verdict import Decision


def rollout_view(decision: Decision, figures: Sequence[Figure] = ()) -> View:
    """The view that every surface shows; nothing fell, and yet not all is on course where a person must look at a cell."""
    view = decision_view(decision, ROLLOUT, figures=figures)
    if decision.verdict is Verdict.PASS and decision.details.get("needs_person"):
        return replace(view, glyph="!", word="NEEDS A PERSON", state="needs a person")
    return view
