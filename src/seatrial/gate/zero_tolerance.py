"""Zero tolerance: one new hit fails, on keys that are deterministic; outside the alpha family."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from seatrial.evidence.combine import combine
from seatrial.gate.arms import OUTCOMES, arms
from seatrial.gate.row import OVERALL, row
from seatrial.gate.row_rules import unmeasured_cells
from seatrial.reason import Answers, Fresh, NewHit, NoNewHit, NothingScored, UnclearHit, UnseenHit
from seatrial.verdict import MEASUREMENT_FAILURES, Finding, Outcome, State, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from seatrial.evidence import Evidence
    from seatrial.gate.arms import Arm, Arms
    from seatrial.gate.plan import Message, Plan
    from seatrial.reason import Reason

_SCORED = OUTCOMES.index(Outcome.SCORED)
_UNSEEN = [OUTCOMES.index(word) for word in MEASUREMENT_FAILURES if word != Outcome.SKIPPED]
SHOWN = 5


def zero_tolerance(plan: Plan) -> Iterator[Finding]:
    """One finding per zero-tolerance key, over every answer of the candidate."""
    c = plan.comparison
    for rule in plan.rules:
        if not rule.zero_tolerance:
            continue
        planned = plan.aligned[rule.name]
        if plan.answered is not plan.evidence:
            planned = arms(plan.answered, rule.name, c.baseline, c.candidate, repetitions=c.policy.repetitions)
        everything = arms(plan.answered, rule.name, c.baseline, c.candidate, surplus=True)
        found = zero_tolerance_finding(plan.answered, planned, everything, plan.message)
        yield found if found.verdict is Verdict.FAIL or plan.fresh is None else _fresh_hit(found, plan)


def _fresh_hit(found: Finding, plan: Plan) -> Finding:
    """The finding, or that of the fresh answers where they hold a new hit: one that was seen counts.

    New is a hit where the baseline has none, at the second look or, where that one was not scored, at the first.
    """
    assert plan.comparison.second_stage is not None  # noqa: S101 - asked at a second look only
    c, fresh = plan.comparison, plan.comparison.second_stage.evidence
    if found.key not in fresh.keys:
        return found
    later = fresh.later(1 + int(plan.evidence.numbers("repetition").max()))
    for table in (fresh, combine([plan.evidence, later], fresh.source)):
        sides = [arms(table, found.key, c.baseline, c.candidate, surplus=surplus) for surplus in (False, True)]
        repeated = zero_tolerance_finding(table, sides[0], sides[1])
        if repeated.verdict is Verdict.FAIL:
            return replace(repeated, reasons=(*repeated.reasons, Fresh(None, None)))
    return found


def zero_tolerance_finding(
    evidence: Evidence, planned: Arms, everything: Arms, message: Message = lambda _row, _arm, _outcome: ""
) -> Finding:
    """Judge one zero-tolerance key: hits over `everything` the candidate ran, what is missing over what was `planned`.

    A hit is a scored cell below 1; it is new where the baseline scored 1 on the same example throughout. A hit whose
    baseline was never scored may be old or new: cannot tell. A system failure is no hit. One unmeasured answer may be
    one hit, and where no answer was looked at all may be: cannot tell.
    """
    base_scored, cand_scored = (arm.outcome == _SCORED for arm in (everything.baseline, everything.candidate))
    # A scored cell below 1 pulls its example's highest possible mean below that of the same cells at 1.
    cand_hit, base_hit = _below_one(everything.candidate), _below_one(everything.baseline)
    new = cand_hit & ~base_hit & base_scored.any(axis=1)
    unclear = cand_hit & ~base_scored.any(axis=1)
    # Of what was planned all that is missing, and beyond that whatever ran and was not looked at.
    ran_unseen = np.isin(everything.candidate.outcome, _UNSEEN).any(axis=1)
    unseen = int(((planned.candidate.missing_cells > 0) | ran_unseen).sum())
    total = row(planned, OVERALL, critical=False, members=None)
    verdict, state = Verdict.INCONCLUSIVE, State.CANNOT_TELL
    reasons: list[Reason]
    if new.any():
        verdict, state = Verdict.FAIL, State.BLOCKS
        reasons = [_new_hit(evidence, planned, new)]
    elif unclear.any():
        reasons = [UnclearHit(int(unclear.sum()))]
    elif unseen:
        missing = [one for one in unmeasured_cells(total, message) if one.arm == "candidate"]
        reasons = [*sorted(missing, key=lambda one: -one.share), UnseenHit(unseen)]
    elif not cand_scored.any():
        reasons = [NothingScored()]
    else:
        verdict, state, reasons = Verdict.PASS, State.NO_DROP, [NoNewHit()]
    return Finding(
        segment=OVERALL,
        key=planned.key,
        n=int(planned.example.size),
        baseline=total.baseline,
        candidate=total.candidate,
        difference=total.difference,
        verdict=verdict,
        state=state,
        promotable=verdict is Verdict.PASS,
        regressed=int(new.sum()),
        fixed=int((base_hit & ~cand_hit & cand_scored.any(axis=1)).sum()),
        missing=total.missing,
        outcomes=total.outcomes,
        reasons=(*reasons, Answers(int(cand_scored.any(axis=1).sum()), int(planned.example.size))),
    )


def _below_one(arm: Arm) -> NDArray[np.bool_]:
    """Per planned example: does any scored cell of this arm lie below 1."""
    scored = arm.outcome == _SCORED
    # high is the mean over the example's own planned cells of each scored cell's score, 1 per unmeasured cell and 0 per
    # system failure: what is short of the cells that could have reached 1 was taken by scored cells below it.
    reachable = scored.sum(axis=1) + arm.missing_cells
    below: NDArray[np.bool_] = arm.high * arm.planned < reachable - 1e-9
    return below


def _new_hit(evidence: Evidence, planned: Arms, new: NDArray[np.bool_]) -> NewHit:
    names = evidence.codes("example_id").values
    hits = sorted(names[i] for i in planned.example[new])
    places = []
    for dimension in evidence.dimensions:
        values, of_example = planned.segment(evidence, dimension)
        hit = np.bincount(of_example[new], minlength=len(values))
        places.append((f"{dimension}={values[int(hit.argmax())]}", int(hit.max())))
    return NewHit(len(hits), tuple(hits[:SHOWN]), tuple(places))
