"""Budget: what one decision may spend of alpha, and on what; `gate.family` divides the family's part among its rows.

alpha of the policy is shared by the graphs of one change; of a graph's part the comparison with the last release takes a
fifth where there is one, and of the rest the gating measurements take a tenth.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from seatrial.gate.policy import Policy

ANCHOR_SHARE = 0.2
"""The last release's share of a graph's alpha."""

MEASURE_SHARE = 0.1
"""The gating measurements' share of what is left."""


@dataclass(frozen=True, slots=True)
class Budget:
    """Levels of one decision on one graph.

    Attributes:
        total: at most this share of unchanged candidates is blocked, by whatever row.
        family: of this, the score rows together.
        measures: the gating measurements together.
        anchor: the comparison with the last release.
    """

    total: float
    family: float
    measures: float = 0.0
    anchor: float = 0.0

    @staticmethod
    def of(policy: Policy, *, anchored: bool = False) -> Budget:
        """What a decision under `policy` may spend; `anchored` where it is compared with the last release too."""
        total = policy.alpha / policy.shared_change
        anchor = total * ANCHOR_SHARE if anchored else 0.0
        merge = total * (1 - ANCHOR_SHARE) if anchored else total
        grow = any(rule.max_increase is not None for rule in policy.measures)
        measures = merge * MEASURE_SHARE if grow else 0.0
        return Budget(total, merge * (1 - MEASURE_SHARE) if grow else merge, measures, anchor)

    @property
    def of_anchor(self) -> Budget:
        """What the comparison with the last release may spend: score rows only."""
        return Budget(self.anchor, self.anchor)
