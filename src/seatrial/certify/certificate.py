"""Certificate: the error rates of a policy on a design, beside those of the rules people write first."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from seatrial.certify.advice import Advice, Weak, fix, reconsider
from seatrial.certify.confirm import confirm
from seatrial.certify.required import rules_out
from seatrial.certify.simulate import simulate, uncovered_segments
from seatrial.gate.budget import Budget
from seatrial.gate.row import OVERALL
from seatrial.gate.thresholds import LEVEL
from seatrial.stats.interval import Interval
from seatrial.stats.power import POWER

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import numpy as np

    from seatrial.certify.confirm import Confirming
    from seatrial.certify.design import Design
    from seatrial.certify.estimate import Fact
    from seatrial.certify.scenario import Truth
    from seatrial.certify.simulate import Gates
    from seatrial.gate.policy import Policy

__all__ = ["DROPS", "Advice", "Certificate", "Power", "certify"]

DROPS = (0.05, 0.10, 0.15, 0.20, 0.30)
_FEWEST, _ADVISED = 200, 400
"""Gates per drop, and per way of fixing, at the least and at the most."""

EXCESS = 1.04
"""Part of alpha that weighted Holm and the joint level, both by mid-p, may spend together."""

RULED_OUT = 1.7
"""A simulated rate over alpha is still what was promised where so many times alpha lies beyond its 95 % interval."""

MOST_UNTOLD = 0.5
"""Share of gates that cannot tell for what is missing, over which nobody would call it a gate."""


@dataclass(frozen=True, slots=True)
class Power:
    """Chance that the gate blocks when one segment of the leading key truly loses `drop`."""

    segment: str
    n: int
    critical: bool
    drop: float
    blocked: float
    inconclusive: float

    @property
    def passed(self) -> float:
        """Chance that the broken segment passes."""
        return max(0.0, round(1.0 - self.blocked - self.inconclusive, 9))


@dataclass(frozen=True, slots=True)
class Confirmation:
    """What the gate does where it confirms on fresh repetitions.

    Attributes:
        null: of unchanged candidates.
        broken: per critical segment, of candidates that lost what it has to rule out there.
    """

    null: Confirming
    broken: tuple[tuple[str, Confirming], ...]


@dataclass(frozen=True)
class Certificate:
    """What was measured on one design.

    Attributes:
        name: graph or file.
        alpha: what the policy promises for one gate: its alpha, over the graphs of one shared change.
        null: the gates in which nothing had changed.
        power: per segment and drop; a drop larger than the segment's pass rate is left out, it cannot happen.
        rules_out: segment -> drop that it has to be shown not to have, of those that have to show one.
        uncovered: critical segments that can never be judged, and whatever else makes every pass INCONCLUSIVE.
        sizes: segment -> clusters.
        truth: the unchanged world.
        facts: its numbers, and where each is from.
        advice: what would fix it, cheapest first; the gate's and critical segments' own before the rest.
        policy_hash: of the rules.
        shape_hash: of segments, sizes, keys and what is critical.
        confirm: the same decided in two stages; None where that was not simulated.
    """

    name: str
    alpha: float
    null: Gates
    power: tuple[Power, ...]
    rules_out: dict[str, float]
    uncovered: tuple[str, ...]
    sizes: dict[str, int]
    truth: Truth
    facts: tuple[Fact, ...]
    advice: tuple[Advice, ...]
    policy_hash: str
    shape_hash: str
    confirm: Confirmation | None = None

    @property
    def false_block(self) -> float:
        """Share of unchanged candidates that the simulated gate blocks."""
        return self.null.rate(self.null.blocked)

    @property
    def kept(self) -> bool | None:
        """Whether both levels are kept, alpha and that of all floors; None where more gates would have to be simulated to tell."""
        floors = self.null.interval(self.null.by_floor)
        if isinstance(floors, Interval) and floors.low > LEVEL:
            return False
        ends = self.null.interval(self.null.beside_floors)
        if not isinstance(ends, Interval) or ends.low > EXCESS * self.alpha:
            return False if isinstance(ends, Interval) else None
        rate = self.null.rate(self.null.beside_floors)
        return True if rate <= self.alpha or ends.high <= RULED_OUT * self.alpha else None

    @property
    def judges(self) -> bool:
        """Whether such a gate answers at all: no critical segment is uncovered, and most gates can tell.

        That an unchanged candidate is not shown better is what a goal of a better one is for.
        """
        return not self.uncovered and self.null.rate(self.null.uncertain - self.null.not_better) <= MOST_UNTOLD


def certify(
    design: Design,
    policy: Policy,
    truth: Truth,
    *,
    gates: int,
    rng: np.random.Generator,
    drops: Sequence[float] = DROPS,
    facts: tuple[Fact, ...] = (),
    confirming: bool = False,
    progress: Callable[[int, int], None] = lambda _done, _planned: None,
) -> Certificate:
    """Simulate the policy on the design: nothing changed, and each segment broken by each of `drops` and by must_detect.

    `confirming` simulates the gate of two stages, too.
    """
    grid = sorted({*drops, policy.must_detect})
    broken = [s for s in design.segments if s != OVERALL and design.n[0, design.segments.index(s)]]
    planned = 1 + len(broken) * len(grid)
    null = simulate(design, policy, truth, gates, rng)
    progress(1, planned)
    # Of what is outside the family only what cannot tell stays: a lucky hit is no power.
    plain = replace(truth, hits={})
    power = []
    for i, segment in enumerate(broken):
        s = design.segments.index(segment)
        can_lose = _rate(design, truth, s)
        for j, drop in enumerate(grid):
            if drop <= can_lose + 1e-9:
                did = simulate(
                    design, policy, replace(plain, segment=segment, drop=drop), max(_FEWEST, gates // 4), rng
                )
                power.append(
                    Power(
                        segment,
                        int(design.sizes[s]),
                        design.critical[s],
                        drop,
                        did.rate(did.by_score),
                        did.rate(did.uncertain + did.underpowered),
                    )
                )
            progress(2 + i * len(grid) + j, planned)
    uncovered = uncovered_segments(design, policy)
    weak = [
        Weak(segment, null.shown(segment), segment in uncovered)
        for segment, _ in null.unshown
        if null.shown(segment) < POWER or segment in uncovered
    ]
    weak += [
        Weak(p.segment, p.blocked, False)
        for p in power
        if p.drop == policy.must_detect and not p.critical and p.blocked < POWER
    ]
    advised = fix(design, policy, plain, weak, min(_ADVISED, gates), rng)
    return Certificate(
        name=design.name,
        alpha=Budget.of(policy).total,
        null=null,
        power=tuple(power),
        rules_out={
            s: float(d) for s, d in zip(design.segments, rules_out(design, policy).max(axis=0), strict=True) if d
        },
        uncovered=uncovered,
        sizes={segment: int(design.sizes[i]) for i, segment in enumerate(design.segments)},
        truth=truth,
        facts=facts,
        advice=tuple(
            sorted([*reconsider(design, policy, truth, null), *advised], key=lambda a: (not a.critical, a.calls))
        ),
        policy_hash=policy.hash,
        shape_hash=design.shape_hash(truth.repetitions),
        confirm=_two_stages(design, policy, truth, gates, rng) if confirming else None,
    )


def _two_stages(design: Design, policy: Policy, truth: Truth, gates: int, rng: np.random.Generator) -> Confirmation:
    drops, plain = rules_out(design, policy).max(axis=0), replace(truth, hits={})
    fewer = max(_FEWEST, gates // 4)
    broken_rows = tuple(
        (segment, confirm(design, policy, replace(plain, segment=segment, drop=float(drops[s])), fewer, rng))
        for s, segment in enumerate(design.segments)
        if design.critical[s] and design.n[0, s] and drops[s] <= _rate(design, truth, s) + 1e-9
    )
    return Confirmation(confirm(design, policy, truth, gates, rng), broken_rows)


def _rate(design: Design, truth: Truth, segment: int) -> float:
    """The leading key's pass rate on a segment: the largest drop it can have."""
    weights = design.cells[0] * design.member[segment]
    return float(sum(n * truth.at(0, c)[0] for c, n in enumerate(weights)) / max(weights.sum(), 1))
