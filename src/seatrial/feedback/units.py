"""Units: the decisions that count, and what production said of each."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    from numpy.typing import NDArray

    from seatrial.feedback.problem import Problem
    from seatrial.table import Codes


@dataclass(frozen=True, slots=True)
class UnknownLabel:
    """A label that no table names: what it followed, what it was, how often."""

    classifier: str
    verdict: str
    outcome: str
    label: str
    count: int


@dataclass(frozen=True, slots=True)
class Ledger:
    """Events and decisions that are counted and change no rate.

    Attributes:
        events: outcome events read.
        without_decision: of a thread that no decision names.
        before: earlier than every decision of their thread.
        late: after their horizon; they never reopen a decision.
        machine: within `min_delay`, hence neutral.
        superseded: decisions of a thread in which another one counts.
        no_confidence: decisions that state no confidence.
    """

    events: int = 0
    without_decision: int = 0
    before: int = 0
    late: int = 0
    machine: int = 0
    superseded: int = 0
    no_confidence: int = 0


@dataclass(frozen=True, slots=True)
class Units:
    """One source's decisions that count.

    Attributes:
        source: its name.
        classifier: per decision.
        verdict: per decision; null where it states none.
        confidence: stated, 0..1.
        state: `outcome.Answer` code per decision.
        silent: neutral because nothing came, not because a label says so.
        entered: when its answer was due, seconds since 1970; NaN where no time is known.
        segments: dimension -> value per decision.
        decision: its id, for reports that name examples; None where there is none.
        thread: its thread; None where that is the decision itself.
        unknown: labels that no table names.
        ledger: what was counted and changes no rate.
        problems: why it could not be fully evaluated.
        horizons: outcome type -> (seconds, default), as applied; infinite where no metric sets one.
    """

    source: str
    classifier: Codes
    verdict: Codes
    confidence: NDArray[np.float64]
    state: NDArray[np.int8]
    silent: NDArray[np.bool_]
    entered: NDArray[np.float64]
    segments: Mapping[str, Codes]
    decision: Codes | None = None
    thread: Codes | None = None
    unknown: tuple[UnknownLabel, ...] = ()
    ledger: Ledger = field(default_factory=Ledger)
    problems: tuple[Problem, ...] = ()
    horizons: Mapping[str, tuple[float, str]] = field(default_factory=dict)
