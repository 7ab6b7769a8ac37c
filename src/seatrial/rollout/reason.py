"""Reasons of a rollout's steps, as words and numbers; `sentence` writes them out."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


class Why(StrEnum):
    """Why a cell moves or stays."""

    WORSE = "worse"
    WORSE_OVERALL = "worse_overall"
    ZERO_TOLERANCE = "zero_tolerance"
    NOT_WORSE = "not_worse"
    BAKED = "baked"
    NEEDS_UNITS = "needs_units"
    NEEDS_EVIDENCE = "needs_evidence"
    BAKING = "baking"
    SHADOW = "shadow"
    SHADOW_WORSE = "shadow_worse"
    SHADOW_NOT_SHOWN = "shadow_not_shown"
    DWELL = "dwell"
    SAMPLE_RATIO = "sample_ratio"
    BOTH_ARMS = "both_arms"
    CONTENT_CHANGED = "content_changed"
    ALGORITHM_CHANGED = "algorithm_changed"
    UNREADABLE = "unreadable"
    UNKNOWN_LABEL = "unknown_label"
    OUTCOMES_MISSING = "outcomes_missing"
    PLAN_CHANGED = "plan_changed"
    CLOCK = "clock"
    HEAVY_UNIT = "heavy_unit"
    MEAN_WORSE = "mean_worse"
    HOOK = "hook"
    CONFIRM = "confirm"
    PAUSED = "paused"
    HELD = "held"
    ROLLED_BACK = "rolled_back"
    DONE = "done"
    PERSON = "person"


UNTRUSTED = (Why.SAMPLE_RATIO, Why.BOTH_ARMS, Why.CONTENT_CHANGED, Why.ALGORITHM_CHANGED)
"""The comparison itself is in doubt: no evidence of it moves a cell either way."""
INVALID = (*UNTRUSTED, Why.UNREADABLE, Why.OUTCOMES_MISSING, Why.UNKNOWN_LABEL, Why.PLAN_CHANGED, Why.CLOCK)
"""A step that meets one of these could not tell: exit code 2."""
AFRESH = (Why.SAMPLE_RATIO, Why.BOTH_ARMS, Why.MEAN_WORSE)
"""What a person clears by a new try: the evidence so far stays behind."""
CALLS_A_PERSON = (
    *INVALID,
    Why.WORSE,
    Why.WORSE_OVERALL,
    Why.ZERO_TOLERANCE,
    Why.SHADOW_WORSE,
    Why.SHADOW_NOT_SHOWN,
    Why.DWELL,
    Why.HELD,
    Why.HEAVY_UNIT,
    Why.MEAN_WORSE,
    Why.HOOK,
    Why.CONFIRM,
)
"""What a person is told about."""


@dataclass(frozen=True, slots=True)
class Reason:
    """Why one cell moves or stays; a number is None where the reason has none.

    Attributes:
        why: the kind.
        metric: the metric it is about; empty where none.
        log_e: log of the e-value that decided, or that falls short.
        log_threshold: log of what it is compared with.
        control: rate of good outcomes of the control on this rung.
        candidate: the candidate's.
        units: units it counts: seen where it decided, missing where it needs more.
        seconds: time left, where it can be estimated.
        text: a name or a message: a source that failed, a unit, a content hash, a person's own reason.
        author: who did it, where a person did.
    """

    why: Why
    metric: str = ""
    log_e: float | None = None
    log_threshold: float | None = None
    control: float | None = None
    candidate: float | None = None
    units: int | None = None
    seconds: float | None = None
    text: str = ""
    author: str = ""

    @property
    def key(self) -> str:
        """What makes it another reason than the one before: kind and metric, not its numbers."""
        return f"{self.why}:{self.metric}" if self.metric else self.why.value


def reason_data(reason: Reason) -> dict[str, Any]:
    """The reason as plain data, without what it does not say."""
    return {name: value for name, value in asdict(reason).items() if value not in (None, "")}


def reason_from(data: Mapping[str, Any]) -> Reason:
    """The reason that `reason_data` wrote."""
    return Reason(**{**data, "why": Why(data["why"])})
