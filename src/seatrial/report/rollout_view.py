"""Rollout view: a look or a status in the words of a rollout, whose heading says so where a person is needed."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from seatrial.report.decision_view import decision_view
from seatrial.report.rollout_terms import ROLLOUT
from seatrial.verdict import Verdict

if TYPE_CHECKING:
    from seatrial.report.rollout_page import RolloutPage
    from seatrial.report.terms import Terms
    from seatrial.report.view import View
    from seatrial.verdict import Decision


def rollout_view(decision: Decision, page: RolloutPage | None = None, terms: Terms | None = None) -> View:
    """The view that every surface shows; nothing fell, and yet not all is on course where a person must look at a cell.

    Args:
        decision: a look, a status, or what a person did.
        page: what the page of a status shows beside it.
        terms: other words than a rollout's, which say themselves what a decision that passes is.
    """
    view = replace(decision_view(decision, terms or ROLLOUT), rollout=page)
    if terms is None and decision.verdict is Verdict.PASS and decision.details.get("needs_person"):
        return replace(view, glyph="!", word="NEEDS A PERSON", state="needs a person")
    return view
