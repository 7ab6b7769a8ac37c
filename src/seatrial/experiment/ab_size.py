"""A/B sizes: units each metric of a plan needs, at a fixed horizon and where looking is free.

Normal approximations. The always-valid figure is the number of units at which the sequence sees the effect with the plan's
power at that one look; as earlier looks count too, it is an upper bound.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from seatrial.experiment.ab_plan import Design
from seatrial.stats.interval import CannotTell
from seatrial.stats.normal import quantile
from seatrial.stats.sample_size import per_arm
from seatrial.stats.sequential.asymptotic import half_width, tuned_rho

if TYPE_CHECKING:
    from seatrial.experiment.ab_plan import AbMetric, AbPlan

FURTHEST = 1e10


@dataclass(frozen=True, slots=True)
class Size:
    """What one metric asks for.

    Attributes:
        metric: its name.
        step: the effect that must be seen, or the margin that must be held.
        fixed: units of both arms at a fixed horizon; None where no number is enough.
        always_valid: units of both arms where looking is free; None likewise.
    """

    metric: AbMetric
    step: float
    fixed: int | None
    always_valid: int | None

    def needed(self, plan: AbPlan) -> int | None:
        """Units under the plan's own design."""
        return self.fixed if plan.design is Design.FIXED else self.always_valid


def sizes_of(plan: AbPlan) -> tuple[Size, ...]:
    """What every metric of the plan needs, in its order."""
    return tuple(_size(plan, metric) for metric in plan.metrics)


def longest(plan: AbPlan, sizes: tuple[Size, ...]) -> int | None:
    """Units the plan needs: the largest of its metrics; None where one can never be had."""
    needed = [size.needed(plan) for size in sizes]
    return None if None in needed else max(n for n in needed if n is not None)


def _size(plan: AbPlan, metric: AbMetric) -> Size:
    step = metric.detect if metric.primary else metric.margin
    assert step is not None  # noqa: S101 - the reader asks for it
    sd = metric.sd if metric.sd is not None else math.sqrt((metric.rate or 0) * (1 - (metric.rate or 0)))
    spread = sd * math.sqrt(1 / plan.treated + 1 / (1 - plan.treated))  # of the difference, times the root of all units
    fixed: int | None = math.ceil(((quantile(1 - plan.alpha / 2) + quantile(plan.power)) * spread / step) ** 2)
    if metric.primary and metric.rate is not None:
        other = metric.rate + metric.sign * step
        if not 0 <= other <= 1:
            return Size(metric, step, None, None)
        found = per_arm(metric.rate, other, plan.alpha, plan.power, share_of_second=plan.treated)
        fixed = None if isinstance(found, CannotTell) else 2 * found.n
    return Size(metric, step, fixed, _sequence(plan, spread, step))


def _sequence(plan: AbPlan, spread: float, step: float) -> int | None:
    rho = tuned_rho(plan.alpha, plan.units)

    def seen(n: float) -> bool:
        return half_width(n, spread, plan.alpha, rho) + quantile(plan.power) * spread / math.sqrt(n) <= step

    low, high = 2.0, FURTHEST
    if not seen(high):
        return None
    while high - low > 0.5:
        middle = (low + high) / 2
        low, high = (low, middle) if seen(middle) else (middle, high)
    return math.ceil(high)
