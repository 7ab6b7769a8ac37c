"""Curves of a plan, as one SVG that needs nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from seatrial.certify.plan_paired import PairedPlan
    from seatrial.rollout.certificate import RolloutCertificate
    from seatrial.rollout.plan_canary import CanaryPlan

WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 640, 300, 48, 450, 28, 256
STROKES = (("#1f2937", ""), ("#b45309", "6 3"), ("#2563a8", "2 3"), ("#6b7280", "8 3 2 3"), ("#0f766e", "1 2"))
"""Colour and dash of each curve: told apart without colour too."""


@dataclass(frozen=True, slots=True)
class Drawn:
    """One curve: its name, and points (x, share 0..1)."""

    name: str
    points: tuple[tuple[float, float], ...]


def canary_svg(p: CanaryPlan) -> str:
    """Chance that the worse canary has been stopped, by canary units."""
    title = f"stopped, {100 * p.requested.base:g} % → {100 * (p.requested.base - p.requested.drop):g} %"
    return _svg(title, "canary units", [Drawn(f"threshold {p.requested.needed:,.0f}", ((0, 0.0), *p.curve))], 1.0)


def rollout_svg(c: RolloutCertificate) -> str:
    """Chance that each stage stops a canary within its dwell, by true drop; the last five stages at most."""
    curves = [Drawn(f"stage {k.stage + 1}, {100 * c.plan.stages[k.stage].share:g} %", k.points) for k in c.curves]
    cell = c.curves[0].cell if c.curves else ""
    return _svg(f"{cell}: stopped within the dwell, by true drop", "true drop, points", curves[-len(STROKES) :], 100.0)


def paired_svg(p: PairedPlan) -> str:
    """Chance to see each drop, by examples; five drops at most."""
    from seatrial.stats.power import mcnemar_power  # noqa: PLC0415 - scipy is for those who draw

    a, found = p.assumed, [d for d in p.drops if d.need is not None][: len(STROKES)]
    furthest = max([2 * (d.need or 1) for d in found[1:]] or [2 * (d.need or 1) for d in found] or [100])
    at = sorted({max(1, round(furthest * i / 40)) for i in range(1, 41)})
    curves = [
        Drawn(
            f"{100 * d.drop:g} points",
            ((0.0, 0.0), *((n, mcnemar_power(n, d.drop, a.left, a.alpha, a.method)) for n in at)),
        )
        for d in found
    ]
    return _svg("chance to see a drop, by examples", "examples", curves, 1.0)


def _svg(title: str, axis: str, curves: Sequence[Drawn], scale: float) -> str:
    from jinja2 import Environment, PackageLoader  # noqa: PLC0415 - only who wants a picture waits for it

    largest = max((x for curve in curves for x, _ in curve.points), default=1.0) or 1.0

    def x(value: float) -> float:
        return round(LEFT + value / largest * (RIGHT - LEFT), 1)

    def y(share: float) -> float:
        return round(BOTTOM - share * (BOTTOM - TOP), 1)

    template = Environment(loader=PackageLoader("seatrial.report"), autoescape=True).get_template("plan.svg.j2")
    return template.render(
        title=title,
        axis=axis,
        width=WIDTH,
        height=HEIGHT,
        left=LEFT,
        right=RIGHT,
        bottom=BOTTOM,
        shares=[{"at": y(i / 5), "label": f"{20 * i} %"} for i in range(6)],
        ticks=[
            {
                "at": x(largest * i / 5),
                "label": f"{scale * largest * i / 5:,.3g}"
                if scale * largest < 1000
                else f"{scale * largest * i / 5:,.0f}",
            }
            for i in range(6)
        ],
        curves=[
            {
                "name": curve.name,
                "colour": STROKES[i][0],
                "dash": STROKES[i][1],
                "points": " ".join(f"{x(a)},{y(b)}" for a, b in curve.points),
                "reported": "; ".join(
                    f"{scale * a:g}: {100 * b:.0f} %" for a, b in curve.points[:: max(1, len(curve.points) // 8)]
                ),
                "legend": TOP + 14 + 20 * i,
            }
            for i, curve in enumerate(curves)
        ],
    )
