"""What makes an A/B test invalid: asked before any effect is computed."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from seatrial.experiment.ab_plan import Design
from seatrial.stats.difference import pooled_z
from seatrial.stats.interval import CannotTell
from seatrial.stats.ratio import ratio_log_e, sample_ratio
from seatrial.verdict import ReasonClass
from seatrial.wording import count, p_value, percent

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from seatrial.experiment.ab_plan import AbPlan
    from seatrial.experiment.ab_units import Units

MOST_MISSING = 0.02
"""Share of the units without a value that a metric may lack."""
MOST_OVER = 1.05
"""A fixed test without times of exposure may hold this many times its planned units."""


def ratio_of(plan: AbPlan, units: Units) -> float | None:
    """p of the sample ratio on units: chi-square at a fixed horizon, always-valid (1 / E) where looking is free."""
    shares = (1 - plan.treated, plan.treated)
    if plan.design is Design.ALWAYS_VALID:
        return min(1.0, math.exp(-float(ratio_log_e(units.n, shares))))
    found = sample_ratio(units.n, shares, plan.ratio_alpha)
    return None if isinstance(found, CannotTell) else found.p


def problems_of(plan: AbPlan, units: Units) -> tuple[tuple[ReasonClass, str], ...]:
    """One sentence, with its class, per reason why this test cannot be judged; none where it can."""
    found: list[tuple[ReasonClass, str]] = []
    control, treatment = units.n
    ratio = ratio_of(plan, units)
    if ratio is not None and ratio < plan.ratio_alpha:
        wording = (
            f"The split of units is not the planned one: {control:,} against {treatment:,} where the treatment's share is "
            f"{percent(plan.treated)} (p {p_value(ratio)}): find what drops or adds units before reading any effect."
        )
        found.append((ReasonClass.INVALID, wording))
    if units.both:
        wording = f"{count(units.both, plan.unit)} stand in both arms: the assignment did not hold."
        found.append((ReasonClass.INVALID, wording))
    if plan.design is Design.FIXED:
        found += _horizon(plan, units)
    for metric in plan.metrics:
        missing = np.isnan(units.values[metric.name])
        share = float(missing.mean())
        if share > MOST_MISSING:
            wording = f"{metric.name} is missing for {percent(share)} of the units, more than {percent(MOST_MISSING)}: record it first."
            found.append((ReasonClass.MISSING, wording))
        elif (p := _uneven_missing(missing, units)) is not None and p < 0.001:
            wording = f"{metric.name} is missing in one arm more often than in the other (p {p_value(p)})."
            found.append((ReasonClass.INVALID, wording))
    return tuple(found)


def _horizon(plan: AbPlan, units: Units) -> list[tuple[ReasonClass, str]]:
    seen = sum(units.n)
    if seen < plan.units:
        wording = (
            f"This is an early look: {seen:,} of {plan.units:,} planned units. A fixed horizon is judged once, at its end; "
            'a plan with design = "always_valid" may be looked at any time.'
        )
        return [(ReasonClass.INVALID, wording)]
    if not units.timed and seen > MOST_OVER * plan.units:
        wording = (
            f"{count(seen, 'unit')} where {plan.units:,} were planned, and no exposed_at says which came first: "
            "a fixed horizon is judged at its end, not later."
        )
        return [(ReasonClass.INVALID, wording)]
    return []


def _uneven_missing(missing: NDArray[np.bool_], units: Units) -> float | None:
    absent = [int(missing[units.arm == k].sum()) for k in (1, 0)]
    test = pooled_z(absent[0], units.n[1], absent[1], units.n[0])
    return None if isinstance(test, CannotTell) else test.p
