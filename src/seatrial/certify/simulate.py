"""Simulate: thousands of gates on one design, all at once, by counts instead of examples.

A gate of pass/fail keys sees an example only through which way it flips and whether it was measured, so one multinomial
draw per joint cell is a whole gate, and blocking is a look-up of broke against the critical value of broke + fixed.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from seatrial.stats.power import POWER, critical_values, mcnemar_power
from seatrial.stats.proportions import wilson

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from seatrial.certify.design import Design
    from seatrial.gate.policy import Policy
    from seatrial.stats.interval import CannotTell, Interval
    from seatrial.stats.paired import Method


@dataclass(frozen=True, slots=True)
class Truth:
    """What is so in the simulated world.

    Attributes:
        churn: share of examples that flip, half each way, when nothing changed.
        rate: the baseline's pass rate.
        missing: share of cells nobody measures, each arm.
        segment: segment that truly dropped; None when nothing did.
        drop: by how much (share).
        all_keys: whether every key drops there, or only the leading one.
    """

    churn: float
    rate: float = 0.8
    missing: float = 0.0
    segment: str | None = None
    drop: float = 0.0
    all_keys: bool = False


@dataclass(frozen=True, slots=True)
class Gates:
    """What `gates` simulated gates did; counts, each out of `gates`.

    Attributes:
        gates: how many were simulated.
        blocked: FAIL.
        uncertain: not blocked, and INCONCLUSIVE for what was missing.
        underpowered: INCONCLUSIVE for coverage: all or none, it does not depend on what is observed.
        raw_drop: the rule "any raw drop over 2 points" blocked.
        raw_p: the rule "any one-sided p under .05" blocked.
        bootstrap: the rule "any row's 95 % bootstrap interval lies under zero" blocked.
    """

    gates: int
    blocked: int
    uncertain: int
    underpowered: int
    raw_drop: int
    raw_p: int
    bootstrap: int

    def rate(self, count: int) -> float:
        """A count as a share of the gates."""
        return count / self.gates

    def interval(self, count: int) -> Interval | CannotTell:
        """Its 95 % interval: what the simulation itself does not know."""
        return wilson(count, self.gates)


RAW_DROP, RAW_P = 0.02, 0.05


def simulate(design: Design, policy: Policy, truth: Truth, gates: int, rng: np.random.Generator) -> Gates:
    """Run `gates` independent gates.

    Keys are drawn independently, which makes the family-wise rate an upper bound for keys that fail together. Single
    binary answers only: repetitions average noise away and can only help.
    """
    method: Method = "exact" if policy.test == "exact" else "mid-p"
    sizes = design.sizes
    blocked = np.zeros(gates, dtype=bool)
    unsure = np.zeros(gates, dtype=bool)
    naive = np.zeros((3, gates), dtype=bool)
    for k, key in enumerate(design.keys):
        best, worst, seen, lost = _counts(design, truth, key == design.keys[0], gates, rng)
        for s in range(len(design.segments)):
            n, alpha = int(sizes[s]), float(design.alpha_row[k, s])
            if n == 0:
                continue
            naive |= _naive(seen[0][:, s], seen[1][:, s], n)
            if alpha == 0:
                continue
            fails = _rejects(best[0][:, s], best[1][:, s], alpha, method)
            blocked |= fails
            if truth.missing:
                tolerance = 0.0 if design.critical[s] else policy.missing_tolerance
                unsure |= (
                    ~fails & _rejects(worst[0][:, s], worst[1][:, s], alpha, method) & (lost[:, s] > tolerance * n)
                )
    uncovered = bool(uncovered_segments(design, policy))
    return Gates(
        gates=gates,
        blocked=int(blocked.sum()),
        uncertain=0 if uncovered else int((unsure & ~blocked).sum()),
        underpowered=int((~blocked).sum()) if uncovered else 0,
        raw_drop=int(naive[0].sum()),
        raw_p=int(naive[1].sum()),
        bootstrap=int(naive[2].sum()),
    )


def uncovered_segments(design: Design, policy: Policy) -> tuple[str, ...]:
    """Critical segments too small to show `must_detect` on a key that coverage is asked of; the overall row under `min_n`."""
    method: Method = "exact" if policy.test == "exact" else "mid-p"
    asked = range(1) if any(rule.primary for rule in policy.keys) or len(design.keys) == 1 else range(len(design.keys))
    short = []
    for s, segment in enumerate(design.segments):
        n = int(design.sizes[s])
        powers = [
            mcnemar_power(n, policy.must_detect, policy.churn, a, method)
            for k in asked
            if (a := float(design.alpha_row[k, s])) > 0
        ]
        if (design.critical[s] and (not powers or min(powers) < POWER)) or (s == 0 and n < policy.min_n):
            short.append(segment)
    return tuple(short)


_Pair = tuple["NDArray[np.int64]", "NDArray[np.int64]"]


def _counts(
    design: Design, truth: Truth, leading: bool, gates: int, rng: np.random.Generator
) -> tuple[_Pair, _Pair, _Pair, NDArray[np.int64]]:
    """(broke, fixed) per gate and segment: at the best case, at the worst, over what was seen; and unmeasured cells of the arm
    with more of them."""
    flips = np.empty((gates, len(design.cells), 4, 4), dtype=np.int64)
    for c, n in enumerate(design.cells):
        hit = truth.segment is not None and bool(design.member[design.segments.index(truth.segment), c])
        drop = truth.drop if hit and (leading or truth.all_keys) else 0.0
        flips[:, c] = rng.multinomial(int(n), _cell(truth, drop), size=gates).reshape(gates, 4, 4)
    # answers: both pass, broke, fixed, neither; measured: both arms, candidate lost, baseline lost, both lost
    per = np.einsum("gcam,sc->gsam", flips, design.member, optimize=True)
    both, broke, fixed, neither = (per[:, :, a] for a in range(4))
    best = (
        broke[..., 0],
        fixed[..., 0] + fixed[..., 1] + neither[..., 1] + both[..., 2] + fixed[..., 2] + per[..., 3].sum(axis=2),
    )
    worst = (
        broke[..., 0] + both[..., 1] + broke[..., 1] + broke[..., 2] + neither[..., 2] + per[..., 3].sum(axis=2),
        fixed[..., 0],
    )
    either = per[..., 3].sum(axis=2)
    lost = np.maximum(per[..., 1].sum(axis=2), per[..., 2].sum(axis=2)) + either
    return best, worst, (broke[..., 0], fixed[..., 0]), lost


def _cell(truth: Truth, drop: float) -> NDArray[np.float64]:
    """Chances of the 16 (answer, measured) pairs of one example."""
    broke = drop + truth.churn * (1 - drop) / 2
    fixed = truth.churn * (1 - drop) / 2
    both = max(0.0, min(truth.rate, 1.0) - broke)
    answers = np.array([both, broke, fixed, max(0.0, 1 - both - broke - fixed)])
    m = truth.missing
    measured = np.array([(1 - m) ** 2, m * (1 - m), m * (1 - m), m * m])
    chances = np.outer(answers / answers.sum(), measured).ravel()
    return np.asarray(chances / chances.sum())


def _rejects(broke: NDArray[np.int64], fixed: NDArray[np.int64], alpha: float, method: Method) -> NDArray[np.bool_]:
    flips = broke + fixed
    table = critical_values(alpha, method, int(flips.max()) if flips.size else 0)
    rejects: NDArray[np.bool_] = broke >= table[flips]
    return rejects


def _naive(broke: NDArray[np.int64], fixed: NDArray[np.int64], n: int) -> NDArray[np.bool_]:
    """The three rules people write first, on one row: raw drop, raw p, bootstrap interval under zero."""
    mean = (fixed - broke) / n
    spread = np.sqrt(np.maximum((broke + fixed) / n - mean * mean, 0.0) / n)
    return np.stack(
        [-mean > RAW_DROP, _rejects(broke, fixed, RAW_P, "exact"), (mean + 1.96 * spread < 0) & (broke > 0)]
    )


def standard_error(rate: float, gates: int) -> float:
    """Of a simulated rate."""
    return math.sqrt(rate * (1 - rate) / gates)
