"""Not worse: which rows have to be shown not to have lost how much, and whether they are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from seatrial.gate.row import OVERALL
from seatrial.gate.thresholds import limits_of
from seatrial.reason import Shown
from seatrial.stats.noninferiority import clusters_to_rule_out

if TYPE_CHECKING:
    from collections.abc import Sequence

    from seatrial.gate.policy import KeyRule, Policy
    from seatrial.gate.row import Row
    from seatrial.reason import NotShown


def rules_out(r: Row, tested: Sequence[KeyRule], policy: Policy) -> float | None:
    """The drop a row has to be shown not to have; None where it has to show nothing.

    Asked of the primary key, of every tested one where none is: of the critical segments and of all examples.
    """
    rule = next(rule for rule in tested if rule.name == r.key)
    if not rule.primary and any(one.primary for one in tested):
        return None
    if r.segment != OVERALL and (not r.critical or policy.only_reports(r.segment, r.n)):
        return None
    if policy.goal == "non_inferior":
        return rule.promote_margin
    return (
        policy.must_detect_overall
        if r.segment == OVERALL
        else limits_of(rule, r.segment).must_detect or policy.must_detect
    )


def shown(r: Row, drop: float | None) -> Shown | None:
    """The drop is ruled out, whatever is missing from the row."""
    found = r.largest_drop
    if drop is None or found is None or found >= drop:
        return None
    # From a rate under the drop nothing can fall so far, and a total loss would be shown half the time.
    return Shown(drop, found) if r.baseline is not None and r.baseline > drop else None


def repetitions_help(reason: NotShown) -> bool:
    """Whether more runs of the same examples may show it: there are enough of them, and the baseline is high enough."""
    least = clusters_to_rule_out(reason.rules_out)
    return reason.baseline is None and least is not None and reason.n >= least
