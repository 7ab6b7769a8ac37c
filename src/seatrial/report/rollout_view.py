"""Rollout view: a look or a status in the words of a rollout, whose heading says so where a person is needed."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from seatrial.report.decision_view import decision_view
from seatrial.report.rollout_terms import ROLLOUT
from seatrial.verdict import Verdict

if TYPE_CHECKING:
    from seatrial.report.rollout_page import RolloutPage
    from seatrial.report.view import View
    from seatrial.verdict import Decision


def rollout_view(decision: Decision, page: RolloutPage | None = None) -> View:
    """The view that every surface shows; nothing fell, and yet not all is on course where a person must look at a cell.

    Args:
        decision: a look, or a status.
        page: what the page of a status shows beside it.
    """
    view = replace(decision_view(decision, ROLLOUT), rollout=page)
    if decision.verdict is Verdict.PASS and decision.details.get("needs_person"):
        return replace(view, glyph="!", word="NEEDS A PERSON", state="needs a person")
    return view
