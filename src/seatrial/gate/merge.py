"""The merge gate: is the candidate worse on any segment, beyond chance, and could we have seen it if it were?

The order is the law: unchanged first, then validity, then coverage (from n and policy alone, never from what was
observed), then one weighted Holm family at the best case of what is missing, zero-tolerance hits and measurements beside
it, and last the worst case of what is missing.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from seatrial.errors import ConfigError, InvalidComparison
from seatrial.gate.arms import OUTCOMES, arms
from seatrial.gate.common import common
from seatrial.gate.comparison import ask, rows_of
from seatrial.gate.decide import Decided, decide, describe
from seatrial.gate.family import MEASURE_SHARE
from seatrial.gate.flips import causes_of, flips_of
from seatrial.gate.measure import measure_finding
from seatrial.gate.message import messages_of
from seatrial.gate.must_pass import must_pass_findings, without_extra_runs
from seatrial.gate.quarantine import Quarantined
from seatrial.gate.quarantine_file import Quarantine
from seatrial.gate.report import Report
from seatrial.gate.row import OVERALL
from seatrial.gate.unchanged import rescored
from seatrial.gate.validity import known_versions
from seatrial.gate.verdict import reading_order, sum_up, why
from seatrial.gate.zero_tolerance import zero_tolerance_finding
from seatrial.verdict import Outcome, Verdict

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from seatrial.evidence import Evidence
    from seatrial.gate.arms import Arm, Arms
    from seatrial.gate.policy import Policy

NOBODY = Quarantine()


def check(
    evidence: Evidence,
    policy: Policy,
    *,
    baseline: str,
    candidate: str,
    critical: Collection[str] = (),
    held: Quarantine = NOBODY,
) -> Report:
    """Judge `candidate` against `baseline`.

    Args:
        evidence: a checked table that holds both versions.
        policy: what was fixed before looking.
        baseline: version compared with.
        candidate: version judged.
        critical: segments that must be covered: `NAME=value`, or `NAME` for every value of a dimension.
        held: examples in quarantine: counted and shown, and out of every tested row before it is looked at.

    Raises:
        UsageError: a version or a critical dimension is not in the evidence; lists what is.
        ConfigError: the policy names a key the evidence does not hold.
        InvalidComparison: the two arms cannot be compared (dataset hashes differ, the baseline crashed, one example).
    """
    report = _check(evidence, policy, baseline, candidate, critical, held)
    _refuse_rescored(evidence, report, policy, critical, held)
    if report.quarantine is None:
        return report
    try:
        with_them = _check(evidence, policy, baseline, candidate, critical, NOBODY)
        verdict, reason = with_them.verdict, with_them.reason
    except InvalidComparison as error:
        verdict, reason = Verdict.INCONCLUSIVE, str(error)
    known = replace(report.quarantine, with_them=verdict, with_them_reason=reason)
    return replace(report, reason=known.beside(report.verdict, report.reason), quarantine=known)


def _refuse_rescored(
    evidence: Evidence, report: Report, policy: Policy, critical: Collection[str], held: Quarantine
) -> None:
    """Raise an InvalidComparison where identical outputs with other scores decide the verdict: then the evaluator changed.

    Asked by judging once more with the baseline's scores there. Where the evidence says that both versions were scored by
    the same code, the evaluator did not change, and the difference stands.
    """
    evidence = common(evidence, policy, report.baseline, report.candidate).compared
    gating = list(dict.fromkeys(f.key for f in report.findings if f.key in evidence.keys))
    found = [one for one in rescored(evidence, gating, report.baseline, report.candidate) if not one.known]
    if not found or report.verdict is Verdict.INCONCLUSIVE:
        return
    scores = evidence.numbers("score").copy()
    for one in found:
        scores[one.rows] = one.before
    try:
        once_more = _check(evidence.rescored(scores), policy, report.baseline, report.candidate, critical, held)
    except InvalidComparison:
        once_more = None
    if once_more is None or once_more.verdict is not report.verdict:
        raise InvalidComparison(
            f"{evidence.source}: the evaluator changed, so nothing can be told of {report.candidate}. {'; '.join(one.sentence for one in found)}. Without these rows the verdict would be another. Score both versions with the same evaluator"
        )


def _check(
    evidence: Evidence, policy: Policy, baseline: str, candidate: str, critical: Collection[str], held: Quarantine
) -> Report:
    known_versions(evidence, baseline, candidate)
    shared = common(evidence, policy, baseline, candidate)
    everything, evidence = shared.compared, without_extra_runs(shared.compared, policy.must_pass)
    answered = without_extra_runs(shared.answered, policy.must_pass)
    asked = ask(everything, policy, baseline, candidate, critical, held)
    unchanged, warnings = asked.unchanged, [*shared.sentences(), *asked.warnings]
    message = messages_of(evidence, {"baseline": baseline, "candidate": candidate})
    decided = decide(asked.rows, asked.tested, policy, unchanged=unchanged, message=message)
    extra = [
        zero_tolerance_finding(
            answered,
            asked.lined_up[r.name]
            if answered is evidence
            else arms(answered, r.name, baseline, candidate, repetitions=policy.repetitions),
            arms(answered, r.name, baseline, candidate, surplus=True),
            unchanged=unchanged,
            message=message,
        )
        for r in asked.rules
        if r.zero_tolerance
    ]
    alpha_measures = policy.alpha / policy.shared_change * MEASURE_SHARE
    for measure in policy.measures:
        finding, notes = measure_finding(
            evidence, measure, policy, baseline, candidate, alpha_measures / len(policy.measures), unchanged=unchanged
        )
        extra.append(finding)
        warnings += notes
    extra += must_pass_findings(
        shared.answered,
        policy.must_pass,
        asked.leading,
        baseline,
        candidate,
        runs=policy.must_pass_runs,
        new=(*shared.new, *shared.changed),
        unchanged=unchanged,
    )
    overall = next(
        (d.finding for d in decided if d.finding.key == asked.leading and d.finding.segment == OVERALL),
        extra[0] if extra else None,
    )
    if overall is None:
        raise ConfigError(f"{policy.source}: no key is left to gate")
    others = [d.finding for d in decided if d.finding is not overall] + [f for f in extra if f is not overall]
    whole = [*decided, *(Decided(f, why(f)) for f in extra)]
    verdict, reason_class, sentence = sum_up(
        whole,
        unchanged=unchanged,
        n=int(asked.lined_up[asked.leading].example.size),
    )
    reported = tuple(
        describe(r)
        for key in evidence.keys
        if key not in asked.lined_up
        for r in rows_of(evidence, [arms(evidence, key, baseline, candidate)], asked.vital)
        if r.n
    )
    failing = frozenset(f.segment for f in (overall, *others) if f.verdict is Verdict.FAIL)
    causes, broke = causes_of(evidence, tuple(asked.judged.values()), candidate, failing)
    gating = tuple(asked.lined_up.values())
    return Report(
        verdict=verdict,
        reason_class=reason_class,
        reason=sentence,
        mode=policy.mode,
        source=evidence.source,
        graph=_provenance(evidence, "graph"),
        baseline=baseline,
        candidate=candidate,
        policy={"source": policy.source, "hash": policy.hash, "owner": policy.owner},
        alpha=policy.alpha,
        must_detect=policy.must_detect,
        churn=policy.churn,
        family_size=sum(1 for d in decided if d.finding.alpha_row is not None),
        counts=_counts(gating) | ({"not_compared": shared.counts} if shared.counts else {}),
        overall=overall,
        segments=tuple(sorted(others, key=reading_order)),
        reported=reported,
        unchanged=unchanged,
        causes=causes,
        broke=broke,
        flips=flips_of(evidence, gating, candidate),
        warnings=tuple(warnings),
        # With them the verdict is not known yet; `check` asks for it.
        quarantine=Quarantined(asked.held, tuple(sorted(asked.whole)), Verdict.INCONCLUSIVE, "")
        if asked.held
        else None,
        undecided=0 if unchanged else sum(d.why is not None for d in whole),
    )


def _counts(gating: Sequence[Arms]) -> dict[str, object]:
    arms_ = {
        name: {
            word.value: n for word, n in zip(OUTCOMES, _outcomes([getattr(a, name) for a in gating]), strict=True) if n
        }
        for name in ("baseline", "candidate")
    }
    planned = sum(int(a.baseline.planned.sum() + a.candidate.planned.sum()) for a in gating)
    scored = sum(outcomes.get(Outcome.SCORED.value, 0) for outcomes in arms_.values())
    return {
        "planned": planned,
        "scored": scored,
        "examples": int(max(a.example.size for a in gating)),
        "keys": len(gating),
        "outcomes": arms_,
    }


def _outcomes(arms_: Sequence[Arm]) -> list[int]:
    """How many planned cells have each outcome; a cell that was not planned has none."""
    found = np.bincount(np.concatenate([arm.outcome.ravel() for arm in arms_]) + 1, minlength=len(OUTCOMES) + 1)
    return [int(n) for n in found[1:]]


def _provenance(evidence: Evidence, name: str) -> str:
    values = evidence.codes(name).values if evidence.has(name) else ()
    return values[0] if len(values) == 1 else ""
