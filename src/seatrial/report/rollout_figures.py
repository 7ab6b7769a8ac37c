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
    cells = [one for one in cells if one.shares]
    shares = [f"{one.cell} {one.shares[-1][1]:.0%}" for one in cells]
    return (
        Figure(
            "Share of the candidate over time",
            _lanes(
                cells,
                lambda one: [_steps([(at, share**0.5) for at, share in one.shares])],
                [(0.0, "0 %"), (1.0, "100 %")],
            ),
            f"One lane per cell, on a square-root scale so that small shares can be seen. Now: {', '.join(shares)}.",
        ),
        Figure(
            "Evidence that the candidate is worse",
            _lanes(cells, _odds, [(1.0, "rolls back"), (0.0, "E = 1")]),
            "Primary metric: log E as a part of the threshold at which a cell is rolled back; a new try begins at 0.",
        ),
    )


def _odds(one: CellHistory) -> list[list[tuple[float, float]]]:
    tries = next(iter(one.tries.values()))
    return [_steps([(at, max(0.0, min(1.0, e / each.log_threshold))) for at, e in each.points]) for each in tries]


def _steps(points: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """Points of a step line."""
    found = [points[0]]
    for (at, height), (_, before) in zip(points[1:], points, strict=False):
        found += [(at, before), (at, height)]
    return found


def _lanes(
    cells: Sequence[CellHistory],
    lines: Callable[[CellHistory], list[list[tuple[float, float]]]],
    marks: Sequence[tuple[float, str]],
) -> str:
    longest = max((one.shares[-1][0] for one in cells), default=0.0) or 1.0
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
        for line in lines(one):
            points = " ".join(at(hours, part) for hours, part in line)
            parts.append(f'<polyline points="{points}" fill="none" stroke="currentColor" stroke-width="2"/>')
    parts.append(
        f'<text x="{LEFT}" y="{height - 8}" fill="currentColor">start</text>'
        f'<text x="{WIDTH - RIGHT}" y="{height - 8}" text-anchor="end" fill="currentColor">{math.ceil(longest)} h</text></svg>'
    )
    return "".join(parts)
