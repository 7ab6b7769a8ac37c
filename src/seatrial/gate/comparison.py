"""Comparison: what a gate is asked, with everything that was fixed before a score is looked at."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from seatrial.gate.budget import Budget
from seatrial.gate.quarantine_file import Quarantine

if TYPE_CHECKING:
    from collections.abc import Collection

    from seatrial.evidence import Evidence
    from seatrial.gate.policy import Policy
    from seatrial.gate.report import Report

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
        evidence: a checked table that holds both versions.
        policy: the rules.
        baseline: version compared with.
        candidate: version judged.
        critical: segments that must be covered: `NAME=value`, or `NAME` for every value of a dimension.
        quarantine: examples that are counted and shown, and out of every tested row before it is looked at.
        budget: what the decision may spend of alpha.
        again: fresh repetitions that decide the suspicious rows; None at the first look.
    """

    evidence: Evidence
    policy: Policy
    baseline: str
    candidate: str
    critical: frozenset[str]
    quarantine: Quarantine
    budget: Budget
    second_stage: SecondStage | None = None

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
    ) -> Comparison:
        """The comparison under the budget that the policy gives it."""
        budget = Budget.of(policy, anchored=anchored)
        return Comparison(evidence, policy, baseline, candidate, frozenset(critical), quarantine, budget)
