"""Store source: exposures and outcomes read from the project's store."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from seatrial.experiment.tally import CellTraffic
from seatrial.rollout.source import BEFORE, BadEvent, Crossing, FirstExposure, OutcomeOf
from seatrial.store.shadow import read_shadow
from seatrial.store.traffic import read_traffic

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from seatrial.outcome.metric import Metric
    from seatrial.rollout.source import Gap
    from seatrial.store.engine import Store
    from seatrial.store.shadow import ShadowAnswer

_IN = "e.rollout = :rollout AND e.forced = 0 AND e.exposed_at >= :since AND e.exposed_at < :until"
# `+` keeps the index of the units: by the index of the times, which the ORDER BY suggests, each unit is looked for in all exposures.
_FIRST = (
    "SELECT e.cell, e.arm, e.attempt, e.rung, e.exposed_at, e.thread_id, e.content, e.algorithm, e.cell <> (SELECT g.cell "
    "FROM exposures g WHERE g.rollout = e.rollout AND g.unit = e.unit AND g.forced = 0 ORDER BY +g.exposed_at, g.event_id LIMIT 1) "
    f"FROM exposures e WHERE {_IN} "
    "AND NOT EXISTS (SELECT 1 FROM exposures f WHERE f.rollout = e.rollout AND f.unit = e.unit AND f.cell = e.cell "
    "AND f.attempt = e.attempt AND f.forced = 0 AND (f.exposed_at < e.exposed_at "
    "OR (f.exposed_at = e.exposed_at AND f.event_id < e.event_id))) ORDER BY e.exposed_at, e.event_id"
)
_OUTCOMES = (
    "SELECT o.thread_id, o.label, o.observed_at FROM outcomes o WHERE o.outcome = :outcome AND o.observed_at >= :since "
    f"AND o.thread_id IN (SELECT e.thread_id FROM exposures e WHERE {_IN}) ORDER BY o.observed_at, o.event_id"
)
_BAD = (
    "SELECT DISTINCT e.cell, e.attempt, o.thread_id, o.label, o.event_id FROM outcomes o JOIN exposures e ON e.thread_id = o.thread_id "
    f"WHERE o.outcome = :outcome AND e.rollout = :rollout AND e.arm = 'candidate' AND o.observed_at >= e.exposed_at - {BEFORE!r} "
    "ORDER BY o.event_id, e.cell, e.attempt"
)
_CROSSINGS = (
    f"SELECT DISTINCT e.cell, e.attempt, e.rung, e.unit FROM exposures e WHERE {_IN} "
    "AND EXISTS (SELECT 1 FROM exposures f WHERE f.rollout = e.rollout AND f.unit = e.unit AND f.cell = e.cell "
    "AND f.attempt = e.attempt AND f.rung = e.rung AND f.forced = 0 AND f.arm <> e.arm AND f.exposed_at < :until) "
    "ORDER BY e.cell, e.unit"
)
_OF_ARM = (
    "o.outcome = :outcome AND o.thread_id IN (SELECT e.thread_id FROM exposures e WHERE e.rollout = :rollout "
    "AND e.forced = 0 AND e.arm = :arm AND e.exposed_at >= :begin)"
)
LAST_OUTCOME = (
    f"SELECT MAX(o.observed_at) FROM outcomes o WHERE o.observed_at >= :since AND o.observed_at <= :until AND {_OF_ARM}"
)
UNHEARD = (
    f"SELECT 1 FROM exposures e WHERE {_IN} AND e.arm = :arm AND NOT EXISTS (SELECT 1 FROM outcomes o WHERE o.outcome = :outcome "
    "AND o.thread_id = e.thread_id AND o.observed_at >= e.exposed_at AND o.observed_at <= e.exposed_at + :horizon) LIMIT 1"
)
GAPS = (
    "SELECT g.before, g.seen FROM (SELECT o.observed_at AS seen, COALESCE(LAG(o.observed_at) OVER (ORDER BY o.observed_at), :since) "
    f"AS before FROM outcomes o WHERE o.observed_at >= :since AND o.observed_at <= COALESCE((SELECT o.observed_at FROM outcomes o "
    f"WHERE o.observed_at > :until AND o.observed_at <= :now AND {_OF_ARM} ORDER BY o.observed_at LIMIT 1), :until) AND {_OF_ARM}) g "
    "WHERE g.seen - g.before > :longer ORDER BY g.seen"
)
ANY_EXPOSURE = "SELECT 1 FROM exposures e WHERE e.rollout = :rollout AND e.forced = 0 AND e.exposed_at > :since AND e.exposed_at < :until LIMIT 1"
LATE = (
    "SELECT COUNT(*) FROM exposures e WHERE e.rollout = :rollout AND e.forced = 0 AND e.exposed_at < :before "
    "AND e.recorded_at > :since AND e.recorded_at <= :until"
)
LATE_OUTCOMES = (
    "SELECT COUNT(*) FROM outcomes o WHERE o.outcome = :outcome AND o.recorded_at > :since AND o.recorded_at <= :until "
    "AND EXISTS (SELECT 1 FROM exposures e WHERE e.rollout = :rollout AND e.forced = 0 AND e.thread_id = o.thread_id "
    "AND e.exposed_at < :before AND e.exposed_at <= o.observed_at)"
)


class StoreSource:
    """A `Source` over the store of decisions, outcomes and exposures."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def first_exposures(self, rollout: str, since: float, until: float) -> Sequence[FirstExposure]:
        """As the protocol says."""
        return [FirstExposure(*row) for row in self._rows(_FIRST, rollout=rollout, since=since, until=until)]

    def outcomes(self, rollout: str, metric: Metric, since: float, until: float) -> Sequence[OutcomeOf]:
        """As the protocol says."""
        found = self._rows(_OUTCOMES, rollout=rollout, outcome=metric.source.name, since=since, until=until)
        return [OutcomeOf(*row) for row in found]

    def bad_events(self, rollout: str, metric: Metric) -> Sequence[BadEvent]:
        """As the protocol says."""
        return [BadEvent(*row[:4]) for row in self._rows(_BAD, rollout=rollout, outcome=metric.source.name)]

    def crossings(self, rollout: str, since: float, until: float) -> Sequence[Crossing]:
        """As the protocol says."""
        return [Crossing(*row) for row in self._rows(_CROSSINGS, rollout=rollout, since=since, until=until)]

    def shadow_answers(self, rollout: str, cell: str, attempt: int) -> Sequence[ShadowAnswer]:
        """As the protocol says."""
        return read_shadow(self._store, rollout, cell, attempt)

    def traffic(self, rollout: str) -> Sequence[CellTraffic]:
        """As the protocol says."""
        return [
            CellTraffic(**{**row, "heaviest": tuple(row["heaviest"])}) for row in read_traffic(self._store, rollout)
        ]

    def last_outcome(self, rollout: str, metric: Metric, arm: str, since: float, until: float) -> float | None:
        """As the protocol says."""
        values = {"rollout": rollout, "outcome": metric.source.name, "arm": arm, "since": since, "until": until}
        found = self._rows(LAST_OUTCOME, **values, begin=since - metric.horizon)[0][0]
        return None if found is None else float(found)

    def has_unheard(self, rollout: str, metric: Metric, arm: str, since: float, until: float) -> bool:
        """As the protocol says."""
        values = {"rollout": rollout, "outcome": metric.source.name, "arm": arm, "since": since, "until": until}
        return bool(self._rows(UNHEARD, **values, horizon=metric.horizon))

    def gaps(self, rollout: str, metric: Metric, arm: str, since: float, until: float, now: float) -> Sequence[Gap]:
        """As the protocol says."""
        values = {"rollout": rollout, "outcome": metric.source.name, "arm": arm, "since": since, "until": until}
        more = {"now": now, "begin": since - metric.horizon, "longer": max(metric.horizon, metric.silent_after)}
        return [(row[0], row[1]) for row in self._rows(GAPS, **values, **more)]

    def has_exposures(self, rollout: str, since: float, until: float) -> bool:
        """As the protocol says."""
        return bool(self._rows(ANY_EXPOSURE, rollout=rollout, since=since, until=until))

    def late_exposures(self, rollout: str, before: float, since: float, until: float) -> int:
        """As the protocol says."""
        return int(self._rows(LATE, rollout=rollout, before=before, since=since, until=until)[0][0])

    def late_outcomes(self, rollout: str, metric: Metric, before: float, since: float, until: float) -> int:
        """As the protocol says."""
        values = {"rollout": rollout, "outcome": metric.source.name, "before": before, "since": since, "until": until}
        return int(self._rows(LATE_OUTCOMES, **values)[0][0])

    def _rows(self, query: str, **values: Any) -> list[Any]:
        from sqlalchemy import text  # noqa: PLC0415 - only where a store is used

        bound: Mapping[str, Any] = values
        with self._store.read() as connection:
            return list(connection.execute(text(query), bound))
