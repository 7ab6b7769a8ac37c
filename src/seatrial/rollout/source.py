"""Source: what a look at production reads, whatever the events are kept in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    from seatrial.outcome.metric import Metric
    from seatrial.store.shadow import ShadowAnswer


@dataclass(frozen=True, slots=True)
class FirstExposure:
    """A unit's first exposure in one cell and try."""

    cell: str
    arm: str
    attempt: int
    rung: int
    exposed_at: float
    thread_id: str
    content: str
    algorithm: str


@dataclass(frozen=True, slots=True)
class OutcomeOf:
    """An outcome of a thread that was exposed."""

    thread_id: str
    label: str
    observed_at: float


@dataclass(frozen=True, slots=True)
class BadEvent:
    """An event of a zero-tolerance type in a thread that the candidate answered."""

    cell: str
    attempt: int
    thread_id: str
    label: str


@dataclass(frozen=True, slots=True)
class Crossing:
    """A unit that met both versions within one rung of a cell."""

    cell: str
    attempt: int
    rung: int
    unit: str


class Source(Protocol):
    """Where exposures and outcomes are read; every method may raise a SeatrialError."""

    def first_exposures(self, rollout: str, since: float, until: float) -> Sequence[FirstExposure]:
        """Units first exposed in [since, until), in order of exposure; forced ones are left out."""

    def outcomes(self, rollout: str, metric: Metric, since: float, until: float) -> Sequence[OutcomeOf]:
        """Outcomes of a metric's type in threads exposed in [since, until)."""

    def bad_events(self, rollout: str, metric: Metric) -> Sequence[BadEvent]:
        """Every event of a zero-tolerance metric's type in threads of the candidate."""

    def crossings(self, rollout: str, since: float, until: float) -> Sequence[Crossing]:
        """Units seen in [since, until) that met both versions within one rung of a cell."""

    def shadow_answers(self, rollout: str, cell: str, attempt: int) -> Sequence[ShadowAnswer]:
        """Shadow evidence of one cell and try, in the order in which threads were recorded."""

    def late_exposures(self, rollout: str, before: float, recorded_since: float) -> int:
        """Exposures from before a time that were recorded after another."""
