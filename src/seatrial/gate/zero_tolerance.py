"""Zero tolerance: one new hit fails, on keys that are deterministic; outside the alpha family."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from seatrial.gate.arms import OUTCOMES
from seatrial.gate.decide import Message, silent, unmeasured
from seatrial.gate.row import OVERALL, row
from seatrial.gate.sentence import sentence
from seatrial.verdict import MEASUREMENT_FAILURES, Finding, Outcome, State, Verdict
from seatrial.wording import count

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from seatrial.evidence import Evidence
    from seatrial.gate.arms import Arm, Arms
    from seatrial.reason import Reason

_SCORED = OUTCOMES.index(Outcome.SCORED)
_UNSEEN = [OUTCOMES.index(word) for word in MEASUREMENT_FAILURES if word != Outcome.SKIPPED]
SHOWN = 5


def zero_tolerance_finding(
    evidence: Evidence, arms: Arms, everything: Arms, *, unchanged: bool, message: Message = silent
) -> Finding:
    """Judge one zero-tolerance key: hits over `everything` the candidate ran, what is missing over what was planned.

    A hit is a scored cell below 1; it is new where the baseline scored 1 on the same example throughout. A hit whose
    baseline was never scored may be old or new: cannot tell. A system failure is no hit. One unmeasured answer may be
    one hit, and where no answer was looked at all may be: cannot tell.
    """
    base_scored, cand_scored = (arm.outcome == _SCORED for arm in (everything.baseline, everything.candidate))
    # A scored cell below 1 pulls its example's highest possible mean below that of the same cells at 1.
    cand_hit = _below_one(everything.candidate)
    base_hit = _below_one(everything.baseline)
    new = cand_hit & ~base_hit & base_scored.any(axis=1)
    unclear = cand_hit & ~base_scored.any(axis=1)
    whole = row(arms, OVERALL, critical=False, members=None)
    # Of what was planned all that is missing, and beyond that whatever ran and was not looked at.
    ran_unseen = np.isin(everything.candidate.outcome, _UNSEEN).any(axis=1)
    unseen = int(((arms.candidate.lost > 0) | ran_unseen).sum())
    n = int(arms.example.size)
    reasons: tuple[Reason, ...] = ()
    names = evidence.codes("example_id").values
    said = f"overall · {arms.key}: zero tolerance, {int(cand_scored.any(axis=1).sum())} of {count(n, 'example')} scored"
    if new.any() and not unchanged:
        verdict, state = Verdict.FAIL, State.BLOCKS
        hits = [names[i] for i in arms.example[new]]
        reason = f"{said}; {count(len(hits), 'new hit')}{_where(evidence, arms, new)}: {', '.join(sorted(hits)[:SHOWN])}{' ...' if len(hits) > SHOWN else ''}"
    elif unclear.any():
        verdict, state = Verdict.INCONCLUSIVE, State.CANNOT_TELL
        reason = f"{said}; {count(int(unclear.sum()), 'hit')} where the baseline has no score: old or new, nobody can tell. Run the baseline again on them"
    elif unseen and not unchanged:
        verdict, state = Verdict.INCONCLUSIVE, State.CANNOT_TELL
        reasons = tuple(
            sorted((one for one in unmeasured(whole, message) if one.arm == "candidate"), key=lambda one: -one.share)
        )
        why = "".join(f"; {sentence(one)}" for one in reasons[:1])
        reason = (
            f"{said}; {count(unseen, 'example')} of the candidate not measured in full may hide a hit: measure it{why}"
        )
    elif not cand_scored.any():
        verdict, state = Verdict.INCONCLUSIVE, State.CANNOT_TELL
        reason = f"{said}: no answer of the candidate was looked at"
    else:
        verdict, state, reason = Verdict.PASS, State.NO_DROP, f"{said}; no new hit"
    return Finding(
        segment=OVERALL,
        key=arms.key,
        critical=False,
        n=n,
        baseline=whole.baseline,
        candidate=whole.candidate,
        difference=whole.difference,
        ci=None,
        ci_row=None,
        p=None,
        p_adjusted=None,
        alpha_row=None,
        threshold=None,
        verdict=verdict,
        state=state,
        promotable=verdict is Verdict.PASS,
        detectable_drop=None,
        needed_n=None,
        broke=int(new.sum()),
        fixed=int((base_hit & ~cand_hit & cand_scored.any(axis=1)).sum()),
        missing=whole.missing,
        outcomes=whole.outcomes,
        reason=reason,
        reasons=reasons,
    )


def _below_one(arm: Arm) -> NDArray[np.bool_]:
    """Per planned example: does any scored cell of this arm lie below 1."""
    scored = arm.outcome == _SCORED
    # high is the mean over the example's own planned cells of each scored cell's score, 1 per unmeasured cell and 0 per
    # system failure: what is short of the cells that could have reached 1 was taken by scored cells below it.
    reachable = scored.sum(axis=1) + arm.lost
    below: NDArray[np.bool_] = arm.high * arm.planned < reachable - 1e-9
    return below


def _where(evidence: Evidence, arms: Arms, new: NDArray[np.bool_]) -> str:
    found = []
    for dimension in evidence.dimensions:
        values, of_example = arms.segment(evidence, dimension)
        hit = np.bincount(of_example[new], minlength=len(values))
        top = int(hit.argmax())
        found.append(f"{dimension}={values[top]} {int(hit[top])}")
    return f" ({'; '.join(found)})" if found else ""
