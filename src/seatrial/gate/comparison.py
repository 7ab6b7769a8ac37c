"""Comparison: what a gate is asked, with everything that was fixed before a score is looked at."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from seatrial.gate.budget import Budget
from seatrial.gate.quarantine_file import Quarantine
from seatrial.gate.winrate import split

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from seatrial.evidence import Evidence
    from seatrial.gate.policy import Policy
    from seatrial.gate.report import Report
    from seatrial.price import Prices
    from seatrial.vote import Standing

NO_QUARANTINE = Quarantine()


@dataclass(frozen=True, slots=True)
class SecondStage:
    """A second look: repetitions made after the first one.

    Attributes:
        first: the report of the first look.
        evidence: the repetitions, of both versions under the same names.
    """

    first: Report
    evidence: Evidence


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two versions and the rules they are compared by.

    Attributes:
        evidence: a checked table that holds both versions, without win rates.
        policy: the rules.
        baseline: version compared with.
        candidate: version judged.
        critical: segments that must be shown not worse: `NAME=value`, or `NAME` for every value of a dimension.
        quarantine: examples that are counted and shown, and out of every tested row before it is looked at.
        budget: what the decision may spend of alpha.
        again: fresh repetitions that decide the suspicious rows; None at the first look.
        winrates: rows of judges' win rates; None where there are none.
        prices: what tokens cost, where a cost gates; None where nobody handed any in.
        standings: judge -> what its win rate may do; one that is not in it has no vote.
    """

    evidence: Evidence
    policy: Policy
    baseline: str
    candidate: str
    critical: frozenset[str]
    quarantine: Quarantine
    budget: Budget
    second_stage: SecondStage | None = None
    winrates: Evidence | None = None
    standings: Mapping[str, Standing] = field(default_factory=dict)
    prices: Prices | None = None

    @staticmethod
    def of(
        evidence: Evidence,
        policy: Policy,
        *,
        baseline: str,
        candidate: str,
        critical: Collection[str] = (),
        quarantine: Quarantine = NO_QUARANTINE,
        anchored: bool = False,
        standings: Mapping[str, Standing] | None = None,
        prices: Prices | None = None,
    ) -> Comparison:
        """The comparison under the budget that the policy gives it; win rates of the table are told apart from scores."""
        scores, winrates = split(evidence)
        return Comparison(
            scores,
            policy,
            baseline,
            candidate,
            frozenset(critical),
            quarantine,
            Budget.of(policy, anchored=anchored),
            winrates=winrates,
            standings=standings or {},
            prices=prices,
        )
