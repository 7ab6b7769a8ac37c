"""Sentences: a row's facts and its reasons, written out here and nowhere else."""

from __future__ import annotations

from typing import TYPE_CHECKING, assert_never

from seatrial import reason as kind
from seatrial import vote, win_rate
from seatrial.verdict import Outcome, State
from seatrial.wording import count, drop, drop_under, interval, p_value, percent, points, verb

if TYPE_CHECKING:
    from seatrial.reason import Reason
    from seatrial.verdict import Finding

_BECAME = {
    Outcome.EVALUATOR_ERROR: "the evaluator failed on {} answers",
    Outcome.UNPARSED: "no verdict could be read for {} answers",
    Outcome.SKIPPED: "{} runs are missing",
}
"""What became of cells that have no score."""

_FACTS = (kind.Answers, kind.Increase, kind.Passes, win_rate.WinRate)
_LAST = (kind.FlipRate, kind.TippingPoint, kind.Fresh, kind.Pooled, kind.Shown, kind.JointLevel, *_FACTS)
"""Reasons that decide nothing: each has its own place in the sentence."""


def sentence_of(f: Finding) -> str:
    """The row in one sentence: what was measured, what it would take, why it has its verdict."""
    parts = [_facts(f)]
    parts += [sentence(one) for one in f.reasons if isinstance(one, kind.TippingPoint)]
    deciding = [one for one in f.reasons if not isinstance(one, _LAST)]
    if deciding and f.state is State.CANNOT_TELL and isinstance(deciding[0], kind.Unmeasured) and f.alpha_row:
        parts.append(f"{sentence(deciding[0])}, and the verdict hangs on them: measure them")
        deciding = deciding[1:]
    parts += [_in_row(one, f) for one in sorted(deciding, key=lambda one: not isinstance(one, kind.UnseenHit))]
    if f.state is State.BLOCKS:
        parts += [f"{sentence(one)}, and it fails all the same" for one in f.reasons if isinstance(one, kind.Shown)]
    wording = "; ".join(parts)
    for one in f.reasons:
        if isinstance(one, kind.Fresh):
            wording += f"{', ' if one.p is None else '; '}{sentence(one)}"
        if isinstance(one, (kind.Pooled, kind.FlipRate)):
            wording += f"; {sentence(one)}"
    return wording


def sentence(reason: Reason) -> str:
    """The reason in words, without a full stop."""
    if isinstance(reason, kind.ScoreReason):
        return _of_score(reason)
    if isinstance(reason, kind.ZeroToleranceReason):
        return _of_zero_tolerance(reason)
    if isinstance(reason, kind.MeasurementReason):
        return _of_measurement(reason)
    if isinstance(reason, kind.ContractReason):
        return _of_contract(reason)
    if isinstance(reason, kind.BasisReason):
        return _of_basis(reason)
    if isinstance(reason, vote.Bar):
        return vote.bar_sentence(reason)
    if isinstance(reason, win_rate.Judged):
        return win_rate.judged_sentence(reason)
    assert_never(reason)


def _of_score(reason: kind.ScoreReason) -> str:
    match reason:
        case kind.Underpowered() | kind.NotShown() | kind.Unmeasured() | kind.NotProven():
            return _of_undecided(reason)
        case kind.Shown():
            return f"shown not worse by {drop(reason.rules_out)} or more: the drop is at most {drop_under(reason.at_most, reason.rules_out)}"
        case kind.NotBetter():
            return f"the goal is a better candidate, and it is not shown to be one (p {p_value(reason.p)} > 0.05)"
        case kind.Unchanged():
            return "every output is identical"
        case kind.Thin() | kind.OnlyReported():
            return _of_few(reason)
        case kind.Dropped():
            return f"p {p_value(reason.p)}, adjusted {p_value(reason.p_adjusted)} ≤ {p_value(reason.alpha)}: a drop beyond chance"
        case kind.SmallDrop():
            return f"adjusted p {p_value(reason.p_adjusted)} ≤ {p_value(reason.alpha)}: dropped by {points(reason.drop).removeprefix('+')}, less than the {points(reason.min_drop).removeprefix('+')} that block (min_drop)"
        case kind.BelowFloor():
            return _below_floor(reason)
        case kind.Better():
            return "better, beyond chance at its own level"
        case kind.NoDrop():
            return f"no drop found (p {p_value(reason.p)})"
        case kind.Reported():
            return "reported, does not gate"
        case _:
            assert_never(reason)


def _of_few(reason: kind.Thin | kind.OnlyReported) -> str:
    match reason:
        case kind.Thin():
            return f"thin: {count(reason.n, 'example')}, min_n is {reason.min_n}; it left the family before looking and decides nothing"
        case kind.OnlyReported():
            return f'critical, and {count(reason.n, "example")} of {reason.min_n}: only reported (thin = "report"), so a drop that is not proven passes unseen'
        case _:
            assert_never(reason)


def _of_undecided(reason: kind.Underpowered | kind.NotShown | kind.Unmeasured | kind.NotProven) -> str:
    match reason:
        case kind.Underpowered(must_detect=None):
            return f"{count(reason.n, 'example')}, and {'no number of them is enough' if reason.needs is None else f'{reason.needs:,} are needed'}"
        case kind.Underpowered():
            shows = "no drop at all" if reason.detects is None else f"only drops of {drop(reason.detects)} or more"
            needs = "more than any number of examples" if reason.needs is None else f"{reason.needs:,}"
            return f"critical, and {count(reason.n, 'example')} show {shows}: it must show {drop(reason.must_detect)}, which needs {needs}"
        case kind.NotShown():
            return _not_shown(reason)
        case kind.Unmeasured():
            became = _BECAME.get(Outcome(reason.outcome), f"{reason.outcome} on {{}} answers")
            wording = f"{became.format(f'{reason.cells:,} of {reason.planned:,}')} of the {reason.arm}"
            return f"{wording}: {reason.message}" if reason.message else wording
        case kind.NotProven():
            return f"looks worse: {points(reason.difference)} ({reason.regressed:,} of {reason.n:,} regressed), p {p_value(reason.p)} alone and {p_value(reason.p_adjusted)} in the family"
        case _:
            assert_never(reason)


def _not_shown(reason: kind.NotShown) -> str:
    must = f"less than {drop(reason.rules_out)} must be shown"
    if reason.baseline is not None:
        return (
            f"{must}, and a baseline of {percent(reason.baseline)} cannot fall so far: no number of examples shows it"
        )
    if reason.at_most is None:
        return f"{must}, and it has no example"
    return f"the drop may be up to {drop(reason.at_most)}, and {must}: {enough(reason)}, and more repetitions help"


def enough(reason: kind.NotShown) -> str:
    """How many examples show an unchanged candidate, as a clause, and the rate that this counts with."""
    examples = count(reason.in_all, "example")
    number = f"about {examples} in all" if reason.in_all > reason.n else f"its {examples}"
    rate = "what moved in this row" if reason.own else "the policy's churn"
    at = "" if reason.planned_at is None else f" (at {rate}, {percent(reason.planned_at)})"
    return f"{number} {verb(reason.in_all, 'are')} enough four times out of five if nothing changed{at}"


def _below_floor(reason: kind.BelowFloor) -> str:
    too = (
        ""
        if reason.baseline is None
        else f"; the baseline's {percent(reason.baseline)} lies below it too, which excuses nothing"
    )
    wording = f"the candidate's rate {percent(reason.rate)} lies below its floor of {percent(reason.floor)}"
    if reason.level is None:
        return (
            f"{wording} (as observed: no error rate){'' if reason.proven else ', if all that is missing failed'}{too}"
        )
    bound = f"at most {percent(reason.at_most)} at one-sided {reason.level:.2g}"
    return f"{wording}: {bound}{'' if reason.proven else ', so not proven'}{too}"


def _of_zero_tolerance(reason: kind.ZeroToleranceReason) -> str:
    match reason:
        case kind.NewHit():
            where = "; ".join(f"{segment} {hits}" for segment, hits in reason.places)
            more = " ..." if reason.hits > len(reason.examples) else ""
            return (
                f"{count(reason.hits, 'new hit')}{f' ({where})' if where else ''}: {', '.join(reason.examples)}{more}"
            )
        case kind.UnclearHit():
            return f"{count(reason.hits, 'hit')} where the baseline has no score: old or new, nobody can tell. Run the baseline again on them"
        case kind.UnseenHit():
            return (
                f"{count(reason.examples, 'example')} of the candidate not measured in full may hide a hit: measure it"
            )
        case kind.NothingScored():
            return "no answer of the candidate was looked at"
        case kind.NoNewHit():
            return "no new hit"
        case kind.Answers():
            return f"zero tolerance, {reason.scored} of {count(reason.n, 'example')} scored"
        case _:
            assert_never(reason)


def _of_measurement(reason: kind.MeasurementReason) -> str:
    match reason:
        case kind.Grew():
            return f"p {p_value(reason.p)} ≤ {p_value(reason.alpha)}: grew beyond its margin"
        case kind.WithinMargin():
            return f"p {p_value(reason.p)} > {p_value(reason.alpha)}: not beyond its margin"
        case kind.OverCeiling():
            bound = f"at least {reason.at_least:.4g} at one-sided {reason.level:.2g}"
            return f"{reason.statistic} {reason.value:.4g} lies over its ceiling of {reason.ceiling:g}: {bound}{'' if reason.proven else ', so not proven'}"
        case kind.FewRatios():
            return f"{count(reason.left, 'example')} are left"
        case kind.NotInterleaved():
            return "reported only: the arms did not run interleaved in one job"
        case kind.Increase():
            ratio = "?" if reason.ratio is None else f"{100 * reason.ratio:+.1f} %".replace("-", "−")
            wording = f"{reason.statistic} ratio {ratio}{'' if reason.allowed is None else f', allowed +{100 * reason.allowed:g} %'}"
            if not reason.without:
                return wording
            return f"{wording}; {reason.without} of {count(reason.runs, 'run')} have no number above 0 in both arms"
        case _:
            assert_never(reason)


def _of_contract(reason: kind.ContractReason) -> str:
    match reason:
        case kind.ContractBroken():
            return "a contract that held is broken"
        case kind.ContractHolds():
            return "it holds"
        case kind.ContractUnsteady(arm="baseline"):
            return "the baseline does not always pass it either, so it proves no regression: fix it or take it out of must_pass"
        case kind.ContractUnsteady():
            return "it no longer passes every time"
        case kind.FewRuns():
            return f"{' and '.join(reason.arms)} measured fewer than {count(reason.needs, 'time')}"
        case kind.NewContract(passed=True):
            return "new to the baseline, and the candidate passes it"
        case kind.NewContract():
            return (
                "new to the baseline, and the candidate does not pass it: whether that is a regression nobody can tell"
            )
        case kind.Passes():
            (b, of_b), (c, of_c) = reason.baseline, reason.candidate
            return f"baseline passed {b} of {of_b}, candidate {c} of {of_c}"
        case _:
            assert_never(reason)


def _of_basis(reason: kind.BasisReason) -> str:
    match reason:
        case kind.FlipRate():
            return _flip_rate(reason)
        case kind.TippingPoint():
            return f"blocks if {reason.clusters} of {reason.of} unmeasured go against it"
        case kind.Pooled():
            return f"asked of both looks pooled ({count(reason.repetitions, 'fresh repetition')})"
        case kind.JointLevel(too_large=True):
            return "weighted Holm alone: too many differences to flip the signs of"
        case kind.JointLevel(draws=0):
            return "weighted Holm or joint level: no draw was needed"
        case kind.JointLevel():
            return f"weighted Holm or joint level by {reason.draws:,} sign flips of clusters"
        case kind.Fresh(p=None):
            return "on fresh repetitions"
        case kind.Fresh():
            return f"p {p_value(reason.p)} at the first look, decided on {count(reason.repetitions or 0, 'fresh repetition')}"
        case _:
            assert_never(reason)


def _flip_rate(reason: kind.FlipRate) -> str:
    what = (
        f"{percent(reason.observed)} of its examples flip both ways"
        if reason.single
        else f"its scores spread as if {percent(reason.observed)} of single answers flipped both ways,"
    )
    return f"{what} and the policy's churn is {percent(reason.churn)}: several scores per example average it out (a file: a column repetition; a project: seatrial flaky measures it, seatrial eval GRAPH --repeat 3 repeats)"


def _in_row(reason: Reason, f: Finding) -> str:
    """The reason as its row says it: beside what the row shows, and what it detects."""
    match reason:
        case kind.NotProven() if f.state is State.WATCH:
            return f"p {p_value(reason.p)} alone, adjusted {p_value(reason.p_adjusted)} > {p_value(f.threshold)}: looks worse, not proven in the family; {_detects(f)}"
        case kind.Better() | kind.NoDrop() | kind.SmallDrop() | kind.BelowFloor(proven=False):
            shown = [one for one in f.reasons if isinstance(one, kind.Shown)]
            return f"{sentence(reason)}; {sentence(shown[0]) if shown else _detects(f)}"
        case kind.Unchanged() if any(isinstance(one, kind.Increase) for one in f.reasons):
            return f"reported only: {sentence(reason)}"
        case _:
            return sentence(reason)


def _detects(f: Finding) -> str:
    if f.baseline == 0.0:
        return "starts at 0 %, so it cannot drop"
    if f.detectable_drop is None:
        return "could not have seen any drop"
    return f"would have seen a drop of {drop(f.detectable_drop)} or more"


def _facts(f: Finding) -> str:
    wording = f"{f.segment} · {f.key}: "
    facts = next((one for one in f.reasons if isinstance(one, _FACTS)), None)
    if isinstance(facts, kind.Increase):
        left = [f", {percent(one.missing)}" for one in f.reasons if isinstance(one, kind.FewRatios) and facts.without]
        return f"{wording}{count(f.n, 'example')}, {sentence(facts)}{''.join(left)}"
    if facts is not None:
        return f"{wording}{sentence(facts)}"
    cells = sum(n for outcomes in f.outcomes.values() for n in outcomes.values())
    wording += count(f.n, "example" if cells == 2 * f.n else "cluster")
    if f.difference is None:
        return f"{wording}, nothing measured in both arms"
    wording += f", {percent(f.baseline)} → {percent(f.candidate)}, {points(f.difference)} (95 % {interval(f.ci)}), {f.regressed} scored lower, {f.fixed} higher"
    return f"{wording}, {f.missing} not measured" if f.missing else wording
