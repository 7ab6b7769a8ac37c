"""A/B decision: ship, stop, or not yet; invalid before anything else is looked at."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from seatrial.experiment.ab_effect import Effect, effect_of
from seatrial.experiment.ab_findings import finding, guards, needed_units, per_stratum
from seatrial.experiment.ab_invalid import problems_of, ratio_of
from seatrial.experiment.ab_sentence import cannot, confounded, kept, needs, reported, uneven
from seatrial.stats.interval import CannotTell
from seatrial.verdict import Decision, Finding, ReasonClass, Verdict
from seatrial.wording import count, percent, verb

if TYPE_CHECKING:
    from seatrial.experiment.ab_plan import AbPlan
    from seatrial.experiment.ab_units import Units


def analyse(plan: AbPlan, units: Units) -> Decision:
    """Judge a test by its plan.

    An invalid test (sample ratio, a unit in both arms, too few units of a fixed horizon, too much missing) is INCONCLUSIVE
    and shows no effect at all. Else: FAIL where the primary metric is proven worse or a guardrail worse by its margin, or
    where an effect of `detect` is ruled out; PASS where the primary metric is proven better and every guardrail proven
    not worse by its margin; INCONCLUSIVE otherwise.
    """
    problems = problems_of(plan, units)
    if problems:
        reported = tuple(sentence for _, sentence in problems)
        why = problems[0][0]
        return _decision(plan, units, Verdict.INCONCLUSIVE, " ".join(reported), why, (), problems=reported)
    effects = {metric.name: effect_of(units, metric, plan) for metric in plan.metrics}
    rows = tuple(finding(plan, metric, effects[metric.name]) for metric in plan.metrics)
    verdict, reason, reason_class, todo = _verdict(plan, units, effects)
    found = effects[plan.primary.name]
    warnings = []
    if isinstance(found, Effect) and found.simpson:
        warnings.append(confounded(plan, found))
    if isinstance(found, Effect) and found.uneven is not None and found.uneven < 0.05:
        warnings.append(uneven(plan, found.uneven))
    return _decision(
        plan, units, verdict, reason, reason_class, (*rows, *per_stratum(plan, units)), todo, tuple(warnings), effects
    )


def _verdict(
    plan: AbPlan, units: Units, effects: dict[str, Effect | CannotTell]
) -> tuple[Verdict, str, ReasonClass | None, str]:
    primary, found = plan.primary, effects[plan.primary.name]
    broken = [m for m in plan.metrics[1:] if guards(m, effects[m.name]) is False]
    unclear = [m for m in plan.metrics[1:] if guards(m, effects[m.name]) is None]
    keep = f"Keep {plan.control}."
    if broken:
        one = effects[broken[0].name]
        assert isinstance(one, Effect)  # noqa: S101 - a guardrail that is broken has an effect
        return (
            Verdict.FAIL,
            f"{broken[0].name} is worse by its margin or more: {reported(plan, broken[0], one)}",
            None,
            keep,
        )
    if isinstance(found, CannotTell):
        return Verdict.INCONCLUSIVE, cannot(primary, found), ReasonClass.UNDERPOWERED, ""
    if found.p <= plan.alpha and primary.sign * found.estimate < 0:
        return Verdict.FAIL, f"{primary.name} is worse: {reported(plan, primary, found)}", None, keep
    better = found.p <= plan.alpha and primary.sign * found.estimate > 0
    if better and not unclear:
        ship = f"Ship {plan.treatment}."
        return Verdict.PASS, f"{primary.name} is better: {reported(plan, primary, found)}{kept(plan)}", None, ship
    if better:
        n = max(needed_units(plan, m, effects[m.name]) or 0 for m in unclear)
        reason = f"{primary.name} is better, but {unclear[0].name} is not shown to hold its margin."
        return Verdict.INCONCLUSIVE, reason, ReasonClass.UNDERPOWERED, needs(plan, sum(units.n), n)
    best = found.high if primary.sign > 0 else -found.low
    if primary.detect is not None and best < primary.detect:
        reason = f"{primary.name} is not better by what was asked for: {reported(plan, primary, found)}"
        return Verdict.FAIL, reason, None, keep
    reason = f"{primary.name} is not told apart: {reported(plan, primary, found)}"
    n = needed_units(plan, primary, found) or 0
    return Verdict.INCONCLUSIVE, reason, ReasonClass.UNDERPOWERED, needs(plan, sum(units.n), n)


def _decision(
    plan: AbPlan,
    units: Units,
    verdict: Verdict,
    reason: str,
    why: ReasonClass | None,
    findings: tuple[Finding, ...],
    todo: str = "",
    warnings: tuple[str, ...] = (),
    effects: dict[str, Effect | CannotTell] | None = None,
    problems: tuple[str, ...] = (),
) -> Decision:
    if units.left_over:
        warnings += (
            f"{count(units.left_over, 'unit')} beyond the planned {plan.units:,} were left out, the last to be exposed.",
        )
    if units.no_unit:
        warnings += (
            f"{count(units.no_unit, 'row')} {verb(units.no_unit, 'name')} no unit or no arm and count nowhere.",
        )
    for name, share in units.heavy:
        warnings += (f"Unit {name!r} is {percent(share)} of the rows: is it many people without an id?",)
    ratio = ratio_of(plan, units)
    control, treatment = units.n
    return Decision(
        kind="ab",
        subject=f"{plan.name} {plan.control} → {plan.treatment}",
        verdict=verdict,
        reason=reason,
        reason_class=why,
        findings=findings,
        policy_hash=plan.hash,
        evidence_hash=units.hash,
        warnings=warnings,
        facts=(
            ("Design", f"{plan.design}, {count(plan.units, 'unit')} planned, {control + treatment:,} seen"),
            ("Units", f"{plan.control} {control:,}, {plan.treatment} {treatment:,}"),
            (
                "Sample ratio",
                "not told"
                if ratio is None
                else f"p {ratio:.2g} against {plan.treated:g}, alarm under {plan.ratio_alpha:g}",
            ),
        ),
        details=_details(plan, units, effects or {}, ratio, problems),
        next_step=todo,
    )


def _details(
    plan: AbPlan, units: Units, effects: dict[str, Effect | CannotTell], ratio: float | None, problems: tuple[str, ...]
) -> dict[str, Any]:
    names = (
        "control",
        "treatment",
        "estimate",
        "error",
        "low",
        "high",
        "p",
        "method",
        "crude",
        "simpson",
        "uneven",
        "saved",
    )
    return {
        "design": str(plan.design),
        "planned_units": plan.units,
        "units": {plan.control: units.n[0], plan.treatment: units.n[1]},
        "sample_ratio_p": ratio,
        "invalid": list(problems),
        "effects": {
            name: {"cannot_tell": found.reason}
            if isinstance(found, CannotTell)
            else {**{word: getattr(found, word) for word in names}, "n": list(found.n)}
            for name, found in effects.items()
        },
    }
