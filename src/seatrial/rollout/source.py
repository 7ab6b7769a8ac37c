"""Source: what a look at production reads, whatever the events are kept in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    from seatrial.experiment.tally import CellTraffic
    from seatrial.outcome.maturity import Answer
    from seatrial.outcome.metric import Metric
    from seatrial.store.shadow import ShadowAnswer


@dataclass(frozen=True, slots=True)
class FirstExposure:
    """A unit's first exposure in one cell and try; `elsewhere`: its first of all was in another cell."""

    cell: str
    arm: str
    attempt: int
    rung: int
    exposed_at: float
    thread_id: str
    content: str
    algorithm: str
    elsewhere: bool = False


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


@dataclass(frozen=True, slots=True)
class ExposedCount:
    """Units first exposed in one cell, try and rung, to one arm, whose answers had one content; `first` is the earliest."""

    cell: str
    attempt: int
    rung: int
    arm: str
    content: str
    algorithm: str
    units: int
    first: float


@dataclass(frozen=True, slots=True)
class AnswerCount:
    """Units first exposed in one minute whose outcome said one thing.

    Attributes:
        late: their outcomes after the horizon.
        unknown: those of them that are neutral because no outcome in time has a label that is known.
    """

    minute: int
    cell: str
    attempt: int
    rung: int
    arm: str
    content: str
    algorithm: str
    answer: Answer
    units: int
    late: int
    unknown: int


@dataclass(frozen=True, slots=True)
class Answers:
    """Counts of one metric in one window of exposure.

    Attributes:
        counts: of all units.
        unknown: outcomes whose label is unknown.
        label: the most frequent of these.
        elsewhere: those counts that are of units whose first exposure was in another cell.
    """

    counts: tuple[AnswerCount, ...]
    unknown: int
    label: str = ""
    elsewhere: tuple[AnswerCount, ...] = ()


@dataclass(frozen=True, slots=True)
class MeanCount:
    """Values of a mean metric, of units first exposed in one cell, try and rung to one arm: how many, their sum and squares."""

    cell: str
    attempt: int
    rung: int
    arm: str
    content: str
    algorithm: str
    units: int
    total: float
    squares: float


Gap = tuple[float, float]
"""A time without events: the last one before it and the first one after it."""


BEFORE = 60.0
"""Seconds before an exposure from which an event of zero tolerance counts: an exposure may be written after the answer, and by
another clock."""


class Reader(Protocol):
    """What every source of a rollout's events can read; every method may raise a SeatrialError."""

    def bad_events(self, rollout: str, metric: Metric) -> Sequence[BadEvent]:
        """Every event of a zero-tolerance metric's type in threads of the candidate."""

    def crossings(self, rollout: str, since: float, until: float) -> Sequence[Crossing]:
        """Units seen in [since, until) that met both versions within one rung of a cell."""

    def shadow_answers(self, rollout: str, cell: str, attempt: int) -> Sequence[ShadowAnswer]:
        """Shadow evidence of one cell and try, in the order in which threads were recorded."""

    def traffic(self, rollout: str) -> Sequence[CellTraffic]:
        """Requests that routers have assigned, one entry per router, cell, try and rung."""

    def last_outcome(self, rollout: str, metric: Metric, arm: str, since: float, until: float) -> float | None:
        """Time of the latest event of a metric's type observed in [since, until], in an arm's threads exposed since its horizon before."""

    def has_unheard(self, rollout: str, metric: Metric, arm: str, since: float, until: float) -> bool:
        """Whether any unit of an arm was exposed in [since, until) without an event of a metric's type in its horizon."""

    def gaps(self, rollout: str, metric: Metric, arm: str, since: float, until: float, now: float) -> Sequence[Gap]:
        """Gaps between an arm's events, longer than the metric's horizon and silence, that began in [since, until] and ended by now."""

    def has_exposures(self, rollout: str, since: float, until: float) -> bool:
        """Whether any unit was exposed in (since, until)."""

    def late_exposures(self, rollout: str, before: float, since: float, until: float) -> int:
        """Exposures from before a time that were recorded in (since, until]; forced ones are left out."""

    def late_outcomes(self, rollout: str, metric: Metric, before: float, since: float, until: float) -> int:
        """Events of a metric's type in threads exposed before a time that were recorded in (since, until]; 0 where that is not kept."""


class RowSource(Reader, Protocol):
    """A source that gives events one by one."""

    def first_exposures(self, rollout: str, since: float, until: float) -> Sequence[FirstExposure]:
        """Units first exposed in [since, until), in order of exposure; forced ones are left out."""

    def outcomes(self, rollout: str, metric: Metric, since: float, until: float) -> Sequence[OutcomeOf]:
        """Outcomes of a metric's type in threads exposed in [since, until)."""


class CountingSource(Reader, Protocol):
    """A source that counts events where they lie."""

    def begin(self, rollout: str, windows: Sequence[tuple[float, float]]) -> None:
        """Prepare a look: the windows of exposure that will be counted."""

    def exposed(self, rollout: str, since: float, until: float) -> Sequence[ExposedCount]:
        """Units first exposed in [since, until), the earliest group first; forced ones are left out."""

    def answers(self, rollout: str, metric: Metric, since: float, until: float) -> Answers:
        """What the outcomes of a metric say of the units first exposed in [since, until), all past its horizon."""

    def means(self, rollout: str, metric: Metric, since: float, until: float) -> Sequence[MeanCount]:
        """The values of a mean metric of the units first exposed in [since, until); a unit without a value is left out."""


Source = RowSource | CountingSource
