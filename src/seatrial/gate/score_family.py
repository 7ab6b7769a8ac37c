"""Score family: every row of the tested keys, judged together by one weighted Holm procedure."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from seatrial.gate.row_rules import Tested, ruling_of
from seatrial.reason import Fresh, Reported, TippingPoint
from seatrial.stats.interval import Interval
from seatrial.stats.multiplicity import weighted_holm
from seatrial.verdict import Finding, State

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from seatrial.gate.plan import Plan
    from seatrial.gate.row import Row
    from seatrial.reason import Reason
    from seatrial.stats.multiplicity import Holm


def score_family(plan: Plan) -> Iterator[Finding]:
    """One finding per row of the tested keys, in the plan's order.

    At a second look only the suspicious rows are tested, on the fresh repetitions; the others enter the family with p 1 and
    keep what the first look said of their coverage and of what is missing from them.
    """
    margins = {rule.name: rule.promote_margin for rule in plan.tested}
    before = {(f.segment, f.key): f.p for f in plan.fresh.needed} if plan.fresh else {}
    for i, t in enumerate(tested_rows(plan)):
        found = _judged(t, margins[t.row.key])
        if plan.fresh and i in plan.fresh.rows:
            fresh = Fresh(plan.fresh.repetitions, before[t.row.segment, t.row.key])
            found = replace(found, reasons=(*found.reasons, fresh))
        yield found


def tested_rows(plan: Plan) -> list[Tested]:
    """Every row with its p, alone and in the family, at the best and at the worst case of what is missing."""
    if not plan.rows:
        return []
    policy, alpha = plan.comparison.policy, plan.comparison.budget.family
    fresh = plan.fresh.rows if plan.fresh else None
    rows = [r if fresh is None else fresh.get(i, r) for i, r in enumerate(plan.rows)]
    levels = {i: level for i, level in enumerate(plan.levels) if level is not None and plan.rows[i].n > 0}
    best = {i: rows[i].p(rows[i].best, policy, level) for i, level in levels.items()}
    worst = {i: rows[i].p(rows[i].worst, policy, level) if rows[i].missing else best[i] for i, level in levels.items()}
    in_family = best if fresh is None else {i: p if i in fresh else 1.0 for i, p in best.items()}
    holm, holm_worst = (_holm(p, levels, alpha) for p in (in_family, worst))
    place = {i: at for at, i in enumerate(levels)}
    requested = {rule.name for rule in plan.tested if rule.primary} or {rule.name for rule in plan.tested}
    return [
        Tested(
            row=r,
            policy=policy,
            level=plan.levels[i],
            family=alpha,
            p=best.get(i),
            p_adjusted=float(holm.adjusted[place[i]]) if i in place else None,
            rejected=i in place and bool(holm.rejected[place[i]]),
            rejected_worst=i in place and bool(holm_worst.rejected[place[i]]),
            rules_out=policy.must_detect if r.critical and r.key in requested else None,
            message=plan.message,
        )
        for i, r in enumerate(rows)
    ]


def _holm(p: Mapping[int, float], levels: Mapping[int, float], alpha: float) -> Holm:
    return weighted_holm(list(p.values()), [level / alpha for level in levels.values()], alpha)


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
        reasons=(*ruling.reasons, *_tipping_point(t)),
    )


def _tipping_point(t: Tested) -> Sequence[Reason]:
    found = t.row.tipping_point(t.policy, t.level) if t.level and t.row.missing and not t.rejected else None
    return (TippingPoint(*found),) if found else ()


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
