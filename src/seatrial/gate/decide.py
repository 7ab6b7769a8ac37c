"""Decide: each row's own verdict, its word and its sentence, from one weighted Holm family."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from seatrial.gate.family import family_alpha, row_weights
from seatrial.gate.row import OVERALL
from seatrial.gate.sentence import sentence
from seatrial.reason import NotProven, Reason, Underpowered, Unmeasured
from seatrial.stats.interval import Interval
from seatrial.stats.multiplicity import weighted_holm
from seatrial.stats.power import POWER, detectable_drop, mcnemar_power, needed_n
from seatrial.verdict import MEASUREMENT_FAILURES, Finding, ReasonClass, State, Verdict
from seatrial.wording import count, drop, interval, p_value, percent, points

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from seatrial.gate.policy import KeyRule, Policy
    from seatrial.gate.row import Row
    from seatrial.stats.paired import Method

WATCH_AT = 0.05
"""A row whose p alone is at most this is worth watching, though nothing is proven in its family."""


Message = Callable[["Row", str, str], str]
"""(row, `baseline` or `candidate`, outcome) -> the most frequent message of those cells."""


def silent(_row: Row, _arm: str, _outcome: str) -> str:
    """No message is known."""
    return ""


@dataclass(frozen=True, slots=True)
class Decided:
    """A finding, and what it does to the verdict when it is INCONCLUSIVE (None: nothing)."""

    finding: Finding
    why: ReasonClass | None


def decide(
    rows: Sequence[Row],
    rules: Sequence[KeyRule],
    policy: Policy,
    *,
    unchanged: bool,
    fresh: Mapping[int, Row] | None = None,
    message: Message = silent,
) -> list[Decided]:
    """Judge every row, in the order given.

    With `fresh` (position -> the same row on fresh repetitions) only those rows are tested, on them; the others are cleared
    (p 1 in the family) and keep what the first look said of their coverage and of what is missing from them.

    FAIL comes from the family at the best case of what is missing, coverage from n and policy alone, and what would only
    fail at the worst case of more missing than tolerated cannot be told. `message` is asked only where cells without a
    score keep a row from being decided.
    """
    if not rows:
        return []
    alpha = family_alpha(policy, measures=bool(policy.measures))
    weights = row_weights(rows, rules, policy)
    family = [i for i, w in enumerate(weights) if w > 0 and rows[i].n > 0]
    first_alpha = {i: alpha * weights[i] for i in range(len(rows)) if weights[i] > 0}
    tested = [r if fresh is None else fresh.get(i, r) for i, r in enumerate(rows)]
    p_best = {i: tested[i].p(tested[i].best, policy, first_alpha[i]) for i in family}
    p_worst = {
        i: tested[i].p(tested[i].worst, policy, first_alpha[i]) if tested[i].missing else p_best[i] for i in family
    }
    p_family = p_best if fresh is None else {i: p if i in fresh else 1.0 for i, p in p_best.items()}
    shares = [weights[i] for i in family]
    best, worst = (weighted_holm([p[i] for i in family], shares, alpha) for p in (p_family, p_worst))
    asks = {rule.name for rule in rules if rule.primary} or {rule.name for rule in rules}
    margin = {rule.name: rule.promote_margin for rule in rules}
    decided = []
    for i, r in enumerate(tested):
        if i not in first_alpha:
            decided.append(Decided(_thin(r, policy), None))
            continue
        at = family.index(i) if i in p_best else None
        decided.append(
            _judge(
                r,
                policy,
                alpha=first_alpha[i],
                family_alpha_=alpha,
                p=p_best.get(i),
                adjusted=float(best.adjusted[at]) if at is not None else None,
                rejected=bool(best.rejected[at]) if at is not None else False,
                rejected_worst=bool(worst.rejected[at]) if at is not None else False,
                must_cover=r.critical and r.key in asks,
                margin=margin[r.key],
                unchanged=unchanged,
                message=message,
            )
        )
    return decided


def _judge(
    r: Row,
    policy: Policy,
    *,
    alpha: float,
    family_alpha_: float,
    p: float | None,
    adjusted: float | None,
    rejected: bool,
    rejected_worst: bool,
    must_cover: bool,
    margin: float,
    unchanged: bool,
    message: Message,
) -> Decided:
    method: Method = "exact" if policy.test == "exact" else "mid-p"
    sees = whole = detectable_drop(r.n, policy.churn, alpha, method)
    if sees is not None and r.missing:
        # FAIL must hold at the best case of what is missing, so a drop can hide there in full.
        hidden = sees + 2 * r.missing / r.cells
        sees = hidden if hidden <= 1 else None
    covered = not must_cover or mcnemar_power(r.n, policy.must_detect, policy.churn, alpha, method) >= POWER
    enough = r.segment != OVERALL or (r.n >= policy.min_n and whole is not None)
    blinded = r.segment == OVERALL and whole is not None and sees is None  # by what is missing alone
    tolerance = 0.0 if r.critical else policy.missing_tolerance
    # A row of which no pair was measured says nothing, even where the baseline was too low to drop from.
    unsure = (
        blinded
        or (rejected_worst and not rejected and r.missing_share > tolerance)
        or (r.n > 0 and r.difference is None)
    )
    level = min(max(1 - 2 * alpha, 0.5), 1 - 1e-9)
    finding = replace(
        _measured(r),
        ci_row=_ends(r.interval(level)),
        p=p,
        p_adjusted=adjusted,
        alpha_row=alpha,
        threshold=family_alpha_,
        promotable=r.not_worse_than(margin),
        detectable_drop=sees,
        needed_n=needed_n(policy.must_detect, policy.churn, alpha, method),
    )
    facts = _facts(finding, r)
    tip = r.tipping_point(policy, alpha) if r.missing and not rejected else None
    if tip:
        facts += f"; blocks if {tip[0]} of {tip[1]} unmeasured go against it"
    if unchanged:
        return Decided(
            replace(finding, verdict=Verdict.PASS, state=State.NO_DROP, reason=f"{facts}; every output is identical"),
            None,
        )
    if rejected:
        return Decided(
            replace(
                finding,
                verdict=Verdict.FAIL,
                state=State.BLOCKS,
                reason=f"{facts}; p {p_value(p)}, adjusted {p_value(adjusted)} ≤ {p_value(family_alpha_)}: a drop beyond chance",
            ),
            None,
        )
    reasons: list[Reason] = []
    if not covered:
        reasons.append(Underpowered(r.n, finding.needed_n, policy.must_detect, sees))
    elif not enough:
        reasons.append(Underpowered(r.n, policy.min_n if r.n < policy.min_n else None, None, sees))
    if unsure or (reasons and r.missing_share > tolerance):
        reasons += unmeasured(r, message)
    if reasons:
        return _undecided(finding, facts, reasons, outage=r.provider == r.missing)
    sight = f"would have seen a drop of {drop(sees)} or more" if sees is not None else "could not have seen any drop"
    if r.baseline == 0.0:
        sight = "starts at 0 %, so it cannot drop"
    if p is not None and p <= WATCH_AT:
        looks = NotProven(finding.difference, r.broke, r.n, p, adjusted)
        reason = f"{facts}; p {p_value(p)} alone, adjusted {p_value(adjusted)} > {p_value(family_alpha_)}: looks worse, not proven in the family; {sight}"
        if policy.watch == "hold" and (r.critical or r.segment == OVERALL):
            return _undecided(finding, facts, [looks], outage=False)
        return Decided(replace(finding, verdict=Verdict.PASS, state=State.WATCH, reason=reason, reasons=(looks,)), None)
    better = r.n > 0 and r.p(-r.worst, policy, alpha) <= alpha
    state = State.BETTER if better else State.NO_DROP
    word = "better, beyond chance at its own level" if better else f"no drop found (p {p_value(p)})"
    return Decided(replace(finding, verdict=Verdict.PASS, state=state, reason=f"{facts}; {word}; {sight}"), None)


def _undecided(finding: Finding, facts: str, reasons: Sequence[Reason], *, outage: bool) -> Decided:
    """The row cannot be told; of its reasons the largest comes first and gives the class."""
    ordered = tuple(sorted(reasons, key=lambda one: -one.share))
    hangs = ", and the verdict hangs on them: measure them" if isinstance(ordered[0], Unmeasured) else ""
    said = f"{sentence(ordered[0])}{hangs}" + "".join(f"; {sentence(one)}" for one in ordered[1:])
    why = ReasonClass.UNDERPOWERED
    if isinstance(ordered[0], Unmeasured):
        why = ReasonClass.OUTAGE if outage else ReasonClass.MISSING
    found = replace(
        finding,
        verdict=Verdict.INCONCLUSIVE,
        state=State.CANNOT_TELL,
        reason=f"{facts}; {said}",
        reasons=ordered,
    )
    return Decided(found, why)


def unmeasured(r: Row, message: Message) -> list[Unmeasured]:
    """Planned cells without a score, by version and outcome."""
    return [
        Unmeasured(arm, outcome, cells, sum(outcomes.values()), message(r, arm, outcome))
        for arm, outcomes in r.outcomes.items()
        for outcome, cells in outcomes.items()
        if outcome in MEASUREMENT_FAILURES
    ]


def _thin(r: Row, policy: Policy) -> Finding:
    finding = _measured(r)
    reason = f"{_facts(finding, r)}; thin: {count(r.n, 'example')}, min_n is {policy.min_n}; it left the family before looking and decides nothing"
    return replace(finding, verdict=Verdict.INCONCLUSIVE, state=State.CANNOT_TELL, reason=reason)


def describe(r: Row) -> Finding:
    """The row as plain numbers, no test."""
    finding = _measured(r)
    return replace(finding, reason=f"{_facts(finding, r)}; reported, does not gate")


def _measured(r: Row) -> Finding:
    """What was measured of a row, before anything is said of it."""
    return Finding(
        segment=r.segment,
        key=r.key,
        critical=r.critical,
        n=r.n,
        baseline=r.baseline,
        candidate=r.candidate,
        difference=r.difference,
        ci=_ends(r.interval(0.95)),
        ci_row=None,
        p=None,
        p_adjusted=None,
        alpha_row=None,
        threshold=None,
        verdict=None,
        state=State.REPORTED,
        promotable=None,
        detectable_drop=None,
        needed_n=None,
        broke=r.broke,
        fixed=r.fixed,
        missing=r.missing,
        outcomes=r.outcomes,
        reason="",
    )


def _facts(finding: Finding, r: Row) -> str:
    said = f"{r.segment} · {r.key}: {count(r.n, 'example' if r.cells == 2 * r.n else 'cluster')}"
    if finding.difference is None:
        return f"{said}, nothing measured in both arms"
    said += f", {percent(finding.baseline)} → {percent(finding.candidate)}, {points(finding.difference)} (95 % {interval(finding.ci)}), {r.broke} broke, {r.fixed} fixed"
    return f"{said}, {r.missing} not measured" if r.missing else said


def _ends(found: object) -> tuple[float, float] | None:
    return (found.low, found.high) if isinstance(found, Interval) else None
