"""View: a report turned into words, once; console, Markdown, JUnit and whatever comes next read only this."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from seatrial.gate.row import OVERALL
from seatrial.gate.sentence import count, drop, interval, percent, points, signed
from seatrial.verdict import State, Verdict

if TYPE_CHECKING:
    from seatrial.gate.report import Report
    from seatrial.verdict import Finding

WORDS = {
    State.BLOCKS: "Blocks",
    State.CANNOT_TELL: "Can't tell",
    State.WATCH: "Watch",
    State.NO_DROP: "No drop found",
    State.BETTER: "Better",
    State.REPORTED: "Reported",
}
GLYPHS = {
    State.BLOCKS: "✕",
    State.CANNOT_TELL: "?",
    State.WATCH: "◐",
    State.NO_DROP: "○",
    State.BETTER: "▲",
    State.REPORTED: "·",
}
ASCII = {
    "✕": "x",
    "◐": "~",
    "○": "o",
    "▲": "^",
    "·": ".",
    "✓": "+",
    "─": "-",
    "■": "#",
    "│": "|",
    "Δ": "d",
    "→": "->",
    "−": "-",
    "≥": ">=",
    "≤": "<=",
    "…": "...",
    "×": "x",
    "�": "?",
}
"""What each sign becomes on a terminal that cannot write it."""

LONGEST = 120
"""Characters of a name that any surface shows; the JSON has it whole."""

SHARED_BY, SHARED_SHARE = 3, 0.1
"""A reason is a first cause when at least so many, and so large a share, of the broken answers give it."""

VERDICTS = {
    Verdict.FAIL: ("✕", "BLOCKED"),
    Verdict.INCONCLUSIVE: ("?", "CANNOT TELL"),
    Verdict.PASS: ("✓", "PASS"),
}


@dataclass(frozen=True, slots=True)
class RowView:
    """One row as it is shown: every string is final."""

    label: str
    critical: bool
    state: State
    glyph: str
    word: str
    n: int
    rates: str
    delta: str
    ci: str
    flips: str
    sees: str
    low: float | None
    mark: float | None
    high: float | None
    reason: str


@dataclass(frozen=True, slots=True)
class View:
    """A verdict as it is shown.

    Attributes:
        glyph: shape of the verdict.
        word: BLOCKED, CANNOT TELL or PASS.
        title: graph and versions.
        headline: the first sentence a person reads.
        average: how the overall row and the segments differ; empty when they agree.
        cause: what most broken answers have in common; empty without reasons.
        todo: what gets the ship sailing; empty on a pass.
        rows: overall first, then critical, then by state.
        tally: state -> rows.
        source: file or runs it is about.
        scored: how much of the plan was scored.
        promise: the error rate the verdict stands for.
        mode: as the policy says, with what it does to the exit code.
        warnings: sentences.
        exit_code: of the process.
    """

    glyph: str
    word: str
    title: str
    headline: str
    average: str
    cause: str
    todo: str
    rows: tuple[RowView, ...]
    tally: tuple[tuple[State, int], ...]
    source: str
    scored: str
    promise: str
    mode: str
    warnings: tuple[str, ...]
    exit_code: int


def view(report: Report) -> View:
    """Everything the surfaces say about `report`."""
    rows = tuple(_row(f, report) for f in report.findings)
    glyph, word = VERDICTS[report.verdict]
    if report.verdict is Verdict.FAIL and report.mode != "block":
        word = "WOULD BLOCK"
    tally = Counter(row.state for row in rows if row.label != OVERALL)
    return View(
        glyph=glyph,
        word=word,
        title=" ".join(part for part in (report.graph, f"{report.baseline} → {report.candidate}") if part),
        headline=_headline(report),
        average=_average(report),
        cause=_cause(report),
        todo=_todo(report),
        rows=rows,
        tally=tuple((state, tally[state]) for state in WORDS if tally[state]),
        source=report.source,
        scored=f"{report.counts['scored']:,} of {report.counts['planned']:,} planned cells scored",
        promise=f"≤ {100 * report.alpha:g} % false block over {count(report.family_size, 'test')}",
        mode=report.mode if report.mode == "block" else f"{report.mode}: shown, not acted on",
        warnings=report.warnings,
        exit_code=report.exit_code,
    )


def label(finding: Finding, report: Report) -> str:
    """`overall`, `value` when there is one dimension, else `NAME=value`; with its key unless it is the leading one."""
    dimensions = {f.segment.partition("=")[0] for f in report.findings if f.segment != OVERALL}
    name = finding.segment.partition("=")[2] if len(dimensions) == 1 and finding.segment != OVERALL else finding.segment
    said = name if finding.key == report.overall.key else f"{name} · {finding.key}"
    return said if len(said) <= LONGEST else f"{said[: LONGEST // 2]}…{said[-(LONGEST // 2) :]}"


def _row(f: Finding, report: Report) -> RowView:
    ends = f.ci or (None, None)
    return RowView(
        label=label(f, report),
        critical=f.critical,
        state=f.state,
        glyph=GLYPHS[f.state],
        word=WORDS[f.state],
        n=f.n,
        rates=f"{percent(f.baseline).removesuffix(' %')}→{percent(f.candidate).removesuffix(' %')}"
        if f.baseline is not None
        else "",
        delta=signed(f.difference) if f.difference is not None else "",
        ci=interval(f.ci) if f.ci else "",
        flips=f"{f.broke} / {f.fixed}",
        sees=f"≥ {drop(f.detectable_drop)}" if f.detectable_drop is not None else "",
        low=ends[0],
        mark=f.difference,
        high=ends[1],
        reason=f.reason,
    )


def _headline(report: Report) -> str:
    segments = [f for f in report.segments if f.segment != OVERALL]
    failed = [f for f in report.findings if f.verdict is Verdict.FAIL]
    if report.unchanged or report.verdict is Verdict.PASS:
        return report.reason
    if report.verdict is Verdict.INCONCLUSIVE:
        return _cannot_tell(report)
    worse = [f for f in failed if f.segment != OVERALL]
    if not worse:
        first = failed[0]
        tested = first.p_adjusted is not None and first.alpha_row is not None
        return f"overall got worse: {first.key} {points(first.difference)}." if tested else f"{first.reason}."
    critical = [f for f in worse if f.critical]
    worst = min(critical or worse, key=lambda f: f.difference or 0.0)
    names, all_ = {f.segment for f in worse}, {f.segment for f in segments}
    said = f"{len(names)} of {len(all_)} segments got worse"
    how = (
        "one critical: "
        if len(critical) == 1
        else f"{len(critical)} critical, worst: "
        if critical
        else "worst: "
        if len(worse) > 1
        else ""
    )
    return f"{said}{'; ' if how else ': '}{how}{label(worst, report)} {points(worst.difference)}."


def _cannot_tell(report: Report) -> str:
    unsure = [f for f in report.findings if f.state is State.CANNOT_TELL]
    # A thin row left the family before looking: the verdict does not hang on it.
    asked = [f for f in unsure if f.alpha_row is not None] or unsure
    open_ = [f for f in asked if f.critical or f.segment == OVERALL] or asked
    first = open_[0]
    if report.reason_class == "underpowered":
        need = (
            f", needs {first.needed_n} to show a drop of {drop(report.must_detect)}"
            if first.needed_n and first.needed_n > first.n
            else ""
        )
        more = f" ({len(open_)} such rows)" if len(open_) > 1 else ""
        return f"{label(first, report)} has {first.n} examples{need}{more}."
    if first.missing and first.key == report.overall.key:
        more = f" ({len(open_)} such rows)" if len(open_) > 1 else ""
        return f"{label(first, report)}: {first.missing:,} planned cells were not measured, and the verdict hangs on them{more}."
    return f"{first.reason}."


def _average(report: Report) -> str:
    overall = report.overall
    if overall.difference is None or report.verdict is not Verdict.FAIL:
        return ""
    worse = [
        f for f in report.segments if f.verdict is Verdict.FAIL and f.difference is not None and f.segment != OVERALL
    ]
    better = [f for f in report.segments if f.state is State.BETTER and f.difference is not None]
    if not worse or (overall.verdict is Verdict.FAIL and not better):
        return ""
    low = min(worse, key=lambda f: f.difference or 0.0)
    moved = f"The average moved {points(overall.difference)}"
    said = f"{moved} and hides it: {label(low, report)} {percent(low.baseline)} → {percent(low.candidate)}"
    if better:
        high = max(better, key=lambda f: f.difference or 0.0)
        said = f"{moved} and hides both sides: {label(low, report)} {percent(low.baseline)} → {percent(low.candidate)}, while {label(high, report)} rose {percent(high.baseline)} → {percent(high.candidate)}"
    return said + "."


def _cause(report: Report) -> str:
    if report.verdict is not Verdict.FAIL or not report.causes:
        return ""
    reason, count = report.causes[0]
    if count < SHARED_BY or count < SHARED_SHARE * report.broke:
        return ""
    return f"{count} of {report.broke} broken answers ({100 * count / report.broke:.0f} %) say: {reason[:160]}"


def _todo(report: Report) -> str:
    if report.verdict is Verdict.PASS:
        return ""
    if report.verdict is Verdict.FAIL:
        return "fix it and run the gate again" if report.mode == "block" else ""
    if report.reason_class == "underpowered":
        short = [
            f"{f.needed_n - f.n} more examples of {label(f, report)}"
            for f in report.findings
            if f.state is State.CANNOT_TELL and f.critical and f.needed_n and f.needed_n > f.n
        ]
        return f"collect {', '.join(short)}" if short else "collect more examples"
    if report.source.startswith("runs "):
        return (
            "resume the runs so that every planned cell has an outcome (seatrial eval ... --resume RUN --retry-errors)"
        )
    return "bring a result for every example and version, or an outcome that says why there is none"
