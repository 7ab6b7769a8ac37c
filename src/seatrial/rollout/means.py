"""Means: a mean metric's difference with its confidence sequence, valid at every look; it may hold a cell and never rolls back.

The sequence is asymptotic (`stats.sequential.asymptotic`): its first units get no answer, and heavy tails are beyond it. That
is why a mean only holds.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from seatrial.rollout.reason import Reason, Why
from seatrial.stats.interval import Interval
from seatrial.stats.sequential import asymptotic

if TYPE_CHECKING:
    from seatrial.outcome.metric import Metric
    from seatrial.rollout.rules import Rules
    from seatrial.rollout.state import CellState, MeanRow

BURN_IN = 100
"""Units of each arm before which the limit theorem is not leaned on."""


@dataclass(frozen=True, slots=True)
class MeanFinding:
    """One mean metric in one cell, on its present rung.

    Attributes:
        cell: its name.
        metric: its name.
        control: mean of the control; None without a unit.
        candidate: of the candidate.
        control_units: units of the control.
        candidate_units: of the candidate.
        low: lower end of the sequence of candidate minus control; None where it has no answer yet.
        high: upper end.
        worse: the whole interval lies on the bad side of 0.
    """

    cell: str
    metric: str
    control: float | None
    candidate: float | None
    control_units: int
    candidate_units: int
    low: float | None = None
    high: float | None = None
    worse: bool = False

    @property
    def sentence(self) -> str:
        """`0.012 → 0.015 (+0.003; -0.0001 to +0.006 at any look), 300 candidate units`."""
        if self.control is None or self.candidate is None:
            return "no value yet"
        known = self.low is not None and self.high is not None
        span = f"; {self.low:+.3g} to {self.high:+.3g} at any look" if known else "; too few units for an interval"
        difference = f"{self.candidate - self.control:+.3g}{span}"
        return f"{self.control:.4g} → {self.candidate:.4g} ({difference}), {self.candidate_units:,} candidate units"

    @property
    def reason(self) -> Reason | None:
        """Why it holds its cell; None where it does not."""
        if not self.worse:
            return None
        text = f"difference {self.low:+.3g} to {self.high:+.3g}"
        return Reason(Why.MEAN_WORSE, self.metric, control=self.control, candidate=self.candidate, text=text)


def mean_findings(rules: Rules, cell: CellState) -> tuple[MeanFinding, ...]:
    """Every mean metric of a cell; the plan's alpha is shared by all of them."""
    if not rules.means:
        return ()
    alpha = rules.alpha / (len(rules.means) * len(rules.cells))
    found = {row.metric: row for row in cell.means if row.rung == cell.rung}
    return tuple(_one(rules, cell, metric, found.get(metric.name), alpha) for metric in rules.means)


def _one(rules: Rules, cell: CellState, metric: Metric, row: MeanRow | None, alpha: float) -> MeanFinding:
    if row is None or not row.candidate or not row.control:
        return MeanFinding(cell.cell, metric.name, None, None, row.control if row else 0, row.candidate if row else 0)
    control, candidate = row.control_total / row.control, row.candidate_total / row.candidate
    shown = MeanFinding(cell.cell, metric.name, control, candidate, row.control, row.candidate)
    span = sequence(rules, row, alpha)
    if span is None:
        return shown
    worse = span.high < 0 if metric.direction == "up" else span.low > 0
    return MeanFinding(
        cell.cell, metric.name, control, candidate, row.control, row.candidate, span.low, span.high, worse
    )


def sequence(rules: Rules, row: MeanRow, alpha: float) -> Interval | None:
    """Confidence sequence of candidate minus control, valid at every look; None where it has no answer yet."""
    stage = rules.stage(row.rung)
    if stage is None or min(row.candidate, row.control) < BURN_IN:
        return None
    error = math.sqrt(
        _variance(row.candidate, row.candidate_total, row.candidate_squares) / row.candidate
        + _variance(row.control, row.control_total, row.control_squares) / row.control
    )
    # Tightest where a cell usually leaves its stage: fixed by the plan, never by what was seen.
    tightest = max(2 * BURN_IN, rules.min_units / stage.share)
    n = row.candidate + row.control
    difference = row.candidate_total / row.candidate - row.control_total / row.control
    span = asymptotic.interval(n, difference, error, alpha, tightest)
    return span if isinstance(span, Interval) else None


def _variance(n: int, total: float, squares: float) -> float:
    return max(0.0, squares - total * total / n) / (n - 1)
