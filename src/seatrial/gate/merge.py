"""The merge gate: is the candidate worse on any segment, beyond chance, and could we have seen it if it were?

The order is the law: unchanged first, then validity, then coverage (from n and policy alone, never from what was
observed), then one weighted Holm family at the best case of what is missing, zero-tolerance hits and measurements beside
it, and last the worst case of what is missing.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from seatrial.errors import ConfigError, InvalidComparison, UsageError
from seatrial.gate.arms import OUTCOMES, Arms, arms
from seatrial.gate.causes import causes_of, flips_of
from seatrial.gate.family import MEASURE_SHARE, family_alpha, row_weights
from seatrial.gate.measure import measure_finding
from seatrial.gate.policy import KeyRule, Policy
from seatrial.gate.report import Report
from seatrial.gate.row import OVERALL, Row, row
from seatrial.gate.sentence import count, drop, interval, p_value, percent, points
from seatrial.gate.unchanged import is_unchanged, same_output_other_score
from seatrial.gate.zero_tolerance import zero_tolerance_finding
from seatrial.stats.interval import Interval
from seatrial.stats.multiplicity import weighted_holm
from seatrial.stats.power import detectable_drop, mcnemar_power, needed_n
from seatrial.verdict import SYSTEM_FAILURES, ErrorKind, Finding, Outcome, ReasonClass, State, Verdict

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from seatrial.evidence import Evidence
    from seatrial.stats.paired import Method

WATCH_AT = 0.05
RECORD_MARGIN = 0.02
_PROVIDER = (ErrorKind.KILL_SWITCH, ErrorKind.BUDGET, ErrorKind.OUTAGE)


def check(
    evidence: Evidence, policy: Policy, *, baseline: str, candidate: str, critical: Collection[str] = ()
) -> Report:
    """Judge `candidate` against `baseline`.

    Args:
        evidence: a checked table that holds both versions.
        policy: what was fixed before looking.
        baseline: version compared with.
        candidate: version judged.
        critical: segments that must be covered: `NAME=value`, or `NAME` for every value of a dimension.

    Raises:
        UsageError: a version or a critical dimension is not in the evidence; lists what is.
        ConfigError: the policy names a key the evidence does not hold.
        InvalidComparison: the two arms cannot be compared (dataset hashes differ, the baseline crashed, one example).
    """
    _versions(evidence, baseline, candidate)
    rules = _rules(evidence, policy, baseline, candidate)
    vital = _critical(evidence, critical)
    warnings = [*_same_dataset(evidence, policy, baseline, candidate)]
    lined_up = {rule.name: arms(evidence, rule.name, baseline, candidate) for rule in rules}
    first = lined_up[
        next(
            (rule.name for rule in rules if rule.primary),
            next((r.name for r in rules if not r.zero_tolerance), rules[0].name),
        )
    ]
    if first.example.size < 2:
        raise InvalidComparison(
            f"{evidence.source}: {count(first.example.size, 'example')} of {first.key!r} cannot be compared; a comparison starts at 2"
        )
    gating = tuple(lined_up.values())
    unchanged = is_unchanged(evidence, gating, baseline, candidate)
    if not unchanged:
        warnings += same_output_other_score(evidence, gating, baseline, candidate)
        _baseline_stands(first, policy, baseline)
    warnings += [
        f"{a.key}: {a.dropped} repetitions of the candidate were left out, the baseline has only {a.baseline.repetitions}"
        for a in gating
        if a.dropped
    ]
    tested = [rule for rule in rules if not rule.zero_tolerance]
    rows = [r for rule in tested for r in _rows(evidence, lined_up[rule.name], vital)]
    decided = _decide(rows, tested, policy, unchanged=unchanged)
    extra = [
        zero_tolerance_finding(evidence, lined_up[r.name], policy, unchanged=unchanged)
        for r in rules
        if r.zero_tolerance
    ]
    alpha_measures = policy.alpha / policy.shared_change * MEASURE_SHARE
    for measure in policy.measures:
        finding, notes = measure_finding(
            evidence, measure, policy, baseline, candidate, alpha_measures / len(policy.measures)
        )
        extra.append(finding)
        warnings += notes
    overall = next(
        (d.finding for d in decided if d.finding.key == first.key and d.finding.segment == OVERALL),
        extra[0] if extra else None,
    )
    if overall is None:
        raise ConfigError(f"{policy.source}: no key is left to gate")
    others = [d.finding for d in decided if d.finding is not overall] + [f for f in extra if f is not overall]
    verdict, reason_class, sentence = _sum_up(
        [*decided, *(_Decided(f, _why(f)) for f in extra)], evidence, policy, unchanged=unchanged, n=first.example.size
    )
    reported = tuple(
        _describe(r)
        for key in evidence.keys
        if key not in lined_up
        for r in _rows(evidence, arms(evidence, key, baseline, candidate), vital)
        if r.n
    )
    return Report(
        verdict=verdict,
        reason_class=reason_class,
        reason=sentence,
        mode=policy.mode,
        graph=_provenance(evidence, "graph"),
        baseline=baseline,
        candidate=candidate,
        policy={"source": policy.source, "hash": policy.hash, "owner": policy.owner},
        alpha=policy.alpha,
        must_detect=policy.must_detect,
        churn=policy.churn,
        family_size=sum(1 for d in decided if d.finding.alpha_row is not None),
        counts=_counts(gating),
        overall=overall,
        segments=tuple(sorted(others, key=_reading_order)),
        reported=reported,
        unchanged=unchanged,
        causes=causes_of(evidence, gating, baseline, candidate),
        flips=flips_of(evidence, gating, baseline, candidate),
        warnings=tuple(warnings),
    )


# ---------------------------------------------------------------- what may be compared at all


def _versions(evidence: Evidence, baseline: str, candidate: str) -> None:
    for name, version in (("baseline", baseline), ("candidate", candidate)):
        if version not in evidence.versions:
            raise UsageError(
                f"{name} {version!r} is not in {evidence.source}; it holds: {', '.join(evidence.versions)}"
            )
    if baseline == candidate:
        raise UsageError(f"baseline and candidate are both {baseline!r}; a version is not compared with itself")


def _rules(evidence: Evidence, policy: Policy, baseline: str, candidate: str) -> tuple[KeyRule, ...]:
    rules = policy.keys or tuple(KeyRule(key) for key in evidence.keys)
    keys, versions = evidence.codes("key"), evidence.codes("version")
    for rule in rules:
        if rule.name not in keys.values:
            raise ConfigError(
                f"{policy.source}: key {rule.name!r} gates but is not in {evidence.source}; it holds: {', '.join(evidence.keys)}"
            )
        for version in (baseline, candidate):
            if not np.any(
                (keys.index == keys.values.index(rule.name)) & (versions.index == versions.values.index(version))
            ):
                raise InvalidComparison(
                    f"{evidence.source}: key {rule.name!r} gates but version {version!r} has no row of it; evaluate both versions with the same evaluators"
                )
    return rules


def _critical(evidence: Evidence, critical: Collection[str]) -> frozenset[str]:
    have = evidence.dimensions
    for name in critical:
        if name.partition("=")[0] not in have:
            raise UsageError(
                f"critical segment {name!r}: the evidence has no dimension {name.partition('=')[0]!r}; it has: {', '.join(have) or 'none (--segment COLUMN makes one)'}"
            )
    return frozenset(critical)


def _same_dataset(evidence: Evidence, policy: Policy, baseline: str, candidate: str) -> Iterator[str]:
    """Different data or different evaluators make two arms two experiments."""
    versions = evidence.codes("version")
    for name in ("dataset_hash", "evaluator_version", "graph"):
        if not evidence.has(name):
            continue
        codes, keys = evidence.codes(name), evidence.codes("key")
        groups = range(len(keys.values)) if name == "evaluator_version" else (None,)
        for key in groups:
            mine = np.ones(len(evidence), dtype=bool) if key is None else keys.index == key
            sides = [
                {
                    codes.values[i]
                    for i in np.unique(codes.index[mine & (versions.index == versions.values.index(v))])
                    if i >= 0
                }
                for v in (baseline, candidate)
            ]
            if sides[0] == sides[1] and len(sides[0]) <= 1:
                continue
            if not sides[0] or not sides[1]:
                continue
            what = f"{name}{f' of key {keys.values[key]!r}' if key is not None else ''} differs: {baseline} has {', '.join(sorted(sides[0]))}; {candidate} has {', '.join(sorted(sides[1]))}"
            if policy.dataset_mismatch == "refuse":
                raise InvalidComparison(
                    f'{evidence.source}: {what}. Evaluate both again on the same data, or say dataset_mismatch = "warn" in the policy'
                )
            yield what


def _baseline_stands(first: Arms, policy: Policy, baseline: str) -> None:
    """A crashed baseline must not lower the bar."""
    crashed = int(np.isin(first.baseline.outcome, [OUTCOMES.index(word) for word in SYSTEM_FAILURES]).sum())
    cells = int(first.baseline.outcome.size)
    if crashed / cells > policy.baseline_system_failures + RECORD_MARGIN:
        raise InvalidComparison(
            f"baseline {baseline} failed on {crashed} of {cells} runs ({percent(crashed / cells)}), its record allows {percent(policy.baseline_system_failures)} + 2 points: "
            "a crashed baseline lowers the bar. Run it again, or state its record with baseline_system_failures in the policy"
        )


# ---------------------------------------------------------------- rows and their verdicts


def _rows(evidence: Evidence, lined_up: Arms, vital: frozenset[str]) -> Iterator[Row]:
    yield row(lined_up, OVERALL, critical=False, members=None)
    for dimension in evidence.dimensions:
        values, of_example = lined_up.segment(evidence, dimension)
        order = np.argsort(of_example, kind="stable")
        edges = np.searchsorted(of_example[order], np.arange(len(values) + 1))
        named = {value: order[edges[i] : edges[i + 1]] for i, value in enumerate(values)}
        absent = [name.partition("=")[2] for name in vital if name.partition("=")[:2] == (dimension, "=")]
        for value in sorted({*values, *absent}):
            members = named.get(value, np.empty(0, dtype=np.int64))
            critical = dimension in vital or f"{dimension}={value}" in vital
            if members.size or critical:
                yield row(lined_up, f"{dimension}={value}", critical, members)


@dataclass(frozen=True, slots=True)
class _Decided:
    """A finding, and what it does to the verdict when it is INCONCLUSIVE (None: nothing)."""

    finding: Finding
    why: ReasonClass | None


def _why(finding: Finding) -> ReasonClass | None:
    return ReasonClass.MISSING if finding.verdict is Verdict.INCONCLUSIVE else None


def _decide(rows: Sequence[Row], rules: Sequence[KeyRule], policy: Policy, *, unchanged: bool) -> list[_Decided]:
    if not rows:
        return []
    alpha = family_alpha(policy, measures=bool(policy.measures))
    weights = row_weights(rows, rules, policy)
    family = [i for i, w in enumerate(weights) if w > 0 and rows[i].n > 0]
    first_alpha = {i: alpha * weights[i] for i in range(len(rows)) if weights[i] > 0}
    p_best = {i: rows[i].p(rows[i].best, policy, first_alpha[i]) for i in family}
    p_worst = {i: rows[i].p(rows[i].worst, policy, first_alpha[i]) if rows[i].missing else p_best[i] for i in family}
    shares = [weights[i] for i in family]
    best, worst = (weighted_holm([p[i] for i in family], shares, alpha) for p in (p_best, p_worst))
    asks = {rule.name for rule in rules if rule.primary} or {rule.name for rule in rules}
    margin = {rule.name: rule.promote_margin for rule in rules}
    decided = []
    for i, r in enumerate(rows):
        if i not in first_alpha:
            decided.append(_Decided(_thin(r, policy), None))
            continue
        at = family.index(i) if i in p_best else None
        decided.append(
            _judge(
                r,
                policy,
                alpha=first_alpha[i],
                family_alpha_=alpha,
                p=p_best.get(i),
                adjusted=float(best.adjusted[at]) if at is not None else None,
                rejected=bool(best.rejected[at]) if at is not None else False,
                rejected_worst=bool(worst.rejected[at]) if at is not None else False,
                must_cover=r.critical and r.key in asks,
                margin=margin[r.key],
                unchanged=unchanged,
            )
        )
    return decided


def _judge(
    r: Row,
    policy: Policy,
    *,
    alpha: float,
    family_alpha_: float,
    p: float | None,
    adjusted: float | None,
    rejected: bool,
    rejected_worst: bool,
    must_cover: bool,
    margin: float,
    unchanged: bool,
) -> _Decided:
    method: Method = "exact" if policy.test == "exact" else "mid-p"
    sees = detectable_drop(r.n, policy.churn, alpha, method)
    covered = not must_cover or mcnemar_power(r.n, policy.must_detect, policy.churn, alpha, method) >= 0.8
    enough = r.n >= policy.min_n or r.segment != OVERALL
    tolerance = 0.0 if r.critical else policy.missing_tolerance
    unsure = rejected_worst and not rejected and r.missing_share > tolerance
    base = _describe(r)
    level = min(max(1 - 2 * alpha, 0.5), 1 - 1e-9)
    finding = replace(
        base,
        ci_row=_ends(r.interval(level)),
        p=p,
        p_adjusted=adjusted,
        alpha_row=alpha,
        threshold=family_alpha_,
        promotable=r.not_worse_than(margin),
        detectable_drop=sees,
        needed_n=needed_n(policy.must_detect, policy.churn, alpha, method),
    )
    facts = _facts(finding, r)
    tip = r.tipping_point(policy, alpha) if r.missing and not rejected else None
    if tip:
        facts += f"; blocks if {tip[0]} of {tip[1]} unmeasured go against it"
    if unchanged:
        return _Decided(
            replace(finding, verdict=Verdict.PASS, state=State.NO_DROP, reason=f"{facts}; every output is identical"),
            None,
        )
    if rejected:
        return _Decided(
            replace(
                finding,
                verdict=Verdict.FAIL,
                state=State.BLOCKS,
                reason=f"{facts}; p {p_value(p)}, adjusted {p_value(adjusted)} ≤ {p_value(family_alpha_)}: a drop beyond chance",
            ),
            None,
        )
    if not covered:
        need = finding.needed_n
        reason = f"{facts}; critical, and {count(r.n, 'example')} show only drops of {drop(sees)} or more: it must show {drop(policy.must_detect)}, which needs {need}"
        return _Decided(
            replace(finding, verdict=Verdict.INCONCLUSIVE, state=State.CANNOT_TELL, reason=reason),
            ReasonClass.UNDERPOWERED,
        )
    if not enough:
        reason = f"{facts}; {count(r.n, 'example')}, and min_n is {policy.min_n}: too few to say anything"
        return _Decided(
            replace(finding, verdict=Verdict.INCONCLUSIVE, state=State.CANNOT_TELL, reason=reason),
            ReasonClass.UNDERPOWERED,
        )
    if unsure:
        reason = f"{facts}; {r.missing} of {r.cells} cells were not measured ({percent(r.missing_share)}), and the verdict hangs on them: resume the run"
        provider = sum(r.outcomes[arm].get(Outcome.SKIPPED, 0) for arm in r.outcomes) == r.missing
        return _Decided(
            replace(finding, verdict=Verdict.INCONCLUSIVE, state=State.CANNOT_TELL, reason=reason),
            ReasonClass.OUTAGE if provider else ReasonClass.MISSING,
        )
    sight = f"would have seen a drop of {drop(sees)} or more" if sees is not None else "could not have seen any drop"
    if p is not None and p <= WATCH_AT:
        reason = f"{facts}; p {p_value(p)} alone, adjusted {p_value(adjusted)} > {p_value(family_alpha_)}: looks worse, not proven in the family; {sight}"
        return _Decided(replace(finding, verdict=Verdict.PASS, state=State.WATCH, reason=reason), None)
    better = r.n > 0 and r.p(-r.worst, policy, alpha) <= alpha
    state = State.BETTER if better else State.NO_DROP
    word = "better, beyond chance at its own level" if better else f"no drop found (p {p_value(p)})"
    return _Decided(replace(finding, verdict=Verdict.PASS, state=state, reason=f"{facts}; {word}; {sight}"), None)


def _thin(r: Row, policy: Policy) -> Finding:
    reason = f"{_facts(_describe(r), r)}; thin: {count(r.n, 'example')}, min_n is {policy.min_n}; it left the family before looking and decides nothing"
    return replace(_describe(r), verdict=Verdict.INCONCLUSIVE, state=State.CANNOT_TELL, reason=reason)


def _describe(r: Row) -> Finding:
    """The row as plain numbers, no test."""
    finding = Finding(
        segment=r.segment,
        key=r.key,
        critical=r.critical,
        n=r.n,
        baseline=r.baseline,
        candidate=r.candidate,
        difference=r.difference,
        ci=_ends(r.interval(0.95)),
        ci_row=None,
        p=None,
        p_adjusted=None,
        alpha_row=None,
        threshold=None,
        verdict=None,
        state=State.REPORTED,
        promotable=None,
        detectable_drop=None,
        needed_n=None,
        broke=r.broke,
        fixed=r.fixed,
        missing=r.missing,
        outcomes=r.outcomes,
        reason="",
    )
    return replace(finding, reason=f"{_facts(finding, r)}; reported, does not gate")


def _facts(finding: Finding, r: Row) -> str:
    said = f"{r.segment} · {r.key}: {count(r.n, 'example' if r.cells == 2 * r.n else 'cluster')}"
    if finding.difference is None:
        return f"{said}, nothing measured in both arms"
    said += f", {percent(finding.baseline)} → {percent(finding.candidate)}, {points(finding.difference)} (95 % {interval(finding.ci)}), {r.broke} broke, {r.fixed} fixed"
    return f"{said}, {r.missing} not measured" if r.missing else said


def _ends(found: object) -> tuple[float, float] | None:
    return (found.low, found.high) if isinstance(found, Interval) else None


# ---------------------------------------------------------------- the verdict as a whole


def _sum_up(
    decided: Sequence[_Decided], evidence: Evidence, policy: Policy, *, unchanged: bool, n: int
) -> tuple[Verdict, ReasonClass | None, str]:
    if unchanged:
        return Verdict.PASS, None, f"Unchanged: outputs identical on all {n:,} examples."
    findings = [d.finding for d in decided]
    failed = [f for f in findings if f.verdict is Verdict.FAIL]
    if failed:
        worst = min(
            failed,
            key=lambda f: (not f.critical, f.segment == OVERALL, f.difference if f.difference is not None else 0.0),
        )
        return (
            Verdict.FAIL,
            None,
            f"{len(failed)} of {len(findings)} rows got worse beyond chance; first {worst.reason}.",
        )
    open_ = [d for d in decided if d.why is not None]
    if open_:
        first = open_[0]
        return (
            Verdict.INCONCLUSIVE,
            first.why,
            f"{len(open_)} of {len(findings)} rows could not be judged; first {first.finding.reason}.",
        )
    sights = [f for f in findings if f.critical and f.detectable_drop is not None]
    what = "critical segment" if sights else "segment"
    sights = (
        sights
        or [f for f in findings if f.segment != OVERALL and f.detectable_drop is not None]
        or [f for f in findings if f.detectable_drop is not None]
    )
    blind = max((f.detectable_drop for f in sights if f.detectable_drop is not None), default=None)
    where = f"on every {what}" if any(f.segment != OVERALL for f in sights) else "overall"
    return Verdict.PASS, None, f"No drop found; would have seen {drop(blind)} or more {where}."


def _reading_order(f: Finding) -> tuple[object, ...]:
    states = (State.BLOCKS, State.CANNOT_TELL, State.WATCH, State.NO_DROP, State.BETTER, State.REPORTED)
    return (
        f.segment != OVERALL and not f.critical,
        states.index(f.state),
        f.difference if f.difference is not None else 0.0,
        f.key,
        f.segment,
    )


def _counts(gating: Sequence[Arms]) -> dict[str, object]:
    arms_ = {
        name: {
            word.value: n
            for i, word in enumerate(OUTCOMES)
            if (n := sum(int((arm.outcome == i).sum()) for arm in (getattr(a, name) for a in gating)))
        }
        for name in ("baseline", "candidate")
    }
    planned = sum(int(a.baseline.outcome.size + a.candidate.outcome.size) for a in gating)
    scored = sum(outcomes.get(Outcome.SCORED.value, 0) for outcomes in arms_.values())
    return {
        "planned": planned,
        "scored": scored,
        "examples": int(max(a.example.size for a in gating)),
        "keys": len(gating),
        "outcomes": arms_,
    }


def _provenance(evidence: Evidence, name: str) -> str:
    values = evidence.codes(name).values if evidence.has(name) else ()
    return values[0] if len(values) == 1 else ""
