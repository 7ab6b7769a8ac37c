"""Maturity: which units have had their time, and what their events said by then."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING

import numpy as np

from seatrial.outcome.metric import Pick
from seatrial.outcome.polarity import Polarity

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from seatrial.outcome.metric import Metric


class Answer(IntEnum):
    """What is known of one unit."""

    NEGATIVE = 0
    POSITIVE = 1
    NEUTRAL = 2
    IMMATURE = 3


CODES = {Polarity.NEGATIVE: Answer.NEGATIVE, Polarity.POSITIVE: Answer.POSITIVE, Polarity.NEUTRAL: Answer.NEUTRAL}


@dataclass(frozen=True, slots=True)
class Events:
    """Outcome events of one type, each joined to the unit it belongs to.

    Attributes:
        unit: index of the unit; -1 where there is none.
        at: when it was observed, seconds since 1970.
        answer: `Answer` code of its polarity for that unit: NEGATIVE, POSITIVE or NEUTRAL.
    """

    unit: NDArray[np.int64]
    at: NDArray[np.float64]
    answer: NDArray[np.int8]


@dataclass(frozen=True, slots=True)
class Observed:
    """What production said of every unit.

    Attributes:
        state: `Answer` code per unit.
        by_default: per unit, whether its answer is the default because no event came.
        machine: events within `min_delay`, which are neutral.
        late: events after the horizon, which never reopen a unit.
        before: events before their unit.
    """

    state: NDArray[np.int8]
    by_default: NDArray[np.bool_]
    machine: int
    late: int
    before: int

    @property
    def value(self) -> NDArray[np.float64]:
        """1 positive, 0 negative, NaN where the unit is immature or neutral."""
        return np.where(self.state <= Answer.POSITIVE, self.state.astype(np.float64), np.nan)


def mature(unit_at: NDArray[np.float64], events: Events, metric: Metric, now: float) -> Observed:
    """Judge every unit at age `horizon` by the events it had by then.

    A unit younger than the horizon is immature even where it has an event already: good outcomes come late and bad ones
    early, or the reverse, and a unit that enters at its first event would bias the rate (STATISTICS: decision 12).

    Args:
        unit_at: when each unit was decided or exposed, seconds since 1970.
        events: events of the metric's type.
        metric: horizon, default, minimum delay and pick rule; an infinite horizon waits for nothing and calls nothing late.
        now: the clock, seconds since 1970.
    """
    joined = events.unit >= 0
    age = np.where(joined, events.at - unit_at[np.where(joined, events.unit, 0)], np.nan)
    before, late = joined & (age < 0), joined & (age > metric.horizon)
    inside = joined & ~before & ~late
    machine = inside & (age < metric.min_delay)
    answers = np.where(machine, np.int8(Answer.NEUTRAL), events.answer)[inside]
    unit = events.unit[inside]
    state = np.full(unit_at.size, CODES[metric.default], np.int8)
    picked = _picked(unit, events.at[inside], answers, metric.pick)
    by_default = np.ones(unit_at.size, np.bool_)
    state[unit[picked]] = answers[picked]
    by_default[unit[picked]] = False
    immature = (unit_at + metric.horizon > now) & np.isfinite(metric.horizon)
    state[immature] = Answer.IMMATURE
    by_default &= ~immature
    return Observed(state, by_default, int(machine.sum()), int(late.sum()), int(before.sum()))


def _picked(
    unit: NDArray[np.int64], at: NDArray[np.float64], answer: NDArray[np.int8], pick: Pick
) -> NDArray[np.int64]:
    """Index of the one event of each unit that counts; ties of time go to the worse answer, so that order never matters."""
    if unit.size == 0:
        return np.zeros(0, np.int64)
    # NEGATIVE before POSITIVE before NEUTRAL: an event that says something wins over one that does not.
    order = {
        Pick.FIRST: np.lexsort((answer, at, answer == Answer.NEUTRAL, unit)),
        Pick.LATEST: np.lexsort((answer, -at, answer == Answer.NEUTRAL, unit)),
        Pick.WORST: np.lexsort((at, answer, unit)),
    }[pick]
    first = np.ones(order.size, np.bool_)
    first[1:] = unit[order][1:] != unit[order][:-1]
    return order[first]
