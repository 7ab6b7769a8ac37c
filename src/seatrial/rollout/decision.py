"""Decision: one look of a rollout in the header that every surface shows."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

from seatrial.canonical import content_hash
from seatrial.rollout.evidence import evidence_data
from seatrial.rollout.headline import headline, names, needing, needs_sentence
from seatrial.rollout.ladder import Move, verdict
from seatrial.rollout.reason import CALLS_A_PERSON, INVALID, Why, reason_data
from seatrial.rollout.sentence import reason_sentence
from seatrial.rollout.state import Mode
from seatrial.verdict import Decision, Finding, ReasonClass, State, Verdict
from seatrial.wording import count, percent

if TYPE_CHECKING:
    from collections.abc import Sequence

    from seatrial.rollout.evidence import Evidence
    from seatrial.rollout.judge import Findings
    from seatrial.rollout.ladder import Step
    from seatrial.rollout.means import MeanFinding
    from seatrial.rollout.rules import Rules
    from seatrial.rollout.state import State as RolloutState

MEANS = 12
"""Mean metrics up to which each has a note."""


def look_decision(
    rules: Rules,
    state: RolloutState,
    steps: tuple[Step, ...],
    found: Findings | None,
    evidence: Evidence | None,
    *,
    warnings: Sequence[str] = (),
) -> Decision:
    """What one look decided; its verdict is `ladder.verdict`."""
    outcome = verdict(steps)
    rows = tuple(row for one, step in zip(_cells(found), steps, strict=False) for row in _rows(rules, one, step))
    decisive = _decisive(steps)
    needed = needs_sentence(steps) if outcome is Verdict.PASS else ""
    return Decision(
        kind="rollout",
        subject=f"{rules.graph} {rules.control} → {rules.candidate}",
        verdict=outcome,
        reason=". ".join(filter(None, (needed, headline(rules, decisive)))),
        reason_class=_reason_class(steps) if outcome is Verdict.INCONCLUSIVE else None,
        findings=(*rows, *(found.overall if found else ())),
        policy_hash=rules.plan_hash,
        evidence_hash=content_hash(evidence_data(evidence)) if evidence else "",
        warnings=(*warnings, *_mean_notes(found)),
        facts=(*facts(rules, state), *mean_facts(found)),
        details={**details(rules, state, steps), "means": [asdict(one) for one in _means(found)]},
        next_step=advice(rules, steps),
    )


def facts(rules: Rules, state: RolloutState) -> tuple[tuple[str, str], ...]:
    """Where every cell stands."""
    return tuple(
        (
            cell.cell,
            f"{percent(rules.share(cell.rung))}, {cell.mode.value.replace('_', ' ')}, try {cell.attempt + 1}; on this rung {count(cell.candidate, 'candidate unit')}, {count(cell.control, 'control unit')}",
        )
        for cell in state.cells
    )


def mean_facts(found: Findings | None) -> tuple[tuple[str, str], ...]:
    """Every mean metric with its sequence, e.g. ("cost · DE", "0.012 → 0.015 (...)")."""
    return tuple((f"{one.metric} · {one.cell}", one.sentence) for one in _means(found))


def _mean_notes(found: Findings | None) -> list[str]:
    """The mean metrics as notes: of many those alone that are worse."""
    means = _means(found)
    shown = [one for one in means if one.worse or len(means) <= MEANS]
    left = len(means) - len(shown)
    rest = [f"{count(left, 'more mean')} not shown to be worse: -o FILE.html shows each"] if left else []
    return [*(f"{one.metric} · {one.cell}: {one.sentence}" for one in shown), *rest]


def _means(found: Findings | None) -> tuple[MeanFinding, ...]:
    return tuple(one for cell in found.cells for one in cell.means) if found else ()


def details(rules: Rules, state: RolloutState, steps: tuple[Step, ...]) -> dict[str, Any]:
    """Plain data of a rollout: cells and what each did."""
    return {
        "rollout": rules.rollout,
        "cells": [
            {
                "cell": cell.cell,
                "share": rules.share(cell.rung),
                "rung": cell.rung,
                "mode": cell.mode.value,
                "attempt": cell.attempt,
                "since": cell.since,
                "control": cell.control,
                "candidate": cell.candidate,
            }
            for cell in state.cells
        ],
        "steps": [
            {
                "cell": step.cell,
                "move": step.move.value,
                "from": rules.share(step.rung),
                "to": rules.share(step.after.rung),
                "reason": reason_data(step.reason),
                "calls_a_person": step.reason.why in CALLS_A_PERSON,
            }
            for step in steps
        ],
        "needs_person": needing(steps),
        "finished": all(cell.mode is Mode.DONE for cell in state.cells),
    }


def _cells(found: Findings | None) -> tuple[Any, ...]:
    return found.cells if found else ()


def _rows(rules: Rules, found: Any, step: Step) -> list[Finding]:
    sentence = reason_sentence(rules, step.reason, step.move)
    rows = []
    for row in found.rows:
        mine = step.reason.metric in ("", row.key)
        done = step.rung == step.after.rung and step.rung in (0, rules.top)
        rows.append(
            replace(
                row,
                reason=sentence if mine else "",
                state=State.REPORTED if done else row.state,
                verdict=None if done else row.verdict,
            )
        )
    return rows


def _decisive(steps: tuple[Step, ...]) -> list[Step]:
    """The steps a headline names: falls, else what could not be judged, else moves and what needs a person, else holds."""
    falls = [step for step in steps if step.move in (Move.BACK, Move.OFF)]
    doubts = [step for step in steps if step.reason.why in INVALID]
    moves = [step for step in steps if step.move is not Move.HOLD]
    called = needing(steps) if moves else []
    return falls or doubts or [step for step in steps if step in moves or step.cell in called] or list(steps)


def _reason_class(steps: tuple[Step, ...]) -> ReasonClass:
    whys = {step.reason.why for step in steps if step.reason.why in INVALID}
    return ReasonClass.OUTAGE if whys == {Why.UNREADABLE} else ReasonClass.INVALID


def advice(rules: Rules, steps: tuple[Step, ...]) -> str:
    """What a person does about the first cell that needs one, and which others do."""
    called = needing(steps)
    if not called:
        return ""
    first = next(step for step in steps if step.cell == called[0])
    name = rules.rollout.partition("@")[0]
    resumed = f"seatrial rollout resume {name} --cell {first.cell!r} --author NAME --reason TEXT"
    what = _ADVICE.get(first.reason.why, "look at {cell}; when the cause is fixed: {resume}").format(
        cell=first.cell, resume=resumed, plan=name, unit=first.reason.text
    )
    return f"{what}; then look at {names(called[1:])}" if called[1:] else what


_WAITS = "look at {cell} (seatrial rollout status {plan} says what stopped it); when the cause is fixed: {resume}"
_ADVICE = {
    Why.ROLLED_BACK: _WAITS,
    Why.HELD: _WAITS,
    Why.DWELL: "look at {cell}; to give it the stage's time once more: {resume}",
    Why.SAMPLE_RATIO: "find what routes {cell} otherwise than planned; then begin a new try: {resume}",
    Why.BOTH_ARMS: "find why unit {unit} changed versions; then begin a new try: {resume}",
    Why.MEAN_WORSE: "look at {cell}; to go on with new evidence: {resume}",
    Why.HEAVY_UNIT: "give what {unit} stands for ids of its own, or start the plan anew with a larger heaviest_unit",
    Why.UNREADABLE: "make it readable; the next step goes on by itself",
    Why.ALGORITHM_CHANGED: (
        "go on with the version of seatrial that began it; or start a new rollout, which assigns every unit anew: "
        "change the plan, then seatrial rollout start {plan} --author NAME --reason TEXT"
    ),
    Why.CLOCK: "set the clock; the next step goes on by itself",
    Why.PLAN_CHANGED: (
        "put the plan file back, and the next step goes on; or start what it says now as a new rollout: "
        "seatrial rollout start {plan} --author NAME --reason TEXT"
    ),
    Why.CONFIRM: "answer the confirm-promotion webhook with 2xx; the next step asks again",
}
"""What there is to do about a reason; what is not named here is cleared by `resume`."""
