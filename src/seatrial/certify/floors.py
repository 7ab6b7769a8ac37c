"""Floors of simulated gates: where the candidate's own rate lies below what its policy asks."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from seatrial.gate.policy import KeyRule
from seatrial.gate.thresholds import FLOOR_RULES, floor_level, limits_of
from seatrial.stats.proportions import highest_rate

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from seatrial.certify.design import Design
    from seatrial.certify.observed import Look
    from seatrial.gate.policy import Policy

_TIE = 1e-9


class Floors(NamedTuple):
    """Gates x keys x segments: under its floor; per gate: what is missing decides one, and the observed rate of a critical or
    an overall row lies below one.
    """

    proven: NDArray[np.bool_]
    unsure: NDArray[np.bool_]
    held: NDArray[np.bool_]


def floors_of(design: Design, policy: Policy, looks: Sequence[Look]) -> Floors:
    """What the policy's floors say of the candidate in every simulated gate; asked of thin rows too, as in the gate."""
    gates = looks[0].fails.shape[0]
    proven = np.zeros((gates, *design.n.shape), dtype=bool)
    unsure, held = np.zeros(gates, dtype=bool), np.zeros(gates, dtype=bool)
    rules = {rule.name: rule for rule in policy.keys}
    level = floor_level(rule for rule in policy.keys if not rule.zero_tolerance)
    for k, key in enumerate(design.keys):
        for s, segment in enumerate(design.segments):
            limits, n, one = limits_of(rules.get(key, KeyRule(key)), segment), int(design.n[k, s]), looks[k]
            if limits.floor is None or not n:
                continue
            thin = design.alpha_row[k, s] <= 0
            if limits.floor_rule != FLOOR_RULES[0]:
                below = one.highest[:, s] < limits.floor - _TIE
                near = (one.lowest[:, s] < limits.floor - _TIE) & ~below
                unsure |= near & (one.missing_cells[:, s] > 0)
            else:
                least = fewest_passes(n, limits.floor, level)
                below = np.ceil(one.highest[:, s] * n - _TIE) < least
                tolerated = 0.0 if design.critical[s] else policy.missing_tolerance
                worst = np.ceil(one.lowest[:, s] * n - _TIE) < least
                unsure |= worst & ~below & (one.missing_cells[:, s] > tolerated)
                near = (one.observed[:, s] < limits.floor - _TIE) & ~below
            proven[:, k, s] = below
            if not thin and (s == 0 or design.critical[s]):
                held |= near
    return Floors(proven, unsure, held)


def without_floors(policy: Policy) -> Policy:
    """The same rules without any floor."""
    keys = tuple(
        replace(rule, floor=None, segments=tuple(replace(one, floor=None) for one in rule.segments))
        for rule in policy.keys
    )
    return replace(policy, keys=keys)


def fewest_passes(n: int, floor: float, level: float) -> int:
    """The fewest passes of `n` whose one-sided Clopper-Pearson upper bound at `level` reaches the floor."""
    low, high = -1, n
    while high - low > 1:
        middle = (low + high) // 2
        bound = highest_rate(middle, n, level)
        low, high = (middle, high) if isinstance(bound, float) and bound < floor else (low, middle)
    return high
