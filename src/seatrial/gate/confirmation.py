"""Confirmation: the same decision once more, its suspicious rows on fresh repetitions and nothing else."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from seatrial.errors import InvalidComparison
from seatrial.gate import confirm
from seatrial.gate.anchor import with_anchor
from seatrial.gate.check import check
from seatrial.gate.common import common
from seatrial.gate.comparison import NO_QUARANTINE, Comparison, SecondStage
from seatrial.gate.merge import with_quarantine
from seatrial.verdict import Verdict

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from seatrial.evidence import Evidence
    from seatrial.gate.policy import Policy
    from seatrial.gate.quarantine_file import Quarantine
    from seatrial.gate.report import Report
    from seatrial.price import Prices
    from seatrial.vote import Standing


def check_second_stage(
    first: Report,
    evidence: Evidence,
    fresh: Evidence,
    policy: Policy,
    *,
    critical: Collection[str] = (),
    quarantine: Quarantine = NO_QUARANTINE,
    standings: Mapping[str, Standing] | None = None,
    prices: Prices | None = None,
) -> Report:
    """Decide the suspicious rows of a first look on fresh repetitions; the others are cleared.

    Measurements stay as the first look has them, and so do zero-tolerance keys, unless a fresh answer is a new hit.

    Args:
        first: what `merge.check` said of `evidence`, where `confirm.settled` says nothing.
        evidence: the table of the first look.
        fresh: repetitions made after it, of both versions under the same names, of the `fresh_examples`.
        policy: the same as at the first look.
        critical: the same.
        quarantine: the same.
        standings: the same.
        prices: the same.

    Raises:
        InvalidComparison: the fresh repetitions lack an example, come from other data or other evaluators, or their
            baseline crashed; or the anchor could not be asked, and nothing else fails.
    """
    c = _comparison(first, evidence, policy, critical, quarantine, standings, prices)

    def unquarantined() -> Report:
        all_in = replace(c, quarantine=NO_QUARANTINE)
        look = check(all_in)
        return look if confirm.resolved(look) else check(replace(all_in, second_stage=SecondStage(look, fresh)))

    report = check(replace(c, second_stage=SecondStage(first, fresh)))
    # What only the first look can say (the anchor, what was left out, who answers for what) it has said.
    decided = replace(
        first,
        verdict=report.verdict,
        reason_class=report.reason_class,
        reason=report.reason,
        overall=report.overall,
        segments=report.segments,
        causes=report.causes,
        regressed=report.regressed,
        undecided=report.undecided,
        tolerated=report.tolerated,
        confirm=report.confirm,
    )
    decided = with_quarantine(decided, unquarantined)
    # The anchor holds what the first look said of it: a row that was not shown then was not repeated against it.
    if first.anchor is not None:
        return with_anchor(decided, first.anchor)
    return decided if first.budget.anchor == 0 else _without_anchor(decided, fresh)


def _without_anchor(decided: Report, fresh: Evidence) -> Report:
    """The decision where there is an anchor that cannot be compared with: a FAIL stands, and nothing passes."""
    if decided.verdict is not Verdict.FAIL:
        raise InvalidComparison(
            f"{fresh.source}: {decided.candidate} does not fail against {decided.baseline} on fresh repetitions, and it could not be compared with the anchor, which has to be asked as well; gate --no-confirm shows the first look, of which a warning says why"
        )
    return replace(decided, undecided=decided.undecided + 1, tolerated=False)


def fresh_examples(
    first: Report, evidence: Evidence, policy: Policy, *, critical: Collection[str] = ()
) -> tuple[str, ...]:
    """Ids of the examples to repeat: those of the rows that need it, and of the rows that would without a quarantine."""
    # Which examples are repeated hangs on scores alone.
    c = _comparison(first, evidence, replace(policy, measures=()), critical, NO_QUARANTINE)
    compared = common(c.evidence, policy, first.baseline, first.candidate).compared
    examples = set(confirm.examples_of(compared, first, confirm.needed(first)))
    if first.quarantine is not None:
        with suppress(InvalidComparison):
            all_in = check(c)
            examples.update(confirm.examples_of(compared, all_in, confirm.needed(all_in)))
    return tuple(sorted(examples))


def _comparison(
    first: Report,
    evidence: Evidence,
    policy: Policy,
    critical: Collection[str],
    quarantine: Quarantine,
    standings: Mapping[str, Standing] | None = None,
    prices: Prices | None = None,
) -> Comparison:
    """The comparison of the first look, under the budget it had."""
    return Comparison.of(
        evidence,
        policy,
        baseline=first.baseline,
        candidate=first.candidate,
        critical=critical,
        quarantine=quarantine,
        anchored=first.budget.anchor > 0,
        standings=standings,
        prices=prices,
    )
