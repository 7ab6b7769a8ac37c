"""Count rows: a source of single events made into one that counts."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from typing import TYPE_CHECKING

import numpy as np

from seatrial.outcome.maturity import CODES, Answer, Events, mature
from seatrial.outcome.metric import MetricKind, Pick
from seatrial.rollout.source import AnswerCount, Answers, ExposedCount, MeanCount

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from seatrial.experiment.tally import CellTraffic
    from seatrial.outcome.metric import Metric
    from seatrial.rollout.source import (
        BadEvent,
        CountingSource,
        Crossing,
        FirstExposure,
        Gap,
        OutcomeOf,
        RowSource,
        Source,
    )
    from seatrial.store.shadow import ShadowAnswer

MINUTE = 60.0
"""Seconds of exposure that are counted together."""

_Totals = dict[tuple[int, str, int, int, str, str, str, Answer], list[int]]


def counting(source: Source) -> CountingSource:
    """The source itself where it counts, else one that counts its rows."""
    return source if hasattr(source, "answers") else CountedRows(source)  # type: ignore[return-value]


class CountedRows:
    """Counts the rows of a source in this process."""

    def __init__(self, source: RowSource) -> None:
        self._source = source

    def begin(self, rollout: str, windows: Sequence[tuple[float, float]]) -> None:
        """Nothing to prepare."""

    def exposed(self, rollout: str, since: float, until: float) -> Sequence[ExposedCount]:
        """As the protocol says."""
        counts: Counter[tuple[str, int, int, str, str, str]] = Counter()
        first: dict[tuple[str, int, int, str, str, str], float] = {}
        for one in self._source.first_exposures(rollout, since, until):
            key = (one.cell, one.attempt, one.rung, one.arm, one.content, one.algorithm)
            counts[key] += 1
            first.setdefault(key, one.exposed_at)
        return [ExposedCount(*key, counts[key], at) for key, at in first.items()]

    def answers(self, rollout: str, metric: Metric, since: float, until: float) -> Answers:
        """As the protocol says."""
        firsts = self._source.first_exposures(rollout, since, until)
        if not firsts:
            return Answers((), 0)
        events, known, labels = _joined(firsts, metric, self._source.outcomes(rollout, metric, since, until))
        exposed_at = np.array([first.exposed_at for first in firsts])
        observed = mature(exposed_at, events, metric, until + metric.horizon)
        age = events.at - exposed_at[events.unit]
        late = np.zeros(len(firsts), np.int64)
        np.add.at(late, events.unit, known & (age > metric.horizon))
        unknown = np.zeros(len(firsts), np.bool_)
        unknown[events.unit[~known & (age >= 0) & (age <= metric.horizon)]] = True
        unknown &= observed.state == Answer.NEUTRAL
        counts: _Totals = defaultdict(lambda: [0, 0, 0])
        elsewhere: _Totals = defaultdict(lambda: [0, 0, 0])
        for first, state, *more in zip(firsts, observed.state.tolist(), late.tolist(), unknown.tolist(), strict=True):
            minute = int(first.exposed_at // MINUTE)
            place = (minute, first.cell, first.attempt, first.rung, first.arm, first.content, first.algorithm)
            for totals in (counts, elsewhere) if first.elsewhere else (counts,):
                total = totals[(*place, Answer(state))]
                for i, n in enumerate((1, *more)):
                    total[i] += n
        found, others = (
            tuple(AnswerCount(*key, *total) for key, total in totals.items()) for totals in (counts, elsewhere)
        )
        return Answers(found, labels.total(), most_frequent(labels), others)

    def means(self, rollout: str, metric: Metric, since: float, until: float) -> Sequence[MeanCount]:
        """As the protocol says."""
        firsts = self._source.first_exposures(rollout, since, until)
        events: dict[str, list[tuple[float, float]]] = defaultdict(list)
        for event in self._source.outcomes(rollout, metric, since, until) if firsts else ():
            value = number(event.label)
            if value is not None:
                events[event.thread_id].append((event.observed_at, value))
        sums: dict[tuple[str, int, int, str, str, str], list[float]] = defaultdict(lambda: [0, 0.0, 0.0])
        for first in firsts:
            inside = [
                one
                for one in events[first.thread_id]
                if metric.min_delay <= one[0] - first.exposed_at <= metric.horizon
            ]
            if inside:
                value = picked_value(metric, inside)
                total = sums[first.cell, first.attempt, first.rung, first.arm, first.content, first.algorithm]
                total[0] += 1
                total[1] += value
                total[2] += value * value
        return [MeanCount(*key, int(total[0]), total[1], total[2]) for key, total in sums.items()]

    def bad_events(self, rollout: str, metric: Metric) -> Sequence[BadEvent]:
        """As the protocol says."""
        return self._source.bad_events(rollout, metric)

    def crossings(self, rollout: str, since: float, until: float) -> Sequence[Crossing]:
        """As the protocol says."""
        return self._source.crossings(rollout, since, until)

    def shadow_answers(self, rollout: str, cell: str, attempt: int) -> Sequence[ShadowAnswer]:
        """As the protocol says."""
        return self._source.shadow_answers(rollout, cell, attempt)

    def traffic(self, rollout: str) -> Sequence[CellTraffic]:
        """As the protocol says."""
        return self._source.traffic(rollout)

    def last_outcome(self, rollout: str, metric: Metric, arm: str, since: float, until: float) -> float | None:
        """As the protocol says."""
        return self._source.last_outcome(rollout, metric, arm, since, until)

    def has_unheard(self, rollout: str, metric: Metric, arm: str, since: float, until: float) -> bool:
        """As the protocol says."""
        return self._source.has_unheard(rollout, metric, arm, since, until)

    def gaps(self, rollout: str, metric: Metric, arm: str, since: float, until: float, now: float) -> Sequence[Gap]:
        """As the protocol says."""
        return self._source.gaps(rollout, metric, arm, since, until, now)

    def has_exposures(self, rollout: str, since: float, until: float) -> bool:
        """As the protocol says."""
        return self._source.has_exposures(rollout, since, until)

    def late_exposures(self, rollout: str, before: float, since: float, until: float) -> int:
        """As the protocol says."""
        return self._source.late_exposures(rollout, before, since, until)

    def late_outcomes(self, rollout: str, metric: Metric, before: float, since: float, until: float) -> int:
        """As the protocol says."""
        return self._source.late_outcomes(rollout, metric, before, since, until)


def good_answer(metric: Metric) -> Answer:
    """What an outcome of a metric says where it is good."""
    return Answer.POSITIVE if metric.direction == "up" or metric.kind is MetricKind.LATENCY_OVER else Answer.NEGATIVE


def most_frequent(labels: Mapping[str, int]) -> str:
    """The label that came most often, of several the first by alphabet; empty where there is none."""
    return min(labels, key=lambda one: (-labels[one], one), default="")


def number(label: str) -> float | None:
    """A label as a finite number; None where it is none."""
    try:
        value = float(label)
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def picked_value(metric: Metric, events: Sequence[tuple[float, float]]) -> float:
    """The value that counts of several (time, value) of one unit; of the same time the worse one."""
    sign = 1.0 if metric.direction == "up" else -1.0
    if metric.pick is Pick.WORST:
        return min(events, key=lambda one: sign * one[1])[1]
    late = -1.0 if metric.pick is Pick.LATEST else 1.0
    return min(events, key=lambda one: (late * one[0], sign * one[1]))[1]


def _joined(
    firsts: Sequence[FirstExposure], metric: Metric, outcomes: Sequence[OutcomeOf]
) -> tuple[Events, NDArray[np.bool_], Counter[str]]:
    """The events of every unit, whether each one's label is known, and how often each unknown label came.

    An event whose label is unknown is neutral: as no event at all it would leave its unit to the default, which may be good.
    """
    units: dict[str, list[int]] = defaultdict(list)
    for i, first in enumerate(firsts):
        units[first.thread_id].append(i)
    labels: Counter[str] = Counter()
    unit, at, answer, known = [], [], [], []
    for event in outcomes:
        stated = _answer(metric, event)
        if stated is None:
            labels[event.label] += 1
        for i in units.get(event.thread_id, ()):
            unit.append(i)
            at.append(event.observed_at)
            answer.append(Answer.NEUTRAL if stated is None else stated)
            known.append(stated is not None)
    events = Events(np.array(unit, np.int64), np.array(at, np.float64), np.array(answer, np.int8))
    return events, np.array(known, np.bool_), labels


def _answer(metric: Metric, event: OutcomeOf) -> Answer | None:
    """What an outcome says of its unit; None where its label says nothing. For a latency, POSITIVE is within the limit."""
    if metric.kind is MetricKind.LATENCY_OVER and metric.source.over is not None:
        try:
            return Answer.POSITIVE if float(event.label) <= metric.source.over else Answer.NEGATIVE
        except ValueError:
            return None
    polarity = metric.polarity(event.label)
    return None if polarity is None else CODES[polarity]
