"""Simulation picture: shares over time of a few simulated rollouts, and when each rollout took a cell back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from seatrial.rollout.ladder import FALLS
from seatrial.rollout.simulate import simulated_lines

if TYPE_CHECKING:
    from jinja2 import Template

    from seatrial.rollout.rules import Rules
    from seatrial.rollout.simulate import CellRates, Played, Simulated

WIDTH, LEFT, RIGHT, TOP = 720, 64, 16, 40
STEP, STRIP, GAP = 20, 20, 34
"""Heights of a rung, of the strip of rollback times, and between two cells."""
DASHES = ("", "7 3", "2 3", "8 3 2 3", "1 2")
CELLS = 12
"""Cells that are drawn: those that are rolled back most often."""


def simulation_svg(found: Simulated, rules: Rules, title: str) -> str:
    """The picture as a file that needs nothing else."""
    return _template("simulation.svg.j2").render(**_places(found, rules, title))


def simulation_html(found: Simulated, rules: Rules, title: str) -> str:
    """A page with the result in words and the picture."""
    from markupsafe import Markup  # noqa: PLC0415 - comes with jinja2

    drawn = Markup(simulation_svg(found, rules, title))  # noqa: S704 - drawn by us, texts escaped
    return _template("simulation.html.j2").render(title=title, lines=simulated_lines(found), drawn=drawn)


def _template(name: str) -> Template:
    from jinja2 import Environment, PackageLoader  # noqa: PLC0415 - only who wants a picture waits for it

    return Environment(loader=PackageLoader("seatrial.report"), autoescape=True).get_template(name)


def _places(found: Simulated, rules: Rules, title: str) -> dict[str, Any]:
    cells = sorted(found.cells, key=lambda one: -one.rolled_back.count)[:CELLS]
    longest = (
        max([*(one.ended for one in found.shown), *(at for cell in cells for at in cell.falls)], default=1.0) or 1.0
    )
    height = STEP * rules.top + STRIP + GAP
    lanes = [_lane(found, rules, cell, TOP + height * i, longest) for i, cell in enumerate(cells)]
    total = TOP + height * len(cells) + 24
    return {
        "title": title,
        "width": WIDTH,
        "height": total,
        "left": LEFT,
        "right": WIDTH - RIGHT,
        "lanes": lanes,
        "runs": [{"dash": DASHES[i], "x": LEFT + 90 * i, "label": f"rollout {i + 1}"} for i in range(len(found.shown))],
        "ticks": [{"x": _x(longest * i / 4, longest), "label": f"{longest * i / 4 / 3600:,.0f} h"} for i in range(5)],
        "more": len(found.cells) - len(cells),
    }


def _x(at: float, longest: float) -> float:
    return round(LEFT + at / longest * (WIDTH - LEFT - RIGHT), 1)


def _lane(found: Simulated, rules: Rules, cell: CellRates, top: float, longest: float) -> dict[str, Any]:
    bottom = top + STEP * rules.top

    def y(rung: int) -> float:
        return round(bottom - STEP * rung, 1)

    runs = [_line(one, cell.cell, i, y, longest) for i, one in enumerate(found.shown)]
    middle = None if cell.days is None else _x(cell.days * 86400, longest)
    return {
        "name": cell.cell,
        "top": top,
        "bottom": bottom,
        "rungs": [{"y": y(rung), "label": f"{100 * rules.share(rung):g} %"} for rung in range(rules.top + 1)],
        "runs": runs,
        "falls": [_x(at, longest) for at in cell.falls],
        "median": middle,
        "rate": f"rolled back in {cell.rolled_back.count:,} of {cell.rolled_back.runs:,}",
    }


def _line(one: Played, cell: str, i: int, y: Any, longest: float) -> dict[str, Any]:
    """A rollout's step line in one cell; the lines are a little apart, so that equal ones can be seen."""
    mine = [(at, step) for at, step in one.moves if step.cell == cell]
    apart = 1.5 * i
    points = [(_x(0.0, longest), y(1) - apart)]
    for at, step in mine:
        points += [(_x(at, longest), points[-1][1]), (_x(at, longest), y(step.after.rung) - apart)]
    points.append((_x(one.ended, longest), points[-1][1]))
    return {
        "points": " ".join(f"{x},{place}" for x, place in points),
        "dash": DASHES[i],
        "back": [{"x": _x(at, longest), "y": y(step.after.rung) - apart} for at, step in mine if step.move in FALLS],
    }
