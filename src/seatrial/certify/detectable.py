"""Detectable: what a gate detects and can show today, row by row, from its sizes and its policy alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from seatrial.certify.required import rules_out
from seatrial.stats.noninferiority import clusters_to_rule_out
from seatrial.stats.power import detectable_drop
from seatrial.wording import count, drop

if TYPE_CHECKING:
    from seatrial.certify.design import Design
    from seatrial.gate.policy import Policy


@dataclass(frozen=True, slots=True)
class Detectable:
    """One row of the primary key.

    Attributes:
        segment: `overall` or `NAME=value`.
        critical: declared critical.
        n: its examples.
        drop: smallest drop it detects with power .8 at the policy's churn; None where it detects none.
        rules_out: drop that it has to be shown not to have; 0 where it has to show nothing.
        to_show: examples on which an unchanged candidate is shown so with chance .8; None where it has to show nothing.
    """

    segment: str
    critical: bool
    n: int
    drop: float | None
    rules_out: float = 0.0
    to_show: int | None = None

    @property
    def sentence(self) -> str:
        """What the row detects, and whether an unchanged candidate passes it."""
        detects = f"detects drops ≥ {drop(self.drop)}" if self.drop is not None else "detects no drop"
        if self.to_show is None:
            return detects
        shown = f"shown not worse by {drop(self.rules_out)}"
        if self.n >= self.to_show:
            return f"{detects}; an unchanged candidate is {shown}"
        return f"{detects}; cannot tell: {count(self.to_show - self.n, 'more example')} for an unchanged candidate to be {shown}"


HEAD = "What this gate detects and can show today (each with power 0.8):"


def detectables(design: Design, policy: Policy) -> tuple[Detectable, ...]:
    """What the primary key's rows detect and can show, overall first; a row that left the family detects nothing."""
    method = "exact" if policy.test == "exact" else "mid-p"
    must = rules_out(design, policy)[0]
    return tuple(
        Detectable(
            segment,
            design.critical[i],
            int(design.n[0, i]),
            detectable_drop(int(design.n[0, i]), policy.churn, float(design.alpha_row[0, i]), method)
            if design.alpha_row[0, i] > 0
            else None,
            float(must[i]),
            clusters_to_rule_out(float(must[i]), policy.churn) if must[i] > 0 else None,
        )
        for i, segment in enumerate(design.segments)
    )
