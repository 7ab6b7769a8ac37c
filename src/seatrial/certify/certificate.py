"""Certificate: the error rates of a policy on a design, beside those of the rules people write first."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from seatrial.certify.simulate import Gates, Truth, simulate, uncovered_segments
from seatrial.gate.row import OVERALL
from seatrial.stats.power import POWER, detectable_drop, needed_n

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import numpy as np

    from seatrial.certify.design import Design
    from seatrial.gate.policy import Policy
    from seatrial.stats.paired import Method

DROPS = (0.05, 0.10, 0.15, 0.20, 0.30)


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
        """Chance that the broken segment sails."""
        return max(0.0, 1.0 - self.blocked - self.inconclusive)


@dataclass(frozen=True, slots=True)
class Advice:
    """One way to mend a weak row, and what it costs."""

    segment: str
    sentence: str
    calls: int | None


@dataclass(frozen=True)
class Certificate:
    """What was measured on one design.

    Attributes:
        name: graph or file.
        alpha: what the policy promises.
        null: the gates in which nothing had changed.
        power: per segment and drop.
        uncovered: critical segments that can never be judged.
        sizes: segment -> examples.
        truth: churn, rate and missing rate assumed.
        advice: what would mend it.
    """

    name: str
    alpha: float
    null: Gates
    power: tuple[Power, ...]
    uncovered: tuple[str, ...]
    sizes: dict[str, int]
    truth: Truth
    advice: tuple[Advice, ...]


def certify(
    design: Design,
    policy: Policy,
    truth: Truth,
    *,
    gates: int,
    rng: np.random.Generator,
    drops: Sequence[float] = DROPS,
    progress: Callable[[int, int], None] = lambda _done, _planned: None,
) -> Certificate:
    """Simulate the policy on the design: nothing changed, and each segment broken by each of `drops` and by must_detect."""
    grid = sorted({*drops, policy.must_detect})
    broken = [s for s in design.segments if s != OVERALL]
    planned = 1 + len(broken) * len(grid)
    null = simulate(design, policy, truth, gates, rng)
    progress(1, planned)
    power = []
    for i, segment in enumerate(broken):
        s = design.segments.index(segment)
        for j, drop in enumerate(grid):
            did = simulate(design, policy, replace(truth, segment=segment, drop=drop), max(200, gates // 4), rng)
            power.append(
                Power(
                    segment,
                    int(design.sizes[s]),
                    design.critical[s],
                    drop,
                    did.rate(did.blocked),
                    did.rate(did.uncertain + did.underpowered),
                )
            )
            progress(2 + i * len(grid) + j, planned)
    return Certificate(
        name=design.name,
        alpha=design.alpha,
        null=null,
        power=tuple(power),
        uncovered=uncovered_segments(design, policy),
        sizes={segment: int(design.sizes[i]) for i, segment in enumerate(design.segments)},
        truth=truth,
        advice=tuple(_advice(design, policy)),
    )


def _advice(design: Design, policy: Policy) -> list[Advice]:
    method: Method = "exact" if policy.test == "exact" else "mid-p"
    found = []
    for s, segment in enumerate(design.segments):
        n, alpha = int(design.sizes[s]), float(design.alpha_row[0, s])
        if segment == OVERALL or not design.critical[s]:
            continue
        if alpha == 0:
            continue
        sees = detectable_drop(n, policy.churn, alpha, method)
        if sees is not None and sees <= policy.must_detect:
            continue
        need = needed_n(policy.must_detect, policy.churn, alpha, method)
        if need is not None:
            more = max(need - n, 0)
            found.append(
                Advice(
                    segment,
                    f"{more} more examples of {segment} would show a drop of {100 * policy.must_detect:g} points",
                    2 * more,
                )
            )
        if sees is not None:
            found.append(
                Advice(
                    segment, f"must_detect = {sees:.2f} is what {n} examples of {segment} can show (power {POWER:g})", 0
                )
            )
    return found
