"""Advice: what would mend a weak gate, and what each way costs in model calls, cheapest first."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from seatrial.certify.confirm import confirm
from seatrial.certify.simulate import simulate
from seatrial.stats.normal import quantile
from seatrial.stats.power import POWER, detectable_drop, needed_n
from seatrial.wording import count

if TYPE_CHECKING:
    from seatrial.certify.design import Design
    from seatrial.certify.scenario import Truth
    from seatrial.certify.simulate import Gates
    from seatrial.gate.policy import Policy
    from seatrial.stats.paired import Method

_CLOSE = 0.005
TRIED = (2, 3, 5, 8)
"""Repetitions that are tried, fewest first."""


@dataclass(frozen=True, slots=True)
class Advice:
    """One way to mend a gate.

    Attributes:
        segment: segment it is for; empty when it is for the whole gate.
        kind: `examples`, `repetitions`, `confirm`, `must_detect`, `churn`, `key` or `resume`.
        sentence: what to do, and what it brings.
        calls: runs of the graph each gate would take on top, both versions together.
        power: simulated chance to block at `must_detect` after it; None where it is not about power.
        critical: about a critical segment or the whole gate.
    """

    segment: str
    kind: str
    sentence: str
    calls: int
    power: float | None = None
    critical: bool = True


@dataclass(frozen=True, slots=True)
class Weak:
    """A segment that loses `must_detect` unseen too often."""

    segment: str
    power: float
    uncovered: bool


def mend(
    design: Design, policy: Policy, truth: Truth, weak: list[Weak], gates: int, rng: np.random.Generator
) -> list[Advice]:
    """What would bring each weak critical segment to power .8 at `must_detect`; for the others only the examples needed.

    Examples: worked out at the larger of the policy's churn (which coverage is asked at) and the simulated one; where
    repetitions, clusters or missing answers make that no more than a guess, at least as many as the simulated power says by
    the square root law. Repetitions and `--confirm` are simulated. What does not reach the power is not offered.
    """
    method: Method = "exact" if policy.test == "exact" else "mid-p"
    found: list[Advice] = []
    drop, points = policy.must_detect, f"{100 * policy.must_detect:g} points"
    for one in weak:
        s = design.segments.index(one.segment)
        n, alpha, vital = int(design.n[0, s]), float(design.alpha_row[0, s]), design.critical[s]
        # A thin row has no level; as one more row of its class it would get about its neighbours' share.
        alpha = alpha or float(min((a for a in design.alpha_row[0] if a > 0), default=0.0))
        if alpha <= 0:
            continue
        what = "example" if design.alone else "cluster"
        churn = max(policy.churn, _churn(design, truth, s) / truth.repetitions)
        need = max(needed_n(drop, churn, alpha, method) or 0, policy.min_n)
        if one.power < POWER and not _exact(design, truth):
            need = max(need, _scaled(n, one.power, alpha))
        if need > n:
            each = max(1.0, float(design.member[s] @ design.cells[0]) / max(n, 1))
            found.append(
                Advice(
                    one.segment,
                    "examples",
                    f"{count(need - n, f'more {what}')} of {one.segment} {'shows' if need - n == 1 else 'show'} a drop of {points}",
                    round(2 * (need - n) * each * truth.repetitions),
                    POWER,
                    vital,
                )
            )
        if not vital:
            continue
        sees = detectable_drop(n, churn, alpha, method)
        if sees is not None and sees > drop:
            found.append(
                Advice(
                    one.segment,
                    "must_detect",
                    f"must_detect = {math.ceil(100 * sees - 1e-9) / 100:.2f} is what {count(n, what)} of {one.segment} can show (power {POWER:g})",
                    0,
                )
            )
        broken = replace(truth, segment=one.segment, drop=drop)
        found += _repeated(design, policy, broken, one, gates, rng)
        if not one.uncovered:
            found += _confirmed(design, policy, broken, one, gates, rng)
    return sorted(found, key=lambda a: (not a.critical, a.calls, a.segment, a.kind))


def _repeated(
    design: Design, policy: Policy, broken: Truth, one: Weak, gates: int, rng: np.random.Generator
) -> list[Advice]:
    """The fewest repetitions that bring the power; coverage knows them only through the policy's churn."""
    s = design.segments.index(one.segment)
    method: Method = "exact" if policy.test == "exact" else "mid-p"
    examples = int(design.asked.any(axis=0).sum())
    for r in TRIED:
        if r <= broken.repetitions:
            continue
        said = round(policy.churn * broken.repetitions / r, 4)
        if one.uncovered:
            need = needed_n(policy.must_detect, said, float(design.alpha_row[0, s]), method)
            if need is None or need > int(design.n[0, s]):
                continue
        did = simulate(design, policy, replace(broken, repetitions=r), gates, rng)
        power = did.rate(did.by_score)
        if power >= POWER:
            # The gate asks coverage at the policy's churn, whatever runs: averaging r runs is as good as churn / r.
            also = f" and churn = {said:g} in the policy" if one.uncovered else ""
            return [
                Advice(
                    one.segment,
                    "repetitions",
                    f"{r} runs per example of both versions{also} show {100 * policy.must_detect:g} points of {one.segment} {100 * power:.0f} % of the time",
                    2 * examples * (r - broken.repetitions),
                    power,
                )
            ]
    return []


def _confirmed(
    design: Design, policy: Policy, broken: Truth, one: Weak, gates: int, rng: np.random.Generator
) -> list[Advice]:
    found = confirm(design, policy, broken, gates, rng)
    usual = confirm(design, policy, replace(broken, segment=None, drop=0.0), gates, rng)
    if found.power < POWER:
        return []
    return [
        Advice(
            one.segment,
            "confirm",
            f"--confirm (3 fresh runs of what looks suspicious) shows {100 * policy.must_detect:g} points of {one.segment} {100 * found.power:.0f} % of the time",
            round(usual.calls),
            found.power,
        )
    ]


def reconsider(design: Design, policy: Policy, truth: Truth, null: Gates) -> list[Advice]:
    """What would keep the promise: of coverage, of what stands beside the family, of what is missing."""
    found = []
    churn = _churn(design, truth, 0) / truth.repetitions
    if churn > policy.churn + _CLOSE:
        found.append(
            Advice(
                "",
                "churn",
                f"churn = {math.ceil(100 * churn) / 100:.2f} in the policy: it says {policy.churn:g}, and segments count as covered that are not",
                0,
            )
        )
    if null.by_hit:
        worst = sorted(truth.hits, key=lambda key: -truth.hits[key])[0]
        found.append(
            Advice(
                "",
                "key",
                f"zero tolerance blocks {100 * null.rate(null.by_hit):.1f} % of unchanged candidates: make {worst} a tested key, or its evaluator deterministic",
                0,
            )
        )
    if null.unseen:
        asked = design.asked[len(design.keys) :].sum(axis=1)
        cells = sum(
            truth.missing_of(key) * truth.repetitions * int(n) for key, n in zip(design.zero, asked, strict=True)
        )
        found.append(
            Advice(
                "",
                "resume",
                f"zero-tolerance keys cannot tell while one answer of the candidate is not measured, which is so in {100 * null.rate(null.unseen):.0f} % of the gates: resume until nothing is missing",
                max(1, round(cells)),
            )
        )
    return found


def _exact(design: Design, truth: Truth) -> bool:
    """Whether the tabled power of McNemar's test is the leading row's own."""
    return design.alone and truth.repetitions == 1 and truth.missing_of(design.keys[0]) == 0


def _scaled(n: int, power: float, alpha: float) -> int:
    """Clusters for power .8, from the power that n have: (z_alpha + z_power) grows with the square root of n."""
    level = -quantile(alpha)
    now = level + quantile(min(max(power, 0.005), 0.995))
    # A row that hardly ever blocks says little about how many it needs; ten times as many is as far as the law reaches.
    wanted = ((level + quantile(POWER)) / now) ** 2 if now > 0 else math.inf
    return math.ceil(n * min(wanted, 10.0))


def _churn(design: Design, truth: Truth, segment: int) -> float:
    """The leading key's simulated churn on a segment."""
    weights = design.cells[0] * design.member[segment]
    if not weights.sum():
        return truth.churn
    return float(sum(n * truth.at(0, c)[1] for c, n in enumerate(weights)) / weights.sum())
