"""Check: the merge gate on one screen, from a comparison to its report.

Unchanged first, then validity (both in the plan), then every check; docs/reference/gate-rules.md has every rule.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from seatrial.gate.measure import measurements
from seatrial.gate.must_pass import contracts
from seatrial.gate.plan import Plan, plan_of
from seatrial.gate.pointwise import counted
from seatrial.gate.score_family import score_family
from seatrial.gate.summary import report_of
from seatrial.gate.winrate import win_rates
from seatrial.gate.zero_tolerance import zero_tolerance
from seatrial.reason import Answers, Increase, NewContract, NoNewHit, Thin, Unchanged, UnclearHit
from seatrial.verdict import Finding, State, Verdict
from seatrial.win_rate import WinRate

if TYPE_CHECKING:
    from seatrial.gate.comparison import Comparison
    from seatrial.gate.report import Report

CHECKS: tuple[Callable[[Plan], Iterator[Finding]], ...] = (
    score_family,
    zero_tolerance,
    measurements,
    contracts,
    win_rates,
)
"""What a candidate is judged by; each gives the rows of its kind."""


def check(c: Comparison) -> Report:
    """Judge the candidate of a comparison."""
    plan = plan_of(c)
    rows = unchanged(plan) or judged(plan)
    return report_of(plan, rows)


def judged(plan: Plan) -> tuple[Finding, ...]:
    """Every row of every check, those of judges as far as their licences go."""
    return tuple(counted(row, plan.comparison.standings) for one in CHECKS for row in one(plan))


def unchanged(plan: Plan) -> tuple[Finding, ...]:
    """The rows of a candidate whose every output is the baseline's; none for any other candidate."""
    return tuple(_unchanged(row) for row in judged(plan)) if plan.unchanged else ()


def _unchanged(row: Finding) -> Finding:
    """A row on which nothing can have got worse; what is new to the baseline, or left the family, stays as it is."""
    reasons = row.reasons
    if any(isinstance(one, (Thin, UnclearHit, NewContract, WinRate)) for one in reasons):
        return row
    if any(isinstance(one, Increase) for one in reasons):
        row = replace(row, verdict=None, state=State.REPORTED, p=None, p_adjusted=None, threshold=None)
        return replace(row, reasons=(Unchanged(), *reasons[-1:]))
    row = replace(row, verdict=Verdict.PASS, state=State.NO_DROP)
    if row.alpha_row is not None:
        return replace(row, reasons=(Unchanged(),))
    zero_tolerance_row = any(isinstance(one, Answers) for one in reasons)
    why = NoNewHit() if zero_tolerance_row else Unchanged()
    return replace(row, promotable=True, reasons=(why, *reasons[-1:]))
