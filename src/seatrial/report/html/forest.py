"""Forest: where each row's interval, mark and blind zone stand on one shared axis."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from seatrial.wording import signed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from seatrial.report.view import RowView

WIDTH, PAD = 260, 8
STEPS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.25, 0.5)
TICKS = 7
WIDEST = 0.5
"""An interval may stretch the axis so far; one that is wider ends in an arrow."""


@dataclass(frozen=True, slots=True)
class Forest:
    """The axis of a table: its ends as shares, its ticks, and the drop that must be seen."""

    low: float
    high: float
    must_detect: float

    @classmethod
    def of(cls, rows: Sequence[RowView], must_detect: float) -> Forest:
        """An axis that holds every mark, and every interval that is not absurdly wide."""
        marks = [row.mark for row in rows if row.mark is not None]
        ends = [end for row in rows for end in (row.low, row.high, row.row_low, row.row_high) if end is not None]
        low = min([-1.15 * must_detect, *(1.08 * mark for mark in marks), *(max(end, -WIDEST) for end in ends)])
        high = max([0.06, *(1.08 * mark for mark in marks), *(min(end, WIDEST) for end in ends)])
        return cls(max(low, -1.05), min(high, 1.05), must_detect)

    def x(self, share: float) -> float:
        """Place of a difference, kept on the axis."""
        inside = max(self.low, min(self.high, share))
        return round(PAD + (inside - self.low) / (self.high - self.low) * (WIDTH - 2 * PAD), 1)

    @property
    def ticks(self) -> list[dict[str, Any]]:
        """Round differences on the axis: place and label."""
        step = next((s for s in STEPS if (self.high - self.low) / s <= TICKS), 1.0)
        first, last = -int(-self.low / step + 1e-9), int(self.high / step + 1e-9)
        return [{"at": self.x(i * step), "label": signed(i * step).removesuffix(".0")} for i in range(first, last + 1)]

    @property
    def zero(self) -> float:
        """Place of no change."""
        return self.x(0.0)

    @property
    def must(self) -> float:
        """Place of the drop that must be seen."""
        return self.x(-self.must_detect)

    def blind(self, row: RowView) -> float:
        """Where the row's blind zone begins; it ends at no change."""
        return self.x(self.low if row.blind is None else -row.blind)

    def span(self, low: float | None, high: float | None) -> dict[str, Any] | None:
        """An interval, and on which sides it goes on beyond the axis."""
        if low is None or high is None:
            return None
        return {"from": self.x(low), "to": self.x(high), "left": low < self.low, "right": high > self.high}
