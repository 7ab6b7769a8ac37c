"""Silence: up to when a metric's outcomes may be counted, since what a dead feed leaves out would read as its default."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from seatrial.errors import SeatrialError
from seatrial.outcome.maturity import CODES
from seatrial.outcome.polarity import Polarity
from seatrial.rollout.count_rows import MINUTE, good_answer
from seatrial.rollout.evidence import Problem
from seatrial.rollout.reason import Reason, Why

if TYPE_CHECKING:
    from seatrial.outcome.metric import Metric
    from seatrial.rollout.source import Reader

GRACE = 60.0
"""Seconds that a minute of exposures waits for rows that are still on their way."""
QUIET = 86_400.0
"""Seconds for which units may wait without a problem where exposures have stopped, too: traffic that pauses for a night."""

Span = tuple[float, float]


def closed_at(now: float, horizon: float) -> float:
    """The last full minute of exposure whose units have had their horizon."""
    return math.floor((now - horizon - GRACE) / MINUTE) * MINUTE


def flattered(metric: Metric) -> str:
    """The version whose missing events favour the candidate: its own where the default is good, else the control's."""
    return "candidate" if CODES[metric.default] == good_answer(metric) else "control"


def heard(source: Reader, rollout: str, metric: Metric, span: Span, now: float) -> tuple[Span, list[Problem]]:
    """The span of exposure that can be closed, and what is wrong where outcomes of it are missing.

    A default is applied to a unit without an event only while events of the type come in from the version that missing ones
    would favour: the silence of the other version speaks against the candidate, and never moves it up. A source that cannot
    say so closes nothing.
    """
    since, until = span
    if metric.default is Polarity.NEUTRAL or until <= since:
        return span, []
    try:
        closed, silent = _waiting(source, rollout, metric, span, now)
        missing = _missing(source, rollout, metric, (since, closed), now)
    except SeatrialError as error:
        return (since, since), [Problem("", Reason(Why.UNREADABLE, metric.name, text=str(error)))]
    found = ((Why.UNREADABLE, silent), (Why.OUTCOMES_MISSING, missing))
    return (since, closed), [Problem("", Reason(why, metric.name, text=text)) for why, text in found if text]


def _waiting(source: Reader, rollout: str, metric: Metric, span: Span, now: float) -> tuple[float, str]:
    """Until when the span can be closed, and a sentence where units have waited for too long.

    Units whose horizon ended in a silence of `silent_after` seconds wait for the next event. Where each of them has its event,
    none is missing.
    """
    since, until = span
    arm, silent = flattered(metric), metric.silent_after
    if source.last_outcome(rollout, metric, arm, until + metric.horizon - silent, now) is not None:
        return until, ""
    last = source.last_outcome(rollout, metric, arm, since, now)
    closed = since if last is None else closed_at(last + silent + GRACE, metric.horizon)
    closed = min(until, max(since, closed))
    if not source.has_unheard(rollout, metric, arm, closed, until):
        return until, ""
    began = since if last is None else last
    patience = silent if source.has_exposures(rollout, began, now) else max(silent, QUIET)
    overdue = source.has_unheard(rollout, metric, arm, closed, until - patience)
    return closed, f"no event of its type of the {arm} since {_when(began)} UTC" if overdue else ""


def _missing(source: Reader, rollout: str, metric: Metric, span: Span, now: float) -> str:
    """A sentence where a span that can be closed holds a silence that has ended: what it left out did not arrive after all.

    Its units take the default, which may take cells back and must move none up. Only exposures that went on during the
    silence tell it from a night without traffic.
    """
    since, until = span
    if until <= since:
        return ""
    arm = flattered(metric)
    for began, ended in source.gaps(rollout, metric, arm, since, until, now):
        if source.has_unheard(rollout, metric, arm, began, min(until, ended - metric.horizon)):
            return f"no event of its type of the {arm} from {_when(began)} to {_when(ended)} UTC"
    return ""


def _when(time: float) -> str:
    return f"{datetime.fromtimestamp(time, UTC):%Y-%m-%d %H:%M}"
