"""Sight: what a gate could have seen, as curves of its chance to block by the true drop of a row."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from seatrial.gate.row import OVERALL
from seatrial.reason import FlipRate
from seatrial.report.row_name import labels
from seatrial.stats.power import detectable_drop, mcnemar_power

if TYPE_CHECKING:
    from seatrial.gate.report import Report
    from seatrial.stats.paired import Method
    from seatrial.verdict import Finding

CURVES = 4
STEPS = 24
FURTHEST = 0.4
"""Drop at which a curve ends, or twice what critical segments must show where that is more."""


@dataclass(frozen=True, slots=True)
class Curve:
    """Chance to block a row, by its true drop: (drop, chance) pairs, shares both."""

    label: str
    n: int
    points: tuple[tuple[float, float], ...]


def curves(report: Report) -> tuple[Curve, ...]:
    """Curves of the leading key: overall, the critical rows that see least, and the blindest other, four at most.

    A curve passes .8 at the very drop its row says it would have seen: where no test gives that figure, none is drawn.
    """
    rows = [
        f
        for f in report.findings
        if f.key == report.overall.key and f.alpha_row is not None and f.n > 0 and f.detectable_drop is not None
    ]
    method = _method(report, rows)
    if method is None:
        return ()
    blindest = sorted(rows, key=lambda f: -(f.detectable_drop or 0.0))
    ranked = [
        *[f for f in rows if f is report.overall],
        *[f for f in blindest if f.critical][: CURVES - 2],
        *[f for f in blindest if not f.critical and f.segment != OVERALL],
    ]
    furthest = max(FURTHEST, min(1.0, 2 * report.must_detect))
    name = labels(report)
    return tuple(
        Curve(name(f), f.n, tuple((drop, _chance(f, report, method, drop)) for drop in _drops(furthest)))
        for f in ranked[:CURVES]
    )


def _drops(furthest: float) -> list[float]:
    return [furthest * i / STEPS for i in range(STEPS + 1)]


def _chance(f: Finding, report: Report, method: Method, drop: float) -> float:
    seen, alpha = f.detectable_drop or 0.0, f.alpha_row or 0.0
    # A drop can hide in full in what was not measured: by so much the curve starts later.
    churn = _churn(f, report)
    hidden = max(0.0, seen - (detectable_drop(f.n, churn, alpha, method) or seen))
    return mcnemar_power(f.n, max(0.0, drop - hidden), churn, alpha, method)


def _churn(f: Finding, report: Report) -> float:
    """What the row's own figures were computed with: the policy's, or what it flips where that is more."""
    return next((one.observed for one in f.reasons if isinstance(one, FlipRate)), report.churn)


def _method(report: Report, rows: list[Finding]) -> Method | None:
    """The test under which the rows' own figures are what they are; a report does not say which one it was."""
    complete = [f for f in rows if not f.missing]
    methods: tuple[Method, ...] = ("mid-p", "exact")
    return next(
        (
            m
            for m in methods
            if all(
                detectable_drop(f.n, _churn(f, report), f.alpha_row or 0.0, m) == f.detectable_drop for f in complete
            )
        ),
        None,
    )
