"""Sentences of the feedback gate: every reason as words, rendered here once."""

from __future__ import annotations

import json
import math
import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from seatrial.feedback.problem import Problem, ProblemKind
from seatrial.verdict import State, Verdict
from seatrial.wording import count, p_value, percent, signed

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from seatrial.feedback.cells import BandCount, Cell, Year
    from seatrial.feedback.decide import Answered
    from seatrial.feedback.evidence import Evidence
    from seatrial.feedback.recalibrate import Offer
    from seatrial.feedback.rules import FeedbackRules
    from seatrial.feedback.units import UnknownLabel
    from seatrial.verdict import Finding

_BARE = re.compile(r"[A-Za-z0-9_-]+")
MOST_LISTED = 8


def edges(low: float, high: float) -> str:
    """A band: `.8–.9`."""
    return f"{_edge(low)}–{_edge(high)}"


def row(cell: Cell, found: Answered | None, state: State, year: Year | None, *, min_n: int) -> str:
    """What is known of one row."""
    parts = []
    if cell.n:
        stated, rate = cell.stated / cell.n, cell.positive / cell.n
        parts.append(
            f"stated {percent(stated)}, observed {percent(rate)} of {count(cell.n, 'answered decision')} ({signed(rate - stated)} points)"
        )
    if cell.n < min_n:
        parts.append(f"{count(cell.n, 'answered decision')}, and a row needs {min_n}")
    elif found is None:
        parts.append("every confidence is 0.5, of which the test says nothing; its bands are asked instead")
    else:
        parts.append(_answer(found, state, year, cell))
    without = cell.neutral + cell.missing
    if without and cell.n:
        total = cell.n + without
        parts.append(
            f"{percent(cell.positive / total)} to {percent((cell.positive + without) / total)} if all {without:,} without an answer were negative or positive"
        )
    if cell.immature:
        parts.append(
            f"{cell.immature:,} immature, of which {percent(cell.waiting / cell.immature)} positive are expected from stated confidence (an estimate that needs a calibrated classifier)"
        )
    return "; ".join(parts)


def band(
    one: BandCount, floor: float, ends: tuple[float, float], found: Answered, state: State, year: Year | None
) -> str:
    """What is known of one band."""
    return (
        f"confidence {edges(*ends)}: observed {percent(one.positive / one.n)} of {count(one.n, 'answered decision')}, "
        f"floor {percent(floor)}; {_answer(found, state, year, None)}"
    )


def _answer(found: Answered, state: State, year: Year | None, cell: Cell | None) -> str:
    z = f"z {cell.shortfall / math.sqrt(cell.variance):.1f}, ".replace("-", "−") if cell and cell.variance > 0 else ""
    if found.log_e is not None and found.threshold is not None:
        numbers = f"{z}e-value {_e_value(found.log_e)}, acts at {_e_value(found.threshold)}"
    else:
        numbers = f"{z}p {p_value(found.p)}, adjusted {p_value(found.adjusted)}"
    if state is State.BLOCKS:
        since = _first(year, found.first_day)
        return f"too few positives ({numbers}){since}"
    if state is State.BETTER:
        return f"under-confident: more positives than stated, reported and not flagged ({numbers})"
    if state is State.WATCH:
        return f"fewer positives than stated, not proven in the family ({numbers})"
    return f"no lack of positives found ({numbers})"


def _first(year: Year | None, day: int | None) -> str:
    if year is None or day is None:
        return ""
    at = datetime.fromtimestamp(year.begin, UTC) + timedelta(days=day)
    return f"; could first be known on {at.date().isoformat()}"


def _e_value(log_e: float) -> str:
    return f"{math.exp(log_e):.3g}" if log_e < 20 else f"10^{log_e / math.log(10):.0f}"


def headline(
    findings: Sequence[Finding], flagged: Sequence[Finding], problems: Sequence[Problem], *, one_shot: bool
) -> str:
    """The first sentence a person reads."""
    tested = sum(finding.alpha_row is not None for finding in findings)
    if flagged:
        worst = primary_key(flagged)
        more = f", and {count(len(flagged) - 1, 'more row')}" if len(flagged) > 1 else ""
        return (
            f"production contradicts {worst.key} on {worst.segment}{more}: stated {percent(worst.baseline)}, observed "
            f"{percent(worst.candidate)} of {worst.n:,}"
        )
    if problems:
        more = f" (and {count(len(problems) - 1, 'more reason')})" if len(problems) > 1 else ""
        return f"could not fully evaluate: {problem(problems[0])}{more}"
    what = "in this window" if one_shot else "this year"
    return (
        f"production does not contradict stated confidence {what}: {count(tested, 'test')} of one family, none flagged"
    )


def primary_key(flagged: Sequence[Finding]) -> Finding:
    """The flagged row that is named first: a whole segment before one of its bands, then the strongest evidence."""

    def strength(f: Finding) -> float:
        return -(f.sequential.log_e - f.sequential.log_threshold) if f.sequential else f.p_adjusted or 0.0

    return min(flagged, key=lambda f: (not f.outcomes, strength(f), -f.n))


def problem(one: Problem) -> str:
    """Why a source could not be fully evaluated."""
    place = f"{one.source}: " if one.source else ""
    first = one.names[0] if one.names else ""
    listed = ", ".join(map(repr, one.names[:MOST_LISTED])) + (" …" if len(one.names) > MOST_LISTED else "")
    words: Mapping[ProblemKind, str] = {
        ProblemKind.SOURCE_FAILED: first,
        ProblemKind.NO_DECISIONS: f"the window holds none of its {count(one.of, 'decision')}",
        ProblemKind.UNKNOWN_CLASSIFIER: f"no decision is of classifier {first!r}; choose one of: {', '.join(one.names[1:])}",
        ProblemKind.CLASSIFIER_ABSENT: f"classifier {first!r} has rules and no decision in any source",
        ProblemKind.NOTHING_MATCHED: f"none of {count(one.count, 'decision')} past their horizon has an answer ({count(one.of, 'outcome')} read)",
        ProblemKind.OUTCOME_BEFORE_DECISION: f"{one.count:,} of {count(one.of, 'outcome')} were observed before every decision of their thread; check the clocks and time zones of both tables",
        ProblemKind.UNKNOWN_LABEL: f"{count(one.count, 'outcome')} with a label that no table names ({listed}); they are neutral until gates/feedback.toml says what they mean",
        ProblemKind.SILENT_OUTCOME: f"outcome {first!r} showed no life for {count(one.count, 'decision')}, which have no answer: {_last(one.at)}",
        ProblemKind.NOTHING_MATURE: f"none of {count(one.of, 'decision')} has passed its horizon in this window",
        ProblemKind.NO_CONFIDENCE: f"no decision states a confidence ({one.count:,} do not)",
        ProblemKind.TOO_FEW: f"{' on '.join(part for part in one.names if part)} has {one.count:,} answered decisions and needs {one.of}",
        ProblemKind.NEUTRAL_SHARE_MOVED: _moved(one),
    }
    return place + words[one.kind]


def _last(at: float | None) -> str:
    if at is None:
        return "no event of this type was ever observed"
    return f"its last event was observed on {datetime.fromtimestamp(at, UTC).isoformat(timespec='seconds')}, and silence since may be a dead feed"


def _moved(one: Problem) -> str:
    before, now = one.shares or (0.0, 0.0)
    return f"the share of decisions without an answer of {one.names[0] if one.names else '?'} moved from {percent(before)} to {percent(now)} since the last report; labels may have changed"


def paste(unknown: Sequence[UnknownLabel]) -> str:
    """TOML that names every unknown label, ready to paste; empty where there is none."""
    if not unknown:
        return ""
    totals: dict[str, int] = {}
    for one in unknown:
        totals[one.label or one.outcome] = totals.get(one.label or one.outcome, 0) + one.count
    lines = [f'{_toml_key(name)} = "neutral"  # {count(n, "outcome")}' for name, n in sorted(totals.items())]
    return "\n".join(["[labels]  # positive, negative or neutral", *lines]) + "\n"


def _toml_key(name: str) -> str:
    return name if _BARE.fullmatch(name) else json.dumps(name, ensure_ascii=True)


def warnings(sources: Sequence[Evidence], problems: Sequence[Problem], verdict: Verdict) -> Iterator[str]:
    """What the reader has to know beside the verdict."""
    for one in problems if verdict is Verdict.FAIL else problems[1:]:
        yield problem(one)
    for source in sources:
        ledger, place = source.ledger, f"{source.source}: "
        if ledger.no_confidence:
            yield f"{place}{count(ledger.no_confidence, 'decision')} without a confidence left out"
        endless = sorted(name for name, (seconds, _) in source.horizons.items() if math.isinf(seconds))
        if endless and any(not math.isinf(seconds) for seconds, _ in source.horizons.values()):
            yield f"{place}no metric sets a horizon for outcome {', '.join(endless)}"
        elif endless:
            yield f"{place}no metric sets a horizon for outcome {', '.join(endless)}: decisions enter as soon as they have an answer, which biases a rate while answers are still coming (gates/metrics.toml)"


def facts(
    sources: Sequence[Evidence], rules: FeedbackRules, details: Mapping[str, Any], year: Year | None
) -> Iterator[tuple[str, str]]:
    """What the verdict rests on."""
    if year is None:
        yield "Window", "fixed, looked at once (--one-shot)"
    else:
        begin = datetime.fromtimestamp(year.begin, UTC).date().isoformat()
        yield (
            "Year",
            f"from {begin}, {count(year.days, 'day')}; looking every day spends no more than alpha {rules.alpha:g}",
        )
    for source in sources:
        own = details["sources"][source.source]
        for name, (seconds, default) in sorted(source.horizons.items()):
            if not math.isinf(seconds):
                yield f"Horizon of {name}", f"{seconds / 86400:g} days, no event by then: {default}"
        ledger = source.ledger
        counted = [
            (ledger.without_decision, "of threads without a decision"),
            (ledger.late, "after their horizon"),
            (ledger.machine, "within min_delay, hence machines"),
            (ledger.before, "before every decision"),
        ]
        wording = "; ".join(f"{n:,} {what}" for n, what in counted if n)
        yield (
            f"Outcomes of {source.source}",
            f"{ledger.events:,} read" + (f"; not counted: {wording}" if wording else ""),
        )
        if ledger.superseded:
            yield (
                f"Decisions of {source.source}",
                f"{ledger.superseded:,} followed by a later one of the same classifier and thread",
            )
        for name, one in own["classifiers"].items():
            answers = f"{one['n']:,} answered, {one['neutral']:,} neutral, {one['missing']:,} missing, {one['immature']:,} immature"
            error = one["debiased_squared_error"]
            if error is not None:
                answers += f"; debiased squared calibration error {error:.4f}"
            yield f"Answers of {name}", answers


def offer(one: Offer) -> str:
    """What a mapping of confidence would gain, and which stated confidence really means each threshold."""
    worth = "helps" if one.helps else "no gain beyond chance"
    means = "; ".join(
        f"for {stated:g} take {'none' if means is None else f'{means:.3g}'}" for stated, means in one.thresholds.items()
    )
    return (
        f"Brier {one.brier_before:.4f} as stated, {one.brier_after:.4f} mapped, on {one.validation:,} held-out decisions "
        f"(gain {one.gain[0]:.4f} ± {one.gain[1]:.4f}: {worth}); {means}"
    )


def next_step(verdict: Verdict, flagged: Sequence[Finding], problems: Sequence[Problem]) -> str:
    """What the reader can do."""
    if verdict is Verdict.FAIL:
        worst = primary_key(flagged)
        return f"look at decisions of {worst.key} on {worst.segment}, and recalibrate or raise its threshold there"
    kinds = {one.kind for one in problems}
    if ProblemKind.UNKNOWN_LABEL in kinds:
        return (
            "say in gates/feedback.toml what the unknown labels mean (ready to paste below, and under toml in --json)"
        )
    if ProblemKind.SILENT_OUTCOME in kinds:
        return "repair the feed of the silent outcome, or set silence = on its metric if it is that rare"
    return ""


def _edge(value: float) -> str:
    return f"{value:g}".removeprefix("0") if 0 < value < 1 else f"{value:g}"
