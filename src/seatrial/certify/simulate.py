"""Simulate: thousands of gates on one design, all at once, each decided as the merge gate decides it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from seatrial.certify.cluster_means import draw_answers, look_at_answers
from seatrial.certify.decide import decide_gates
from seatrial.certify.floors import without_floors
from seatrial.certify.guardrails import beside
from seatrial.certify.paired_counts import draw_counts, look_at_counts
from seatrial.certify.required import rules_out
from seatrial.certify.scenario import Truth
from seatrial.stats.noninferiority import largest_drops
from seatrial.stats.power import detectable_drop
from seatrial.stats.proportions import wilson

if TYPE_CHECKING:
    from seatrial.certify.design import Design
    from seatrial.certify.observed import Look
    from seatrial.gate.policy import Policy
    from seatrial.stats.interval import CannotTell, Interval
    from seatrial.stats.paired import Method

__all__ = ["Gates", "Truth", "simulate", "uncovered_segments"]

_AT_ONCE = 4_000_000
"""Numbers held at once; more gates than that are simulated in turns."""


@dataclass(frozen=True, slots=True)
class Gates:
    """What `gates` simulated gates did; counts, each out of `gates`.

    Attributes:
        gates: how many were simulated.
        blocked: FAIL.
        by_score: of these, by a row of the family; the only ones that a drop explains.
        by_floor: FAIL by the floor of a row.
        by_hit: FAIL by a zero-tolerance key.
        by_measure: FAIL by a measurement at its margin.
        uncertain: not blocked, and INCONCLUSIVE: for what was missing, or for a critical segment not shown not worse.
        unseen: of these, because a zero-tolerance answer was not measured.
        underpowered: INCONCLUSIVE whatever is observed: all or none.
        raw_drop: the rule "any raw drop over 2 points" blocked.
        raw_p: the rule "any one-sided p under .05" blocked.
        bootstrap: the rule "any row's 95 % bootstrap interval lies under zero" blocked.
        under_floor: (segment, key, gates) of the rows that were under their floor.
        not_better: of the uncertain ones, those open for nothing but the goal of a better candidate.
        beside_floors: FAIL by anything but a floor alone: what alpha is the level of.
        unshown: per critical segment, and overall, the gates that do not show it not worse by what it has to rule out.
    """

    gates: int
    blocked: int
    by_score: int
    by_floor: int
    by_hit: int
    by_measure: int
    uncertain: int
    unseen: int
    underpowered: int
    raw_drop: int
    raw_p: int
    bootstrap: int
    unshown: tuple[tuple[str, int], ...] = ()
    under_floor: tuple[tuple[str, str, int], ...] = ()
    beside_floors: int = 0
    not_better: int = 0

    def shown(self, segment: str) -> float:
        """Share of the gates that show the segment not worse by the drop it has to rule out."""
        return 1 - self.rate(dict(self.unshown).get(segment, 0))

    def rate(self, count: int) -> float:
        """A count as a share of the gates."""
        return count / self.gates

    def interval(self, count: int) -> Interval | CannotTell:
        """Its 95 % interval: what the simulation itself does not know."""
        return wilson(count, self.gates)


def simulate(design: Design, policy: Policy, truth: Truth, gates: int, rng: np.random.Generator) -> Gates:
    """Run `gates` independent gates.

    Keys are drawn independently, which makes the family-wise rate an upper bound for keys that fail together. Floors are
    left out where the pass rate is only assumed.
    """
    policy = policy if truth.rate_known else without_floors(policy)
    blocked, low, unsure, not_better = (np.zeros(gates, dtype=bool) for _ in range(4))
    raw, open_ = np.zeros((3, gates), dtype=bool), np.zeros(len(design.segments), dtype=np.int64)
    floors = np.zeros(design.n.shape, dtype=np.int64)
    width = len(design.names) * 16 if by_counts(design, truth) else design.cell.size * 4
    turn = max(50, _AT_ONCE // max(width, 1))
    for start in range(0, gates, turn):
        now = slice(start, min(start + turn, gates))
        looks = [look(design, policy, truth, k, now.stop - start, rng) for k in range(len(design.keys))]
        did = decide_gates(design, policy, looks, rng)
        blocked[now], low[now], unsure[now] = did.blocked, did.under_floor.any(axis=(1, 2)), did.unsure
        not_better[now] = did.not_better
        floors += did.under_floor.sum(axis=0)
        open_ += did.unshown.sum(axis=0)
        for one in looks:
            raw[:, now] |= one.naive
    other = beside(design, policy, truth, gates, rng)
    uncovered = bool(uncovered_segments(design, policy))
    fails = blocked | low | other.hit | other.grew
    unsure |= other.unseen
    return Gates(
        gates=gates,
        blocked=int(fails.sum()),
        by_score=int(blocked.sum()),
        by_floor=int(low.sum()),
        by_hit=int(other.hit.sum()),
        by_measure=int(other.grew.sum()),
        uncertain=0 if uncovered else int((unsure & ~fails).sum()),
        unseen=0 if uncovered else int((other.unseen & ~fails).sum()),
        underpowered=int((~fails).sum()) if uncovered else 0,
        raw_drop=int(raw[0].sum()),
        raw_p=int(raw[1].sum()),
        bootstrap=int(raw[2].sum()),
        unshown=tuple(
            (segment, int(n))
            for segment, n, must in zip(
                design.segments, open_, np.atleast_1d(rules_out(design, policy).any(axis=0)), strict=True
            )
            if must
        ),
        under_floor=tuple(
            (design.segments[s], design.keys[k], int(floors[k, s])) for k, s in np.argwhere(floors).tolist()
        ),
        beside_floors=int((blocked | other.hit | other.grew).sum()),
        not_better=0 if uncovered else int((not_better & ~other.unseen & ~fails).sum()),
    )


def by_counts(design: Design, truth: Truth) -> bool:
    """Whether the gate tests single answers of single examples: counts say all there is to say."""
    return design.alone and truth.repetitions == 1


def uncovered_segments(design: Design, policy: Policy) -> tuple[str, ...]:
    """What makes every pass INCONCLUSIVE, from sizes and policy alone.

    Rows too small to be shown not worse by the drop they have to rule out even if nothing moved; critical segments under the
    least number their dimension asks for; the overall row of another key under `min_n`, or whose level no drop can reach; a measurement on fewer than `min_n` clusters.
    """
    method: Method = "exact" if policy.test == "exact" else "mid-p"
    drops, short = rules_out(design, policy), []
    for s, segment in enumerate(design.segments):
        never = [
            not design.n[k, s] or float(largest_drops(0.0, 0.0, int(design.n[k, s]))) >= drops[k, s]
            for k in range(len(design.keys))
            if drops[k, s] > 0
        ]
        too_few = [design.critical[s] and policy.too_few(segment, int(design.n[k, s])) for k in range(len(design.keys))]
        mute = [s == 0 and not drops[k, 0] and _mute(design, policy, k, method) for k in range(len(design.keys))]
        if any(never) or any(too_few) or any(mute):
            short.append(segment)
    if design.measures and np.unique(design.cluster).size < policy.min_n:
        short += [name for name in design.measures if name not in short]
    return tuple(short)


def _mute(design: Design, policy: Policy, key: int, method: Method) -> bool:
    n = int(design.n[key, 0])
    return n < policy.min_n or detectable_drop(n, policy.churn, float(design.alpha_row[key, 0]), method) is None


def look(design: Design, policy: Policy, truth: Truth, key: int, gates: int, rng: np.random.Generator) -> Look:
    """Draw `gates` gates of one key, and look at them."""
    if by_counts(design, truth):
        method: Method = "exact" if policy.test == "exact" else "mid-p"
        return look_at_counts(design, key, draw_counts(design, truth, key, gates, rng), method)
    return look_at_answers(design, key, draw_answers(design, truth, key, gates, rng), truth.repetitions)
