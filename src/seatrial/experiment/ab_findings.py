"""The rows of an A/B decision: one per metric, and the strata for display."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from seatrial.experiment.ab_plan import Design
from seatrial.experiment.ab_sentence import cannot, reported
from seatrial.stats.difference import newcombe
from seatrial.stats.interval import CannotTell
from seatrial.stats.normal import quantile
from seatrial.verdict import Finding, State, Verdict

if TYPE_CHECKING:
    from seatrial.experiment.ab_effect import Effect
    from seatrial.experiment.ab_plan import AbMetric, AbPlan
    from seatrial.experiment.ab_units import Units


def guards(metric: AbMetric, found: Effect | CannotTell) -> bool | None:
    """Whether a guardrail holds its margin: True proven, False proven broken, None not told."""
    if isinstance(found, CannotTell) or metric.margin is None:
        return None
    low, high = (found.low, found.high) if metric.sign > 0 else (-found.high, -found.low)
    return True if low > -metric.margin else False if high < -metric.margin else None


def needed_units(plan: AbPlan, metric: AbMetric, found: Effect | CannotTell) -> int | None:
    """Units of both arms at which an effect of `detect`, or an unchanged guardrail, would be shown with the plan's power."""
    step = metric.detect if metric.primary else metric.margin
    if isinstance(found, CannotTell) or not step:
        return None
    n = sum(found.n)
    reach = quantile(1 - plan.alpha / 2) + quantile(plan.power)
    if plan.design is Design.ALWAYS_VALID:
        reach = (found.high - found.low) / 2 / found.error + quantile(plan.power)
    return math.ceil(n * (reach * found.error / step) ** 2)


def finding(plan: AbPlan, metric: AbMetric, found: Effect | CannotTell) -> Finding:
    """One metric's row; a mean shows its numbers in its sentence, since a row's rates are shares."""
    if isinstance(found, CannotTell):
        return Finding(
            "overall",
            metric.name,
            critical=metric.primary,
            verdict=Verdict.INCONCLUSIVE,
            state=State.CANNOT_TELL,
            reason=cannot(metric, found),
        )
    worse = found.p <= plan.alpha and metric.sign * found.estimate < 0
    better = found.p <= plan.alpha and metric.sign * found.estimate > 0
    if metric.primary:
        word = State.BLOCKS if worse else State.BETTER if better else State.CANNOT_TELL
        verdict = Verdict.FAIL if worse else Verdict.PASS if better else Verdict.INCONCLUSIVE
    else:
        holds = guards(metric, found)
        word = {True: State.WATCH if worse else State.NO_DROP, False: State.BLOCKS, None: State.CANNOT_TELL}[holds]
        verdict = {True: Verdict.PASS, False: Verdict.FAIL, None: Verdict.INCONCLUSIVE}[holds]
    rate = metric.rate is not None
    return Finding(
        "overall",
        metric.name,
        critical=metric.primary,
        n=sum(found.n),
        baseline=found.control if rate else None,
        candidate=found.treatment if rate else None,
        difference=found.estimate if rate else None,
        ci=(found.low, found.high) if rate else None,
        p=found.p,
        alpha_row=plan.alpha,
        verdict=verdict,
        state=word,
        needed_n=needed_units(plan, metric, found) if word is State.CANNOT_TELL else None,
        reason=reported(plan, metric, found),
    )


def per_stratum(plan: AbPlan, units: Units) -> tuple[Finding, ...]:
    """The primary rate in each stratum: shown, never decided on."""
    if not units.strata or plan.primary.rate is None:
        return ()
    y, rows = units.values[plan.primary.name], []
    for k, label in enumerate(units.strata):
        inside = (units.stratum == k) & ~np.isnan(y)
        a, b = y[inside & (units.arm == 1)], y[inside & (units.arm == 0)]
        if min(a.size, b.size) == 0:
            rows.append(Finding(label, plan.primary.name, n=int(a.size + b.size), reason="Units in one arm only."))
            continue
        ends = newcombe(float(a.sum()), a.size, float(b.sum()), b.size)
        rows.append(
            Finding(
                label,
                plan.primary.name,
                n=int(a.size + b.size),
                baseline=float(b.mean()),
                candidate=float(a.mean()),
                difference=float(a.mean() - b.mean()),
                ci=None if isinstance(ends, CannotTell) else (ends.low, ends.high),
                reason="Shown, not decided on.",
            )
        )
    return tuple(rows)
