"""Monitor on the surfaces: its words."""

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
    gate="monitor",
    verdicts={
        Verdict.FAIL: ("✕", "FAIL"),
        Verdict.INCONCLUSIVE: ("?", "CANNOT TELL"),
        Verdict.PASS: ("✓", "PASS"),
    },
    states={
        State.BLOCKS: "Below its limit",
        State.CANNOT_TELL: "Can't tell",
        State.WATCH: "Below, not proven",
        State.NO_DROP: "Within its limit",
        State.BETTER: "Better",
        State.REPORTED: "Reported",
    },
    n="threads",
    rates="floor→seen",
    axis="below │ above",
    flips="",
    detects="",
    unit="run",
)


def monitor_view(decision: Decision) -> View:
    """The view of a monitor's decision."""
    runs = int(decision.details.get("runs", 0))
    return decision_view(decision, TERMS, scored=f"{count(runs, 'recorded run')}", error_rate="")
