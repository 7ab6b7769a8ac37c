"""Required: which rows of a design have to be shown not worse, and by how much; plain sizes and rules, no simulation."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from seatrial.gate.policy import KeyRule
from seatrial.gate.thresholds import limits_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from seatrial.certify.design import Design
    from seatrial.gate.policy import Policy


def rules_out(design: Design, policy: Policy) -> NDArray[np.float64]:
    """Keys x segments: the drop each row has to be shown not to have; 0 where it has to show nothing."""
    rules = {rule.name: rule for rule in policy.keys}
    found = np.zeros(design.n.shape)
    for k in requested(design, policy):
        if policy.goal == "non_inferior":
            margin = rules.get(design.keys[k], KeyRule(design.keys[k])).promote_margin
            found[k] = np.where([s == 0 or one for s, one in enumerate(design.critical)], margin, 0.0)
            continue
        found[k, 0] = policy.must_detect_overall
        for s in (s for s, critical in enumerate(design.critical) if critical):
            if policy.only_reports(design.segments[s], int(design.n[k, s])):
                continue
            own = limits_of(rules.get(design.keys[k], KeyRule(design.keys[k])), design.segments[s]).must_detect
            found[k, s] = own or policy.must_detect
    return found


def requested(design: Design, policy: Policy) -> range:
    """Keys that have to show critical segments not worse: the primary one, or all."""
    return range(1) if any(rule.primary for rule in policy.keys) or len(design.keys) == 1 else range(len(design.keys))
