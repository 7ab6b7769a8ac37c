"""Figures of a rollout: the ladder over time, and the evidence of "worse" against the threshold that rolls back."""

from __future__ import annotations

import math
from html import escape
from typing import TYPE_CHECKING

from seatrial.report.view import Figure

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from seatrial.rollout.history import CellHistory

WIDTH, LANE, LEFT, RIGHT, TOP = 720, 56, 150, 24, 12


def rollout_figures(cells: Sequence[CellHistory]) -> tuple[Figure, ...]:
    """Two figures, one lane per cell each."""
    shares = [f"{one.cell} {one.shares[-1]:.0%}" for one in cells]
    return (
        Figure(
            "Share of the candidate over time",
            _lanes(
                cells, lambda one: _steps(one, [share**0.5 for share in one.shares]), [(0.0, "0 %"), (1.0, "100 %")]
            ),
            f"One lane per cell, on a square-root scale so that small shares can be seen. Now: {', '.join(shares)}.",
        ),
        Figure(
            "Evidence that the candidate is worse",
            _lanes(cells, lambda one: _steps(one, _odds(one)), [(1.0, "rolls back"), (0.0, "E = 1")]),
            "Primary metric: log E as a part of the threshold at which a cell is rolled back; a new try begins at 0.",
        ),
    )


def _odds(one: CellHistory) -> list[float]:
    return [max(0.0, min(1.0, e / limit)) for e, limit in zip(one.log_e, one.log_threshold, strict=True)]


def _steps(one: CellHistory, heights: Sequence[float]) -> list[tuple[float, float]]:
    """Points of a step line: (hours, height 0..1)."""
    points = [(one.hours[0], heights[0])]
    for (hours, height), before in zip(list(zip(one.hours, heights, strict=True))[1:], heights, strict=False):
        points += [(hours, before), (hours, height)]
    return points


def _lanes(
    cells: Sequence[CellHistory],
    line: Callable[[CellHistory], list[tuple[float, float]]],
    marks: Sequence[tuple[float, str]],
) -> str:
    longest = max((one.hours[-1] for one in cells), default=0.0) or 1.0
    height = TOP + LANE * len(cells) + 28
    inner = WIDTH - LEFT - RIGHT
    parts = [f'<svg viewBox="0 0 {WIDTH} {height}" role="img" width="100%" font-family="inherit" font-size="11">']
    for k, one in enumerate(cells):
        bottom = TOP + LANE * (k + 1) - 8
        room = LANE - 16

        def at(hours: float, part: float, bottom: float = bottom, room: float = room) -> str:
            return f"{LEFT + inner * hours / longest:.1f},{bottom - room * part:.1f}"

        parts.append(f'<text x="8" y="{bottom - room / 2 + 4:.1f}" fill="currentColor">{escape(one.cell[:22])}</text>')
        for part, text in marks:
            y = bottom - room * part
            parts.append(
                f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}" stroke="currentColor" opacity="0.25"/>'
                f'<text x="{LEFT - 4}" y="{y + 3:.1f}" text-anchor="end" fill="currentColor" opacity="0.7" font-size="9">{escape(text)}</text>'
            )
        points = " ".join(at(hours, part) for hours, part in line(one))
        parts.append(f'<polyline points="{points}" fill="none" stroke="currentColor" stroke-width="2"/>')
    parts.append(
        f'<text x="{LEFT}" y="{height - 8}" fill="currentColor">start</text>'
        f'<text x="{WIDTH - RIGHT}" y="{height - 8}" text-anchor="end" fill="currentColor">{math.ceil(longest)} h</text></svg>'
    )
    return "".join(parts)
