"""Must pass: thin but essential examples, each a contract test outside the alpha family, judged on the primary key.

The baseline passed it every time and the candidate never: FAIL. Repetitions that were run for these examples alone count
here and nowhere else.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from seatrial.errors import ConfigError
from seatrial.evidence.schema import CONTRACT
from seatrial.reason import ContractBroken, ContractHolds, ContractUnsteady, FewRuns, NewContract, Passes
from seatrial.verdict import SYSTEM_FAILURES, Finding, Outcome, State, Verdict

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from numpy.typing import NDArray

    from seatrial.evidence import Evidence
    from seatrial.gate.plan import Plan
    from seatrial.reason import Reason

SEGMENT = CONTRACT
_TIE = 1e-9


def is_contract(finding: Finding) -> bool:
    """Whether a finding is of a contract test."""
    return finding.segment.startswith(f"{SEGMENT}=")


def without_extra_runs(evidence: Evidence, examples: Collection[str]) -> Evidence:
    """The table without the repetitions that only these examples have, and that the alpha family must not see."""
    if not examples:
        return evidence
    ids, versions = evidence.codes("example_id"), evidence.codes("version")
    critical = np.isin(ids.index, [ids.values.index(name) for name in examples if name in ids.values])
    repetition = evidence.numbers("repetition")
    extra = np.zeros(critical.size, dtype=bool)
    # Each version for itself: one run once, and its contracts three times, stands beside one run three times.
    for version in range(len(versions.values)):
        mine = versions.index == version
        others = repetition[mine & ~critical]
        extra |= mine & critical & ~np.isin(repetition, others if others.size else np.unique(repetition[mine])[:1])
    if not extra.any():
        return evidence
    return evidence.where(~extra)


def contracts(plan: Plan) -> Iterator[Finding]:
    """One finding per example that must pass, in the policy's order, on the primary key.

    Raises:
        ConfigError: an example is not in the evidence; a contract that is never tested guards nothing.
    """
    c, evidence = plan.comparison, plan.common.answered
    return must_pass_findings(
        evidence,
        c.policy.must_pass,
        plan.primary,
        c.baseline,
        c.candidate,
        runs=c.policy.must_pass_runs,
        new=(*plan.common.new, *plan.common.changed),
    )


def must_pass_findings(
    evidence: Evidence,
    examples: Sequence[str],
    key: str,
    baseline: str,
    candidate: str,
    *,
    runs: int,
    new: Collection[str] = (),
) -> Iterator[Finding]:
    """One finding per example.

    Args:
        evidence: the whole table, extra runs included.
        examples: ids the policy names.
        key: the primary key.
        baseline: version compared with.
        candidate: version judged.
        runs: how many runs of each arm it takes; 1 for a graph that always answers the same.
        new: ids the baseline was not asked, or asked otherwise: there is nothing to compare with.

    Raises:
        ConfigError: an example is not in the evidence.
    """
    ids = evidence.codes("example_id").values
    unknown = [name for name in examples if name not in ids]
    if unknown:
        raise ConfigError(
            f"must_pass names {', '.join(map(repr, unknown))}, and {evidence.source} has no such example; a contract nobody runs guards nobody"
        )
    for name in examples:
        sides = [_runs(evidence, name, key, version) for version in (baseline, candidate)]
        yield _judge(name, key, sides[0], sides[1], runs=runs, new=name in new)


def _runs(evidence: Evidence, example: str, key: str, version: str) -> tuple[int, int, dict[str, int]]:
    """(passed, measured, outcomes) of one arm; a system failure was measured and did not pass."""
    mine = _rows(evidence, "example_id", example) & _rows(evidence, "key", key) & _rows(evidence, "version", version)
    words, scores = evidence.codes("outcome"), evidence.numbers("score")[mine]
    wording = [words.values[i] for i in words.index[mine]]
    passed = sum(
        word == Outcome.SCORED and score >= 1 - _TIE for word, score in zip(wording, scores.tolist(), strict=True)
    )
    measured = sum(word == Outcome.SCORED or word in SYSTEM_FAILURES for word in wording)
    return passed, measured, {word: wording.count(word) for word in sorted(set(wording))}


def _rows(evidence: Evidence, column: str, value: str) -> NDArray[np.bool_]:
    codes = evidence.codes(column)
    found: NDArray[np.bool_] = codes.index == (codes.values.index(value) if value in codes.values else -2)
    return found


def _judge(
    name: str,
    key: str,
    base: tuple[int, int, dict[str, int]],
    cand: tuple[int, int, dict[str, int]],
    *,
    runs: int,
    new: bool,
) -> Finding:
    verdict, state, reason = _ruling(base[:2], cand[:2], runs=runs, new=new)
    rates = [arm[0] / arm[1] if arm[1] else None for arm in (base, cand)]
    moved = 0.0 if None in rates else float(rates[1] or 0) - float(rates[0] or 0)
    return Finding(
        segment=f"{SEGMENT}={name}",
        key=key,
        critical=True,
        n=1,
        baseline=rates[0],
        candidate=rates[1],
        difference=None if None in rates else moved,
        verdict=verdict,
        state=state,
        promotable=verdict is Verdict.PASS and state is not State.WATCH,
        regressed=int(moved < 0),
        fixed=int(moved > 0),
        missing=max(0, runs - base[1]) + max(0, runs - cand[1]),
        outcomes={"baseline": base[2], "candidate": cand[2]},
        reasons=(reason, Passes(base[:2], cand[:2])),
    )


def _ruling(base: tuple[int, int], cand: tuple[int, int], *, runs: int, new: bool) -> tuple[Verdict, State, Reason]:
    """From (passed, measured) runs of each arm; the first rule that matches decides."""
    short = tuple(arm for arm, (_, measured) in (("baseline", base), ("candidate", cand)) if measured < runs)
    passed = cand[0] == cand[1]
    if new and passed and cand[1] < runs:
        return Verdict.INCONCLUSIVE, State.CANNOT_TELL, FewRuns(("candidate",), runs)
    if new and passed:
        return Verdict.PASS, State.NO_DROP, NewContract(passed=True)
    if new:
        return Verdict.INCONCLUSIVE, State.CANNOT_TELL, NewContract(passed=False)
    if short:
        return Verdict.INCONCLUSIVE, State.CANNOT_TELL, FewRuns(short, runs)
    if base[0] < base[1]:
        return Verdict.PASS, State.WATCH, ContractUnsteady("baseline")
    if cand[0] == 0:
        return Verdict.FAIL, State.BLOCKS, ContractBroken()
    if cand[0] < cand[1]:
        return Verdict.PASS, State.WATCH, ContractUnsteady("candidate")
    return Verdict.PASS, State.NO_DROP, ContractHolds()
