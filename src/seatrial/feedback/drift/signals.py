"""Signals: production rates charted by day against a reference frozen by hour of week, so that Monday morning is no alarm."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from seatrial.stats.drift.chart import Reference, cusum, ewma
from seatrial.stats.interval import CannotTell

if TYPE_CHECKING:
    from numpy.typing import NDArray

HOUR, DAY = 3600.0, 86400.0
HOURS = 168
MONDAY = 4 * DAY
"""1970-01-05 was a Monday."""
PRIOR = 20.0
"""Events at the overall rate that each hour of the week is given, so that a quiet hour does not swear to 0 or 1."""
FEW = 10
"""Days of the reference and of the chart below which nothing is charted."""


@dataclass(frozen=True, slots=True)
class Preset:
    """One production signal: which direction is bad, over which window, and how many windows in a row it must be bad.

    Attributes:
        name: its name in the table.
        bad: +1 where more is worse, -1 where less is.
        over_p95: whether it is a measurement, charted as the share over the reference's 95th percentile.
        duration: windows in a row over the limit before it is an alarm.
        window: seconds of one point of the chart.
    """

    name: str
    bad: int
    over_p95: bool = False
    duration: int = 2
    window: float = DAY


PRESETS = (
    Preset("resolution", -1),
    Preset("hallucination", 1),
    Preset("p95", 1, over_p95=True),
    Preset("safety", 1, duration=1),
    Preset("escalation", 1),
)


@dataclass(frozen=True, slots=True)
class Charted:
    """One signal in one segment.

    Attributes:
        signal, segment: what was charted.
        reference, current: rates of both windows.
        n: events of both windows.
        alarm: day on which the alarm came, counted from the end of the reference; None where there is none.
        ewma, cusum: largest value of each chart in the bad direction over its limit; 1 = at the limit.
        problem: why it could not be charted.
    """

    signal: str
    segment: str
    reference: float | None
    current: float | None
    n: tuple[int, int]
    alarm: int | None = None
    ewma: float | None = None
    cusum: float | None = None
    problem: str = ""


def hour_of_week(at: NDArray[np.float64]) -> NDArray[np.int64]:
    """0 = Monday 00:00 UTC."""
    return np.floor((at - MONDAY) / HOUR).astype(np.int64) % HOURS


def chart_signal(
    preset: Preset, segment: str, at: NDArray[np.float64], value: NDArray[np.float64], frozen_at: float
) -> Charted:
    """Chart one signal by window after `frozen_at`, against the rates by hour of week before it.

    A window's point is its count less what the same hours of the week had in the reference, over the deviation of that
    count. EWMA (.1, 2.7) and CUSUM (.5, 5) have average run lengths of 369 and 465 days windows without drift (two-sided,
    known reference): with days about one false alarm a year per signal and segment. Assumes independent events; 200 or more reference
    days would make the stated run lengths exact, fewer shorten them.

    Args:
        preset: which signal.
        segment: for the report.
        at: when each event was, seconds since 1970.
        value: 1 / 0, or a measurement where the preset says so.
        frozen_at: end of the reference.
    """
    before = at < frozen_at
    n = (int(before.sum()), int((~before).sum()))
    if preset.over_p95 and n[0]:
        value = (value > float(np.quantile(value[before], 0.95))).astype(np.float64)
    days = np.floor((at - frozen_at) / DAY).astype(np.int64)
    reference = float(value[before].mean()) if n[0] else None
    current = float(value[~before].mean()) if n[1] else None
    blank = Charted(preset.name, segment, reference, current, n)
    if reference is None or current is None or np.unique(days[before]).size < FEW:
        return _without(blank, f"a reference needs {FEW} days with events")
    if not 0 < reference < 1:
        return _without(blank, f"the reference is {reference:g} throughout, so nothing says how far is far")
    points, windows = _points(at, value, before, np.floor((at - frozen_at) / preset.window).astype(np.int64), reference)
    if points.size == 0:
        return _without(blank, "no day with enough events after the reference")
    frozen = Reference(0.0, 1.0)
    first, second = ewma(points * preset.bad, frozen), cusum(points * preset.bad, frozen)
    assert not isinstance(first, CannotTell)  # noqa: S101 - there are points
    assert not isinstance(second, CannotTell)  # noqa: S101
    run = _run((first.upper > first.limit) | (second.upper > second.limit), preset.duration)
    return Charted(
        preset.name,
        segment,
        reference,
        current,
        n,
        None if run is None else int(windows[run] * preset.window // DAY),
        float(first.upper.max() / first.limit),
        float(second.upper.max() / second.limit),
    )


def _points(
    at: NDArray[np.float64],
    value: NDArray[np.float64],
    before: NDArray[np.bool_],
    place: NDArray[np.int64],
    reference: float,
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Standardised points of the windows that hold enough events, and the number of each window."""
    hours = hour_of_week(at)
    seen = np.bincount(hours[before], minlength=HOURS)
    good = np.bincount(hours[before], value[before], HOURS)
    rate = (good + PRIOR * reference) / (seen + PRIOR)
    later = ~before
    expected = rate[hours[later]]
    size = int(place[later].max()) + 1
    count = np.bincount(place[later], value[later], size)
    mean = np.bincount(place[later], expected, size)
    variance = np.bincount(place[later], expected * (1 - expected), size)
    enough = variance > 0.5
    return np.asarray((count[enough] - mean[enough]) / np.sqrt(variance[enough])), np.flatnonzero(enough)


def _run(over: NDArray[np.bool_], duration: int) -> int | None:
    length = 0
    for i, one in enumerate(over.tolist()):
        length = length + 1 if one else 0
        if length >= duration:
            return i
    return None


def _without(one: Charted, problem: str) -> Charted:
    return Charted(one.signal, one.segment, one.reference, one.current, one.n, problem=problem)
