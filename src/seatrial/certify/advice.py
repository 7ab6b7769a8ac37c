"""Advice: what would fix a weak gate, and what each way costs in model calls, cheapest first."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from seatrial.certify.required import rules_out
from seatrial.certify.simulate import simulate
from seatrial.gate.thresholds import floor_level, limits_of
from seatrial.stats.noninferiority import clusters_to_rule_out
from seatrial.stats.normal import quantile
from seatrial.stats.power import POWER, needed_n
from seatrial.wording import count

if TYPE_CHECKING:
    from collections.abc import Iterator

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
    """One way to fix a gate.

    Attributes:
        segment: segment it is for; empty when it is for the whole gate.
        kind: `examples`, `repetitions`, `must_detect`, `churn`, `floor`, `key` or `resume`.
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
    """A segment that answers too seldom.

    Attributes:
        segment: its name.
        power: of a row that has to rule a drop out the share of unchanged candidates of which it does; of another the share of
            candidates that lost `must_detect` there and are blocked.
        uncovered: it can never be shown.
    """

    segment: str
    power: float
    uncovered: bool


def fix(
    design: Design, policy: Policy, truth: Truth, weak: list[Weak], gates: int, rng: np.random.Generator
) -> list[Advice]:
    """What would show a critical segment not worse for 4 of 5 unchanged candidates; for the others the examples that block.

    Examples of a critical segment: on which its simulated flip rate rules the drop out. Of another: worked out at the
    larger of the policy's churn and the simulated one; where repetitions, clusters or missing answers make that no more
    than a guess, at least as many as the simulated power says by the square root law. Repetitions are simulated. What does
    not reach the power is not offered.
    """
    found: list[Advice] = []
    for one in weak:
        shows = rules_out(design, policy)[0, design.segments.index(one.segment)] > 0
        found += (_show if shows else _block)(design, policy, truth, one, gates, rng)
    return sorted(found, key=lambda a: (not a.critical, a.calls, a.segment, a.kind))


def _show(
    design: Design, policy: Policy, truth: Truth, one: Weak, gates: int, rng: np.random.Generator
) -> Iterator[Advice]:
    """Examples, a larger `must_detect`, or repetitions that show a critical segment not worse."""
    s = design.segments.index(one.segment)
    drop = float(rules_out(design, policy)[0, s])
    n, points = int(design.n[0, s]), f"{100 * drop:g} points"
    what = "example" if design.alone else "cluster"
    flips = _churn(design, truth, s) / truth.repetitions
    need = clusters_to_rule_out(drop, flips) or 0
    if need > n:
        each = max(1.0, float(design.member[s] @ design.cells[0]) / max(n, 1))
        yield Advice(
            one.segment,
            "examples",
            f"{count(need - n, f'more {what}')} of {one.segment}: an unchanged candidate is then shown not worse by {points}",
            round(2 * (need - n) * each * truth.repetitions),
            POWER,
        )
    shows = next((m / 100 for m in range(1, 100) if n and (clusters_to_rule_out(m / 100, flips) or n + 1) <= n), None)
    if shows is not None and shows > drop:
        yield Advice(
            one.segment,
            "must_detect",
            f"must_detect{'_overall' if s == 0 else ''} = {shows:.2f} is what {count(n, what)} of {one.segment} can show",
            0,
        )
    if one.uncovered:
        return  # too few clusters, whatever their spread
    examples = int(design.requested.any(axis=0).sum())
    for r in (r for r in TRIED if r > truth.repetitions):
        shown = simulate(design, policy, replace(truth, repetitions=r), gates, rng).shown(one.segment)
        if shown >= POWER:
            wording = f"{count(r, 'run')} per example of both versions show {one.segment} of an unchanged candidate not worse by {points} {100 * shown:.0f} % of the time"
            yield Advice(one.segment, "repetitions", wording, 2 * examples * (r - truth.repetitions), shown)
            return


def _block(
    design: Design, policy: Policy, truth: Truth, one: Weak, _gates: int, _rng: np.random.Generator
) -> Iterator[Advice]:
    """Examples with which a segment that is not critical blocks at `must_detect`."""
    method: Method = "exact" if policy.test == "exact" else "mid-p"
    s = design.segments.index(one.segment)
    n, alpha = int(design.n[0, s]), float(design.alpha_row[0, s])
    # A thin row has no level; as one more row of its class it would get about its neighbours' share.
    alpha = alpha or float(min((a for a in design.alpha_row[0] if a > 0), default=0.0))
    if alpha <= 0:
        return
    churn = max(policy.churn, _churn(design, truth, s) / truth.repetitions)
    need = max(needed_n(policy.must_detect, churn, alpha, method) or 0, policy.min_n)
    if one.power < POWER and not _exact(design, truth):
        need = max(need, _scaled(n, one.power, alpha))
    if need > n:
        each = max(1.0, float(design.member[s] @ design.cells[0]) / max(n, 1))
        what = "example" if design.alone else "cluster"
        yield Advice(
            one.segment,
            "examples",
            f"{count(need - n, f'more {what}')} of {one.segment} {'shows' if need - n == 1 else 'show'} a drop of {100 * policy.must_detect:g} points",
            round(2 * (need - n) * each * truth.repetitions),
            POWER,
            critical=False,
        )


def reconsider(design: Design, policy: Policy, truth: Truth, null: Gates) -> list[Advice]:
    """What would keep the promise: of coverage, of what is outside the family, of what is missing."""
    found = []
    churn = _churn(design, truth, 0) / truth.repetitions
    if churn > policy.churn + _CLOSE:
        found.append(
            Advice(
                "",
                "churn",
                f"churn = {math.ceil(100 * churn) / 100:.2f} in the policy: it says {policy.churn:g}, and the smallest drops that rows are said to detect are too small",
                0,
            )
        )
    for segment, key, n in sorted(null.under_floor, key=lambda one: -one[2]):
        if null.rate(n) > floor_level(rule for rule in policy.keys if not rule.zero_tolerance) + _CLOSE:
            rule = next(rule for rule in policy.keys if rule.name == key)
            floor = limits_of(rule, segment).floor or 0.0
            found.append(
                Advice(
                    segment,
                    "floor",
                    f"floor = {floor:g} of {segment} · {key} blocks {100 * null.rate(n):.1f} % of unchanged candidates: the baseline itself lies under it, or hardly over it",
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
        requested = design.requested[len(design.keys) :].sum(axis=1)
        cells = sum(
            truth.missing_of(key) * truth.repetitions * int(n) for key, n in zip(design.zero, requested, strict=True)
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
