"""Gather: one look at production as counts, from what a source holds up to now."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from typing import TYPE_CHECKING

import numpy as np

from seatrial.errors import SeatrialError
from seatrial.outcome.maturity import CODES, Answer, Events, mature
from seatrial.outcome.metric import MetricKind
from seatrial.outcome.polarity import Polarities, Polarity
from seatrial.rollout.evidence import Block, Evidence, Exposed, Hit, Problem, Shadowed
from seatrial.rollout.reason import Reason, Why
from seatrial.rollout.state import Mode

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from seatrial.outcome.metric import Metric
    from seatrial.rollout.rules import Rules
    from seatrial.rollout.source import FirstExposure, OutcomeOf, Source
    from seatrial.rollout.state import CellState, State

MINUTE = 60.0
GRACE = 60.0
"""Seconds that a minute of exposures waits for rows that are still on their way."""
LABELS = Polarities(labels={word.value: word for word in Polarity})
"""Labels that every project has; `1`, `0`, `true` and `false` are known besides."""


def gather(source: Source, rules: Rules, state: State, now: float, looked: float) -> Evidence:
    """What has become known since the state's last look.

    Args:
        source: where exposures and outcomes are kept. A metric that it cannot read becomes a problem of every cell.
        rules: of the rollout.
        state: says up to when everything is counted already.
        now: the clock, seconds since 1970.
        looked: when the state was decided.
    """
    counted = max(state.counted, _closed(now, 0.0))
    problems: list[Problem] = []
    if now < state.counted:
        problems.append(Problem("", Reason(Why.CLOCK, seconds=state.counted - now)))
    firsts = source.first_exposures(rules.rollout, state.counted, counted)
    hashes = _identity(state, firsts, problems)
    exposed = _exposed(_same(firsts, *hashes))
    for one in source.crossings(rules.rollout, state.counted, counted):
        cell = _cell(state, one.cell)
        if cell is not None and (cell.attempt, cell.rung) == (one.attempt, one.rung):
            problems.append(Problem(one.cell, Reason(Why.BOTH_ARMS, text=one.unit)))
    closed, blocks, unknown, late = [], [], 0, 0
    for metric in rules.metrics:
        since = state.until(metric.name)
        until = max(since, _closed(now, metric.horizon))
        try:
            new, strange, after = _blocks(source, rules, metric, since, until, hashes)
        except SeatrialError as error:
            problems.append(Problem("", Reason(Why.UNREADABLE, metric.name, text=str(error))))
            new, strange, after, until = [], 0, 0, since
        blocks += new
        unknown += strange
        late += after
        closed.append((metric.name, until))
    shadow = _shadow(source, rules, state, problems)
    hits: list[Hit] = []
    for metric in rules.zero_tolerance:
        try:
            hits += _hits(source, rules, state, metric)
        except SeatrialError as error:
            problems.append(Problem("", Reason(Why.UNREADABLE, metric.name, text=str(error))))
        closed.append((metric.name, counted))
    return Evidence(
        counted=counted,
        closed=tuple(closed),
        exposed=exposed,
        blocks=tuple(sorted(blocks, key=lambda b: (b.minute, b.cell, b.metric, b.attempt, b.rung))),
        hits=tuple(hits),
        problems=tuple(problems),
        shadow=shadow,
        control_hash=hashes[0],
        candidate_hash=hashes[1],
        algorithm=hashes[2],
        late=late + source.late_exposures(rules.rollout, state.counted, looked),
        unknown=unknown,
    )


def _closed(now: float, horizon: float) -> float:
    """The last full minute whose units have had their horizon."""
    return math.floor((now - horizon - GRACE) / MINUTE) * MINUTE


def _cell(state: State, name: str) -> CellState | None:
    return next((cell for cell in state.cells if cell.cell == name), None)


def _identity(state: State, firsts: Sequence[FirstExposure], problems: list[Problem]) -> tuple[str, str, str]:
    """Contents and algorithm that count, the first ever seen; another one is a problem of every cell it was seen in."""
    known = {"control": state.control_hash, "candidate": state.candidate_hash}
    algorithm = state.algorithm
    seen: set[tuple[str, Why, str]] = set()
    for one in firsts:
        known[one.arm] = known[one.arm] or one.content
        algorithm = algorithm or one.algorithm
        cell = _cell(state, one.cell)
        if cell is None or cell.attempt != one.attempt:
            continue
        for why, arm, new, old in (
            (Why.CONTENT_CHANGED, one.arm, one.content, known[one.arm]),
            (Why.ALGORITHM_CHANGED, "", one.algorithm, algorithm),
        ):
            if new and new != old and (one.cell, why, arm) not in seen:
                seen.add((one.cell, why, arm))
                problems.append(Problem(one.cell, Reason(why, arm, text=new)))
    return known["control"], known["candidate"], algorithm


def _same(firsts: Iterable[FirstExposure], control: str, candidate: str, algorithm: str) -> list[FirstExposure]:
    """Exposures of the contents that count."""
    wanted = {"control": control, "candidate": candidate}
    return [
        one
        for one in firsts
        if (not one.content or one.content == wanted[one.arm]) and (not one.algorithm or one.algorithm == algorithm)
    ]


def _exposed(firsts: Iterable[FirstExposure]) -> tuple[Exposed, ...]:
    counts = Counter((one.cell, one.attempt, one.rung, one.arm) for one in firsts)
    keys = sorted({key[:3] for key in counts})
    return tuple(Exposed(*key, counts[(*key, "control")], counts[(*key, "candidate")]) for key in keys)


def _blocks(
    source: Source, rules: Rules, metric: Metric, since: float, until: float, hashes: tuple[str, str, str]
) -> tuple[list[Block], int, int]:
    """New blocks of one metric, outcomes whose label says nothing, and outcomes that came after their horizon."""
    firsts = _same(source.first_exposures(rules.rollout, since, until), *hashes)
    if not firsts:
        return [], 0, 0
    units: dict[str, list[int]] = defaultdict(list)
    for i, first in enumerate(firsts):
        units[first.thread_id].append(i)
    unit, at, answer, unknown = [], [], [], 0
    for event in source.outcomes(rules.rollout, metric, since, until):
        wording = _answer(metric, event)
        if wording is None:
            unknown += 1
            continue
        for i in units.get(event.thread_id, ()):
            unit.append(i)
            at.append(event.observed_at)
            answer.append(wording)
    observed = mature(
        np.array([first.exposed_at for first in firsts]),
        Events(np.array(unit, np.int64), np.array(at, np.float64), np.array(answer, np.int8)),
        metric,
        until + metric.horizon,
    )
    good_is = Answer.POSITIVE if metric.direction == "up" or metric.kind is MetricKind.LATENCY_OVER else Answer.NEGATIVE
    counts: Counter[tuple[int, str, int, int, str, bool]] = Counter()
    for first, state in zip(firsts, observed.state.tolist(), strict=True):
        if state in (Answer.POSITIVE, Answer.NEGATIVE):
            minute = int(first.exposed_at // MINUTE)
            counts[minute, first.cell, first.attempt, first.rung, first.arm, state == good_is] += 1
    keys = sorted({key[:4] for key in counts})
    blocks = [
        Block(
            key[0],
            key[1],
            metric.name,
            key[2],
            key[3],
            *(counts[(*key, arm, good)] for arm in ("candidate", "control") for good in (True, False)),
        )
        for key in keys
    ]
    return blocks, unknown, observed.late


def _answer(metric: Metric, event: OutcomeOf) -> Answer | None:
    """What an outcome says of its unit; None where its label says nothing. For a latency, POSITIVE is within the limit."""
    if metric.kind is MetricKind.LATENCY_OVER and metric.source.over is not None:
        try:
            return Answer.POSITIVE if float(event.label) <= metric.source.over else Answer.NEGATIVE
        except ValueError:
            return None
    polarity = LABELS.of(event.label)
    return None if polarity is None else CODES[polarity]


def _shadow(source: Source, rules: Rules, state: State, problems: list[Problem]) -> tuple[Shadowed, ...]:
    """What the shadow stage says of every cell that is in it."""
    if not rules.shadow.units:
        return ()
    from seatrial.rollout.shadow_gate import judge_shadow  # noqa: PLC0415 - the merge gate, for plans with this stage

    found = []
    for cell in state.cells:
        if cell.rung or cell.mode is not Mode.CLIMBING:
            continue
        try:
            found.append(judge_shadow(rules, cell.cell, source.shadow_answers(rules.rollout, cell.cell, cell.attempt)))
        except SeatrialError as error:
            problems.append(Problem(cell.cell, Reason(Why.UNREADABLE, "shadow", text=str(error))))
    return tuple(found)


def _hits(source: Source, rules: Rules, state: State, metric: Metric) -> list[Hit]:
    """Events of a zero-tolerance metric beyond those that the state knows; an unknown label is a hit."""
    found: dict[tuple[str, int], list[str]] = defaultdict(list)
    for event in source.bad_events(rules.rollout, metric):
        label = event.label.strip()
        if not label or LABELS.of(label) not in (Polarity.POSITIVE, Polarity.NEUTRAL):
            found[event.cell, event.attempt].append(event.thread_id)
    hits = []
    for cell in state.cells:
        threads = found.get((cell.cell, cell.attempt), [])
        known = dict(cell.hits).get(metric.name, 0)
        if len(threads) > known:
            hits.append(Hit(cell.cell, metric.name, cell.attempt, len(threads) - known, threads[-1]))
    return hits
