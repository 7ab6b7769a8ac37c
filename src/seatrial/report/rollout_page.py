"""Rollout page: what its page shows of a rollout, with every string final: who is needed, whether it is valid, and each cell."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from seatrial.report.sanitize import line, sentence
from seatrial.rollout import ledger
from seatrial.rollout.event import clock, last_falls
from seatrial.rollout.evidence import Evidence
from seatrial.rollout.headline import names, needing, needs_sentence, part_of, rank
from seatrial.rollout.history import history
from seatrial.rollout.judge import OVERALL, findings
from seatrial.rollout.means import sequence
from seatrial.rollout.reason import CALLS_A_PERSON, INVALID, Why
from seatrial.rollout.sentence import duration, odds, reason_sentence
from seatrial.rollout.state import MeanRow, Mode
from seatrial.rollout.status import current_steps
from seatrial.wording import count, interval, percent, signed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from seatrial.rollout.event import Event
    from seatrial.rollout.history import CellHistory
    from seatrial.rollout.judge import CellFindings
    from seatrial.rollout.ladder import Step
    from seatrial.rollout.ledger import Row
    from seatrial.rollout.rules import Rules
    from seatrial.rollout.state import CellState, Stream
    from seatrial.rollout.state import Row as MetricRow
    from seatrial.verdict import Finding

DRAWN = 12
"""Cells up to which each has its picture; of more, those that a person must look at or that moved."""
EACH = 10
"""Good and bad outcomes of both versions before a difference of rates has an interval: its limit theorem fails near 0 and 1."""
NEEDED = 20
"""Pictures of cells that need a person."""


@dataclass(frozen=True, slots=True)
class MetricView:
    """One metric of a cell.

    Attributes:
        name: the metric.
        rates: good outcomes of control and candidate on this stage.
        difference: in points, with its confidence sequence at the row's own level, valid at every look.
        units: candidate units on this stage.
        worse: evidence that the candidate is worse, and what takes the cell back.
        not_worse: evidence that it is not, and what lets the cell climb.
        needs: about how many units are missing.
    """

    name: str
    rates: str
    difference: str
    units: str
    worse: str
    not_worse: str
    needs: str


@dataclass(frozen=True, slots=True)
class CellView:
    """One cell.

    Attributes:
        name: its name.
        critical: declared critical.
        glyph: name of the shape of its state, as `gate_marks` draws it.
        tone: hue of its state.
        word: of its state.
        share: the candidate's share now.
        reason: why it is where it is, what took it back included.
        units: candidate units on this stage.
        valid: whether its comparison can be trusted.
        history: for its pictures.
        clock: how long it is on this stage.
        metrics: one by one.
        means: mean metrics, a sentence each.
        events: what its rows did, a sentence each, the latest first.
    """

    name: str
    critical: bool
    glyph: str
    tone: str
    word: str
    share: str
    reason: str
    units: int
    valid: bool
    history: CellHistory
    clock: str
    metrics: tuple[MetricView, ...]
    means: tuple[str, ...]
    events: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RolloutPage:
    """A rollout as its page shows it.

    Attributes:
        needs: `1 of 8 cells needs a person: DE rolled back`; else that none does.
        needed: whether one does.
        health: (whether it is in order, None where nothing tells yet, and a sentence) of the sample ratio, and of everything
            else that makes a cell invalid.
        cells: those with a picture, what needs a person first.
        quiet: (what they have in common, its cells) of the others.
        overall: the traffic as a whole; None where the plan has one cell.
        shares: the candidate's share on each rung.
        begin: when the rollout was started.
        hours: from the start to the last row.
        as_of: the last row.
        facts: what the page rests on.
    """

    needs: str
    needed: bool
    health: tuple[tuple[bool | None, str], ...]
    cells: tuple[CellView, ...]
    quiet: tuple[tuple[str, tuple[CellView, ...]], ...]
    overall: CellView | None
    shares: tuple[float, ...]
    begin: float
    hours: float
    as_of: str
    facts: tuple[tuple[str, str], ...]


def rollout_page(rows: Sequence[Row]) -> RolloutPage:
    """The page of a ledger."""
    rules, last = ledger.rules_in(rows), rows[-1]
    state, at, begin = ledger.state_of(last), last.data["at"], rows[0].data["at"]
    found = findings(rules, state, Evidence(state.counted, state.closed))
    steps, falls = current_steps(rules, rows, state), last_falls(rows, state)
    seen = {one.cell: one for one in history(rows)}
    order = sorted(range(len(steps)), key=lambda i: (rank(steps[i]), not rules.cells[i].critical, i))
    views = [
        (rank(steps[i]), _cell(rules, steps[i], found.cells[i], falls.get(steps[i].cell), seen[steps[i].cell], at))
        for i in order
    ]
    drawn, quiet = _split(views)
    return RolloutPage(
        needs=_needs(steps),
        needed=bool(needing(steps)),
        health=_health(rules, steps, found.cells),
        cells=tuple(drawn),
        quiet=_groups(quiet),
        overall=_overall(rules, found.overall, state.overall.rows, seen[OVERALL]) if found.overall else None,
        shares=tuple(rules.share(rung) for rung in range(rules.top + 1)),
        begin=begin,
        hours=(at - begin) / 3600,
        as_of=f"ledger row {last.sequence}, {clock(at)}",
        facts=_facts(rules, rows),
    )


def _needs(steps: Sequence[Step]) -> str:
    called = needing(steps)
    if not called:
        tally = Counter(_word(step)[2].lower() for step in steps)
        return f"No cell needs a person: {', '.join(f'{n:,} {word}' for word, n in tally.items())}."
    by_name = {step.cell: step for step in steps}
    first = [f"{name} {_word(by_name[name])[2].lower()}" for name in called[:3]]
    return sentence(
        f"{needs_sentence(steps)}: {', '.join(first)}{f' and {len(called) - 3:,} more' if len(called) > 3 else ''}."
    )


def _word(step: Step) -> tuple[str, str, str]:
    """Shape, hue and word of a cell's state."""
    mode, why = step.after.mode, step.reason.why
    if why in INVALID:
        return "cannot_tell", "unsure", "Not valid"
    if mode is Mode.ROLLED_BACK:
        return "blocks", "worse", "Rolled back"
    if mode is Mode.HELD:
        return "cannot_tell", "unsure", "Held"
    if why in CALLS_A_PERSON:
        return "watch", "worse", _CALLS.get(why, "Needs a person")
    if mode is Mode.PAUSED:
        return "reported", "rest", "Paused"
    if mode is Mode.DONE:
        return "done", "better", "Done"
    return "no_drop", "rest", "In shadow" if not step.after.rung else "Baking" if why is Why.BAKING else "Climbing"


_CALLS = {
    Why.DWELL: "Time is over",
    Why.MEAN_WORSE: "A mean is worse",
    Why.HEAVY_UNIT: "One unit too heavy",
    Why.CONFIRM: "Waits for its webhook",
}
"""The word of a cell that calls a person, and is neither rolled back nor held nor invalid."""


def _cell(rules: Rules, step: Step, found: CellFindings, fall: Event | None, seen: CellHistory, at: float) -> CellView:
    glyph, tone, word = _word(step)
    part, cell = part_of(rules, step, fall), step.after
    return CellView(
        name=line(step.cell),
        critical=rules.cell(step.cell).critical,
        glyph=glyph,
        tone=tone,
        word=word,
        share=percent(rules.share(cell.rung)),
        reason=sentence(part.sentence),
        units=cell.candidate,
        valid=not any(one.why in INVALID for one in (step.reason, *found.problems)),
        history=seen,
        clock=_clock(rules, cell, at),
        metrics=_metrics(rules, found.rows, cell.rows, cell.rung),
        means=tuple(sentence(f"{one.metric}: {one.sentence}") for one in found.means),
        events=tuple(
            sentence(
                f"row {one.sequence}, {clock(one.at)}: {percent(one.start)} → {percent(one.end)}: "
                f"{reason_sentence(rules, one.reason, one.move)}"
            )
            for one in reversed(seen.events)
        ),
    )


def _clock(rules: Rules, cell: CellState, at: float) -> str:
    """How long a cell is where it is, of how long it may be."""
    stage, spent = rules.stage(cell.rung), max(0.0, at - cell.since)
    if stage is None:
        return f"since {clock(cell.since)}"
    most = (
        duration(stage.hours * 3600)
        if stage.hours is not None
        else f"{count(math.ceil(stage.units * rules.cell(cell.cell).share), 'unit')} ({cell.exposed:,} so far)"
    )
    bake = (
        "the bake time is over"
        if spent >= rules.bake
        else f"the bake time lasts another {duration(rules.bake - spent)}"
    )
    return f"since {clock(cell.since)}, for {duration(spent)} of at most {most}; {bake}"


def _metrics(rules: Rules, rows: Sequence[Finding], kept: Sequence[MetricRow], rung: int) -> tuple[MetricView, ...]:
    found = []
    for row, streams in zip(rows, kept, strict=True):
        known = row.sequential is not None and rules.stage(rung) is not None
        found.append(
            MetricView(
                name=line(row.key),
                rates=f"{percent(row.baseline)} → {percent(row.candidate)}"
                if row.candidate is not None
                else "no outcome yet",
                difference=_difference(rules, row, streams.on(rung)),
                units=f"{row.n:,}",
                worse=f"{odds(row.sequential.log_e)} of {math.exp(row.sequential.log_threshold):,.0f}"
                if row.sequential
                else "",
                not_worse=f"{odds(streams.on(rung).not_worse.log_e)} of {1 / rules.alpha:,.0f}" if known else "",
                needs=count(row.needed_n - row.n, "more unit")
                if known and row.needed_n and row.needed_n > row.n
                else "",
            )
        )
    return tuple(found)


def _difference(rules: Rules, row: Finding, stream: Stream) -> str:
    """The difference on this stage with its sequence; the evidence decides, and an interval only shows."""
    if row.difference is None or row.alpha_row is None:
        return ""
    _, cg, cb, bg, bb = stream.worse
    # An outcome is 0 or 1: the sum of its squares is its sum.
    counts = MeanRow(row.key, stream.rung, int(cg + cb), cg, cg, int(bg + bb), bg, bg)
    span = sequence(rules, counts, row.alpha_row) if min(cg, cb, bg, bb) >= EACH else None
    shown = f"{interval((span.low, span.high))} at any look" if span else "too few outcomes for an interval"
    return f"{signed(row.difference)} ({shown})"


def _overall(rules: Rules, rows: Sequence[Finding], kept: Sequence[MetricRow], seen: CellHistory) -> CellView:
    """The traffic as a whole, which has no ladder of its own."""
    fails = any(row.state.value == "blocks" for row in rows)
    rung = max((stream.rung for row in kept for stream in row.streams), default=0)
    glyph, tone, word = ("blocks", "worse", "Worse") if fails else ("reported", "rest", "Watched")
    return CellView(
        name=OVERALL,
        critical=False,
        glyph=glyph,
        tone=tone,
        word=word,
        share="",
        reason="all climbing cells together: a drop that is too small to be seen in one cell takes them back",
        units=rows[0].n,
        valid=True,
        history=seen,
        clock="",
        metrics=_metrics(rules, rows, kept, rung),
        means=(),
        events=(),
    )


def _health(rules: Rules, steps: Sequence[Step], found: Sequence[CellFindings]) -> tuple[tuple[bool | None, str], ...]:
    """The sample ratio first: where the split is not the planned one, no comparison counts. Then all else that is invalid."""
    ratio = [(one.cell, problem) for one in found for problem in one.problems if problem.why is Why.SAMPLE_RATIO]
    lines: list[tuple[bool | None, str]] = [
        (False, f"Sample ratio · {cell}: {reason_sentence(rules, problem)}.") for cell, problem in ratio[:DRAWN]
    ]
    if not lines:
        units = sum(step.after.exposed for step in steps if rules.stage(step.after.rung) is not None)
        split = f"{count(units, 'unit')} on the present stages, split as planned in every cell"
        lines = [
            (
                True if units else None,
                f"Sample ratio: {split if units else 'no unit is counted on the present stages'}.",
            )
        ]
    others: dict[str, list[str]] = {}
    for step in steps:
        if step.reason.why in INVALID and step.reason.why is not Why.SAMPLE_RATIO:
            others.setdefault(reason_sentence(rules, step.reason), []).append(step.cell)
    lines += [(False, f"{names(cells)}: {text}.") for text, cells in others.items()]
    return tuple((valid, sentence(text)) for valid, text in lines)


def _split(views: Sequence[tuple[int, CellView]]) -> tuple[list[CellView], list[tuple[int, CellView]]]:
    """Cells with a picture, and those that are only listed."""
    if len(views) <= DRAWN:
        return [view for _, view in views], []
    drawn = [view for place, view in views if place < 3][:NEEDED]
    return drawn, [(place, view) for place, view in views if view not in drawn]


def _groups(quiet: Sequence[tuple[int, CellView]]) -> tuple[tuple[str, tuple[CellView, ...]], ...]:
    groups: dict[tuple[int, str, str], list[CellView]] = {}
    for place, view in quiet:
        groups.setdefault((place, view.word, view.share), []).append(view)
    return tuple(
        (f"{count(len(cells), 'cell')} at {share}: {word.lower()}", tuple(cells))
        for (_, word, share), cells in sorted(groups.items(), key=lambda one: one[0][0])
    )


def _facts(rules: Rules, rows: Sequence[Row]) -> tuple[tuple[str, str], ...]:
    first = rows[0].data
    stages = " · ".join(f"{100 * stage.share:g} % (margin {100 * stage.margin:g} points)" for stage in rules.stages)
    return tuple(
        (name, sentence(text))
        for name, text in (
            ("Rollout", rules.rollout),
            ("Started", f"{clock(first['at'])} by {first['author']}: {first['reason']}"),
            ("Owner", rules.owner or "none named"),
            ("Stages", f"{stages} · 100 %"),
            ("Metrics", ", ".join(metric.name for metric in rules.metrics)),
            (
                "Chance that an unchanged candidate is rolled back",
                f"at most {percent(rules.alpha)}, all cells and looks together",
            ),
            ("Plan", rules.plan_hash),
            ("Ledger", f"{count(len(rows), 'row')}, the last {rows[-1].hash}"),
        )
    )
