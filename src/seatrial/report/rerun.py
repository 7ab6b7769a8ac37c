"""Golden re-runs on the surfaces: their words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from seatrial.report.decision_view import decision_view
from seatrial.report.terms import Terms
from seatrial.verdict import State, Verdict
from seatrial.wording import count

if TYPE_CHECKING:
    from seatrial.report.view import View
    from seatrial.verdict import Decision

TERMS = Terms(
    gate="rerun",
    verdicts={
        Verdict.FAIL: ("✕", "CHANGED"),
        Verdict.INCONCLUSIVE: ("?", "CANNOT TELL"),
        Verdict.PASS: ("✓", "UNCHANGED"),
    },
    states={
        State.BLOCKS: "Worse than before",
        State.CANNOT_TELL: "Can't tell",
        State.WATCH: "Lower, not proven",
        State.NO_DROP: "As before",
        State.BETTER: "Better",
        State.REPORTED: "Reported",
    },
    rates="before→now",
    axis="less │ more",
    flips="",
    detects="",
    unit="example",
)


def rerun_view(decision: Decision) -> View:
    """The view of a re-run's decision."""
    nights = len(decision.details.get("nights", ()))
    return decision_view(decision, TERMS, scored=count(nights, "comparable night"), error_rate="")
