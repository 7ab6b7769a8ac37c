"""View: a report turned into words, once; console, Markdown, JUnit and whatever comes next read only this."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from seatrial.errors import ExitCode
from seatrial.gate.row import OVERALL
from seatrial.gate.verdict import looks_worse
from seatrial.reason import Shown
from seatrial.report.annotations import looks
from seatrial.report.detail import Detail, Override, detail
from seatrial.report.headline import average, but, cause, error_rate, headline, todo
from seatrial.report.judges import JudgeView, is_win_rate, judges_of
from seatrial.report.row_name import LONGEST, beside, label, labels, primary_key
from seatrial.report.sanitize import line, plain, plain_report
from seatrial.report.terms import FRACTIONS, GATE, MIXED, STATES, Terms
from seatrial.verdict import State, Verdict
from seatrial.wording import count, drop, interval, p_value, percent, signed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from seatrial.gate.report import Report
    from seatrial.report.rollout_page import RolloutPage
    from seatrial.verdict import Finding

__all__ = [
    "ASCII",
    "GLYPHS",
    "LONGEST",
    "VERDICTS",
    "WORDS",
    "Figure",
    "Override",
    "RowView",
    "View",
    "label",
    "refusal",
    "view",
]

WORDS = STATES
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

VERDICTS = GATE.verdicts
"""Shape and word of a verdict."""


@dataclass(frozen=True, slots=True)
class Figure:
    """A picture that a page shows under the table: inline SVG of our own making, with a title and what it says in words."""

    title: str
    svg: str
    caption: str


@dataclass(frozen=True, slots=True)
class RowView:
    """One row as it is shown: every string is final.

    Attributes:
        label: its name.
        critical: declared critical.
        state: the test's answer.
        glyph: shape of the state.
        word: word of the state.
        n: examples (or clusters).
        rates: pass rates, `90.0→61.0`.
        delta: difference in points, `−29.0`.
        ci: 95 % interval.
        flips: the two counts, `3 / 1`.
        sees: smallest drop it would have seen, `≥ 9 points`; empty where it is not known.
        low: lower end of the 95 % interval, a share.
        mark: the difference, a share.
        high: upper end.
        reason: its sentence.
        row_low: lower end of the interval at the row's own level.
        row_high: upper end.
        blind: a smaller drop than this share passes unseen more than one time in five; None: any drop may.
        needs: examples a critical row lacks, `needs 56`; empty where it has enough.
        borderline: said where the drawn interval and the test differ.
        beside: it is outside the family (zero tolerance, a measurement, a contract test): nothing to draw.
        overridden: somebody let it pass.
        undecided: it cannot be told, and the verdict waits for it.
        judged: a judge's win rate, which `View.judges` shows.
    """

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
    detects: str
    low: float | None
    mark: float | None
    high: float | None
    reason: str
    row_low: float | None
    row_high: float | None
    blind: float | None
    needs: str
    borderline: str
    beside: bool
    overridden: bool
    undecided: bool = False
    judged: bool = False


@dataclass(frozen=True, slots=True)
class View:
    """A verdict as it is shown.

    Attributes:
        glyph: shape of the verdict.
        word: BLOCKED, CANNOT TELL or PASS; of a PASS with rows that look worse `PASS, but 2 rows look worse`.
        title: graph and versions.
        headline: the first sentence a person reads.
        average: how the overall row and the segments differ; empty when they agree.
        cause: what most broken answers have in common; empty without reasons.
        todo: what to do next; empty on a pass.
        leading: the key of rows whose label names none; empty where there is only one.
        rows: overall first, then critical, then by state.
        tally: state -> rows.
        source: file or runs it is about.
        scored: how much of the plan was scored.
        promise: the error rate the verdict stands for.
        mode: as the policy says, with what it does to the exit code.
        warnings: sentences.
        exit_code: of the process.
        state: blocked, pass, cannot tell, unchanged, overridden, invalid or empty.
        graph: graph it is about; may be empty.
        reported: rows of keys that do not gate.
        detail: what stands behind the verdict; None where nothing could be judged.
        looks: (name, sentence) of a confirmation's second look and of the examples in quarantine.
        terms: headings and words of this kind of decision.
        facts: what the decision rests on, as (name, value), where there is no `detail`.
        figures: pictures for a page.
        worse: rows of a pass that look worse.
        judges: win rates by judge, with what each judge may do.
        rollout: the page of a rollout, where the decision is one's status.
    """

    glyph: str
    word: str
    title: str
    headline: str
    average: str
    cause: str
    todo: str
    primary_key: str
    rows: tuple[RowView, ...]
    tally: tuple[tuple[State, int], ...]
    source: str
    scored: str
    error_rate: str
    mode: str
    warnings: tuple[str, ...]
    exit_code: int
    state: str
    graph: str
    reported: tuple[RowView, ...]
    detail: Detail | None
    looks: tuple[tuple[str, str], ...] = ()
    terms: Terms = GATE
    facts: tuple[tuple[str, str], ...] = ()
    figures: tuple[Figure, ...] = ()
    worse: int = 0
    judges: tuple[JudgeView, ...] = ()
    rollout: RolloutPage | None = None

    @property
    def scores(self) -> tuple[RowView, ...]:
        """The rows of scores; those of judges are in `judges`."""
        return tuple(row for row in self.rows if not row.judged)


def view(report: Report, overrides: Iterable[Override] = ()) -> View:
    """Everything the surfaces say about `report`; `overrides` are rows that somebody let pass, beside its own."""
    report = plain_report(report)
    let_pass = (*_its_own(report), *(_plain_override(one) for one in overrides))
    excused = {(one.segment, one.key) for one in let_pass}
    name, terms = labels(report), _terms(report)
    rows = tuple(_row(f, report, name, excused) for f in report.findings)
    glyph, word = VERDICTS[report.verdict]
    if report.verdict is Verdict.FAIL and report.mode != "block":
        word = "WOULD BLOCK"
    word += but(report)
    tally = Counter(row.state for row in rows if row.label != OVERALL)
    return View(
        glyph=glyph,
        word=word,
        title=" ".join(part for part in (report.graph, f"{report.baseline} → {report.candidate}") if part),
        headline=headline(report),
        average=average(report),
        cause=cause(report, graded=terms.graded),
        todo=todo(report, graded=terms.graded),
        primary_key=primary_key(report),
        rows=rows,
        tally=tuple((state, tally[state]) for state in WORDS if tally[state]),
        source=report.source,
        scored=_scored(report),
        error_rate=error_rate(report),
        mode=report.mode if report.mode == "block" else f"{report.mode}: shown, not acted on",
        warnings=(*report.warnings, *_let_through(report)),
        exit_code=report.exit_code,
        state=_state(report, excused),
        graph=report.graph,
        reported=tuple(_row(f, report, name, excused) for f in report.reported),
        detail=detail(report, terms, let_pass),
        looks=looks(report),
        terms=terms,
        worse=len(looks_worse(report.findings)) if report.verdict is Verdict.PASS else 0,
        judges=judges_of(report),
    )


def _terms(report: Report) -> Terms:
    """The gate's words: a mean of fractions is no pass rate."""
    fractions: Any = report.counts.get("fractions", ())
    keys = {f.key for f in report.findings if f.baseline is not None}
    if not keys & set(fractions):
        return GATE
    return FRACTIONS if keys <= set(fractions) else MIXED


def _scored(report: Report) -> str:
    """How much of the plan was scored, of how many examples."""
    counts: Any = report.counts
    return f"{count(counts['examples'], 'example')}, {counts['scored']:,} of {count(counts['planned'], 'score')}"


def _let_through(report: Report) -> tuple[str, ...]:
    """That exit 2 was turned into 0, and by what."""
    if report.verdict is not Verdict.INCONCLUSIVE or not report.tolerated or report.mode != "block":
        return ()
    return (
        'exit 0 though it could not be told: inconclusive = "pass" lets too few examples and missing cells through',
    )


def decisive(v: View) -> list[RowView]:
    """The rows to show first: those that block, that the verdict waits for and, on a pass, that look worse."""
    states = {State.BLOCKS, *([State.WATCH] if v.worse else [])}
    return [
        row
        for row in v.scores
        if row.state in states or row.undecided or (row.state is State.CANNOT_TELL and row.critical)
    ]


def refusal(reason: str, *, title: str = "", empty: bool = False, exit_code: int = ExitCode.COULD_NOT_TELL) -> View:
    """What is shown when nothing could be judged: one cause, and not one number that could be quoted."""
    word = "NOTHING JUDGED" if exit_code == ExitCode.NOTHING_JUDGED else "INVALID"
    cause, stop, remedy = plain(reason).partition(". ")
    return View(
        glyph="∅" if empty else "!",
        word="EMPTY" if empty else word,
        title=plain(title),
        headline=f"{cause}{'.' if stop else ''}",
        average="",
        cause="",
        todo=remedy.rstrip("."),
        primary_key="",
        rows=(),
        tally=(),
        source="",
        scored="",
        error_rate="",
        mode="block",
        warnings=(),
        exit_code=int(exit_code),
        state="empty" if empty else "invalid",
        graph="",
        reported=(),
        detail=None,
    )


def _state(report: Report, excused: set[tuple[str, str]]) -> str:
    if report.verdict is Verdict.FAIL:
        failing = [(f.segment, f.key) for f in report.stopping]
        return "overridden" if failing and excused.issuperset(failing) else "blocked"
    if report.verdict is Verdict.INCONCLUSIVE:
        return "empty" if report.overall.n == 0 else "cannot tell"
    return "unchanged" if report.unchanged else "pass"


def _plain_override(one: Override) -> Override:
    return Override(
        line(one.segment), line(one.key), line(one.reason), line(one.author), line(one.expires), one.renewals
    )


def _its_own(report: Report) -> Iterator[Override]:
    for applied in report.overrides:
        o = applied.override
        yield _plain_override(Override(o.segment, o.key, o.reason, o.author, o.expires, applied.renewals))


def _row(f: Finding, report: Report, name: Callable[[Finding], str], excused: set[tuple[str, str]]) -> RowView:
    ends, own = f.ci or (None, None), f.ci_row or (None, None)
    shown = any(isinstance(one, Shown) for one in f.reasons)
    short_of = f.critical and f.needed_n is not None and f.needed_n > f.n and not shown
    return RowView(
        label=name(f),
        critical=f.critical,
        state=f.state,
        glyph=GLYPHS[f.state],
        word=WORDS[f.state],
        n=f.n,
        rates=f"{percent(f.baseline).removesuffix(' %')}→{percent(f.candidate).removesuffix(' %')}"
        if f.baseline is not None
        else (percent(f.candidate).removesuffix(" %") if f.candidate is not None else ""),
        delta=signed(f.difference) if f.difference is not None else "",
        ci=interval(f.ci) if f.ci else "",
        flips=f"{f.regressed} / {f.fixed}",
        detects=f"≥ {drop(f.detectable_drop)}" if f.detectable_drop is not None else "",
        low=ends[0],
        mark=f.difference,
        high=ends[1],
        reason=f.reason,
        row_low=own[0],
        row_high=own[1],
        blind=f.detectable_drop,
        needs=f"needs {f.needed_n:,}" if short_of else "",
        borderline=_borderline(f),
        beside=beside(f),
        overridden=f.verdict is Verdict.FAIL and (f.segment, f.key) in excused,
        judged=is_win_rate(f),
        undecided=f.state is State.CANNOT_TELL and (f.alpha_row is not None or is_win_rate(f)),
    )


def _borderline(f: Finding) -> str:
    """The test decides; where an interval of the row would say otherwise, the reader is told both numbers.

    A drop that is proven is held against the 95 % interval that is shown and against the one at the row's own level; one
    that is not proven against the latter alone, as it is the family that keeps the shown one from deciding.
    """
    if f.ci_row is None or f.p is None or f.p_adjusted is None or f.threshold is None:
        return ""
    proven = f.p_adjusted <= f.threshold * (1 + 1e-12)
    includes = f.ci_row[1] >= 0 or (proven and f.ci is not None and f.ci[1] >= 0)
    if proven != includes:
        return ""
    return f"borderline: adjusted p {p_value(f.p_adjusted)} {'≤' if proven else '>'} {p_value(f.threshold)}"
