"""The merge gate: is the candidate worse on any segment, beyond chance, and could we have seen it if it were?

The order is the law: unchanged first, then validity, then coverage (from n and policy alone, never from what was
observed), then one weighted Holm family at the best case of what is missing, zero-tolerance hits and measurements beside
it, and last the worst case of what is missing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from seatrial.errors import ConfigError, InvalidComparison
from seatrial.gate.arms import OUTCOMES, arms
from seatrial.gate.causes import causes_of, flips_of
from seatrial.gate.comparable import baseline_stands, differing_provenance, gating_rules, known_critical, known_versions
from seatrial.gate.decide import Decided, decide, describe
from seatrial.gate.family import MEASURE_SHARE
from seatrial.gate.measure import measure_finding
from seatrial.gate.report import Report
from seatrial.gate.row import OVERALL, row
from seatrial.gate.sentence import count, drop
from seatrial.gate.unchanged import is_unchanged, same_output_other_score
from seatrial.gate.zero_tolerance import zero_tolerance_finding
from seatrial.verdict import Finding, Outcome, ReasonClass, State, Verdict

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from seatrial.evidence import Evidence
    from seatrial.gate.arms import Arms
    from seatrial.gate.policy import Policy
    from seatrial.gate.row import Row


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
    known_versions(evidence, baseline, candidate)
    rules = gating_rules(evidence, policy, baseline, candidate)
    vital = known_critical(evidence, critical)
    warnings = [
        *differing_provenance(evidence, policy, baseline, candidate, [rule.name for rule in rules]),
        *_blank_scores(evidence),
    ]
    lined_up = {
        rule.name: arms(evidence, rule.name, baseline, candidate, repetitions=policy.repetitions) for rule in rules
    }
    first = lined_up[
        next(
            (rule.name for rule in rules if rule.primary),
            next((r.name for r in rules if not r.zero_tolerance), rules[0].name),
        )
    ]
    if not _in_common(evidence, first.key, baseline, candidate):
        raise InvalidComparison(
            f"{evidence.source}: {baseline} and {candidate} have no example in common; map their common id with --map example_id=COLUMN"
        )
    if first.example.size < 2:
        raise InvalidComparison(
            f"{evidence.source}: {count(first.example.size, 'example')} of {first.key!r} cannot be compared; a comparison starts at 2"
        )
    gating = tuple(lined_up.values())
    unchanged = is_unchanged(evidence, gating, baseline, candidate)
    if not unchanged:
        warnings += same_output_other_score(evidence, gating, baseline, candidate)
        for rule in rules:
            if not rule.zero_tolerance:
                baseline_stands(evidence, lined_up[rule.name], policy, baseline, vital)
    warnings += [
        f"{a.key}: {a.dropped} repetitions of the candidate were left out: the baseline never ran them, or the policy plans fewer"
        for a in gating
        if a.dropped
    ]
    tested = [rule for rule in rules if not rule.zero_tolerance]
    rows = [r for rule in tested for r in _rows(evidence, lined_up[rule.name], vital)]
    decided = decide(rows, tested, policy, unchanged=unchanged)
    extra = [
        zero_tolerance_finding(
            evidence,
            lined_up[r.name],
            arms(evidence, r.name, baseline, candidate, surplus=True),
            unchanged=unchanged,
        )
        for r in rules
        if r.zero_tolerance
    ]
    alpha_measures = policy.alpha / policy.shared_change * MEASURE_SHARE
    for measure in policy.measures:
        finding, notes = measure_finding(
            evidence, measure, policy, baseline, candidate, alpha_measures / len(policy.measures), unchanged=unchanged
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
        [*decided, *(Decided(f, _why(f)) for f in extra)], evidence, policy, unchanged=unchanged, n=first.example.size
    )
    reported = tuple(
        describe(r)
        for key in evidence.keys
        if key not in lined_up
        for r in _rows(evidence, arms(evidence, key, baseline, candidate), vital)
        if r.n
    )
    failing = frozenset(f.segment for f in (overall, *others) if f.verdict is Verdict.FAIL)
    causes, broke = causes_of(evidence, gating, candidate, failing)
    return Report(
        verdict=verdict,
        reason_class=reason_class,
        reason=sentence,
        mode=policy.mode,
        source=evidence.source,
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
        causes=causes,
        broke=broke,
        flips=flips_of(evidence, gating, candidate),
        warnings=tuple(warnings),
    )


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


def _why(finding: Finding) -> ReasonClass | None:
    return ReasonClass.MISSING if finding.verdict is Verdict.INCONCLUSIVE else None


def _sum_up(
    decided: Sequence[Decided], evidence: Evidence, policy: Policy, *, unchanged: bool, n: int
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
            f"{len(failed)} of {len(findings)} rows failed; first {worst.reason}.",
        )
    open_ = [d for d in decided if d.why is not None]
    if open_:
        first = open_[0]
        return (
            Verdict.INCONCLUSIVE,
            first.why,
            f"{len(open_)} of {len(findings)} rows could not be judged; first {first.finding.reason}.",
        )
    tested = [f for f in findings if f.alpha_row is not None]
    critical = [f for f in tested if f.critical]
    asked = critical or [f for f in tested if f.segment != OVERALL] or tested
    sights = [f.detectable_drop for f in asked if f.detectable_drop is not None]
    where = "overall" if asked[0].segment == OVERALL else f"on every {'critical ' if critical else ''}segment"
    blind = len(asked) - len(sights) + sum(f.state is State.CANNOT_TELL and f.alpha_row is None for f in findings)
    if blind and sights:
        where = f"on {len(sights)} of {len(sights) + blind} {'critical ' if critical else ''}segments, the others are too small to show a drop"
    return (
        Verdict.PASS,
        None,
        f"No drop found; {f'would have seen {drop(max(sights))} or more {where}' if sights else 'could not have seen any drop'}.",
    )


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
    planned = sum(int(a.baseline.planned.sum() + a.candidate.planned.sum()) for a in gating)
    scored = sum(outcomes.get(Outcome.SCORED.value, 0) for outcomes in arms_.values())
    return {
        "planned": planned,
        "scored": scored,
        "examples": int(max(a.example.size for a in gating)),
        "keys": len(gating),
        "outcomes": arms_,
    }


def _in_common(evidence: Evidence, key: str, baseline: str, candidate: str) -> bool:
    keys, versions, examples = evidence.codes("key"), evidence.codes("version"), evidence.codes("example_id")
    mine = keys.index == keys.values.index(key)
    sides = [examples.index[mine & (versions.index == versions.values.index(v))] for v in (baseline, candidate)]
    return bool(np.isin(*sides).any())


def _blank_scores(evidence: Evidence) -> Iterator[str]:
    blank = int(evidence.metadata.get("blank_scores", "0"))
    if blank:
        yield f"{count(blank, 'row')} with neither score nor outcome: counted as failures of the system, score 0; an outcome column says otherwise (--map outcome=COLUMN)"


def _provenance(evidence: Evidence, name: str) -> str:
    values = evidence.codes(name).values if evidence.has(name) else ()
    return values[0] if len(values) == 1 else ""
