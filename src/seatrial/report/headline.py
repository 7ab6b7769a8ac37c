"""Headline: the sentences a verdict opens with, from what was found and from nothing else."""

from __future__ import annotations

import shlex
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from seatrial.evidence.schema import WINRATE
from seatrial.gate.report import Against
from seatrial.gate.row import OVERALL
from seatrial.gate.sentence import enough, sentence
from seatrial.gate.verdict import first_cause, looking_worse, looks_worse, why_watched, worse_rows, worst
from seatrial.privacy import strip_text
from seatrial.reason import (
    FewRatios,
    FewRuns,
    NewContract,
    NotProven,
    NotShown,
    OnlyReported,
    Shown,
    Underpowered,
    Unmeasured,
)
from seatrial.report.flips import change
from seatrial.report.provenance import runs_of
from seatrial.report.row_name import beside, label, primary_key, segments, short
from seatrial.report.sanitize import line
from seatrial.stats.noninferiority import LEVEL
from seatrial.verdict import MEASUREMENT_FAILURES, Outcome, State, Verdict
from seatrial.vote import ALPHA
from seatrial.win_rate import Inconsistent, NotShownToWin, Unjudged
from seatrial.wording import count, drop, drops, percent, points

if TYPE_CHECKING:
    from seatrial.gate.report import Report
    from seatrial.verdict import Finding

NAMED = 3
"""Broken examples that the next step names."""

SHARED_BY, SHARED_SHARE = 3, 0.1
"""A reason is a first cause when at least so many, and so large a share, of the broken answers give it."""


def but(report: Report) -> str:
    """What a PASS does not say: `, but 2 rows look worse`; empty where no row does."""
    watched = looks_worse(report.findings) if report.verdict is Verdict.PASS else ()
    return f", but {looking_worse(watched)}" if watched else ""


def headline(report: Report) -> str:
    """The first sentence a person reads."""
    if report.decided_by is Against.ANCHOR:
        return report.reason
    judged = [f for f in report.segments if f.segment != OVERALL and not _outside(f)]
    failed = [f for f in report.findings if f.verdict is Verdict.FAIL]
    if report.unchanged or report.verdict is Verdict.PASS:
        watched = looks_worse(report.findings)
        if watched:
            return f"{worse_rows(watched, lambda f: label(f, report))}: {why_watched(watched)}."
        return report.reason
    if report.verdict is Verdict.INCONCLUSIVE:
        return _cannot_tell(report)
    worse = [f for f in failed if f.segment != OVERALL and not _outside(f)]
    if not failed:
        return report.reason  # what failed is not one of these rows: the comparison with the last release
    if not worse:
        first = failed[0]
        tested = first.p_adjusted is not None and first.alpha_row is not None
        return f"overall got worse: {first.key} {points(first.difference)}." if tested else f"{first.reason}."
    critical = [f for f in worse if f.critical]
    first = worst(worse)
    names, all_ = {f.segment for f in worse}, {f.segment for f in judged}
    too = "overall and " if any(f.segment == OVERALL and not _outside(f) for f in failed) else ""
    wording = f"{too}{len(names)} of {count(len(all_), 'segment')} got worse"
    how = (
        "one critical: "
        if len({f.segment for f in critical}) == 1
        else f"{len({f.segment for f in critical})} critical, worst: "
        if critical
        else "worst: "
        if len(worse) > 1
        else ""
    )
    deepest = min(worse, key=lambda f: f.difference or 0.0)
    others = f", worst of all: {label(deepest, report)} {points(deepest.difference)}" if deepest is not first else ""
    outside = [label(f, report) for f in failed if _outside(f)]
    also = (
        f"; outside the family: {', '.join(outside[:NAMED])}{' ...' if len(outside) > NAMED else ''}" if outside else ""
    )
    return f"{wording}{'; ' if how else ': '}{how}{label(first, report)} {points(first.difference)}{others}{also}."


def _outside(f: Finding) -> bool:
    """Whether a row is no comparison with the baseline in the family: a win rate, or with nothing to draw."""
    return beside(f) or f.key.startswith(WINRATE)


def _cannot_tell(report: Report) -> str:
    unsure = [f for f in report.findings if f.state is State.CANNOT_TELL]
    if not unsure:
        return report.reason  # what cannot be told is not of these rows: the comparison with the last release
    # A thin row left the family before looking: the verdict does not hang on it.
    requested = [f for f in unsure if f.alpha_row is not None] or unsure
    open_ = [f for f in requested if f.critical or f.segment == OVERALL] or requested
    if any(f.reasons for f in requested):
        return _first_cause(requested, report)
    more = f" ({len(open_)} such rows)" if len(open_) > 1 else ""
    if report.reason_class == "underpowered":
        # What a critical row must show is asked of no other: the overall row only has to be able to see something.
        short_of = [f for f in open_ if f.critical and f.needed_n and f.needed_n > f.n]
        if not short_of:
            return f"{open_[0].reason}{more}."
        first = max(short_of, key=lambda f: (f.needed_n or 0) - f.n)
        return f"{label(first, report)} has {count(first.n, 'example')}, needs {first.needed_n} to show a drop of {drop(report.must_detect)}{more}."
    first = open_[0]
    if first.missing and first.key == report.overall.key:
        return f"{label(first, report)}: {first.missing:,} planned cells were not measured, and the verdict hangs on them{more}."
    return f"{first.reason}."


def _first_cause(undecided: list[Finding], report: Report) -> str:
    """The largest reason of the row it weighs most on."""
    first = max(undecided, key=first_cause)
    reason = first.reasons[0]
    same = sum(any(type(one) is type(reason) for one in f.reasons) for f in undecided)
    more = f" ({same} such rows)" if same > 1 else ""
    if isinstance(reason, Underpowered) and reason.must_detect is not None and reason.needs is not None:
        return f"{label(first, report)} has {count(reason.n, 'example')}, needs {reason.needs:,} to show a drop of {drop(reason.must_detect)}{more}."
    if isinstance(reason, NotShown) and reason.at_most is not None and reason.baseline is None:
        has = f"it has {count(reason.n, 'example')}, and " if reason.in_all > reason.n else ""
        return f"{label(first, report)} may have dropped by up to {drop(reason.at_most)}, and less than {drop(reason.rules_out)} must be shown: {has}{enough(reason)}{more}."
    hangs = ", and the verdict hangs on them" if isinstance(reason, Unmeasured) else ""
    wording = strip_text(sentence(reason))
    if hangs and reason.message:  # type: ignore[union-attr]
        wording, hangs = f"{sentence(replace(reason, message=''))}{hangs}: {strip_text(reason.message)}", ""  # type: ignore[arg-type, union-attr]
    return f"{label(first, report)}: {wording}{hangs}{more}."


def limits(report: Report) -> str:
    """The drop that critical segments must be shown not to have had: the policy's, or from the least to the most of their own."""
    reasons = [one for f in report.findings if f.critical for one in f.reasons]
    return drops([one.rules_out for one in reasons if isinstance(one, (Shown, NotShown))] or [report.must_detect])


def error_rate(report: Report) -> str:
    """The error rates a decision stands for, both sides where a drop has to be ruled out, and what is beside alpha."""
    wording = f"≤ {100 * report.alpha:g} % false block over {count(report.family_size, 'test')}"
    if report.floors:
        wording += f" and ≤ {100 * LEVEL:g} % over {count(report.floors, 'floor')}"
    requested = [f for f in report.findings if any(isinstance(one, (Shown, NotShown)) for one in f.reasons)]
    keys = {f.key for f in requested}
    cost = (
        [f"a critical segment {limits(report)}"] if any(f.critical and f.key in keys for f in report.findings) else []
    )
    if any(f.segment == OVERALL for f in requested):
        cost.append(f"{drop(report.must_detect_overall)} overall")
    if cost:
        wording += f" · ≤ {100 * LEVEL:g} % of candidates that cost {' or '.join(cost)} pass"
    let_off = [f.segment for f in report.findings if any(isinstance(one, OnlyReported) for one in f.reasons)]
    if let_off:
        wording += f" · this is not promised of {', '.join(map(line, dict.fromkeys(let_off)))}, only reported"
    if any(f.key.startswith(WINRATE) and f.verdict is not None for f in report.findings):
        wording += f" · beside it each judge's row: ≤ {100 * ALPHA:g} % false wins, ≤ {100 * ALPHA:g} % false losses"
    return wording


def average(report: Report) -> str:
    """How the overall row of the worst segment's key and that key's segments differ; empty when they agree."""
    worse = [
        f
        for f in report.findings
        if f.verdict is Verdict.FAIL and f.difference is not None and f.baseline is not None and f.segment != OVERALL
    ]
    if not worse or report.verdict is not Verdict.FAIL:
        return ""
    low = min(worse, key=lambda f: f.difference or 0.0)
    # Of another key neither the average nor a segment has anything to do with it.
    of_key = [f for f in report.findings if f.key == low.key and f.difference is not None]
    overall = next((f for f in of_key if f.segment == OVERALL), None)
    better = [f for f in of_key if f.state is State.BETTER and f.segment != OVERALL]
    if overall is None or (overall.verdict is Verdict.FAIL and not better):
        return ""
    name = segments(report)
    of = f" of {low.key}" if primary_key(report) else ""
    wording = f"{short(name(low))} {percent(low.baseline)} → {percent(low.candidate)}"
    hides = f"it: {wording}"
    if better:
        high = max(better, key=lambda f: f.difference or 0.0)
        hides = f"both sides: {wording}, while {short(name(high))} rose {percent(high.baseline)} → {percent(high.candidate)}"
    return f"The average{of} moved {points(overall.difference)} and hides {hides}."


def cause(report: Report, *, graded: bool = False) -> str:
    """What most answers that got worse have in common; empty without reasons. `graded`: scores lie between 0 and 1."""
    if report.verdict is not Verdict.FAIL or not report.causes:
        return ""
    reason, count = report.causes[0]
    if count < SHARED_BY or count < SHARED_SHARE * report.regressed:
        return ""
    which = "answers that scored lower" if graded else "broken answers"
    return f"{count} of {report.regressed} {which} ({100 * count / report.regressed:.0f} %) say: {reason[:160]}"


def todo(report: Report, *, graded: bool = False) -> str:
    """What to do next; empty on a pass. `graded`: scores lie between 0 and 1."""
    if report.verdict is Verdict.PASS:
        return _settle(report) if but(report) else ""
    if report.verdict is Verdict.FAIL:
        return f"{_broken(report, graded=graded)}fix it and run the gate again" if report.mode == "block" else ""
    if report.decided_by is Against.ANCHOR and report.anchor is not None:
        return _collect(report.anchor)
    undecided = [f for f in report.findings if f.verdict is Verdict.INCONCLUSIVE and f.reasons]
    reason = max(undecided, key=first_cause).reasons[0] if undecided else None
    if isinstance(reason, NotProven):
        return _settle(report)
    if isinstance(reason, (NotShownToWin, Unjudged, Inconsistent)):
        return _judge(report, max(undecided, key=first_cause))
    if report.reason_class == "underpowered":
        return _collect(report)
    if isinstance(reason, Unmeasured) and reason.outcome == Outcome.EVALUATOR_ERROR:
        key = max(undecided, key=first_cause).key
        correct = f"correct the evaluator of {short(key, 40)} and evaluate both versions again with it"
        resumed = _resumed(report)
        return f"{resumed}; where it fails again, {correct}" if resumed else correct
    if isinstance(reason, NewContract):
        which = _contracts(undecided, NewContract)
        return f"let the candidate pass {which} (must_pass), or accept a baseline that holds it"
    if resumed := _resumed(report):
        return resumed
    if isinstance(reason, FewRuns):
        which = _contracts(undecided, FewRuns)
        return f"give {count(reason.needs, 'repetition')} of {which} (must_pass) to each version: {_more_runs(report)}"
    if isinstance(reason, FewRatios):
        column = max(undecided, key=first_cause).key
        return f"bring a number in the column {column} for every run of both versions"
    return "bring a result for every example and version, or an outcome that says why there is none"


def _contracts(undecided: list[Finding], kind: type[FewRuns | NewContract]) -> str:
    """The examples that must pass and cannot be told for this reason, three by name."""
    names = [
        short(strip_text(f.segment.partition("=")[2]), 40)
        for f in undecided
        if any(isinstance(one, kind) for one in f.reasons)
    ]
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return f"{', '.join(names[:NAMED])}{more}"


def _more_runs(report: Report) -> str:
    """How examples that must pass get their repetitions: a run of the project makes them, a file holds them as rows."""
    if runs_of(report.source) is None or not report.graph:
        return "one row each, told apart by a column repetition (0, 1, 2)"
    return f"seatrial eval {shlex.quote(report.graph)} makes them"


def _resumed(report: Report) -> str:
    """The commands that measure what is missing of a project's runs, and nothing else; empty for other evidence."""
    runs = runs_of(report.source)
    if runs is None or not report.graph:
        return ""
    outcomes: Any = report.counts.get("outcomes", {})
    missing = [
        run
        for run, arm in zip(runs, ("baseline", "candidate"), strict=True)
        if any(outcomes.get(arm, {}).get(word.value) for word in MEASUREMENT_FAILURES)
    ]
    commands = [f"seatrial eval {shlex.quote(report.graph)} --resume {shlex.quote(run)}" for run in missing or runs]
    return f"run again what could not be measured: {' and '.join(f'{one} --retry-errors' for one in commands)}"


def _judge(report: Report, row: Finding) -> str:
    """What decides a win rate that nobody can tell yet."""
    judge, reason = row.key.removeprefix(WINRATE), row.reasons[0]
    if isinstance(reason, Inconsistent):
        return f"rewrite the prompt of judge {judge} or take another model: its verdicts depend on the order of the answers"
    runs = runs_of(report.source) or (report.baseline, report.candidate)
    asks = f"seatrial judge pairwise {shlex.quote(runs[0])} {shlex.quote(runs[1])} --judge {shlex.quote(judge)}"
    if isinstance(reason, Unjudged):
        return f"judge what is missing: {asks}"
    if reason.count:
        return f"bring {count(reason.count, 'more example')} of {short(label(row, report))} and judge them: {asks}"
    return f"a candidate that judge {judge} prefers on {short(label(row, report))}; no number of examples changes this rate"


def _settle(report: Report) -> str:
    """The command that decides rows which look worse and are not proven worse."""
    kept = [f for f in report.findings if any(isinstance(one, NotProven) for one in f.reasons)]
    rows = looks_worse(report.findings) if report.verdict is Verdict.PASS else kept
    name = segments(report)
    which = ", ".join(dict.fromkeys(short(name(f)) for f in rows[:NAMED]))
    runs = runs_of(report.source)
    if runs is None:
        return f"give more repetitions (a column repetition) or more examples of {which}, and run the gate again"
    if report.reruns is not None and report.reruns.look > 1:
        return f"run both versions again: all runs are pooled, and more of them tell of {which}"
    how = report.confirm.how if report.confirm is not None else ""
    if how == "deterministic":
        return f"add examples of {which}: the graph gives the same answers again"
    times = (
        f" --confirm-repeat {2 * report.confirm.repetitions}" if report.confirm is not None and how == "fresh" else ""
    )
    return f"seatrial gate {shlex.quote(runs[0])} {shlex.quote(runs[1])} --confirm{times} repeats {which}"


def _broken(report: Report, *, graded: bool) -> str:
    """Whose answers to read first: examples that fell furthest in the row that fell most, three by name."""
    failed = [f for f in report.findings if f.verdict is Verdict.FAIL]
    if not failed:
        return ""
    first = worst(failed)
    fell = [
        one
        for one in report.flips
        if one.after < one.before and one.key == first.key and first.segment in (OVERALL, *one.segments)
    ]
    if not fell:
        return ""
    shown = [short(strip_text(one.example), 40) + (f" {change(one)}" if graded else "") for one in fell[:NAMED]]
    more = f" and {first.regressed - len(shown)} more" if first.regressed > len(shown) else ""
    return f"read what {'dropped most' if graded else 'broke'}: {', '.join(shown)}{more}; "


def _collect(report: Report) -> str:
    """What shows a segment not worse that was not shown: examples, or repetitions where their number would do."""
    name = segments(report)
    enough = [
        short(name(f))
        for f in report.findings
        for one in f.reasons[:1]
        if isinstance(one, NotShown) and one.baseline is None and one.needs is not None and one.needs <= f.n
    ]
    if enough and not _short_of(report):
        return f"{_repeat(report)}, both versions: {', '.join(dict.fromkeys(enough))}"
    return f"collect {_lacking(report)}{_planned(report)}{f', or {_repeat(report)}' if enough else ''}"


def _repeat(report: Report) -> str:
    """How an example gets more repetitions: by a run of the project, or by a column of the file."""
    if runs_of(report.source) is None or not report.graph:
        return "score every example several times (a column repetition)"
    return f"run more repetitions (seatrial eval {shlex.quote(report.graph)} --repeat 3)"


def _planned(report: Report) -> str:
    """How much the numbers of examples give, where they are planned for an unchanged candidate."""
    planned = any(_lacks(f) and isinstance(one, NotShown) for f in report.findings for one in f.reasons)
    return " (enough four times out of five if nothing changed)" if planned else ""


def _short_of(report: Report) -> bool:
    return any(_lacks(f) for f in report.findings)


def _lacks(row: Finding) -> bool:
    """Whether a row that decides needs more examples than it has."""
    decides = row.critical or row.segment == OVERALL
    return row.state is State.CANNOT_TELL and decides and bool(row.needed_n) and (row.needed_n or 0) > row.n


def _lacking(report: Report) -> str:
    """How many examples the rows that decide lack, each said once: an example counts for every key and every row."""
    name, lacking = segments(report), dict[str, int]()
    for f in report.findings:
        if _lacks(f):
            lacking[f.segment] = max(lacking.get(f.segment, 0), (f.needed_n or 0) - f.n)
    total = lacking.pop(OVERALL, 0)
    if not lacking:
        return count(total, "more example") if total else "more examples"
    titles = {f.segment: short(name(f)) for f in report.findings}
    parts = [f"{count(n, 'more example')} of {titles[segment]}" for segment, n in lacking.items()]
    return ", ".join([*parts, *([f"{total:,} more in all"] if total > sum(lacking.values()) else [])])
