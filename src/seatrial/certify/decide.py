"""Decide: simulated gates by the rules of the merge gate, at one look or with suspicious rows on fresh repetitions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from seatrial.certify.floors import floors_of
from seatrial.certify.joint import joint_rejections
from seatrial.certify.required import rules_out
from seatrial.gate.policy import KeyRule
from seatrial.gate.row_rules import WATCH_AT
from seatrial.gate.thresholds import limits_of
from seatrial.stats.multiplicity import weighted_holm

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from seatrial.certify.design import Design
    from seatrial.certify.observed import Look
    from seatrial.gate.policy import Policy
    from seatrial.stats.paired import Method

    Bools = NDArray[np.bool_]
    Numbers = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Second:
    """What a second stage adds to a first look.

    Attributes:
        suspicious: gates x keys x segments: rows that are tested on the fresh repetitions; the others enter the family with p 1.
        looks: the fresh repetitions, per key.
        shown: gates x keys x segments: the row is shown not worse, at the first look or on both looks pooled.
        by_both: gates x keys x segments: the row was not shown at the first look, and is asked on both looks pooled.
        pooled: both looks as one, per key.
    """

    suspicious: Bools
    looks: Sequence[Look]
    shown: Bools
    by_both: Bools
    pooled: Sequence[Look]


class Decided(NamedTuple):
    """Per gate: the score family blocks; nothing does and a row is left open. Gates x keys x segments: the row is under its
    floor. Gates x segments: a row that has to be shown not worse is not. Per gate: it is left open for nothing but that the
    candidate, whose goal is to be better, is not shown to be.
    """

    blocked: Bools
    unsure: Bools
    under_floor: Bools
    unshown: Bools
    not_better: Bools


def decide_gates(
    design: Design, policy: Policy, looks: Sequence[Look], rng: np.random.Generator, second: Second | None = None
) -> Decided:
    """What the gate says of every simulated gate.

    Args:
        design: what is simulated.
        policy: the rules.
        looks: the first look, per key.
        rng: of the sign flips.
        second: the second stage; None where the gate decides at the first look.
    """
    s = _Stage(design, policy, looks, second)
    far = s.fell >= s.least - 1e-12
    first = s.fails & s.tested
    blocked: Bools = np.asarray((first & far).any(axis=(1, 2)))
    # A row that rejects and fell too little to block steps aside for the next.
    small = np.flatnonzero(first.any(axis=(1, 2)) & ~blocked)
    blocked[small] = (s.holm(small, worst=False) & far[small]).any(axis=(1, 2))
    left = np.flatnonzero(~blocked)
    blocked[left] = s.joint(left, rng, far[left], worst=False)
    drops = rules_out(design, policy)
    shown = shown_rows(design, policy, looks) if second is None else second.shown
    unshown = (drops > 0) & ~shown
    unsure: Bools = np.asarray(unshown.any(axis=(1, 2)))
    # A row that is shown not worse at the worst case of what is missing hangs on nothing.
    unsure |= (s.nothing & s.family & (drops <= 0)).any(axis=(1, 2))
    tolerance = np.array([0.0 if critical else policy.missing_tolerance for critical in design.critical])
    over = (s.missing_cells > tolerance) & s.family & (drops <= 0)
    open_ = np.flatnonzero(over.any(axis=(1, 2)) & ~blocked & ~unsure)
    if open_.size:
        hangs = (s.fell_worst[open_] >= s.least - 1e-12) & over[open_]
        by_holm = (s.holm(open_, worst=True) & hangs).any(axis=(1, 2))
        unsure[open_] = by_holm | s.joint(open_, rng, hangs, worst=True)
    floors = floors_of(design, policy, looks)
    unsure |= floors.unsure
    if policy.watch == "hold":
        unsure |= floors.held | s.looks_worse()
    fails = blocked | floors.proven.any(axis=(1, 2))
    not_better = s.not_better(drops[:, 0] > 0) & ~unsure & ~fails
    return Decided(blocked, (unsure | not_better) & ~fails, floors.proven, np.asarray(unshown.any(axis=1)), not_better)


def fails_of(did: Decided) -> Bools:
    """Gates that a row or a floor fails."""
    return np.asarray(did.blocked | did.under_floor.any(axis=(1, 2)))


class _Stage:
    """The rows as they are decided: of the first look, or of the fresh repetitions where they were suspicious."""

    def __init__(self, design: Design, policy: Policy, looks: Sequence[Look], second: Second | None) -> None:
        self._design, self._looks, self._second = design, looks, second
        self._goal = policy.goal
        self._method: Method = "exact" if policy.test == "exact" else "mid-p"
        self.family = (design.alpha_row > 0) & (design.n > 0)
        self._weights = np.where(self.family, design.alpha_row / design.alpha, 0.0)
        self.tested = self.family[None] if second is None else self.family & second.suspicious
        self.least = _min_drops(design, policy)
        self.fails: Bools = self._rows("fails")
        self.nothing: Bools = self._rows("nothing")
        self.fell: Numbers = self._rows("fell")
        self.fell_worst: Numbers = self._rows("fell_worst")
        self.missing_cells: Numbers = self._rows("missing_cells")

    def _rows(self, name: str) -> NDArray[Any]:
        first = np.stack([getattr(one, name) for one in self._looks], axis=1)
        if self._second is None:
            return first
        fresh = np.stack([getattr(one, name) for one in self._second.looks], axis=1)
        return np.where(self._second.suspicious, fresh, first)

    def looks_worse(self) -> Bools:
        """Gates in which a critical or an overall row looks worse on its own."""
        every = np.arange(self.fails.shape[0])
        found = np.zeros(every.size, dtype=bool)
        for k, s in np.argwhere(self.family):
            if s == 0 or self._design.critical[s]:
                found |= self._p(k, s, every, worst=False) <= WATCH_AT
        return found

    def not_better(self, keys: Bools) -> Bools:
        """Gates in which the overall row of one of `keys` is not shown better, where that is the goal."""
        every = np.arange(self.fails.shape[0])
        found = np.zeros(every.size, dtype=bool)
        for k in np.flatnonzero(keys).tolist() if self._goal == "superior" else ():
            p = self._looks[k].p_better(0, every)
            if self._second is not None:
                p = np.where(self._second.by_both[:, k, 0], self._second.pooled[k].p_better(0, every), p)
            found |= p > WATCH_AT
        return found

    def holm(self, gates: NDArray[np.int64], *, worst: bool) -> Bools:
        """Gates x keys x segments: rows that weighted Holm rejects, stepped down."""
        rows = [(int(k), int(s)) for k, s in np.argwhere(self.family)]
        found = np.zeros((gates.size, *self.family.shape), dtype=bool)
        if not gates.size:
            return found
        p = np.stack([self._p(k, s, gates, worst=worst) for k, s in rows], axis=1)
        if not worst and self._second is not None:
            tested = np.stack([self.tested[gates, k, s] for k, s in rows], axis=1)
            p = np.where(tested, p, 1.0)
        weights = np.array([self._weights[k, s] for k, s in rows])
        for i in range(gates.size):
            for (k, s), rejected in zip(rows, weighted_holm(p[i], weights, self._design.alpha).rejected, strict=True):
                found[i, k, s] = rejected
        return found

    def joint(self, gates: NDArray[np.int64], rng: np.random.Generator, of: Bools, *, worst: bool) -> Bools:
        """Gates in which the joint level rejects a row of `of`, gates x keys x segments."""
        alpha = self._design.alpha
        first = [one.flips(gates, worst) for one in self._looks]
        if self._second is None:
            found = joint_rejections(first, self._weights, alpha, self._method, rng, of)
            return self._drawn(found, gates, np.broadcast_to(self._weights, of.shape), worst=worst)
        fresh = [one.flips(gates, worst) for one in self._second.looks]
        weights = np.where(self._second.suspicious[gates], self._weights, 0.0)
        if not worst:
            found = joint_rejections(fresh, weights, alpha, self._method, rng, of)
            return self._drawn(found, gates, weights, worst=False)
        # Where the first look has counts alone, its clusters flip apart from those of the fresh repetitions.
        both = np.concatenate([self._weights - weights, weights], axis=1)
        found = joint_rejections([*first, *fresh], both, alpha, self._method, rng, np.concatenate([of, of], axis=1))
        return self._drawn(found, gates, np.broadcast_to(self._weights, of.shape), worst=True)

    def _drawn(self, found: Bools, gates: NDArray[np.int64], weights: Numbers, *, worst: bool) -> Bools:
        """`found`, of gates that draw flips: whose row with the smallest p / weight has its own p within alpha."""
        at = np.flatnonzero(found)
        if not at.size:
            return found
        rows = np.argwhere((weights[at] > 0).any(axis=0)).tolist()
        p = np.stack([self._p(k, s, gates[at], worst=worst) for k, s in rows], axis=1)
        share = np.stack([weights[at, k, s] for k, s in rows], axis=1)
        first = np.argmin(np.divide(p, share, out=np.full(p.shape, np.inf), where=share > 0), axis=1)
        found[at[p[np.arange(at.size), first] > self._design.alpha]] = False
        return found

    def _p(self, k: int, s: int, gates: NDArray[np.int64], *, worst: bool) -> Numbers:
        def of(look: Look) -> Numbers:
            return (look.p_worst if worst else look.p_best)(s, gates)

        if self._second is None:
            return of(self._looks[k])
        return np.where(self._second.suspicious[gates, k, s], of(self._second.looks[k]), of(self._looks[k]))


def shown_rows(design: Design, policy: Policy, looks: Sequence[Look]) -> Bools:
    """Gates x keys x segments: the row is shown not worse by the drop it has to rule out."""
    drops = rules_out(design, policy)
    at_most, rate = (np.stack([getattr(one, name) for one in looks], axis=1) for name in ("at_most", "rate"))
    return np.asarray((at_most < drops) & (rate > drops) & (design.n > 0))


def _min_drops(design: Design, policy: Policy) -> Numbers:
    rules = {rule.name: rule for rule in policy.keys}
    return np.array(
        [[limits_of(rules.get(key, KeyRule(key)), s).min_drop for s in design.segments] for key in design.keys]
    )
