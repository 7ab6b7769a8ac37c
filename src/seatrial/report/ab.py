"""A/B tests on the surfaces: the words of a decision, and a plan as text and as `seatrial/plan/1`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from seatrial.report.console import Line
from seatrial.report.decision_view import decision_view
from seatrial.report.plan import SCHEMA
from seatrial.report.terms import Terms
from seatrial.verdict import ReasonClass, State, Verdict
from seatrial.wording import count, verb

if TYPE_CHECKING:
    from collections.abc import Iterator

    from seatrial.experiment.ab_plan import AbPlan
    from seatrial.experiment.ab_size import Size
    from seatrial.report.view import View
    from seatrial.verdict import Decision

STATES = {
    State.BLOCKS: "Worse",
    State.CANNOT_TELL: "Can't tell",
    State.WATCH: "Worse within margin",
    State.NO_DROP: "Holds its margin",
    State.BETTER: "Better",
    State.REPORTED: "Shown",
}


def terms_of(decision: Decision) -> Terms:
    """Words of an A/B decision; what is invalid is not called undecided."""
    invalid = decision.reason_class in (ReasonClass.INVALID, ReasonClass.MISSING)
    always = decision.details["design"] == "always_valid"
    unsure = "INVALID" if invalid else "KEEP RUNNING" if always else "CANNOT TELL"
    return Terms(
        gate="A/B test",
        verdicts={
            Verdict.FAIL: ("✕", "STOP"),
            Verdict.INCONCLUSIVE: ("?", unsure),
            Verdict.PASS: ("✓", "SHIP"),
        },
        states=STATES,
        n="units",
        rates="control→treatment",
        axis="lower │ higher",
        flips="",
        detects="",
        unit="unit",
    )


def ab_view(decision: Decision, plan: AbPlan) -> View:
    """The view of an A/B decision."""
    seen = sum(decision.details["units"].values())
    looks = "at any number of looks" if decision.details["design"] == "always_valid" else "looked at once"
    return decision_view(
        decision,
        terms_of(decision),
        scored=f"{count(seen, 'unit')}",
        error_rate=f"at most {100 * plan.alpha:g} % of treatments that change nothing are called better or worse, {looks}",
    )


def plan_lines(plan: AbPlan, sizes: tuple[Size, ...], needed: int | None) -> Iterator[Line]:
    """Units and days of every metric, and whether the planned number is enough."""
    yield Line(
        f"{plan.name}: {plan.control} against {plan.treatment}, {plan.design}, {count(plan.units, 'unit')} planned, "
        f"treatment {100 * plan.treated:g} %, alpha {plan.alpha:g}, power {plan.power:g}",
        "plain",
    )
    yield Line(f"  {'metric':<20} {'detects':>9} {'fixed':>12} {'always-valid':>13}  days", "dim")
    for size in sizes:
        step = f"{100 * size.step:g} pts" if size.metric.rate is not None else f"{size.step:g}"
        own = size.needed(plan)
        tone = "plain" if own is not None and own <= plan.units else "unsure"
        kind = "" if size.metric.primary else "  margin"
        yield Line(
            f"  {size.metric.name:<20} {step:>9} {_n(size.fixed):>12} {_n(size.always_valid):>13}  {_days(plan, own)}{kind}",
            tone,
        )
    if needed is None:
        yield Line("  no number of units is enough: the effect asked for leaves the range of a rate", "bad")
    elif needed > plan.units:
        yield Line(
            f"  {count(plan.units, 'unit')} {verb(plan.units, 'are')} too few; this plan needs {needed:,}{_in_days(plan, needed)}",
            "bad",
        )
    else:
        yield Line(
            f"  {count(plan.units, 'unit')} {verb(plan.units, 'are')} enough{_in_days(plan, plan.units)}", "good"
        )


def plan_data(plan: AbPlan, sizes: tuple[Size, ...], needed: int | None) -> dict[str, Any]:
    """The same as plain data."""
    return {
        "schema": SCHEMA,
        "kind": "ab",
        "name": plan.name,
        "plan_hash": plan.hash,
        "design": str(plan.design),
        "planned_units": plan.units,
        "needed_units": needed,
        "days": None if plan.units_per_day is None or needed is None else needed / _per_day(plan),
        "metrics": [
            {
                "name": size.metric.name,
                "primary": size.metric.primary,
                "step": size.step,
                "fixed": size.fixed,
                "always_valid": size.always_valid,
            }
            for size in sizes
        ],
    }


def _n(value: int | None) -> str:
    return "never" if value is None else f"{value:,}"


def _per_day(plan: AbPlan) -> float:
    assert plan.units_per_day is not None  # noqa: S101 - asked before
    return plan.units_per_day * (1.0 if plan.layer is None else plan.layer.high - plan.layer.low)


def _days(plan: AbPlan, units: int | None) -> str:
    return "" if units is None or plan.units_per_day is None else f"{units / _per_day(plan):.1f}"


def _in_days(plan: AbPlan, units: int) -> str:
    days = _days(plan, units)
    return f", {days} day{'' if days == '1.0' else 's'}" if days else ""
