"""Gather: one look at production as counts, from what a source holds up to now."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING, Generic, NamedTuple, TypeVar

from seatrial.errors import SeatrialError
from seatrial.experiment.assign import ALGORITHM
from seatrial.experiment.exposure import too_heavy
from seatrial.outcome.maturity import Answer
from seatrial.outcome.polarity import Polarity
from seatrial.rollout.count_rows import counting, good_answer
from seatrial.rollout.evidence import Block, Evidence, Exposed, Hit, MeanBlock, Problem, Shadowed, UnknownBlock
from seatrial.rollout.reason import Reason, Why
from seatrial.rollout.silence import closed_at, heard
from seatrial.rollout.state import Mode

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from seatrial.outcome.metric import Metric
    from seatrial.rollout.rules import Rules
    from seatrial.rollout.shadow_gate import Standings
    from seatrial.rollout.source import AnswerCount, CountingSource, ExposedCount, MeanCount, Source
    from seatrial.rollout.state import CellState, State


LONGEST_LABEL = 60
"""Characters of an unknown label that are kept: it is quoted, and it comes from outside."""


def gather(
    source: Source,
    rules: Rules,
    state: State,
    now: float,
    looked: float,
    standings: Standings = lambda _: {},
) -> Evidence:
    """What has become known since the state's last look.

    Args:
        source: where exposures and outcomes are kept. A metric that it cannot read becomes a problem of every cell.
        rules: of the rollout.
        state: says up to when everything is counted already.
        now: the clock, seconds since 1970.
        looked: when the state was decided.
        standings: what the judge of the shadow stage may do.
    """
    counter = counting(source)
    counted = max(state.counted, closed_at(now, 0.0))
    spans = {
        one.name: (state.until(one.name), max(state.until(one.name), closed_at(now, one.horizon)))
        for one in (*rules.metrics, *rules.means)
    }
    problems: list[Problem] = []
    for metric in rules.metrics:
        spans[metric.name], missing = heard(counter, rules.rollout, metric, spans[metric.name], now)
        problems += missing
    counter.begin(rules.rollout, [(state.counted, counted), *spans.values()])
    if now < state.counted:
        problems.append(Problem("", Reason(Why.CLOCK, seconds=state.counted - now)))
    groups = counter.exposed(rules.rollout, state.counted, counted)
    hashes = _identity(state, groups, problems)
    problems += _crossed(counter, rules, state, counted)
    problems += _heavy(counter, rules, state)
    rates = _Read(problems, lambda metric: _blocks(counter, rules, metric, *spans[metric.name], hashes))
    means = _Read(problems, lambda metric: _means(counter, rules, metric, *spans[metric.name], hashes))
    hits = _Read(problems, lambda metric: _hits(counter, rules, state, metric))
    blocks = rates.of(rules.metrics)
    summed = means.of(rules.means)
    shadow = _shadow(counter, rules, state, problems, standings)
    found = hits.of(rules.zero_tolerance)
    failed = rates.failed | means.failed
    closed = [
        (name, since if name in failed else until) for name, (since, until) in spans.items()
    ] + [(metric.name, counted) for metric in rules.zero_tolerance]  # fmt: skip
    return Evidence(
        counted=counted,
        closed=tuple(closed),
        exposed=_exposed(_same(groups, *hashes)),
        blocks=tuple(
            sorted(
                (b for one in blocks for b in one.blocks), key=lambda b: (b.minute, b.cell, b.metric, b.attempt, b.rung)
            )
        ),
        hits=tuple(hit for one in found for hit in one),
        problems=tuple(problems),
        shadow=shadow,
        means=tuple(mean for one in summed for mean in one),
        control_hash=hashes[0],
        candidate_hash=hashes[1],
        algorithm=hashes[2],
        late=sum(one.late for one in blocks) + _late(counter, rules, state, looked, now),
        unknown=sum(one.unknown for one in blocks),
        unclear=tuple(unclear for one in blocks for unclear in one.unclear),
        elsewhere=tuple(block for one in blocks for block in one.elsewhere),
    )


def _late(source: CountingSource, rules: Rules, state: State, looked: float, now: float) -> int:
    """Exposures and outcomes recorded since the last look, of minutes that were closed by then."""
    outcomes = sum(
        source.late_outcomes(rules.rollout, one, state.until(one.name), looked, now)
        for one in (*rules.metrics, *rules.means)
    )
    return outcomes + source.late_exposures(rules.rollout, state.counted, looked, now)


Found = TypeVar("Found")


class _Read(Generic[Found]):
    """Reads metrics one by one; one that cannot be read is a problem of every cell, and stays open."""

    def __init__(self, problems: list[Problem], read: Callable[[Metric], Found]) -> None:
        self._problems, self._read = problems, read
        self.failed: set[str] = set()

    def of(self, metrics: Iterable[Metric]) -> list[Found]:
        """What was found of each metric that could be read."""
        found = []
        for metric in metrics:
            try:
                found.append(self._read(metric))
            except SeatrialError as error:
                self.failed.add(metric.name)
                self._problems.append(Problem("", Reason(Why.UNREADABLE, metric.name, text=str(error))))
        return found


def _crossed(source: CountingSource, rules: Rules, state: State, counted: float) -> list[Problem]:
    """Units that met both versions within the rung on which their cell is now."""
    found = []
    for one in source.crossings(rules.rollout, state.counted, counted):
        cell = _cell(state, one.cell)
        if cell is not None and (cell.attempt, cell.rung) == (one.attempt, one.rung):
            found.append(Problem(one.cell, Reason(Why.BOTH_ARMS, text=one.unit)))
    return found


def _cell(state: State, name: str) -> CellState | None:
    return next((cell for cell in state.cells if cell.cell == name), None)


def _identity(state: State, groups: Sequence[ExposedCount], problems: list[Problem]) -> tuple[str, str, str]:
    """Contents and algorithm that count, the first ever seen; another one is a problem of every cell it was seen in."""
    known = {"control": state.control_hash, "candidate": state.candidate_hash}
    algorithm = state.algorithm
    seen: set[tuple[str, Why, str]] = set()
    if algorithm not in ("", ALGORITHM):
        problems.append(Problem("", Reason(Why.ALGORITHM_CHANGED, text=ALGORITHM)))
    for one in groups:
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


Group = TypeVar("Group", "ExposedCount", "AnswerCount", "MeanCount")


def _same(groups: Iterable[Group], control: str, candidate: str, algorithm: str) -> list[Group]:
    """Groups of the contents that count."""
    wanted = {"control": control, "candidate": candidate}
    return [
        one
        for one in groups
        if (not one.content or one.content == wanted[one.arm]) and (not one.algorithm or one.algorithm == algorithm)
    ]


def _exposed(groups: Iterable[ExposedCount]) -> tuple[Exposed, ...]:
    counts: Counter[tuple[str, int, int, str]] = Counter()
    for one in groups:
        counts[one.cell, one.attempt, one.rung, one.arm] += one.units
    keys = sorted({key[:3] for key in counts})
    return tuple(Exposed(*key, counts[(*key, "control")], counts[(*key, "candidate")]) for key in keys)


class _Rates(NamedTuple):
    """New blocks of one metric, outcomes whose label is unknown or that came late, and units that count not at all or not for all traffic."""

    blocks: list[Block]
    unknown: int
    late: int
    unclear: list[UnknownBlock]
    elsewhere: list[Block]


def _blocks(
    source: CountingSource, rules: Rules, metric: Metric, since: float, until: float, hashes: tuple[str, str, str]
) -> _Rates:
    """What is new of one metric."""
    found = source.answers(rules.rollout, metric, since, until)
    counts = _same(found.counts, *hashes)
    label = found.label[:LONGEST_LABEL]
    unclear: Counter[tuple[str, str, int, int, str]] = Counter()
    for one in counts:
        unclear[one.cell, metric.name, one.attempt, one.rung, one.arm] += one.unknown
    unlabelled = [
        UnknownBlock(*place, unclear[(*place, "candidate")], unclear[(*place, "control")], label)
        for place in sorted({key[:4] for key, units in unclear.items() if units})
    ]
    elsewhere = _by_minute(metric, _same(found.elsewhere, *hashes))
    return _Rates(_by_minute(metric, counts), found.unknown, sum(one.late for one in counts), unlabelled, elsewhere)


def _by_minute(metric: Metric, answers: Iterable[AnswerCount]) -> list[Block]:
    good = good_answer(metric)
    counts: Counter[tuple[int, str, int, int, str, bool]] = Counter()
    for one in answers:
        if one.answer in (Answer.POSITIVE, Answer.NEGATIVE):
            counts[one.minute, one.cell, one.attempt, one.rung, one.arm, one.answer == good] += one.units
    keys = sorted({key[:4] for key in counts})
    return [
        Block(
            key[0],
            key[1],
            metric.name,
            key[2],
            key[3],
            *(counts[(*key, arm, is_good)] for arm in ("candidate", "control") for is_good in (True, False)),
        )
        for key in keys
    ]


def _means(
    source: CountingSource, rules: Rules, metric: Metric, since: float, until: float, hashes: tuple[str, str, str]
) -> list[MeanBlock]:
    sums: dict[tuple[str, int, int], list[float]] = defaultdict(lambda: [0, 0.0, 0.0, 0, 0.0, 0.0])
    for one in _same(source.means(rules.rollout, metric, since, until), *hashes):
        first = 0 if one.arm == "candidate" else 3
        for i, value in enumerate((one.units, one.total, one.squares), first):
            sums[one.cell, one.attempt, one.rung][i] += value
    return [
        MeanBlock(cell, metric.name, attempt, rung, int(a), b, c, int(d), e, f)
        for (cell, attempt, rung), (a, b, c, d, e, f) in sorted(sums.items())
    ]


def _heavy(source: CountingSource, rules: Rules, state: State) -> list[Problem]:
    """Cells of which one unit is more than the plan allows: "anonymous" is no person, and holds its cell."""
    found = []
    rows = source.traffic(rules.rollout)
    for cell in state.cells:
        here = [row for row in rows if (row.cell, row.attempt, row.rung) == (cell.cell, cell.attempt, cell.rung)]
        units: Counter[str] = Counter()
        for row in here:
            units.update(dict(row.heaviest))
        for unit, share in too_heavy(units, rules.heaviest_unit, sum(row.requests for row in here))[:1]:
            found.append(Problem(cell.cell, Reason(Why.HEAVY_UNIT, text=unit, candidate=share)))
    return found


def _shadow(
    source: CountingSource, rules: Rules, state: State, problems: list[Problem], standings: Standings
) -> tuple[Shadowed, ...]:
    """What the shadow stage says of every cell that is in it."""
    if not rules.shadow.units:
        return ()
    from seatrial.rollout.shadow_gate import judge_shadow  # noqa: PLC0415 - the merge gate, for plans with this stage

    found = []
    for cell in state.cells:
        if cell.rung or cell.mode is not Mode.CLIMBING:
            continue
        try:
            rows = source.shadow_answers(rules.rollout, cell.cell, cell.attempt)
            found.append(judge_shadow(rules, cell.cell, rows, standings))
        except SeatrialError as error:
            problems.append(Problem(cell.cell, Reason(Why.UNREADABLE, "shadow", text=str(error))))
    return tuple(found)


def _hits(source: CountingSource, rules: Rules, state: State, metric: Metric) -> list[Hit]:
    """Events of a zero-tolerance metric beyond those that the state knows; an unknown label is a hit."""
    found: dict[tuple[str, int], list[str]] = defaultdict(list)
    for event in source.bad_events(rules.rollout, metric):
        label = event.label.strip()
        if not label or metric.polarity(label) not in (Polarity.POSITIVE, Polarity.NEUTRAL):
            found[event.cell, event.attempt].append(event.thread_id)
    hits = []
    for cell in state.cells:
        threads = found.get((cell.cell, cell.attempt), [])
        known = dict(cell.hits).get(metric.name, 0)
        if len(threads) > known:
            hits.append(Hit(cell.cell, metric.name, cell.attempt, len(threads) - known, threads[-1]))
    return hits
