"""Rollout chart: the places of a cell's ladder and of its evidence in a picture; the template draws them.

The ladder has one line per stage, equally far apart, so that 1 % and 5 % can be told from each other. Evidence is drawn as odds
on a logarithmic axis, with a dashed line at the odds that roll the cell back; a new try begins a new line, because evidence of
an earlier try does not count.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from seatrial.rollout.ladder import FALLS, Move

if TYPE_CHECKING:
    from collections.abc import Sequence

    from seatrial.report.rollout_page import RolloutPage
    from seatrial.rollout.event import Event
    from seatrial.rollout.history import CellHistory, Try

WIDTH, LEFT, RIGHT, TOP = 320, 58, 12, 16
STEP, LOWEST = 18, 20
"""Height of a rung, and of what is under the lowest one."""
ODDS_HEIGHT = 84
MOST = 160
"""Points of a line; of more the highest of each part of the time is drawn."""
CLOSE = 22
WORD = 34
"""Two numbers, or two words, nearer than so many pixels would be printed over each other."""


def pictures(page: RolloutPage) -> list[dict[str, Any]]:
    """One entry per cell that is drawn, in the order of the page, then the traffic as a whole: its ladder, and odds by metric."""
    found = []
    for cell in (*page.cells, *([page.overall] if page.overall else [])):
        seen = cell.history
        found.append(
            {
                "ladder": ladder(seen, page.shares, page.begin, page.hours) if seen.rungs else None,
                "odds": [(metric, odds(tries, page.hours)) for metric, tries in seen.tries.items()],
            }
        )
    return found


def ladder(one: CellHistory, shares: Sequence[float], begin: float, hours: float) -> dict[str, Any]:
    """The step line of a cell's share, with a mark and the ledger row's number at each event.

    Args:
        one: the cell over time.
        shares: the candidate's share on each rung, from none of the traffic to all of it.
        begin: when the rollout was started.
        hours: length of the axis.
    """
    top = len(shares) - 1
    bottom = TOP + STEP * top

    def y(rung: int) -> float:
        return round(bottom - STEP * rung, 1)

    points: list[tuple[float, float]] = []
    for at, rung in one.rungs:
        if points and points[-1][1] != y(rung):
            points.append((_x(at, hours), points[-1][1]))
        points.append((_x(at, hours), y(rung)))
    rungs = {round(share, 9): rung for rung, share in enumerate(shares)}
    return {
        "width": WIDTH,
        "height": bottom + LOWEST,
        "left": LEFT,
        "right": WIDTH - RIGHT,
        "rungs": [{"y": y(rung), "label": _share(share)} for rung, share in enumerate(shares)],
        "line": _line(_corners(points)),
        "marks": _marks(
            [(_x((event.at - begin) / 3600, hours), y(rungs[round(event.end, 9)]), event) for event in one.events]
        ),
        "axis": {"y": bottom + LOWEST - 5, "end": _length(hours)},
    }


def odds(tries: Sequence[Try], hours: float) -> dict[str, Any]:
    """The evidence of "worse" as odds, try by try, with the odds that roll back."""
    most = max((e for one in tries for _, e in one.points), default=0.0)
    limit = max((one.log_threshold for one in tries), default=1.0)
    high = max(limit, min(most, 3 * limit)) * 1.12
    bottom = ODDS_HEIGHT - LOWEST

    def y(log_e: float) -> float:
        return round(bottom - max(0.0, min(log_e, high)) / high * (bottom - TOP), 1)

    lines, limits, dots = [], [], []
    for i, one in enumerate(tries):
        end = tries[i + 1].points[0][0] if i + 1 < len(tries) else hours
        places = [(_x(at, hours), y(e)) for at, e in _thinned(one.points)]
        lines.append(_line(places))
        dots.append(places[-1])
        limits.append({"x1": _x(one.points[0][0], hours), "x2": _x(end, hours), "y": y(one.log_threshold)})
    return {
        "width": WIDTH,
        "height": ODDS_HEIGHT,
        "left": LEFT,
        "right": WIDTH - RIGHT,
        "ticks": [{"y": y(power * math.log(10)), "label": _odds(power * math.log(10))} for power in _powers(high)],
        "lines": lines,
        "dots": dots,
        "limits": limits,
        "limit": _odds(tries[-1].log_threshold) if tries else "",
        "breaks": _breaks([(_x(one.points[0][0], hours), one.attempt + 1) for one in tries[1:]]),
        "axis": {"y": ODDS_HEIGHT - 5, "end": _length(hours)},
    }


def _breaks(places: Sequence[tuple[float, int]]) -> list[dict[str, Any]]:
    """Where a try begins, with its number where there is room for it."""
    found: list[dict[str, Any]] = []
    last = -math.inf
    for x, number in places:
        room = x - last >= WORD
        found.append({"x": x, "label": f"try {number}" if room else ""})
        last = x if room else last
    return found


def _x(at: float, hours: float) -> float:
    return round(LEFT + (at / hours if hours else 0.0) * (WIDTH - LEFT - RIGHT), 1)


def _line(points: Sequence[tuple[float, float]]) -> str:
    return " ".join(f"{x},{y}" for x, y in points)


def _corners(points: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """A step line without the points between two corners."""
    return [
        point
        for i, point in enumerate(points)
        if i in (0, len(points) - 1) or not points[i - 1][1] == point[1] == points[i + 1][1]
    ]


def _thinned(points: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """At most MOST points: of each part the highest, and the first and the last point of all."""
    if len(points) <= MOST:
        return list(points)
    size = math.ceil(len(points) / (MOST - 2))
    parts = [max(points[i : i + size], key=lambda point: point[1]) for i in range(0, len(points), size)]
    return sorted({points[0], *parts, points[-1]})


def _marks(places: Sequence[tuple[float, float, Event]]) -> list[dict[str, Any]]:
    """Shapes of the events, each with its row's number where there is room for one: of what fell under the mark, else above."""
    found: list[dict[str, Any]] = []
    last = {True: -math.inf, False: -math.inf}
    for x, y, event in places:
        shape = _shape(event.move)
        under = shape == "back"
        room = x - last[under] >= CLOSE
        label = event.sequence if room else None
        found.append({"x": x, "y": y, "shape": shape, "row": label, "row_y": y + 14 if under else y - 4})
        last[under] = x if room else last[under]
    return found


def _shape(move: Move) -> str:
    return "back" if move in FALLS else {Move.UP: "up", Move.DONE: "done"}.get(move, "held")


def _powers(high: float) -> list[int]:
    """Up to four powers of ten from 1 : 1."""
    last = int(high / math.log(10))
    step = max(1, math.ceil(last / 3))
    return list(range(0, last + 1, step))


def _odds(log_e: float) -> str:
    return f"{math.exp(log_e):,.0f} : 1" if log_e < math.log(9_999) else f"10^{log_e / math.log(10):.0f} : 1"


def _share(share: float) -> str:
    return f"{100 * share:g} %"


def _length(hours: float) -> str:
    return f"{hours:.1f} h" if hours < 48 else f"{hours / 24:.1f} days"
