"""Win rates: what judges say of the candidate, tested against one half, and counted as far as each judge's licence goes.

Every row that counts is tested one-sided at .025, without a share of the family's alpha: all of them must clear
(intersection-union). FAIL only where the upper bound lies under one half.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from seatrial.evidence.schema import WINRATE
from seatrial.gate.pointwise import withheld_keys
from seatrial.gate.row import OVERALL
from seatrial.gate.validity import known_critical
from seatrial.reason import OnlyReported, Reported, Unchanged, Underpowered
from seatrial.verdict import SYSTEM_FAILURES, ErrorKind, Finding, Outcome, State, Verdict
from seatrial.vote import Level, NoLicence, ShipRule, Standing, bar_sentence
from seatrial.win_rate import Inconsistent, Loses, MayOnlyHold, NotShownToWin, NoVote, Unjudged, WinRate, Wins

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from seatrial.evidence import Evidence
    from seatrial.evidence.against_half import Rate, Rules
    from seatrial.gate.arms import Arms
    from seatrial.gate.plan import Plan
    from seatrial.gate.policy import JudgeRule, Policy
    from seatrial.reason import Reason

_PROVIDER = (ErrorKind.KILL_SWITCH, ErrorKind.BUDGET, ErrorKind.OUTAGE)


def split(evidence: Evidence) -> tuple[Evidence, Evidence | None]:
    """The rows of evaluators, and those of win rates; None where there are none."""
    keys = evidence.codes("key")
    if not any(key.startswith(WINRATE) for key in keys.values):
        return evidence, None  # a million rows are not looked through for what no key says
    rates = np.array([*(key.startswith(WINRATE) for key in keys.values), False])[keys.index]
    return (evidence.where(~rates), evidence.where(rates)) if rates.any() else (evidence, None)


def judge_names(winrates: Evidence | None) -> tuple[str, ...]:
    """Judges whose win rates a table holds, sorted."""
    if winrates is None:
        return ()
    keys = winrates.codes("key")
    return tuple(sorted(name.removeprefix(WINRATE) for name in keys.values_in(np.ones(len(winrates), dtype=bool))))


def win_rates(plan: Plan) -> Iterator[Finding]:
    """Rows of the judges that the policy names."""
    for rule in plan.comparison.policy.judges:
        found = standing(plan.comparison.standings.get(rule.name), rule)
        if plan.unchanged:
            yield from (_reported(rate, rule.name, (Unchanged(),)) for rate, _ in _rates(plan, rule))
        else:
            policy = plan.comparison.policy
            yield from (_finding(rate, outage, rule, found, policy) for rate, outage in _rates(plan, rule))


def reported_win_rates(plan: Plan) -> Iterator[Finding]:
    """Rows of the judges that have verdicts and that the policy does not name."""
    from seatrial.gate.policy import JudgeRule  # noqa: PLC0415 - a rule for a judge that has none

    for name in judge_names(plan.comparison.winrates):
        if name not in {rule.name for rule in plan.comparison.policy.judges}:
            for rate, _ in _rates(plan, JudgeRule(name)):
                if rate.judged:
                    yield _reported(rate, name, (Reported(),))


def withheld_votes(plan: Plan) -> Iterator[str]:
    """One sentence per judge, or judge's key, of the policy that has no vote, or no full one, and why."""
    for rule in plan.comparison.policy.judges:
        found = standing(plan.comparison.standings.get(rule.name), rule)
        why = "; ".join(map(bar_sentence, found.bars))
        if found.level is Level.NONE:
            yield f"judge {rule.name} has no vote, its win rate is reported only: {why}"
        elif found.level is Level.PROVISIONAL:
            yield f"judge {rule.name} may hold this verdict and not decide it: {why}"
        elif found.no_win is not None:
            yield f"a win by judge {rule.name} is none: {why}"
    yield from withheld_keys(plan.comparison.policy, plan.comparison.standings)


def standing(found: Standing | None, rule: JudgeRule) -> Standing:
    """What a judge may do under its rule: where no licence is required, one without a vote may hold, whatever bars it."""
    found = replace(found or Standing(Level.NONE, (NoLicence(rule.name),)), floor=rule.min_consistency)
    lifted = not rule.require_licence and found.level is Level.NONE
    return replace(found, level=Level.PROVISIONAL) if lifted else found


def rules_of(rule: JudgeRule) -> Rules:
    """Levels of a judge's rule."""
    from seatrial.evidence.against_half import Rules  # noqa: PLC0415 - scipy, where a judge has verdicts

    return Rules(ShipRule(rule.ship_rule), rule.margin, min_consistency=rule.min_consistency)


def _rates(plan: Plan, rule: JudgeRule) -> Iterator[tuple[Rate, bool]]:
    """Overall and every segment, each with whether a provider kept all that is missing from it.

    What is planned is what the two versions are compared on: an example that nobody judged is missing from the rate.
    """
    evidence, critical = plan.evidence, known_critical(plan.evidence, plan.comparison.critical)
    score, kept = _scores(plan, rule.name)
    judged, everything = plan.judged[plan.primary], plan.aligned[plan.primary]
    yield _rate(judged, np.ones(judged.example.size, dtype=bool), score, kept, OVERALL, rule)
    for dimension in evidence.dimensions:
        values = evidence.codes(f"segment.{dimension}").values
        absent = [name.partition("=")[2] for name in critical if name.partition("=")[:2] == (dimension, "=")]
        for value in sorted({*values, *absent}):
            name = f"{dimension}={value}"
            arms = everything if name in plan.kept_complete else judged
            members = arms.segment(evidence, dimension)[1] == (values.index(value) if value in values else -2)
            declared = dimension in critical or name in critical
            if members.any() or declared:
                yield _rate(arms, members, score, kept, name, rule, critical=declared)


def _rate(
    arms: Arms,
    members: NDArray[np.bool_],
    score: NDArray[np.float64],
    kept: NDArray[np.bool_],
    segment: str,
    rule: JudgeRule,
    *,
    critical: bool = False,
) -> tuple[Rate, bool]:
    """One row over its clusters; one that lacks an example is missing."""
    from seatrial.evidence.against_half import rate_of  # noqa: PLC0415 - as above

    mine = arms.example[members]
    _, cluster = np.unique(arms.cluster[members], return_inverse=True)
    size = np.bincount(cluster)
    scores = np.bincount(cluster, weights=score[mine], minlength=size.size) / np.maximum(size, 1)
    without = np.isnan(score[mine])
    return rate_of(scores, segment, rules_of(rule), critical=critical), bool(
        without.any() and kept[mine][without].all()
    )


def _scores(plan: Plan, judge: str) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Per example of the evidence its score, and whether a provider kept it from having one; NaN where any part is missing."""
    table, names = plan.comparison.winrates, plan.evidence.codes("example_id").values
    score, kept = np.full(len(names), np.nan), np.zeros(len(names), dtype=bool)
    if table is None:
        return score, kept
    keys, versions, examples = table.codes("key"), table.codes("version"), table.codes("example_id")
    mine = np.ones(len(table), dtype=bool)
    for codes, wanted in ((keys, f"{WINRATE}{judge}"), (versions, plan.comparison.candidate)):
        mine &= codes.index == (codes.values.index(wanted) if wanted in codes.values else -2)
    place = {name: at for at, name in enumerate(names)}
    at = np.array([place.get(name, -1) for name in examples.values], dtype=np.int64)[examples.index]
    rows = np.flatnonzero(mine & (at >= 0))
    outcomes = table.codes("outcome")
    failed = np.array([word in SYSTEM_FAILURES for word in outcomes.values])[outcomes.index[rows]]
    worth = np.where(failed, 0.0, table.numbers("score")[rows])
    size = np.bincount(at[rows], minlength=len(names))
    total = np.bincount(at[rows], weights=worth, minlength=len(names))
    score = np.where(size > 0, total / np.maximum(size, 1), np.nan)
    if table.has("error_kind"):
        kinds = table.codes("error_kind")
        by_provider = np.array([*(word in _PROVIDER for word in kinds.values), False])[kinds.index[rows]]
        kept[at[rows]] = by_provider | (outcomes.index[rows] == _place(outcomes.values, Outcome.SCORED))
        kept &= np.isnan(score)
    return score, kept


def _place(values: tuple[str, ...], word: str) -> int:
    return values.index(word) if word in values else -2


def _finding(rate: Rate, outage: bool, rule: JudgeRule, found: Standing, policy: Policy) -> Finding:
    """A row under its judge's standing."""
    if found.level is Level.NONE:
        return _reported(rate, rule.name, (NoVote(), *found.bars))
    if rate.segment != OVERALL and not rate.critical:
        return _reported(rate, rule.name, (Reported(),))
    why, verdict = _judged(rate, outage, rule, found)
    whys, verdict = _of_size((why,), verdict, rate, policy)
    if found.level is Level.FULL:
        return _row(rate, rule.name, verdict, _state(rate, verdict), whys)
    if verdict is Verdict.PASS:
        return _reported(rate, rule.name, (MayOnlyHold(), *whys, *found.bars))
    bars = (bar for bar in found.bars if bar not in whys)
    return _row(rate, rule.name, Verdict.INCONCLUSIVE, State.CANNOT_TELL, (*whys, MayOnlyHold(), *bars))


def _of_size(
    whys: tuple[Reason, ...], verdict: Verdict, rate: Rate, policy: Policy
) -> tuple[tuple[Reason, ...], Verdict]:
    """What a critical row comes to by what its dimension asks of its size, as a row of scores does; a proven loss stays one."""
    if not rate.critical or verdict is Verdict.FAIL:
        return whys, verdict
    n, least = rate.planned, policy.least(rate.segment)
    if policy.too_few(rate.segment, n):
        return (Underpowered(n, least, None, None), *whys), Verdict.INCONCLUSIVE
    if policy.only_reports(rate.segment, n) and isinstance(whys[0], (Wins, NotShownToWin)):
        return (*whys, OnlyReported(n, least)), verdict
    return whys, verdict


def _judged(rate: Rate, outage: bool, rule: JudgeRule, found: Standing) -> tuple[Reason, Verdict]:
    """What one row shows, by a judge that may say so."""
    rules = rules_of(rule)
    over = 0.5 - rules.margin if rate.critical and rules.ship_rule is ShipRule.NONINFERIOR else 0.5
    missing = Unjudged(rate.missing, rate.planned, *rate.bounds, outage)
    if not rate.judged:
        return missing, Verdict.INCONCLUSIVE
    if found.consistency is not None and found.consistency[2] < rule.min_consistency:
        return Inconsistent(found.consistency[0], rule.min_consistency), Verdict.INCONCLUSIVE
    if rate.loses:
        return Loses(rate.p_loss, rules.alpha), Verdict.FAIL
    if rate.clears and found.no_win is not None:
        return found.no_win, Verdict.INCONCLUSIVE
    if rate.clears:
        return Wins(over), Verdict.PASS
    if rate.missing and (rate.would_clear or rate.bounds[0] < over <= rate.bounds[1]):
        return missing, Verdict.INCONCLUSIVE
    return NotShownToWin(over, rate.judged, rate.needs, rate.decided), Verdict.INCONCLUSIVE


def _state(rate: Rate, verdict: Verdict) -> State:
    if verdict is Verdict.PASS:
        return State.BETTER if rate.ci is not None and rate.ci[0] > 0.5 else State.NO_DROP
    return State.BLOCKS if verdict is Verdict.FAIL else State.CANNOT_TELL


def _reported(rate: Rate, judge: str, reasons: tuple[Reason, ...]) -> Finding:
    """A row that is shown and decides nothing."""
    return _row(rate, judge, None, State.REPORTED, reasons)


def _row(rate: Rate, judge: str, verdict: Verdict | None, state: State, reasons: tuple[Reason, ...]) -> Finding:
    low, high = rate.ci or (None, None)
    seen = WinRate(rate.rate, low, high, rate.planned, rate.wins, rate.ties, rate.losses)
    return Finding(
        segment=rate.segment,
        key=f"{WINRATE}{judge}",
        critical=rate.critical,
        n=rate.planned,
        candidate=rate.rate,
        difference=None if rate.rate is None else rate.rate - 0.5,
        ci=None if rate.ci is None else (rate.ci[0] - 0.5, rate.ci[1] - 0.5),
        p=rate.p_loss if state is State.BLOCKS else rate.p_win,
        verdict=verdict,
        state=state,
        needed_n=rate.needs if verdict is Verdict.INCONCLUSIVE else None,
        regressed=rate.losses,
        fixed=rate.wins,
        missing=rate.missing,
        reasons=(*reasons, seen),
    )
