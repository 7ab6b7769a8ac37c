"""Decide on drift: retrain is FAIL, what could not be told is INCONCLUSIVE, the rest passes and says what to look at."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from seatrial.feedback.drift.cause import Cause, CauseKind
from seatrial.feedback.drift.rules import Band
from seatrial.verdict import Decision, Finding, ReasonClass, State, Verdict
from seatrial.wording import count, p_value, percent

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from seatrial.feedback.drift.batch import Shift
    from seatrial.feedback.drift.record import SlowSource
    from seatrial.feedback.drift.rules import DriftRules
    from seatrial.feedback.drift.signals import Charted


@dataclass(frozen=True, slots=True)
class Records:
    """Record drift of one source.

    Attributes:
        source: where the records came from.
        n: records.
        mean: mean drift, 0..1.
        bands: records per band.
    """

    source: str
    n: int
    mean: float
    bands: Mapping[Band, int]


@dataclass(frozen=True, slots=True)
class Drift:
    """Everything that was looked at.

    Attributes:
        shifts: features, overall and by segment.
        charted: production signals, each with its likely cause where it alarms.
        records: record drift by source.
        slow: sources that update less often than their half-life assumes.
        reference_hash: hash of the reference file.
        problems: sentences on what could not be read.
    """

    shifts: Sequence[Shift] = ()
    charted: Sequence[tuple[Charted, Cause | None]] = ()
    records: Sequence[Records] = ()
    slow: Sequence[SlowSource] = ()
    reference_hash: str = ""
    problems: Sequence[str] = field(default=())


_STATES = {
    Band.RETRAIN: State.BLOCKS,
    Band.INVESTIGATE: State.WATCH,
    Band.STABLE: State.NO_DROP,
    None: State.CANNOT_TELL,
}
_CAUSES = {
    CauseKind.MODEL: "the provider's model id changed",
    CauseKind.PROMPT: "the prompt changed",
    CauseKind.VERSION: "the version changed",
    CauseKind.MIX: "the segment mix shifted",
    CauseKind.UNEXPLAINED: "unexplained: neither model, prompt, version nor segment mix changed",
}


def decide_drift(seen: Drift, rules: DriftRules, *, strict: bool = False, subject: str = "drift") -> Decision:
    """The verdict over everything that was looked at.

    Args:
        seen: what was measured.
        rules: fixed before looking.
        strict: whether `investigate` fails, too.
        subject: what it is about.
    """
    rows = [
        *map(_shift, seen.shifts),
        *(_charted(one, cause) for one, cause in seen.charted),
        *(_records(one, rules) for one in seen.records),
    ]
    problems = [
        *seen.problems,
        *(f"{one.feature} on {one.segment}: {one.problem}" for one in seen.shifts if _decisive(one)),
    ]
    problems += [
        f"{one.signal} on {one.segment}: {one.problem}"
        for one, _ in seen.charted
        if one.problem and one.segment == "overall"
    ]
    if not rows and not problems:
        problems.append("there was nothing to compare")
    bad = [row for row in rows if row.state is State.BLOCKS or (strict and row.state is State.WATCH)]
    watched = [row for row in rows if row.state is State.WATCH]
    verdict = Verdict.FAIL if bad else Verdict.INCONCLUSIVE if problems else Verdict.PASS
    return Decision(
        kind="drift",
        subject=subject,
        verdict=verdict,
        reason=_reason(verdict, bad, watched, problems, rows),
        reason_class=ReasonClass.INVALID if verdict is Verdict.INCONCLUSIVE else None,
        findings=tuple(rows),
        policy_hash=rules.hash,
        evidence_hash=seen.reference_hash,
        warnings=tuple(_warnings(seen, problems, verdict)),
        facts=tuple(_facts(seen, rules)),
        details=_details(seen, rules),
        next_step=_next(seen, bad),
    )


def _decisive(one: Shift) -> bool:
    """A feature that could not be told overall, or whose type changed anywhere, is no pass; a thin segment is only shown."""
    return bool(one.problem) and (one.segment == "overall" or one.problem.startswith("the type changed"))


def _shift(one: Shift) -> Finding:
    if one.band is None:
        return Finding(
            one.segment, one.feature, n=one.n[1], state=State.CANNOT_TELL, reason=one.problem or "not tested"
        )
    wording = f"PSI {one.psi:.2f} (without drift at most {one.limit:.2f} in 95 of 100), adjusted p {p_value(one.adjusted)}: {one.band}"
    if one.ks:
        wording += f"; KS distance {one.ks[0]:.2f}"
    for name, share in (one.new or {}).items():
        wording += f"; new value {name}, {_percent(share)}"
    state = _STATES[one.band]
    return Finding(
        one.segment,
        one.feature,
        n=one.n[1],
        p=one.p,
        p_adjusted=one.adjusted,
        verdict=Verdict.FAIL if state is State.BLOCKS else Verdict.PASS,
        state=state,
        reason=wording,
    )


def _charted(one: Charted, cause: Cause | None) -> Finding:
    if one.problem:
        return Finding(one.segment, one.signal, n=one.n[1], state=State.CANNOT_TELL, reason=one.problem)
    state = State.NO_DROP if one.alarm is None else State.BLOCKS
    wording = f"{percent(one.reference)} before, {percent(one.current)} since; EWMA at {one.ewma or 0:.1f} and CUSUM at {one.cusum or 0:.1f} of their limits"
    if one.alarm is not None:
        wording += f"; alarm on day {one.alarm + 1}"
        if cause is not None:
            wording += f"; {_CAUSES[cause.kind]}"
            if cause.after:
                wording += f" ({', '.join(cause.before)} → {', '.join(cause.after)})"
            if cause.standardized is not None:
                wording += f" (at the reference's segment mix {percent(cause.standardized)})"
    return Finding(
        one.segment,
        one.signal,
        n=one.n[1],
        baseline=one.reference,
        candidate=one.current,
        difference=None if one.current is None or one.reference is None else one.current - one.reference,
        verdict=Verdict.FAIL if state is State.BLOCKS else Verdict.PASS,
        state=state,
        reason=wording,
    )


def _records(one: Records, rules: DriftRules) -> Finding:
    band = rules.band(one.mean)
    counts = ", ".join(f"{one.bands.get(b, 0):,} {b}" for b in Band)
    return Finding(
        f"source={one.source}",
        "records",
        n=one.n,
        verdict=Verdict.FAIL if band is Band.RETRAIN else Verdict.PASS,
        state=_STATES[band],
        reason=f"mean drift {one.mean:.2f} (1 - completeness x freshness): {band}; {counts}",
    )


def _reason(
    verdict: Verdict,
    bad: Sequence[Finding],
    watched: Sequence[Finding],
    problems: Sequence[str],
    rows: Sequence[Finding],
) -> str:
    if verdict is Verdict.FAIL:
        more = f", and {count(len(bad) - 1, 'more row')}" if len(bad) > 1 else ""
        return f"{bad[0].key} drifted on {bad[0].segment}{more}: {bad[0].reason}"
    if verdict is Verdict.INCONCLUSIVE:
        more = f" (and {count(len(problems) - 1, 'more reason')})" if len(problems) > 1 else ""
        return f"could not be told: {problems[0]}{more}"
    if watched:
        return f"stable, but {count(len(watched), 'row')} to investigate: {watched[0].key} on {watched[0].segment}, {watched[0].reason}"
    return f"stable: {count(len(rows), 'comparison')}, none over its band and its noise"


def _warnings(seen: Drift, problems: Sequence[str], verdict: Verdict) -> Iterator[str]:
    yield from problems if verdict is Verdict.FAIL else problems[1:]
    for one in seen.slow:
        yield f"source {one.source} updates a record every {one.interval / 86400:.1f} days in the median, and its half-life is {one.half_life / 86400:g} days: every record of it looks stale"


def _facts(seen: Drift, rules: DriftRules) -> Iterator[tuple[str, str]]:
    if seen.reference_hash:
        yield "Reference", f"{rules.reference_version} ({seen.reference_hash})".removeprefix(" ")
    yield "Bands", f"stable under {rules.investigate:g}, investigate under {rules.retrain:g}, else retrain"
    if seen.shifts:
        yield "PSI", f"a level that a window lacks counts as half an item; false discoveries at most {rules.alpha:g}"
    if seen.charted:
        yield (
            "Charts",
            "by window (a day unless set) against the reference's hours of week; without drift EWMA alarms once in 369 windows, CUSUM once in 465",
        )


def _details(seen: Drift, rules: DriftRules) -> dict[str, Any]:
    return {
        "reference": {"version": rules.reference_version, "hash": seen.reference_hash},
        "features": [
            {
                "feature": one.feature, "segment": one.segment, "psi": one.psi, "limit": one.limit, "band": one.band and one.band.value,
                "ks": list(one.ks) if one.ks else None, "new": dict(one.new or {}), "problem": one.problem,
            }
            for one in seen.shifts
        ],
        "signals": [
            {
                "signal": one.signal, "segment": one.segment, "alarm_day": one.alarm, "reference": one.reference, "current": one.current,
                "cause": cause.kind.value if cause else None, "standardized": cause.standardized if cause else None,
            }
            for one, cause in seen.charted
        ],
        "records": [
            {"source": one.source, "n": one.n, "mean": one.mean, "bands": {band.value: n for band, n in one.bands.items()}}
            for one in seen.records
        ],
        "slow_sources": [
            {"source": one.source, "half_life": one.half_life, "interval": one.interval} for one in seen.slow
        ],
        "counts": dict(Counter(one.band.value if one.band else "cannot tell" for one in seen.shifts)),
    }  # fmt: skip


def _next(seen: Drift, bad: Sequence[Finding]) -> str:
    if not bad:
        return ""
    if any(one.new for one in seen.shifts if one.band is Band.RETRAIN):
        return "add examples with the new value to the golden set, and judge the graphs on them"
    return f"look at {bad[0].key} on {bad[0].segment}; freeze a new reference only when the change is understood"


def _percent(share: float) -> str:
    return f"{100 * share:.3g} %"
