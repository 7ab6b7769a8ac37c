"""Beside: what stands beside the score family: zero-tolerance keys and measurements."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import special

from seatrial.gate.budget import Budget
from seatrial.stats.power import critical_values

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from seatrial.certify.design import Design
    from seatrial.certify.scenario import Truth
    from seatrial.gate.policy import MeasureRule, Policy


@dataclass(frozen=True, slots=True)
class Beside:
    """Per gate: a zero-tolerance key blocks, one cannot tell, a measurement blocks."""

    hit: NDArray[np.bool_]
    unseen: NDArray[np.bool_]
    grew: NDArray[np.bool_]


def beside(design: Design, policy: Policy, truth: Truth, gates: int, rng: np.random.Generator) -> Beside:
    """Zero-tolerance keys by `truth.hits`, measurements at their margin, where a false block is likeliest."""
    hit, unseen, grew = (np.zeros(gates, dtype=bool) for _ in range(3))
    for i, key in enumerate(design.zero):
        n = int(design.requested[len(design.keys) + i].sum())
        new, clean = hit_law(truth.hits.get(key, 0.0), truth.missing_of(key), truth.repetitions)
        hit |= rng.random(gates) < -np.expm1(n * np.log1p(-new))
        # Given that no example is a new hit, each is clean and seen in full with chance clean / (1 - new).
        unseen |= rng.random(gates) < 1 - (clean / (1 - new)) ** n
    clusters = int(np.unique(design.cluster).size)
    for rule in policy.measures:
        grew |= rng.random(gates) < measure_level(rule, policy, clusters)
    return Beside(hit, unseen & ~hit, grew)


def hit_law(rate: float, missing: float, repetitions: int) -> tuple[float, float]:
    """(chance that an example is a new hit, chance that it is neither new nor unclear and the candidate's runs are all seen).

    Each measured run is a hit with chance `rate`, in both arms alike: a new hit needs one in the candidate, none in the
    baseline and something measured there; a hit whose baseline nobody measured, or a run of the candidate nobody
    measured, cannot tell.
    """
    r = repetitions
    some = 1 - (1 - rate * (1 - missing)) ** r
    base_clean = (1 - rate * (1 - missing)) ** r - missing**r
    seen_clean, seen_hit = (1 - missing) ** r * (1 - rate) ** r, (1 - missing) ** r * (1 - (1 - rate) ** r)
    base_hit = 1 - missing**r - base_clean
    return some * base_clean, seen_clean + seen_hit * base_hit


def measure_level(rule: MeasureRule, policy: Policy, clusters: int) -> float:
    """Chance that a measurement blocks a candidate that lies exactly at its margin: the most an unchanged one can see."""
    grow = sum(one.max_increase is not None for one in policy.measures)
    if clusters < policy.min_n or rule.max_increase is None:
        return 0.0
    alpha = Budget.of(policy).measures / grow
    if rule.statistic != "median":
        return alpha
    # The exact sign test: P(Bin(n, 1/2) >= its critical value).
    critical = float(critical_values(alpha, "exact", clusters)[clusters])
    return float(special.betainc(critical, clusters - critical + 1, 0.5)) if critical <= clusters else 0.0
