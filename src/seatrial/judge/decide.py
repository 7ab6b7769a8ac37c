"""Decide: does a candidate win? Rows of a win rate become one decision, with every number behind it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from seatrial.errors import UsageError
from seatrial.evidence.against_half import Rate, Rules, rate_of
from seatrial.judge.counts import NO_ANSWER
from seatrial.judge.position import position_of
from seatrial.stats.interval import CannotTell
from seatrial.verdict import Decision, Finding, ReasonClass, State, Verdict
from seatrial.vote import ShipRule
from seatrial.wording import count, percent

if TYPE_CHECKING:
    from seatrial.judge.position import Position
    from seatrial.judge.scores import Scores

OVERALL = "overall"


@dataclass(frozen=True, slots=True)
class Found:
    """A win rate as it was found, before it is worded.

    Attributes:
        rates: overall first, then segments in the table's order.
        position: position bias; None where orders are not told apart.
        verdict: over overall and every critical row.
        reason_class: why it could not be told.
        reason: one sentence.
    """

    rates: tuple[Rate, ...]
    position: Position | None
    verdict: Verdict
    reason_class: ReasonClass | None
    reason: str


def find(scores: Scores, critical: Sequence[str], rules: Rules) -> Found:
    """Test overall and every segment; overall and the critical ones decide.

    Raises:
        UsageError: a critical segment is in no row; lists those that are.
    """
    names = {f"{name}={value}": value for name, codes in scores.segments.items() for value in codes.values}
    wanted = {_named(one, names) for one in critical}
    rates = [rate_of(scores.score, OVERALL, rules)]
    for name, codes in scores.segments.items():
        for place, value in enumerate(codes.values):
            row = f"{name}={value}"
            rates.append(rate_of(scores.score[codes.index == place], row, rules, critical=row in wanted))
    position = position_of(scores, 1 - 2 * rules.alpha)
    return Found(tuple(rates), position, *_verdict(rates, position, scores.outcomes, rules))


def winrate_decision(
    found: Found,
    scores: Scores,
    rules: Rules,
    subject: str,
    *,
    evidence_hash: str = "",
    inadmissible: Sequence[str] = (),
    adjusted: float | CannotTell | None = None,
    versions: Sequence[dict[str, Any]] = (),
) -> Decision:
    """The decision that every surface shows.

    Args:
        found: what was found.
        scores: what it was found in.
        rules: levels.
        subject: candidate, judge and baseline as a heading.
        evidence_hash: of the table.
        inadmissible: why these verdicts may not decide in a gate, sentences.
        adjusted: overall rate at equal length, or why there is none; None where nobody asked.
        versions: version, n, rate and standard error of every version of the table.
    """
    facts = [("Judge", ", ".join(scores.judges) or "not named")]
    position = found.position
    if position is not None:
        (low, high), (first_low, first_high) = position.consistency_ci, position.first_ci
        facts += [
            ("Same answer in both orders", f"{percent(position.consistency)} ({percent(low)} to {percent(high)})"),
            ("First answer favoured", f"{percent(position.first)} ({percent(first_low)} to {percent(first_high)})"),
        ]
    if adjusted is not None:
        wording = adjusted.reason if isinstance(adjusted, CannotTell) else f"{percent(adjusted)} (never decides)"
        facts.append(("At equal length", wording))
    barred = f"in a gate these verdicts may not decide: {'; '.join(inadmissible)}" if inadmissible else ""
    overall = found.rates[0]
    return Decision(
        kind="winrate",
        subject=subject,
        verdict=found.verdict,
        reason=found.reason,
        reason_class=found.reason_class,
        findings=tuple(_finding(rate, rules) for rate in found.rates),
        evidence_hash=evidence_hash,
        warnings=(barred,) if barred else (),
        facts=tuple(facts),
        details={
            "rules": asdict(rules),
            "rates": [{**asdict(rate), "missing": rate.missing, "decided": rate.decided} for rate in found.rates],
            "position": None if position is None else asdict(position),
            "length_adjusted": None if adjusted is None or isinstance(adjusted, CannotTell) else adjusted,
            "judges": list(scores.judges),
            "outcomes": dict(scores.outcomes),
            "inadmissible": list(inadmissible),
            "versions": list(versions),
        },
        next_step=_next(found, overall),
    )


def counts_for_verdict(rates: Sequence[Rate]) -> tuple[Rate, ...]:
    """The rows that decide: overall and every critical one."""
    return tuple(rate for rate in rates if rate.segment == OVERALL or rate.critical)


def _named(requested: str, names: dict[str, str]) -> str:
    fits = [name for name, value in names.items() if requested in (name, value)]
    if len(fits) != 1:
        what = "is in no row" if not fits else f"is ambiguous ({', '.join(fits)})"
        raise UsageError(
            f"--critical {requested!r} {what}; choose one of: {', '.join(names) or 'none, as there is no --segment'}"
        )
    return fits[0]


def _verdict(
    rates: Sequence[Rate], position: Position | None, outcomes: dict[str, int] | Any, rules: Rules
) -> tuple[Verdict, ReasonClass | None, str]:
    ruling = counts_for_verdict(rates)
    overall = rates[0]
    missing = f"{overall.judged:,} of {overall.planned:,} judged"
    if not overall.judged:
        return Verdict.INCONCLUSIVE, _lacking(outcomes), f"no example has a verdict ({missing})"
    if position is not None and position.consistency_ci[1] < rules.min_consistency:
        habit = ""
        if position.first_ci[0] > 0.5 or position.first_ci[1] < 0.5:
            habit = f"; it favours the {'first' if position.first > 0.5 else 'second'} answer shown, {percent(max(position.first, 1 - position.first))} of the time"
        return (
            Verdict.INCONCLUSIVE,
            ReasonClass.INVALID,
            f"the judge is {percent(position.consistency)} consistent over both orders, floor {percent(rules.min_consistency)}: no winner{habit}",
        )
    absent = [rate for rate in ruling if rate.loses]
    if absent:
        return Verdict.FAIL, None, f"loses on {_list(absent)}"
    open_ = [rate for rate in ruling if not rate.clears]
    if not open_:
        return Verdict.PASS, None, f"wins {_stated(overall)}" + (f" and on {_list(ruling[1:])}" if ruling[1:] else "")
    gap = [rate for rate in open_ if rate.missing]
    if gap and any(rate.would_clear or rate.bounds[0] < 0.5 <= rate.bounds[1] for rate in gap):
        worst = max(gap, key=lambda rate: rate.missing)
        low, high = worst.bounds
        return (
            Verdict.INCONCLUSIVE,
            _lacking(outcomes),
            (
                f"{worst.missing:,} of {count(worst.planned, 'example')} of {worst.segment} have no verdict: with them its rate lies in "
                f"{percent(low)} to {percent(high)}"
            ),
        )
    return Verdict.INCONCLUSIVE, ReasonClass.UNDERPOWERED, f"not shown to win on {_list(open_)}"


def _lacking(outcomes: dict[str, int]) -> ReasonClass:
    missing = {word: times for word, times in outcomes.items() if word != "scored"}
    none = missing and max(missing, key=missing.__getitem__) in NO_ANSWER
    return ReasonClass.OUTAGE if none else ReasonClass.MISSING


def _list(rates: Sequence[Rate]) -> str:
    return "; ".join(f"{rate.segment}: {_stated(rate)}" for rate in rates)


def _stated(rate: Rate) -> str:
    if rate.ci is None:
        return "no verdict"
    low, high = rate.ci
    few = f", {count(rate.decided, 'example')} decided" if rate.decided < 20 else ""
    return f"{percent(rate.rate)} ({percent(low)} to {percent(high)}, n {rate.judged:,}{few})"


def _next(found: Found, overall: Rate) -> str:
    if found.reason_class is ReasonClass.INVALID:
        return "Rewrite the judge's prompt or take another model; its verdicts depend on the order of the answers."
    if found.reason_class in (ReasonClass.MISSING, ReasonClass.OUTAGE):
        return "Judge what is missing: `seatrial judge pairwise A B --judge NAME --resume`."
    short = [
        rate for rate in counts_for_verdict(found.rates) if not rate.clears and rate.needs and rate.needs > rate.judged
    ]
    if found.reason_class is ReasonClass.UNDERPOWERED and short:
        most = max(short, key=lambda rate: rate.needs or 0)
        return f"{most.segment} needs about {count(most.needs or 0, 'example')} to show the rate it has; it has {most.judged:,}."
    return ""


def _finding(rate: Rate, rules: Rules) -> Finding:
    ruling = rate.segment == OVERALL or rate.critical
    verdict = Verdict.FAIL if rate.loses else Verdict.PASS if rate.clears else Verdict.INCONCLUSIVE
    if rate.loses:
        state = State.BLOCKS if ruling else State.WATCH
    elif rate.clears:
        state = State.BETTER if rate.ci and rate.ci[0] > 0.5 else State.NO_DROP
    else:
        state = State.CANNOT_TELL if ruling else State.REPORTED
    target = rules.margin if rate.critical and rules.ship_rule is ShipRule.NONINFERIOR else 0.0
    return Finding(
        segment=rate.segment,
        key="",
        critical=rate.critical,
        n=rate.judged,
        candidate=rate.rate,
        difference=None if rate.rate is None else rate.rate - 0.5,
        ci=None if rate.ci is None else (rate.ci[0] - 0.5, rate.ci[1] - 0.5),
        p=rate.p_win,
        alpha_row=rules.alpha,
        threshold=rules.alpha,
        verdict=verdict if ruling else None,
        state=state,
        needed_n=rate.needs if ruling and not rate.clears else None,
        regressed=rate.losses,
        fixed=rate.wins,
        missing=rate.missing,
        reason=f"{_stated(rate)}, {rate.wins:,} won, {rate.ties:,} tied, {rate.losses:,} lost"
        + (f", {rate.missing:,} missing" if rate.missing else "")
        + (f"; shown where its lower bound is above {percent(0.5 - target)}" if target else ""),
    )
