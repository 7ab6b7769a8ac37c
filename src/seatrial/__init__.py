"""seatrial: puts every new version of an AI workflow through its trials, and says segment by segment whether it sails.

    from seatrial import Policy, check, read_evidence

    report = check(read_evidence(path), Policy(), baseline="v1", candidate="v2")

Every name is loaded when it is first asked for: importing this package loads nothing.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from seatrial.dataset import Dataset, Example
    from seatrial.errors import SeatrialError
    from seatrial.evidence.read import read_evidence
    from seatrial.evidence.table import Evidence
    from seatrial.gate.merge import check
    from seatrial.gate.policy import Policy, load_policy
    from seatrial.gate.report import Report
    from seatrial.graph.run import Run
    from seatrial.graph.spec import GraphSpec, Version, fleet
    from seatrial.monitor.guard import guard
    from seatrial.scoring import Score, evaluator
    from seatrial.store.outcomes import emit, outcomes_of
    from seatrial.verdict import ErrorKind, Finding, Outcome, ReasonClass, State, Verdict

__all__ = [
    "Dataset",
    "ErrorKind",
    "Evidence",
    "Example",
    "Finding",
    "GraphSpec",
    "Outcome",
    "Policy",
    "ReasonClass",
    "Report",
    "Run",
    "Score",
    "SeatrialError",
    "State",
    "Verdict",
    "Version",
    "check",
    "emit",
    "evaluator",
    "fleet",
    "guard",
    "load_policy",
    "outcomes_of",
    "read_evidence",
]

_HOMES = {
    "seatrial.dataset": ("Dataset", "Example"),
    "seatrial.errors": ("SeatrialError",),
    "seatrial.scoring": ("Score", "evaluator"),
    "seatrial.evidence.read": ("read_evidence",),
    "seatrial.evidence.table": ("Evidence",),
    "seatrial.gate.merge": ("check",),
    "seatrial.gate.policy": ("Policy", "load_policy"),
    "seatrial.gate.report": ("Report",),
    "seatrial.graph.run": ("Run",),
    "seatrial.graph.spec": ("GraphSpec", "Version", "fleet"),
    "seatrial.monitor.guard": ("guard",),
    "seatrial.store.outcomes": ("emit", "outcomes_of"),
    "seatrial.verdict": ("ErrorKind", "Finding", "Outcome", "ReasonClass", "State", "Verdict"),
}


def __getattr__(name: str) -> Any:
    for home, names in _HOMES.items():
        if name in names:
            return getattr(importlib.import_module(home), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
