"""The sentences of an A/B decision, each written once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from seatrial.experiment.ab_plan import Design
from seatrial.wording import count, interval, p_value, percent, points, signed

if TYPE_CHECKING:
    from seatrial.experiment.ab_effect import Effect
    from seatrial.experiment.ab_plan import AbMetric, AbPlan
    from seatrial.stats.interval import CannotTell


def reported(plan: AbPlan, metric: AbMetric, found: Effect) -> str:
    """One metric's effect with its numbers."""
    if metric.rate is not None:
        moved = f"{percent(found.control)} to {percent(found.treatment)}"
        by = f"{points(found.estimate)} ({interval((found.low, found.high))})"
    else:
        moved = f"mean {found.control:.4g} to {found.treatment:.4g}"
        by = f"{found.estimate:+.4g} ({found.low:+.4g} to {found.high:+.4g})".replace("-", "−")
    valid = "always-valid p" if plan.design is Design.ALWAYS_VALID else "p"
    saved = "" if found.saved is None else f", the covariate took out {percent(found.saved)} of the variance"
    return f"{moved}, {by}, {valid} {p_value(found.p)}, {found.method}{saved}."


def cannot(metric: AbMetric, found: CannotTell) -> str:
    """Why a metric has no effect."""
    return f"{metric.name}: {found.reason}."


def confounded(plan: AbPlan, found: Effect) -> str:
    """Simpson's flag."""
    return (
        f"Simpson: thrown together {plan.primary.name} moves {signed(found.crude)} points, within {', '.join(plan.strata)} "
        f"{signed(found.estimate)}. The arms differ in their mix of {', '.join(plan.strata)}; the verdict follows the effect within."
        if plan.primary.rate is not None
        else f"Simpson: thrown together {plan.primary.name} moves {found.crude:+.4g}, within {', '.join(plan.strata)} "
        f"{found.estimate:+.4g}; the verdict follows the effect within."
    )


def uneven(plan: AbPlan, p: float) -> str:
    """The strata do not share one effect."""
    return (
        f"The effect on {plan.primary.name} differs between {', '.join(plan.strata)} (Breslow-Day p {p_value(p)}): "
        "read the strata one by one, the pooled figure is a mean of unlike things."
    )


def kept(plan: AbPlan) -> str:
    """What the guardrails did."""
    return f" {len(plan.metrics) - 1} of {len(plan.metrics) - 1} guardrails hold." if len(plan.metrics) > 1 else ""


def needs(plan: AbPlan, seen: int, needed: int) -> str:
    """What would decide it."""
    more = max(0, needed - seen)
    if more == 0:
        return ""
    days = "" if plan.units_per_day is None else f", about {more / plan.units_per_day:.1f} days"
    if plan.design is Design.FIXED:
        return f"Keep {plan.control}; a new test would need about {count(needed, 'unit')}."
    return f"Keep running: about {count(more, 'more unit')}{days}."
