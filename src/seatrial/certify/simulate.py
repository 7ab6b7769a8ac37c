"""Simulate: thousands of gates on one design, all at once, each decided as the merge gate decides it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from seatrial.certify.cluster_means import draw_answers, look_at_answers
from seatrial.certify.guardrails import beside
from seatrial.certify.joint import joint_rejections
from seatrial.certify.paired_counts import draw_counts, look_at_counts
from seatrial.certify.scenario import Truth
from seatrial.gate.policy import KeyRule
from seatrial.gate.thresholds import limits_of
from seatrial.stats.multiplicity import weighted_holm
from seatrial.stats.noninferiority import largest_drops
from seatrial.stats.power import detectable_drop
from seatrial.stats.proportions import wilson

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from seatrial.certify.design import Design
    from seatrial.certify.observed import Look
    from seatrial.gate.policy import Policy
    from seatrial.stats.interval import CannotTell, Interval
    from seatrial.stats.paired import Method

__all__ = ["Gates", "Truth", "decide_gates", "simulate", "uncovered_segments"]

_AT_ONCE = 4_000_000
"""Numbers held at once; more gates than that are simulated in turns."""


@dataclass(frozen=True, slots=True)
class Gates:
    """What `gates` simulated gates did; counts, each out of `gates`.

    Attributes:
        gates: how many were simulated.
        blocked: FAIL.
        by_score: of these, by a row of the family; the only ones that a drop explains.
        by_hit: FAIL by a zero-tolerance key.
        by_measure: FAIL by a measurement at its margin.
        uncertain: not blocked, and INCONCLUSIVE: for what was missing, or for a critical segment not shown not worse.
        unseen: of these, because a zero-tolerance answer was not measured.
        underpowered: INCONCLUSIVE whatever is observed: all or none.
        raw_drop: the rule "any raw drop over 2 points" blocked.
        raw_p: the rule "any one-sided p under .05" blocked.
        bootstrap: the rule "any row's 95 % bootstrap interval lies under zero" blocked.
        unshown: per critical segment, and overall, the gates that do not show it not worse by what it has to rule out.
    """

    gates: int
    blocked: int
    by_score: int
    by_hit: int
    by_measure: int
    uncertain: int
    unseen: int
    underpowered: int
    raw_drop: int
    raw_p: int
    bootstrap: int
    unshown: tuple[tuple[str, int], ...] = ()

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

    Keys are drawn independently, which makes the family-wise rate an upper bound for keys that fail together.
    """
    blocked, unsure = np.zeros(gates, dtype=bool), np.zeros(gates, dtype=bool)
    raw, open_ = np.zeros((3, gates), dtype=bool), np.zeros(len(design.segments), dtype=np.int64)
    width = len(design.names) * 16 if by_counts(design, truth) else design.cell.size * 4
    turn = max(50, _AT_ONCE // max(width, 1))
    for start in range(0, gates, turn):
        now = slice(start, min(start + turn, gates))
        looks = [look(design, policy, truth, k, now.stop - start, rng) for k in range(len(design.keys))]
        blocked[now], unsure[now] = decide_gates(design, policy, looks, rng)
        open_ += unshown_rows(design, policy, looks).sum(axis=0)
        for one in looks:
            raw[:, now] |= one.naive
    other = beside(design, policy, truth, gates, rng)
    uncovered = bool(uncovered_segments(design, policy))
    fails = blocked | other.hit | other.grew
    unsure |= other.unseen
    return Gates(
        gates=gates,
        blocked=int(fails.sum()),
        by_score=int(blocked.sum()),
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
    )


def by_counts(design: Design, truth: Truth) -> bool:
    """Whether the gate tests single answers of single examples: counts say all there is to say."""
    return design.alone and truth.repetitions == 1


def decide_gates(
    design: Design, policy: Policy, looks: Sequence[Look], rng: np.random.Generator
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Per gate: the score family blocks; it does not and what is missing, or what is not shown, leaves a row open."""
    method: Method = "exact" if policy.test == "exact" else "mid-p"
    family = (design.alpha_row > 0) & (design.n > 0)
    weights = np.where(family, design.alpha_row / design.alpha, 0.0)
    least, requested = _min_drops(design, policy), rules_out(design, policy) > 0
    far = np.stack([one.fell >= least[k] - 1e-12 for k, one in enumerate(looks)], axis=1)
    first = np.stack([one.fails for one in looks], axis=1) & family
    blocked: NDArray[np.bool_] = (first & far).any(axis=(1, 2))
    # A row that rejects and fell too little to block steps aside for the next.
    small = np.flatnonzero(first.any(axis=(1, 2)) & ~blocked)
    blocked[small] = (_by_holm(design, looks, small, family, worst=False) & far[small]).any(axis=(1, 2))
    left = np.flatnonzero(~blocked)
    flipped = [one.flips(left, False) for one in looks]
    blocked[left] = (joint_rejections(flipped, weights, design.alpha, method, rng) & far[left]).any(axis=(1, 2))
    unsure: NDArray[np.bool_] = np.asarray(unshown_rows(design, policy, looks).any(axis=1))
    for k, one in enumerate(looks):
        unsure |= (one.nothing & family[k] & ~requested[k]).any(axis=1)
    tolerance = np.array([0.0 if critical else policy.missing_tolerance for critical in design.critical])
    # A row that is shown not worse at the worst case of what is missing hangs on nothing.
    over = np.stack(
        [(one.missing_cells > tolerance) & family[k] & ~requested[k] for k, one in enumerate(looks)], axis=1
    )
    open_ = np.flatnonzero(over.any(axis=(1, 2)) & ~blocked & ~unsure)
    if open_.size:
        far = np.stack([one.fell_worst[open_] >= least[k] - 1e-12 for k, one in enumerate(looks)], axis=1)
        fails = _by_holm(design, looks, open_, family, worst=True)
        flipped = [one.flips(open_, True) for one in looks]
        fails |= joint_rejections(flipped, weights, design.alpha, method, rng)
        unsure[open_] = (fails & far & over[open_]).any(axis=(1, 2))
    return blocked, unsure & ~blocked


def _by_holm(
    design: Design, looks: Sequence[Look], gates: NDArray[np.int64], family: NDArray[np.bool_], *, worst: bool
) -> NDArray[np.bool_]:
    """Gates x keys x segments: rows that weighted Holm rejects, stepped down."""
    rows = [(k, s) for k in range(len(looks)) for s in np.flatnonzero(family[k]).tolist()]
    found = np.zeros((gates.size, *family.shape), dtype=bool)
    if not gates.size:
        return found
    p = np.stack([(looks[k].p_worst if worst else looks[k].p_best)(s, gates) for k, s in rows], axis=1)
    weights = np.array([design.alpha_row[k, s] for k, s in rows]) / design.alpha
    for i in range(gates.size):
        for (k, s), rejected in zip(rows, weighted_holm(p[i], weights, design.alpha).rejected, strict=True):
            found[i, k, s] = rejected
    return found


def rules_out(design: Design, policy: Policy) -> NDArray[np.float64]:
    """Keys x segments: the drop each row has to be shown not to have; 0 where it has to show nothing."""
    rules = {rule.name: rule for rule in policy.keys}
    found = np.zeros(design.n.shape)
    for k in _requested(design, policy):
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


def _min_drops(design: Design, policy: Policy) -> NDArray[np.float64]:
    rules = {rule.name: rule for rule in policy.keys}
    return np.array(
        [[limits_of(rules.get(key, KeyRule(key)), s).min_drop for s in design.segments] for key in design.keys]
    )


def unshown_rows(design: Design, policy: Policy, looks: Sequence[Look]) -> NDArray[np.bool_]:
    """Gates x segments: a row is not shown not worse by the drop it has to rule out, on a key that is asked."""
    found = np.zeros(looks[0].fails.shape, dtype=bool)
    for k, drops in enumerate(rules_out(design, policy)):
        shown = (looks[k].at_most < drops) & (looks[k].rate > drops) & (design.n[k] > 0)
        found |= ~shown & (drops > 0)
    return found


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


def _requested(design: Design, policy: Policy) -> range:
    """Keys that have to show critical segments not worse: the primary one, or all."""
    return range(1) if any(rule.primary for rule in policy.keys) or len(design.keys) == 1 else range(len(design.keys))


def _mute(design: Design, policy: Policy, key: int, method: Method) -> bool:
    n = int(design.n[key, 0])
    return n < policy.min_n or detectable_drop(n, policy.churn, float(design.alpha_row[key, 0]), method) is None


def look(design: Design, policy: Policy, truth: Truth, key: int, gates: int, rng: np.random.Generator) -> Look:
    """Draw `gates` gates of one key, and look at them."""
    if by_counts(design, truth):
        method: Method = "exact" if policy.test == "exact" else "mid-p"
        return look_at_counts(design, key, draw_counts(design, truth, key, gates, rng), method)
    return look_at_answers(design, key, draw_answers(design, truth, key, gates, rng), truth.repetitions)
