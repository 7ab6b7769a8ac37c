"""Sight: what a gate can see today, row by row, from its sizes and its policy alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from seatrial.stats.power import detectable_drop

if TYPE_CHECKING:
    from seatrial.certify.design import Design
    from seatrial.gate.policy import Policy


@dataclass(frozen=True, slots=True)
class Detectable:
    """One row of the leading key: its examples and the smallest drop it would show with power .8; None = none at all."""

    segment: str
    critical: bool
    n: int
    drop: float | None


def detectables(design: Design, policy: Policy) -> tuple[Detectable, ...]:
    """What the leading key's rows can see, overall first; a row that left the family sees nothing."""
    method = "exact" if policy.test == "exact" else "mid-p"
    return tuple(
        Detectable(
            segment,
            design.critical[i],
            int(design.n[0, i]),
            detectable_drop(int(design.n[0, i]), policy.churn, float(design.alpha_row[0, i]), method)
            if design.alpha_row[0, i] > 0
            else None,
        )
        for i, segment in enumerate(design.segments)
    )
