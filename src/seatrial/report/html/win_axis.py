"""Win axis: where win rates, their intervals and counts are drawn on one axis from 0 to 100 %."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from seatrial.report.html.forest import PAD, WIDTH

if TYPE_CHECKING:
    from collections.abc import Iterator

    from seatrial.report.judges import JudgeRow

ANCHORS = {0.0: "start", 1.0: "end"}


@dataclass(frozen=True, slots=True)
class WinAxis:
    """The axis of a table of win rates; every table has the same."""

    def x(self, share: float) -> float:
        """Place of a share."""
        return round(PAD + max(0.0, min(1.0, share)) * (WIDTH - 2 * PAD), 1)

    @property
    def half(self) -> float:
        """Place of one half, where neither version wins."""
        return self.x(0.5)

    @property
    def ticks(self) -> list[dict[str, Any]]:
        """Quarters: place, label and on which side of the place the label is written."""
        shares = (0.0, 0.25, 0.5, 0.75, 1.0)
        return [
            {"at": self.x(one), "label": f"{100 * one:.0f} %", "anchor": ANCHORS.get(one, "middle")} for one in shares
        ]

    def parts(self, row: JudgeRow) -> Iterator[dict[str, Any]]:
        """Lost, tied and won as pieces of one bar, from left to right as the axis."""
        judged = row.wins + row.ties + row.losses
        at = 0
        for n, hue in ((row.losses, "worse"), (row.ties, "axis"), (row.wins, "better")):
            if n:
                left, right = self.x(at / judged), self.x((at + n) / judged)
                yield {"at": left, "width": round(right - left, 1), "hue": hue}
            at += n
