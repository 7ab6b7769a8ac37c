"""Problem: why a source could not be fully evaluated, as a kind with its numbers; `sentence` renders it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from seatrial.verdict import ReasonClass


class ProblemKind(StrEnum):
    """What stood in the way of an answer."""

    SOURCE_FAILED = "source_failed"
    NO_DECISIONS = "no_decisions"
    UNKNOWN_CLASSIFIER = "unknown_classifier"
    CLASSIFIER_ABSENT = "classifier_absent"
    NOTHING_MATCHED = "nothing_matched"
    OUTCOME_BEFORE_DECISION = "outcome_before_decision"
    UNKNOWN_LABEL = "unknown_label"
    SILENT_OUTCOME = "silent_outcome"
    NOTHING_MATURE = "nothing_mature"
    NO_CONFIDENCE = "no_confidence"
    TOO_FEW = "too_few"
    NEUTRAL_SHARE_MOVED = "neutral_share_moved"


CLASSES = {
    ProblemKind.SOURCE_FAILED: ReasonClass.OUTAGE,
    ProblemKind.UNKNOWN_CLASSIFIER: ReasonClass.USAGE,
    ProblemKind.OUTCOME_BEFORE_DECISION: ReasonClass.INVALID,
    ProblemKind.UNKNOWN_LABEL: ReasonClass.INVALID,
    ProblemKind.TOO_FEW: ReasonClass.UNDERPOWERED,
    ProblemKind.NEUTRAL_SHARE_MOVED: ReasonClass.INVALID,
}
"""Reason class of each kind; every other is `missing`."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One reason why a source could not be fully evaluated.

    Attributes:
        kind: what stood in the way.
        source: name of the source.
        count: how many rows, decisions or events it concerns.
        of: out of how many; 0 where that says nothing.
        names: what it concerns: labels, classifiers, an outcome type, a message.
        at: a moment, seconds since 1970; None where it has none.
        shares: the share before and now, where it is about a share.
        cause: reason class of a failed source, where its error says it.
    """

    kind: ProblemKind
    source: str
    count: int = 0
    of: int = 0
    names: tuple[str, ...] = ()
    at: float | None = None
    shares: tuple[float, float] | None = None
    cause: ReasonClass | None = None

    @property
    def reason_class(self) -> ReasonClass:
        """For machines that route on it."""
        return self.cause or CLASSES.get(self.kind, ReasonClass.MISSING)
