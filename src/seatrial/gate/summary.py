"""Summary: the report of a plan and its rows."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from seatrial.errors import ConfigError
from seatrial.gate import confirm
from seatrial.gate.arms import OUTCOMES, arms
from seatrial.gate.flips import causes_of, flips_of
from seatrial.gate.measured_runs import COST
from seatrial.gate.pointwise import key_standing, pointwise_keys, without_vote
from seatrial.gate.quarantine import Quarantined
from seatrial.gate.report import Report
from seatrial.gate.row import OVERALL
from seatrial.gate.rows import rows_of
from seatrial.gate.score_family import describe
from seatrial.gate.sentence import sentence_of
from seatrial.gate.thresholds import floors
from seatrial.gate.verdict import only_reported, reading_order, sum_up, tolerable, undecided
from seatrial.gate.winrate import reported_win_rates, standing, withheld_votes
from seatrial.reason import Increase, NotInterleaved, Unchanged
from seatrial.verdict import Finding, Outcome, Verdict
from seatrial.wording import count, points

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from seatrial.evidence import Evidence
    from seatrial.gate.arms import Arm, Arms
    from seatrial.gate.comparison import Comparison
    from seatrial.gate.confirm import Confirmed
    from seatrial.gate.plan import Plan
    from seatrial.gate.row import Row
    from seatrial.vote import Standing

DILUTED = 0.01
"""How far a difference over examples and one over clusters lie apart where both are stated."""


def report_of(plan: Plan, rows: Sequence[Finding]) -> Report:
    """What a decision says, with the sentence of every row."""
    c, policy = plan.comparison, plan.comparison.policy
    findings = [replace(row, reason=sentence_of(row)) for row in rows]
    at = next((i for i, f in enumerate(findings) if f.key == plan.primary and f.segment == OVERALL), None)
    if at is None:
        raise ConfigError(f"{policy.source}: no key is left to gate")
    verdict, reason_class, sentence = sum_up(
        findings, unchanged=plan.unchanged, n=plan.aligned[plan.primary].example.size
    )
    causes, regressed = _causes(plan, findings)
    gating = tuple(plan.aligned.values())
    return Report(
        verdict=verdict,
        reason_class=reason_class,
        reason=sentence,
        mode=policy.mode,
        source=plan.evidence.source,
        graph=_provenance(plan.evidence, "graph"),
        baseline=c.baseline,
        candidate=c.candidate,
        policy={"source": policy.source, "hash": policy.hash, "owner": policy.owner},
        budget=c.budget,
        must_detect=policy.must_detect,
        must_detect_overall=policy.must_detect_overall,
        floors=floors(plan.tested),
        goal=policy.goal,
        prices=c.prices.hash if c.prices and any(rule.name == COST for rule in policy.measures) else "",
        tolerated=policy.inconclusive == "pass" and tolerable(findings),
        churn=policy.churn,
        family_size=sum(f.alpha_row is not None for f in findings),
        counts=_counts(gating, plan.evidence) | ({"not_compared": plan.common.counts} if plan.common.counts else {}),
        overall=findings[at],
        segments=tuple(sorted((f for i, f in enumerate(findings) if i != at), key=reading_order)),
        reported=tuple(_reported(plan)),
        unchanged=plan.unchanged,
        causes=causes,
        regressed=regressed,
        flips=flips_of(plan.evidence, gating, c.candidate),
        warnings=tuple(_warnings(plan, findings, verdict)),
        confirm=_confirmed(plan, findings) if plan.fresh else None,
        quarantine=_quarantined(plan),
        undecided=0 if plan.unchanged else sum(map(undecided, findings)),
        segments_version=_provenance(plan.evidence, "segments_version"),
        segments_hash=_provenance(plan.evidence, "segments_hash"),
        standings=_standings(c),
    )


def _quarantined(plan: Plan) -> Quarantined | None:
    """The examples in quarantine; with them the verdict is not known yet, and the caller of the check adds it."""
    if not plan.quarantined:
        return None
    return Quarantined(plan.quarantined, tuple(sorted(plan.kept_complete)), Verdict.INCONCLUSIVE, "")


def _standings(c: Comparison) -> dict[str, Standing]:
    """What each judge of the policy was allowed to do: those that compare, and those that score single answers."""
    keys = {key: key_standing(key, c.standings) for key in pointwise_keys(c.policy)}
    return {rule.name: standing(c.standings.get(rule.name), rule) for rule in c.policy.judges} | keys


def _causes(plan: Plan, findings: Sequence[Finding]) -> tuple[tuple[tuple[str, int], ...], int]:
    failing = frozenset(f.segment for f in findings if f.verdict is Verdict.FAIL)
    if plan.fresh is None:
        return causes_of(plan.evidence, tuple(plan.judged.values()), plan.comparison.candidate, failing)
    if not failing:
        return (), 0
    return causes_of(plan.fresh.evidence, tuple(plan.fresh.judged.values()), plan.comparison.candidate, failing)


def _reported(plan: Plan) -> Iterator[Finding]:
    """Rows of the keys that do not gate."""
    c, evidence = plan.comparison, plan.evidence
    critical = frozenset(c.critical)
    for key in evidence.keys:
        if key not in plan.aligned:
            for r in rows_of(evidence, [arms(evidence, key, c.baseline, c.candidate)], critical):
                if r.n:
                    found = without_vote(describe(r), c.policy, c.standings)
                    yield replace(found, reason=sentence_of(found))
    for found in reported_win_rates(plan):
        yield replace(found, reason=sentence_of(found))


def _warnings(plan: Plan, findings: Sequence[Finding], verdict: Verdict) -> Iterator[str]:
    """What a reader must know and no row says."""
    yield from plan.warnings
    yield from _diluted(plan.rows)
    let_off = only_reported(findings)
    if let_off and verdict is not Verdict.PASS:  # a pass states it in its own sentence
        yield let_off
    yield from _notes(findings)
    yield from withheld_votes(plan)


def _diluted(rows: Sequence[Row]) -> Iterator[str]:
    """Where a critical or an overall row moved by another number of points of its examples than of its clusters."""
    for r in rows:
        of_clusters, of_examples = r.difference, r.by_example
        if of_clusters is None or of_examples is None or not (r.critical or r.segment == OVERALL):
            continue
        if abs(of_examples - of_clusters) >= DILUTED:
            yield f"{r.segment} · {r.key}: {points(of_examples)} over {count(r.examples, 'example')}, {points(of_clusters)} over {count(r.n, 'cluster')}; what is judged are clusters, and each counts once whatever its size"


def _notes(findings: Sequence[Finding]) -> Iterator[str]:
    """What a measurement that was only reported leaves unsaid."""
    for f in findings:
        if any(isinstance(one, NotInterleaved) for one in f.reasons):
            yield f"{f.key} does not gate here: baseline and candidate did not run interleaved in one job"
        for one in f.reasons:
            if (
                isinstance(one, Increase)
                and Unchanged() in f.reasons
                and one.allowed is not None
                and (one.ratio or 0.0) > one.allowed
            ):
                wording = f.reason.partition("; reported only")[0]
                yield f"{wording}: the same outputs now cost more, and an unchanged candidate passes whatever it costs"


def _confirmed(plan: Plan, findings: Sequence[Finding]) -> Confirmed:
    assert plan.fresh is not None  # noqa: S101 - asked only then
    now = {(f.segment, f.key): f for f in findings}
    sizes = {(r.segment, r.key): r.n for r in plan.fresh.rows.values()}
    looks = tuple(
        confirm.Look(f.segment, f.key, f.p or 0.0, new.p, sizes[name], new.verdict is Verdict.FAIL)
        for f in plan.fresh.needed
        for name in [(f.segment, f.key)]
        for new in [now[name]]
    )
    largest = max(plan.aligned.values(), key=lambda a: int(a.baseline.planned.sum()))
    return confirm.confirmed(
        looks,
        tuple(f"{r.segment} · {r.key}" for r in plan.fresh.pooled.values()),
        examples=len(plan.fresh.evidence.codes("example_id").values),
        everywhere=int(largest.example.size),
        first=int(largest.baseline.planned.sum() + largest.candidate.planned.sum()),
        repetitions=plan.fresh.repetitions,
    )


def _counts(gating: Sequence[Arms], evidence: Evidence) -> dict[str, object]:
    arms_ = {
        name: {
            word.value: n for word, n in zip(OUTCOMES, _outcomes([getattr(a, name) for a in gating]), strict=True) if n
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
    } | ({"fractions": fractions} if (fractions := [a.key for a in gating if _is_fraction(evidence, a.key)]) else {})


def _is_fraction(evidence: Evidence, key: str) -> bool:
    """Whether some score of a key lies between 0 and 1, so that its mean is no rate of passes."""
    keys = evidence.codes("key")
    scores = evidence.numbers("score")[keys.index == keys.values.index(key)]
    return bool(((scores > 0) & (scores < 1)).any())


def _outcomes(arms_: Sequence[Arm]) -> list[int]:
    """How many planned cells have each outcome; a cell that was not planned has none."""
    found = np.bincount(np.concatenate([arm.outcome.ravel() for arm in arms_]) + 1, minlength=len(OUTCOMES) + 1)
    return [int(n) for n in found[1:]]


def _provenance(evidence: Evidence, name: str) -> str:
    values = evidence.codes(name).values if evidence.has(name) else ()
    return values[0] if len(values) == 1 else ""
