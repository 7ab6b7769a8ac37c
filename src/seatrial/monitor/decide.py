"""Decide: are the recorded runs free of zero-tolerance hits, and is no rate proven below its floor?

Pure: rows in, one Decision out. A crashed run scores 0 on every rate. What was not measured is bounded: at its best it never
proves a rate too low, at its worst it can keep a verdict open. A rate is judged by clusters (threads), exactly where each
cluster is right or wrong throughout; where a cluster is partly right, by the same tail times e (Bentkus 2004), which holds for
any scores in 0..1.
"""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from seatrial.canonical import content_hash
from seatrial.stats.multiplicity import weighted_holm
from seatrial.verdict import (
    MEASUREMENT_FAILURES,
    SYSTEM_FAILURES,
    Decision,
    Finding,
    Outcome,
    ReasonClass,
    State,
    Verdict,
)
from seatrial.wording import count, percent

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

OVERALL = "overall"
PROVEN, OBSERVED = "proven", "observed"
SHOWN = 5
"""Runs with a hit that are named."""


@dataclass(frozen=True, slots=True)
class Observed:
    """What one evaluator key says of one recorded run.

    Attributes:
        run_id: which run.
        cluster: its thread.
        key: the evaluator key.
        outcome: `scored`, or why not.
        score: 0..1 where scored.
        reason: one sentence.
        segments: the run's segments, written `NAME=value`.
    """

    run_id: str
    cluster: str
    key: str
    outcome: str
    score: float | None
    reason: str
    segments: frozenset[str]


@dataclass(frozen=True, slots=True)
class KeyLimits:
    """What a key must not fall under.

    Attributes:
        key: the evaluator key.
        zero_tolerance: one hit (a score under 1) fails.
        floor: least rate over all runs; None = none.
        segments: (`NAME=value`, floor) of single segments.
        floor_rule: `proven` fails where the rate is shown below its floor, `observed` where it is below (no error rate).
    """

    key: str
    zero_tolerance: bool = False
    floor: float | None = None
    segments: tuple[tuple[str, float], ...] = ()
    floor_rule: str = PROVEN


@dataclass(frozen=True, slots=True)
class Limits:
    """All that is fixed before looking.

    Attributes:
        keys: the keys that decide.
        alpha: chance to fail a graph whose every rate is exactly its floor.
        min_n: a row with fewer clusters does not pass.
        critical: critical segments.
        mode: of the decision.
    """

    keys: tuple[KeyLimits, ...]
    alpha: float = 0.05
    min_n: int = 20
    critical: tuple[str, ...] = ()
    mode: str = "block"

    @property
    def hash(self) -> str:
        """Hash of every limit."""
        keys = [
            [one.key, one.zero_tolerance, one.floor, [list(s) for s in one.segments], one.floor_rule]
            for one in self.keys
        ]
        return content_hash({"keys": keys, "alpha": self.alpha, "min_n": self.min_n, "critical": sorted(self.critical)})


@dataclass(frozen=True, slots=True)
class _Rate:
    """Clusters of one row, and their totals with what is missing at its best and at its worst."""

    key: str
    segment: str
    floor: float
    clusters: int
    best: float
    worst: float
    complete: bool
    missing: int
    outcomes: Mapping[str, int]
    rule: str = PROVEN


def decide(observed: Sequence[Observed], limits: Limits, *, subject: str, evidence_hash: str = "") -> Decision:
    """The verdict: FAIL on a hit or a rate proven below its floor, INCONCLUSIVE where that cannot be told, else PASS.

    Args:
        observed: one row per run and key.
        limits: what was fixed before looking.
        subject: which graph.
        evidence_hash: of the file.
    """
    findings = [_hits(one.key, [o for o in observed if o.key == one.key]) for one in limits.keys if one.zero_tolerance]
    findings += _floors([rate for one in limits.keys for rate in _rates(one, observed)], limits)
    gated = {one.key for one in limits.keys}
    findings += _reported([o for o in observed if o.key not in gated])
    verdict = Verdict.worst(f.verdict for f in findings if f.verdict is not None)
    deciding = [f for f in findings if f.verdict is verdict and verdict is not Verdict.PASS]
    thin = any(f.n < limits.min_n for f in deciding)
    return Decision(
        kind="monitor",
        subject=subject,
        verdict=verdict,
        reason=_headline(verdict, deciding, findings),
        reason_class=(ReasonClass.UNDERPOWERED if thin else ReasonClass.MISSING)
        if verdict is Verdict.INCONCLUSIVE
        else None,
        findings=tuple(findings),
        policy_hash=limits.hash,
        evidence_hash=evidence_hash,
        mode=limits.mode,
    )


def _hits(key: str, rows: Sequence[Observed]) -> Finding:
    hits = [one for one in rows if one.outcome == Outcome.SCORED and one.score is not None and one.score < 1]
    unmeasured = [
        one for one in rows if Outcome(one.outcome) in MEASUREMENT_FAILURES and one.outcome != Outcome.SKIPPED
    ]
    scored = sum(one.outcome == Outcome.SCORED for one in rows)
    if hits:
        named = ", ".join(one.run_id for one in hits[:SHOWN])
        reason = f"{count(len(hits), 'run')} with a hit, none is tolerated: {named}{' ...' if len(hits) > SHOWN else ''}; the first: {hits[0].reason}"
        verdict, state = Verdict.FAIL, State.BLOCKS
    elif unmeasured or not scored:
        cause = f"; the first: {unmeasured[0].reason}" if unmeasured else ""
        reason = f"no hit in {count(scored, 'run')}, and {count(len(unmeasured), 'run')} could not be measured{cause}"
        verdict, state = Verdict.INCONCLUSIVE, State.CANNOT_TELL
    else:
        verdict, state, reason = Verdict.PASS, State.NO_DROP, f"no hit in {count(scored, 'run')}"
    rate = (scored - len(hits)) / scored if scored else None
    return Finding(
        OVERALL,
        key,
        n=len({one.cluster for one in rows}),
        candidate=rate,
        verdict=verdict,
        state=state,
        regressed=len(hits),
        missing=len(unmeasured),
        outcomes={"production": _words(rows)},
        reason=reason,
    )


def _rates(limit: KeyLimits, observed: Sequence[Observed]) -> list[_Rate]:
    floors = {OVERALL: limit.floor} if limit.floor is not None else {}
    floors |= dict(limit.segments)
    rows = [one for one in observed if one.key == limit.key]
    found = []
    for segment, floor in floors.items():
        mine = [one for one in rows if segment == OVERALL or segment in one.segments]
        found.append(replace(_rate(limit.key, segment, floor, mine), rule=limit.floor_rule))
    return found


def _rate(key: str, segment: str, floor: float, rows: Sequence[Observed]) -> _Rate:
    clusters: dict[str, list[Observed]] = {}
    for one in rows:
        clusters.setdefault(one.cluster, []).append(one)
    best = [sum(_value(one, 1.0) for one in mine) / len(mine) for mine in clusters.values()]
    worst = [sum(_value(one, 0.0) for one in mine) / len(mine) for mine in clusters.values()]
    missing = sum(Outcome(one.outcome) in MEASUREMENT_FAILURES for one in rows)
    complete = all(value in (0.0, 1.0) for value in (*best, *worst))
    return _Rate(key, segment, floor, len(clusters), math.fsum(best), math.fsum(worst), complete, missing, _words(rows))


def _value(one: Observed, missing: float) -> float:
    if one.outcome == Outcome.SCORED and one.score is not None:
        return one.score
    return 0.0 if Outcome(one.outcome) in SYSTEM_FAILURES else missing


def low_rate_p(total: float, n: int, floor: float, *, complete: bool) -> float:
    """Chance of a total so low over `n` clusters if their mean is at least the floor; valid for any scores in 0..1."""
    if n == 0 or floor <= 0:
        return 1.0
    from seatrial.stats.calibration.band import low_tail  # noqa: PLC0415 - loads scipy

    k = min(n, math.ceil(total - 1e-9))
    tail = low_tail(k, n, floor)
    return tail if complete else min(1.0, math.e * tail)


def _floors(rates: Sequence[_Rate], limits: Limits) -> list[Finding]:
    if not rates:
        return []
    weights = [1 / len(rates)] * len(rates)
    best = weighted_holm(
        [low_rate_p(r.best, r.clusters, r.floor, complete=r.complete) for r in rates], weights, limits.alpha
    )
    worst = weighted_holm(
        [low_rate_p(r.worst, r.clusters, r.floor, complete=r.complete) for r in rates], weights, limits.alpha
    )
    return [
        _floor_finding(
            rate,
            float(best.adjusted[i]),
            failed=bool(best.rejected[i]) or _seen_below(rate, rate.best),
            open_=bool(worst.rejected[i]) or _seen_below(rate, rate.worst),
            limits=limits,
        )
        for i, rate in enumerate(rates)
    ]


def _seen_below(rate: _Rate, total: float) -> bool:
    return rate.rule == OBSERVED and total < rate.floor * rate.clusters


def _floor_finding(rate: _Rate, adjusted: float, *, failed: bool, open_: bool, limits: Limits) -> Finding:
    n = rate.clusters
    seen = rate.worst / n if n else None
    reported = f"{percent(seen)} of {count(n, 'thread')}, the floor is {percent(rate.floor)}"
    missing = f"; {count(rate.missing, 'run')} could not be measured" if rate.missing else ""
    if failed:
        proven = f"proven below its floor: {reported} (p {adjusted:.2g})"
        verdict, state = Verdict.FAIL, State.BLOCKS
        reason = proven if rate.rule == PROVEN else f"below its floor: {reported}"
    elif n < limits.min_n:
        verdict, state = Verdict.INCONCLUSIVE, State.CANNOT_TELL
        reason = (
            f"{reported}; {limits.min_n} threads are needed for a verdict"
            if n
            else f"no run of this segment; the floor is {percent(rate.floor)}"
        )
    elif open_:
        verdict, state, reason = Verdict.INCONCLUSIVE, State.CANNOT_TELL, f"{reported}{missing}, enough to be below it"
    elif seen is not None and seen < rate.floor:
        verdict, state, reason = Verdict.PASS, State.WATCH, f"below its floor, not proven: {reported}{missing}"
    else:
        verdict, state, reason = Verdict.PASS, State.NO_DROP, f"{reported}{missing}"
    return Finding(
        rate.segment,
        rate.key,
        critical=rate.segment in limits.critical,
        n=n,
        baseline=rate.floor,
        candidate=seen,
        difference=None if seen is None else seen - rate.floor,
        p_adjusted=adjusted,
        threshold=limits.alpha,
        verdict=verdict,
        state=state,
        needed_n=limits.min_n if n < limits.min_n else None,
        missing=rate.missing,
        outcomes={"production": rate.outcomes},
        reason=reason,
    )


def _reported(rows: Sequence[Observed]) -> list[Finding]:
    found = []
    for key in dict.fromkeys(one.key for one in rows):
        rate = _rate(key, OVERALL, 0.0, [one for one in rows if one.key == key])
        seen = rate.worst / rate.clusters if rate.clusters else None
        reason = f"{percent(seen)} of {count(rate.clusters, 'thread')}; no limit is set on it"
        found.append(
            Finding(
                OVERALL,
                key,
                n=rate.clusters,
                candidate=seen,
                missing=rate.missing,
                outcomes={"production": rate.outcomes},
                reason=reason,
            )
        )
    return found


def _words(rows: Iterable[Observed]) -> dict[str, int]:
    return dict(Counter(str(one.outcome) for one in rows))


def _headline(verdict: Verdict, deciding: Sequence[Finding], findings: Sequence[Finding]) -> str:
    if not deciding:
        gating = sum(f.verdict is not None for f in findings)
        return f"no zero-tolerance hit, and no rate proven below its floor ({count(gating, 'row')})"
    first = deciding[0]
    more = f", and {count(len(deciding) - 1, 'more row')}" if len(deciding) > 1 else ""
    name = first.key if first.segment == OVERALL else f"{first.segment} · {first.key}"
    return f"{name}: {first.reason}{more}"
