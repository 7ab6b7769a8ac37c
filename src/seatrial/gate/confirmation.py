"""Again: the second look of a decision, at the suspicious rows and nothing else, on fresh repetitions."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from seatrial.errors import InvalidComparison
from seatrial.evidence.combine import combine
from seatrial.gate import confirm
from seatrial.gate.arms import arms
from seatrial.gate.comparison import Asked, ask, in_full, rows_of, without_held
from seatrial.gate.decide import Decided, decide
from seatrial.gate.flips import causes_of
from seatrial.gate.merge import NOBODY, check
from seatrial.gate.message import messages_of
from seatrial.gate.must_pass import is_contract, without_extra_runs
from seatrial.gate.row import OVERALL
from seatrial.gate.validity import baseline_stands, known_critical
from seatrial.gate.verdict import reading_order, sum_up, why
from seatrial.gate.zero_tolerance import zero_tolerance_finding
from seatrial.verdict import Verdict

if TYPE_CHECKING:
    from collections.abc import Collection

    from seatrial.evidence import Evidence
    from seatrial.gate.policy import Policy
    from seatrial.gate.quarantine_file import Quarantine
    from seatrial.gate.report import Report
    from seatrial.gate.row import Row
    from seatrial.verdict import Finding


def check_again(
    first: Report,
    evidence: Evidence,
    fresh: Evidence,
    policy: Policy,
    *,
    critical: Collection[str] = (),
    held: Quarantine = NOBODY,
) -> Report:
    """Decide the suspicious rows of a first look on fresh repetitions; the others are cleared.

    Measurements stay as the first look has them, and so do zero-tolerance keys, unless a fresh answer is a new hit.

    Args:
        first: what `merge.check` said of `evidence`, where `confirm.settled` says nothing.
        evidence: the table of the first look.
        fresh: repetitions made after it, of both versions under the same names, of the `fresh_examples`.
        policy: the same as at the first look.
        critical: the same.
        held: the same.

    Raises:
        InvalidComparison: the fresh repetitions lack an example, come from other data or other evaluators, or their
            baseline crashed.
    """
    # An anchor leaves the first look a share of alpha: both looks have the same.
    policy = replace(policy, alpha=first.alpha)
    report = _again(first, evidence, fresh, policy, critical, held)
    if first.quarantine is None:
        return report
    try:
        with_them = check(evidence, policy, baseline=first.baseline, candidate=first.candidate, critical=critical)
        if confirm.settled(with_them) is None:
            with_them = _again(with_them, evidence, fresh, policy, critical, NOBODY)
        verdict, reason = with_them.verdict, with_them.reason
    except InvalidComparison as error:
        verdict, reason = Verdict.INCONCLUSIVE, str(error)
    known = replace(first.quarantine, with_them=verdict, with_them_reason=reason)
    return replace(report, reason=known.beside(report.verdict, report.reason), quarantine=known)


def fresh_examples(
    first: Report, evidence: Evidence, policy: Policy, *, critical: Collection[str] = ()
) -> tuple[str, ...]:
    """Ids of the examples to repeat: those of the suspicious rows, and of the rows that would be so without a quarantine."""
    policy = replace(policy, alpha=first.alpha)
    examples = set(confirm.examples_of(evidence, first, confirm.suspicious(first)))
    if first.quarantine is not None:
        with suppress(InvalidComparison):
            with_them = check(evidence, policy, baseline=first.baseline, candidate=first.candidate, critical=critical)
            examples.update(confirm.examples_of(evidence, with_them, confirm.suspicious(with_them)))
    return tuple(sorted(examples))


def _again(
    first: Report, evidence: Evidence, fresh: Evidence, policy: Policy, critical: Collection[str], held: Quarantine
) -> Report:
    asked = ask(evidence, policy, first.baseline, first.candidate, critical, held)
    evidence = without_extra_runs(evidence, policy.must_pass)
    needed = confirm.suspicious(first)
    confirm.complete(evidence, fresh, needed, first)
    confirm.same_provenance(evidence, fresh)
    known_critical(fresh, critical)
    lined_up = {key: arms(fresh, key, first.baseline, first.candidate) for key in {f.key: None for f in needed}}
    judged = without_held(fresh, lined_up, held)
    for key, a in judged.items():
        baseline_stands(fresh, a, lined_up[key], policy, first.baseline, asked.vital, asked.whole)
    again = rows_of(fresh, judged.values(), asked.vital)
    if asked.whole:
        again = in_full(again, rows_of(fresh, lined_up.values(), asked.vital), asked.whole)
    found = confirm.fresh_rows(asked.rows, again, needed, fresh)
    repetitions = int(np.unique(fresh.numbers("repetition")).size)
    versions = {"baseline": first.baseline, "candidate": first.candidate}
    before, after = messages_of(evidence, versions), messages_of(fresh, versions)
    repeated = {(r.segment, r.key) for r in found.values()}

    def message(r: Row, arm: str, outcome: str) -> str:
        return (after if (r.segment, r.key) in repeated else before)(r, arm, outcome)

    decided, looks = confirm.told(
        decide(asked.rows, asked.tested, policy, unchanged=False, fresh=found, message=message),
        found,
        needed,
        repetitions,
    )
    spotless = {rule.name for rule in asked.rules if rule.zero_tolerance}
    beside = [
        _hit(f, evidence, fresh, first) if f.key in spotless and not is_contract(f) else f
        for f in _beside(first, asked)
    ]
    whole = [*decided, *(Decided(f, why(f)) for f in beside)]
    verdict, reason_class, sentence = sum_up(whole, unchanged=False, n=first.overall.n)
    findings = [*(d.finding for d in decided), *beside]
    overall = next(f for f in findings if (f.segment, f.key) == (OVERALL, first.overall.key))
    failing = frozenset(f.segment for f in findings if f.verdict is Verdict.FAIL)
    causes, broke = causes_of(fresh, tuple(judged.values()), first.candidate, failing) if failing else ((), 0)
    return replace(
        first,
        verdict=verdict,
        reason_class=reason_class,
        reason=sentence,
        overall=overall,
        segments=tuple(sorted((f for f in findings if f is not overall), key=reading_order)),
        causes=causes,
        broke=broke,
        undecided=sum(d.why is not None for d in whole),
        confirm=_account(looks, len(fresh.codes("example_id").values), asked, repetitions),
    )


def _beside(first: Report, asked: Asked) -> list[Finding]:
    tested = {rule.name for rule in asked.tested}
    return [f for f in first.findings if f.key not in tested or is_contract(f)]


def _hit(f: Finding, evidence: Evidence, fresh: Evidence, first: Report) -> Finding:
    """A zero-tolerance finding, or the one of the fresh answers where they hold a new hit: one that was seen counts.

    New is a hit where the baseline has none, at the second look or, where that one was not scored, at the first.
    """
    if f.key not in fresh.keys or f.verdict is Verdict.FAIL:
        return f
    later = fresh.later(1 + int(evidence.numbers("repetition").max()))
    for table in (fresh, combine([evidence, later], fresh.source)):
        sides = [arms(table, f.key, first.baseline, first.candidate, surplus=surplus) for surplus in (False, True)]
        again = zero_tolerance_finding(table, *sides, unchanged=False)
        if again.verdict is Verdict.FAIL:
            return replace(again, reason=f"{again.reason}, on fresh repetitions")
    return f


def _account(looks: tuple[confirm.Look, ...], examples: int, asked: Asked, repetitions: int) -> confirm.Confirmed:
    largest = max(asked.lined_up.values(), key=lambda a: int(a.baseline.planned.sum()))
    return confirm.confirmed(
        looks,
        examples=examples,
        everywhere=int(largest.example.size),
        first=int(largest.baseline.planned.sum() + largest.candidate.planned.sum()),
        repetitions=repetitions,
    )
