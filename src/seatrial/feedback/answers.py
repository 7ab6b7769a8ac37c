"""Answers: what the outcomes of several types say together of each decision of one classifier."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf
from typing import TYPE_CHECKING

import numpy as np

from seatrial.feedback.rules import SILENCE
from seatrial.feedback.units import UnknownLabel
from seatrial.outcome import Answer, Events, Metric, Polarity, Source, SourceKind, mature
from seatrial.outcome.maturity import CODES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from seatrial.outcome import Observed, Polarities
    from seatrial.table import Codes


@dataclass(frozen=True, slots=True)
class Answers:
    """Of one classifier's decisions that count.

    Attributes:
        state: `Answer` code per decision.
        silent: neutral because nothing came.
        due: seconds after the decision at which its answer was due.
        unsupported: outcome type -> decisions without an answer, since the type showed no life.
        unknown: labels that no table names.
        late: events after their horizon.
        machine: events within `min_delay`.
        horizons: outcome type -> (horizon, default) as applied.
    """

    state: NDArray[np.int8]
    silent: NDArray[np.bool_]
    due: float
    unsupported: Mapping[str, int]
    unknown: tuple[UnknownLabel, ...]
    late: int
    machine: int
    horizons: Mapping[str, tuple[float, str]]


@dataclass(frozen=True, slots=True)
class Joined:
    """Events joined to one classifier's decisions: index of the decision, when, and codes of type and label."""

    unit: NDArray[np.int64]
    at: NDArray[np.float64]
    outcome: Codes
    label: Codes


def answer(
    classifier: str,
    at: NDArray[np.float64],
    verdict: Codes,
    joined: Joined,
    *,
    polarities: Polarities,
    metrics: Sequence[Metric],
    last_seen: Mapping[str, float],
    now: float,
) -> Answers:
    """Combine the outcome types: an event wins over a default, a negative answer over a positive one.

    A decision is mature once every type's horizon has passed. A type with a default must have shown life: an event of it,
    in any thread, at most `silent_after` before the decision's horizon ended, or later; else the decision has no answer.

    Args:
        classifier: whose decisions.
        at: when each was decided.
        verdict: what each decided.
        joined: events of its threads.
        polarities: what labels mean.
        metrics: one per outcome type that answers for it; types without one have no horizon and no default.
        last_seen: outcome type -> when its last event in the source was observed.
        now: the clock.
    """
    wording, unknown = _polarity(classifier, verdict, joined, polarities)
    timed = {metric.source.name: metric for metric in metrics}
    types = [*timed, *(name for name in joined.outcome.used().values if name not in timed)]
    n = at.size
    explicit = np.full(n, Answer.NEUTRAL, np.int8)
    default = np.full(n, Answer.NEUTRAL, np.int8)
    heard, immature, blind = (np.zeros(n, np.bool_) for _ in range(3))
    late = machine = 0
    unsupported: dict[str, int] = {}
    horizons: dict[str, tuple[float, str]] = {}
    for name in types:
        metric = timed.get(name) or Metric(name, Source(SourceKind.OUTCOME, name), horizon=inf)
        horizons[name] = (metric.horizon, metric.default.value)
        mine = joined.outcome.index == _code(joined.outcome, name)
        seen = mature(at, Events(joined.unit[mine], joined.at[mine], wording[mine]), metric, now)
        late, machine = late + seen.late, machine + seen.machine
        immature |= seen.state == Answer.IMMATURE
        came = ~seen.by_default & (seen.state != Answer.IMMATURE)
        heard |= came
        explicit = _worse(explicit, np.where(came, seen.state, np.int8(Answer.NEUTRAL)))
        silence, dead = _silence(classifier, verdict, metric, seen, at, polarities, last_seen.get(name))
        if dead.any():
            unsupported[name] = int(dead.sum())
            blind |= dead
        default = _worse(default, silence)
    state = np.where(explicit <= Answer.POSITIVE, explicit, np.where(heard, np.int8(Answer.NEUTRAL), default))
    # Where a feed was dead, the events that did come are no random sample of what happened.
    state[blind] = Answer.NEUTRAL
    heard &= ~blind
    state = np.where(immature, np.int8(Answer.IMMATURE), state).astype(np.int8)
    finite = [metric.horizon for metric in metrics]
    return Answers(
        state,
        (state == Answer.NEUTRAL) & ~heard,
        max(finite, default=0.0),
        unsupported,
        unknown,
        late,
        machine,
        horizons,
    )


def _polarity(
    classifier: str, verdict: Codes, joined: Joined, polarities: Polarities
) -> tuple[NDArray[np.int8], tuple[UnknownLabel, ...]]:
    """`Answer` code per event, and the labels that no table names."""
    if joined.unit.size == 0:
        return np.zeros(0, np.int8), ()
    labels, types = len(joined.label.values) + 1, len(joined.outcome.values) + 1
    key = (verdict.index[joined.unit].astype(np.int64) + 1) * labels * types
    key += (joined.label.index.astype(np.int64) + 1) * types + joined.outcome.index + 1
    different, index, counts = np.unique(key, return_inverse=True, return_counts=True)
    codes, unknown = [], []
    for one, count in zip(different.tolist(), counts.tolist(), strict=True):
        v, rest = divmod(one, labels * types)
        words = (_text(verdict, v), _text(joined.label, rest // types), _text(joined.outcome, rest % types))
        polarity = polarities.of(words[1], classifier=classifier, verdict=words[0], outcome=words[2])
        if polarity is None:
            unknown.append(UnknownLabel(classifier, words[0], words[2], words[1], count))
        codes.append(int(CODES[polarity or Polarity.NEUTRAL]))
    return np.array(codes, np.int8)[index], tuple(unknown)


def _silence(
    classifier: str,
    verdict: Codes,
    metric: Metric,
    seen: Observed,
    at: NDArray[np.float64],
    polarities: Polarities,
    last: float | None,
) -> tuple[NDArray[np.int8], NDArray[np.bool_]]:
    """Answer of each decision that no event reached, and the decisions whose feed showed no life."""
    if metric.horizon == inf:  # without a horizon silence says nothing
        return np.full(at.size, Answer.NEUTRAL, np.int8), np.zeros(at.size, np.bool_)
    answers = np.full(at.size, CODES[metric.default], np.int8)
    word = SILENCE + metric.source.name
    for code, value in enumerate(verdict.values):
        own = polarities.verdicts.get((classifier, value), {}).get(word)
        if own is not None:
            answers[verdict.index == code] = CODES[own]
    due = at + metric.horizon - metric.silent_after
    alive = np.zeros(at.size, np.bool_) if last is None else due <= last
    dead = (answers != Answer.NEUTRAL) & ~alive & (seen.state != Answer.IMMATURE)
    answers[~seen.by_default | dead] = Answer.NEUTRAL
    return answers, dead


def _worse(a: NDArray[np.int8], b: NDArray[np.int8]) -> NDArray[np.int8]:
    # NEGATIVE 0, POSITIVE 1, NEUTRAL 2: what says something wins over what does not, and bad news over good.
    return np.minimum(a, b)


def _code(codes: Codes, text: str) -> int:
    return codes.values.index(text) if text in codes.values else -2


def _text(codes: Codes, place: int) -> str:
    return codes.values[place - 1] if place else ""


def for_outcomes(metrics: Mapping[str, Metric], names: Sequence[str] | None, types: Sequence[str]) -> list[Metric]:
    """Metrics that answer for a classifier: those named, else the ones of the outcome types that came for it."""
    own = [metric for metric in metrics.values() if metric.source.kind is SourceKind.OUTCOME]
    if names is not None:
        return [metric for metric in own if metric.name in names]
    chosen: dict[str, Metric] = {}
    for metric in own:
        if metric.source.name in types and metric.source.name not in chosen:
            chosen[metric.source.name] = metric
    return list(chosen.values())


__all__ = ["Answers", "Joined", "answer", "for_outcomes"]
