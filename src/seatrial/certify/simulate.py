"""Simulate: thousands of gates on one design, all at once, each decided as the merge gate decides it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from seatrial.certify.cluster_means import draw_answers, look_at_answers
from seatrial.certify.guardrails import beside
from seatrial.certify.paired_counts import draw_counts, look_at_counts
from seatrial.certify.scenario import Truth
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
        unshown: per critical segment, the gates that do not show it not worse by `must_detect` or more.
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
        """Share of the gates that show the critical segment not worse by `must_detect` or more."""
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
        blocked[now], unsure[now] = decide_gates(design, policy, looks)
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
            for segment, n, critical in zip(design.segments, open_, design.critical, strict=True)
            if critical
        ),
    )


def by_counts(design: Design, truth: Truth) -> bool:
    """Whether the gate tests single answers of single examples: counts say all there is to say."""
    return design.alone and truth.repetitions == 1


def decide_gates(design: Design, policy: Policy, looks: Sequence[Look]) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Per gate: the score family blocks; it does not and what is missing leaves a row open."""
    levels, sizes = design.alpha_row, design.n
    method: Method = "exact" if policy.test == "exact" else "mid-p"
    blocked = np.zeros(looks[0].fails.shape[0], dtype=bool)
    unsure, doubtful = blocked.copy(), blocked.copy()
    tolerance = np.array([0.0 if critical else policy.missing_tolerance for critical in design.critical])
    unsure |= unshown_rows(design, policy, looks).any(axis=1)
    # A critical segment that is shown not worse at the worst case of what is missing hangs on nothing.
    shows = np.array(
        [[k in _requested(design, policy) and critical for critical in design.critical] for k in range(len(looks))]
    )
    over = []
    for k, one in enumerate(looks):
        family = (levels[k] > 0) & (sizes[k] > 0)
        blocked |= (one.fails & family).any(axis=1)
        unsure |= (one.nothing & family).any(axis=1)
        over.append((one.missing_cells > tolerance) & family & ~shows[k])
        detects = detectable_drop(int(sizes[k, 0]), policy.churn, float(levels[k, 0]), method)
        if detects is not None:
            # What is missing can hide a drop; where none could show, the overall row decides nothing.
            unsure |= detects + 2 * one.missing_share > 1
        doubtful |= over[-1].any(axis=1)
    open_ = np.flatnonzero(doubtful & ~blocked & ~unsure)
    if open_.size:
        rows = [(k, s) for k in range(len(looks)) for s in np.flatnonzero((levels[k] > 0) & (sizes[k] > 0)).tolist()]
        first = np.stack([looks[k].falls(s, open_) for k, s in rows], axis=1)
        requested = np.stack([over[k][open_, s] for k, s in rows], axis=1)
        unsure[open_] = (first & requested).any(axis=1)
        # Only where a row falls at its first-step level can another fall after it.
        after = np.flatnonzero(first.any(axis=1) & ~(first & requested).any(axis=1))
        p = np.stack([looks[k].p_worst(s, open_[after]) for k, s in rows], axis=1)
        weights = np.array([levels[k, s] for k, s in rows]) / design.alpha
        for i, row in zip(after, p, strict=True):
            unsure[open_[i]] = bool((weighted_holm(row, weights, design.alpha).rejected & requested[i]).any())
    return blocked, unsure & ~blocked


def unshown_rows(design: Design, policy: Policy, looks: Sequence[Look]) -> NDArray[np.bool_]:
    """Gates x segments: a critical segment is not shown not worse by `must_detect` or more on a key that is asked."""
    found = np.zeros(looks[0].fails.shape, dtype=bool)
    for k in _requested(design, policy):
        shown = (looks[k].at_most < policy.must_detect) & (looks[k].rate > policy.must_detect) & (design.n[k] > 0)
        found |= ~shown & np.array(design.critical)
    return found


def uncovered_segments(design: Design, policy: Policy) -> tuple[str, ...]:
    """What makes every pass INCONCLUSIVE, from sizes and policy alone.

    Critical segments too small to be shown not worse by `must_detect` even if nothing moved, on a key that is asked; the
    overall row under `min_n`, or of a key whose level no drop can reach; a measurement on fewer than `min_n` clusters.
    """
    method: Method = "exact" if policy.test == "exact" else "mid-p"
    short = []
    for s, segment in enumerate(design.segments):
        least = min(int(design.n[k, s]) for k in _requested(design, policy))
        if (design.critical[s] and (not least or float(largest_drops(0.0, 0.0, least)) >= policy.must_detect)) or (
            s == 0 and any(_mute(design, policy, k, method) for k in range(len(design.keys)))
        ):
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
