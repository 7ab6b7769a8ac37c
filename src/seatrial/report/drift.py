"""Drift on the surfaces: its words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from seatrial.report.decision_view import decision_view
from seatrial.report.terms import Terms
from seatrial.verdict import State, Verdict

if TYPE_CHECKING:
    from seatrial.report.view import View
    from seatrial.verdict import Decision

TERMS = Terms(
    gate="drift",
    verdicts={
        Verdict.FAIL: ("✕", "RETRAIN"),
        Verdict.INCONCLUSIVE: ("?", "CANNOT TELL"),
        Verdict.PASS: ("✓", "PASS"),
    },
    states={
        State.BLOCKS: "Retrain",
        State.CANNOT_TELL: "Can't tell",
        State.WATCH: "Investigate",
        State.NO_DROP: "Stable",
        State.BETTER: "Better",
        State.REPORTED: "Reported",
    },
    rates="before→now",
    axis="less │ more",
    flips="",
    detects="",
    unit="row",
)


def drift_view(decision: Decision) -> View:
    """The view of a drift decision."""
    rows = len(decision.findings)
    return decision_view(decision, TERMS, scored=f"{rows:,} comparisons", error_rate="")
