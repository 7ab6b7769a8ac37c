"""Score family: every row of the tested keys, judged together by weighted Holm and by the joint level of sign flips."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from seatrial.gate.floor import below_floor, hangs_on_missing
from seatrial.gate.not_worse import rules_out
from seatrial.gate.row import OVERALL
from seatrial.gate.row_rules import Tested, ruling_of
from seatrial.gate.thresholds import floor_level, limits_of
from seatrial.reason import FlipRate, Fresh, JointLevel, Pooled, Reported, TippingPoint
from seatrial.stats.interval import Interval
from seatrial.stats.joint_flip import FamilyRow, joint_level
from seatrial.stats.multiplicity import weighted_holm
from seatrial.verdict import Finding, State

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from seatrial.gate.plan import Plan
    from seatrial.gate.row import Row
    from seatrial.reason import Reason
    from seatrial.stats.paired import Method


def score_family(plan: Plan) -> Iterator[Finding]:
    """One finding per row of the tested keys, in the plan's order.

    At a second look only the suspicious rows are tested, on the fresh repetitions; the others enter the family with p 1 and
    keep what the first look said of what is missing from them. A row that the first look did not show not worse is asked that
    on both looks pooled.
    """
    margins = {rule.name: rule.promote_margin for rule in plan.tested}
    before = {(f.segment, f.key): f.p for f in plan.fresh.needed} if plan.fresh else {}
    for i, t in enumerate(tested_rows(plan)):
        found = _judged(t, margins[t.row.key])
        if plan.fresh and i in plan.fresh.rows:
            fresh = Fresh(plan.fresh.repetitions, before[t.row.segment, t.row.key])
            found = replace(found, reasons=(*found.reasons, fresh))
        if plan.fresh and i in plan.fresh.pooled:
            found = replace(found, reasons=(*found.reasons, Pooled(plan.fresh.repetitions)))
        yield found


@dataclass(frozen=True, slots=True)
class FamilyLevel:
    """What a family's procedures say of its rows, by position: weighted Holm, or the joint level where it is smaller.

    Attributes:
        adjusted: p comparable with the family's alpha.
        rejected: rows whose adjusted p is at most alpha.
        joint: what the joint level took; None where no row was tested.
    """

    adjusted: Mapping[int, float]
    rejected: frozenset[int]
    joint: JointLevel | None


def tested_rows(plan: Plan) -> list[Tested]:
    """Every row with its p, alone and in the family, at the best and at the worst case of what is missing."""
    if not plan.rows:
        return []
    policy, alpha = plan.comparison.policy, plan.comparison.budget.family
    fresh, pooled = (plan.fresh.rows, plan.fresh.pooled) if plan.fresh else (None, {})
    rows = [r if fresh is None else fresh.get(i, r) for i, r in enumerate(plan.rows)]
    levels = {i: level for i, level in enumerate(plan.levels) if level is not None and plan.rows[i].n > 0}
    best = {i: rows[i].p(rows[i].best, policy, level) for i, level in levels.items()}
    worst = {i: rows[i].p(rows[i].worst, policy, level) if rows[i].missing else best[i] for i, level in levels.items()}
    in_family = best if fresh is None else {i: p if i in fresh else 1.0 for i, p in best.items()}
    at_best = _family(plan, rows, levels, in_family, worst=False)
    at_worst = at_best
    if fresh is not None or any(rows[i].missing for i in levels):
        at_worst = _family(plan, rows, levels, worst, worst=True)
    rules, shared = {rule.name: rule for rule in plan.tested}, floor_level(plan.tested)
    limits = [limits_of(rules[r.key], r.segment) for r in rows]
    floors = [below_floor(r, limits[i], shared) for i, r in enumerate(plan.rows)]
    return [
        Tested(
            row=r,
            judged=pooled.get(i, plan.rows[i]),
            limits=limits[i],
            floor=floors[i],
            floor_open=hangs_on_missing(plan.rows[i], limits[i], floors[i], shared),
            policy=policy,
            level=plan.levels[i],
            family=alpha,
            p=best.get(i),
            p_adjusted=at_best.adjusted.get(i),
            rejected=i in at_best.rejected,
            rejected_worst=i in at_worst.rejected,
            rules_out=rules_out(plan.rows[i], plan.tested, policy),
            joint=at_best.joint if (r.segment, r.key) == (OVERALL, plan.primary) else None,
            message=plan.message,
        )
        for i, r in enumerate(rows)
    ]


def _family(
    plan: Plan, rows: Sequence[Row], levels: Mapping[int, float], p: Mapping[int, float], *, worst: bool
) -> FamilyLevel:
    """Adjusted p of the rows that are tested: at a second look the cleared ones have p 1 and none of the flips."""
    alpha = plan.comparison.budget.family
    holm = weighted_holm(list(p.values()), [level / alpha for level in levels.values()], alpha)
    adjusted = dict(zip(p, holm.adjusted.tolist(), strict=True))
    # Which rows are flipped may not depend on their signs: only a row cleared at the first look stays out.
    flipped = [i for i in p if worst or plan.fresh is None or i in plan.fresh.rows]
    if not flipped:
        return FamilyLevel(adjusted, frozenset(), JointLevel(0, too_large=False) if p else None)
    family = [
        FamilyRow(
            rows[i].clusters,
            rows[i].worst if worst else rows[i].best,
            levels[i] / alpha,
            single=rows[i].counts is not None,
        )
        for i in flipped
    ]
    method: Method = "exact" if plan.comparison.policy.test == "exact" else "mid-p"
    joint = joint_level(family, [p[i] for i in flipped], alpha, method)
    for i, found in zip(flipped, joint.adjusted.tolist(), strict=True):
        adjusted[i] = min(adjusted[i], found)
    rejected = frozenset(i for i, found in adjusted.items() if found <= alpha * (1 + 1e-12))
    return FamilyLevel(adjusted, rejected, JointLevel(joint.draws, too_large=joint.too_large))


def _judged(t: Tested, margin: float) -> Finding:
    ruling = ruling_of(t)
    finding = replace(measured(t.row), verdict=ruling.verdict, state=ruling.state)
    if t.level is None:
        return replace(finding, reasons=ruling.reasons)
    level = min(max(1 - 2 * t.level, 0.5), 1 - 1e-9)
    return replace(
        finding,
        ci_row=_ends(t.row.interval(level)),
        p=t.p,
        p_adjusted=t.p_adjusted,
        alpha_row=t.level,
        threshold=t.family,
        promotable=t.row.not_worse_than(margin),
        detectable_drop=t.detects,
        needed_n=t.needs,
        reasons=(*ruling.reasons, *_tipping_point(t), *_flip_rate(t), *([t.joint] if t.joint else [])),
    )


def _tipping_point(t: Tested) -> Sequence[Reason]:
    found = t.row.tipping_point(t.policy, t.level) if t.level and t.row.missing and not t.rejected else None
    return (TippingPoint(*found),) if found else ()


def _flip_rate(t: Tested) -> Sequence[Reason]:
    return (
        (FlipRate(t.row.flips, t.policy.churn, single=t.row.counts is not None),)
        if t.row.flips > t.policy.churn
        else ()
    )


def describe(r: Row) -> Finding:
    """The row as plain numbers, no test."""
    return replace(measured(r), reasons=(Reported(),))


def measured(r: Row) -> Finding:
    """What was measured of a row, before anything is said of it."""
    return Finding(
        segment=r.segment,
        key=r.key,
        critical=r.critical,
        n=r.n,
        baseline=r.baseline,
        candidate=r.candidate,
        difference=r.difference,
        ci=_ends(r.interval(0.95)),
        state=State.REPORTED,
        regressed=r.regressed,
        fixed=r.fixed,
        missing=r.missing,
        outcomes=r.outcomes,
    )


def _ends(found: object) -> tuple[float, float] | None:
    return (found.low, found.high) if isinstance(found, Interval) else None
