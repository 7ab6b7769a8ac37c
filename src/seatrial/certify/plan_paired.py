"""Plan a comparison on the same examples: how many of them, or how many runs of each, show a drop."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from seatrial.certify.required import rules_out
from seatrial.gate.churn import MOST_REPETITIONS
from seatrial.gate.row import OVERALL
from seatrial.stats.interval import CannotTell
from seatrial.stats.noninferiority import clusters_to_rule_out
from seatrial.stats.power import POWER, detectable_drop, mcnemar_power, needed_n
from seatrial.stats.sample_size import paired_non_inferiority

if TYPE_CHECKING:
    from collections.abc import Sequence

    from seatrial.certify.design import Design
    from seatrial.gate.policy import Policy
    from seatrial.stats.paired import Method


@dataclass(frozen=True, slots=True)
class Paired:
    """What is assumed of one comparison.

    Attributes:
        alpha: the row's one-sided level.
        power: chance to see the drop.
        churn: share of examples that flip, half each way, when nothing changed.
        repetitions: runs per example and version; averaging r of them leaves churn / r.
        method: `mid-p` or `exact`, as the gate tests.
    """

    alpha: float = 0.05
    power: float = POWER
    churn: float = 0.05
    repetitions: int = 1
    method: Method = "mid-p"

    @property
    def left(self) -> float:
        """Churn left after averaging the repetitions."""
        return self.churn / self.repetitions


@dataclass(frozen=True, slots=True)
class DropPlan:
    """One drop.

    Attributes:
        drop: share of examples truly lost.
        need: examples that show it with the power asked for; None where no number does.
        calls: model calls of both versions on so many; None likewise.
        power: chance to see it with the n there is; None where no n was given.
        repetitions: fewest runs per example with which that n shows it; None when 10 do not, or no n was given.
    """

    drop: float
    need: int | None
    calls: int | None
    power: float | None
    repetitions: int | None


@dataclass(frozen=True, slots=True)
class MarginPlan:
    """One margin: examples that show an unchanged candidate not worse than it (the gate's `promotable`), or why not."""

    margin: float
    need: int | CannotTell


@dataclass(frozen=True, slots=True)
class PairedPlan:
    """Drops and margins of one comparison; `sees` is the smallest drop the n there is shows, None where there is none."""

    assumed: Paired
    n: int | None
    detects: float | None
    drops: tuple[DropPlan, ...]
    margins: tuple[MarginPlan, ...]


@dataclass(frozen=True, slots=True)
class SegmentPlan:
    """One segment of a project under a policy, on the leading key.

    Attributes:
        segment: `overall` or `NAME=value`.
        critical: declared critical.
        n: examples there are.
        alpha: its row's own first-step level; 0 where it left the family.
        need: examples that show the drop at that level; None where the row left the family.
        sees: smallest drop that n shows; None where not even a total loss would.
        repetitions: fewest runs per example with which n is enough; None when 10 are not.
        more_calls: calls of both versions on the examples that are missing, at one run each; 0 where none is.
        repeat_calls: calls beyond one run each that the repetitions cost; None where these do not do.
        rules_out: drop that the row has to be shown not to have; 0 where it has to show nothing.
        to_show: examples on which an unchanged candidate is shown so with the power asked for; None likewise.
        least: examples it is decided on at least.
        only_reported: it is critical, has fewer, and its dimension lets it be reported.
    """

    segment: str
    critical: bool
    n: int
    alpha: float
    need: int | None
    detects: float | None
    repetitions: int | None
    more_calls: int
    repeat_calls: int | None
    rules_out: float = 0.0
    to_show: int | None = None
    least: int = 0
    only_reported: bool = False


@dataclass(frozen=True, slots=True)
class GraphPlan:
    """Every segment of one graph: at `drop`, with the policy's churn and test; `key` leads the family."""

    name: str
    key: str
    drop: float
    power: float
    churn: float
    segments: tuple[SegmentPlan, ...]
    margin: MarginPlan


def plan_paired(
    assumed: Paired, drops: Sequence[float], margins: Sequence[float] = (), n: int | None = None
) -> PairedPlan:
    """Examples for each drop and each margin; and, where `n` is given, what that many show."""
    return PairedPlan(
        assumed,
        n,
        detectable_drop(n, assumed.left, assumed.alpha, assumed.method, assumed.power) if n else None,
        tuple(_drop(assumed, drop, n) for drop in drops),
        tuple(plan_margin(margin, assumed.left, assumed.alpha, assumed.power) for margin in margins),
    )


def plan_margin(margin: float, churn: float, alpha: float, power: float = POWER) -> MarginPlan:
    """Examples for one margin; churn is the discordance of an unchanged candidate."""
    found = paired_non_inferiority(margin, churn, alpha, power)
    return MarginPlan(margin, found if isinstance(found, CannotTell) else found.n)


def plan_graph(design: Design, policy: Policy, drop: float, power: float = POWER) -> GraphPlan:
    """Every segment of the design at its own level: what it has, what it needs, what would do instead."""
    method: Method = "exact" if policy.test == "exact" else "mid-p"
    rows = [
        _segment(
            segment,
            design.critical[s],
            int(design.sizes[s]),
            float(design.alpha_row[0, s]),
            policy.churn,
            drop,
            power,
            method,
        )
        for s, segment in enumerate(design.segments)
    ]
    must = rules_out(design, policy)[0]
    rows = [
        replace(
            row,
            rules_out=float(drop_),
            to_show=_to_show(row, float(drop_), policy, power),
            least=policy.least(row.segment),
            only_reported=row.critical and policy.only_reports(row.segment, row.n),
        )
        for row, drop_ in zip(rows, must, strict=True)
    ]
    rows.sort(key=lambda row: (row.segment != OVERALL, not row.critical, row.segment))
    margin = next((rule.promote_margin for rule in policy.keys if rule.name == design.keys[0]), 0.05)
    return GraphPlan(
        design.name,
        design.keys[0],
        drop,
        power,
        policy.churn,
        tuple(rows),
        plan_margin(margin, policy.churn, policy.alpha, power),
    )


def _to_show(row: SegmentPlan, drop: float, policy: Policy, power: float) -> int | None:
    """Examples on which an unchanged candidate passes the row: enough to show the drop, and as many as its dimension asks for."""
    found = clusters_to_rule_out(drop, policy.churn, power=power) if drop > 0 else None
    return max(found, policy.least(row.segment)) if found and policy.too_few(row.segment, found) else found


def repetitions_for(n: int, drop: float, churn: float, alpha: float, method: Method, power: float) -> int | None:
    """Fewest runs per example (at most 10) with which `n` examples show the drop; None when 10 do not."""
    tries = range(1, MOST_REPETITIONS + 1)
    return next((r for r in tries if mcnemar_power(n, drop, churn / r, alpha, method) >= power), None)


def _drop(a: Paired, drop: float, n: int | None) -> DropPlan:
    need = needed_n(drop, a.left, a.alpha, a.method, a.power)
    return DropPlan(
        drop,
        need,
        None if need is None else 2 * need * a.repetitions,
        None if n is None else mcnemar_power(n, drop, a.left, a.alpha, a.method),
        None if n is None else repetitions_for(n, drop, a.churn, a.alpha, a.method, a.power),
    )


def _segment(
    name: str, critical: bool, n: int, alpha: float, churn: float, drop: float, power: float, method: Method
) -> SegmentPlan:
    if alpha <= 0:
        return SegmentPlan(name, critical, n, 0.0, None, None, None, 0, None)
    need = needed_n(drop, churn, alpha, method, power)
    runs = repetitions_for(n, drop, churn, alpha, method, power)
    return SegmentPlan(
        segment=name,
        critical=critical,
        n=n,
        alpha=alpha,
        need=need,
        detects=detectable_drop(n, churn, alpha, method, power),
        repetitions=runs,
        more_calls=0 if need is None else 2 * max(0, need - n),
        repeat_calls=None if runs is None else 2 * n * (runs - 1),
    )
