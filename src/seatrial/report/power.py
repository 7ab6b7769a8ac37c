"""Power curves of a certificate, as one SVG that needs nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from seatrial.certify.certificate import Certificate

WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 720, 300, 48, 450, 28, 256
LONGEST = 28
"""Letters of a segment's name that fit beside the picture; the whole name is in the curve's title."""
CURVES = (("#1f2937", ""), ("#b45309", "6 3"), ("#2563a8", "2 3"), ("#6b7280", "8 3 2 3"))
"""Colour and dash of each curve: told apart without colour too."""


def power_svg(c: Certificate, must_detect: float) -> str:
    """Chance to block by true drop, for the critical segments first and then the largest, four at most."""
    from jinja2 import Environment, PackageLoader  # noqa: PLC0415 - only who wants a picture waits for it

    ranked = sorted(c.power, key=lambda p: (not p.critical, -p.n, p.segment))
    names = list(dict.fromkeys(p.segment for p in ranked))[: len(CURVES)]
    largest = max(p.drop for p in c.power)

    def x(drop: float) -> float:
        return round(LEFT + drop / largest * (RIGHT - LEFT), 1)

    def y(share: float) -> float:
        return round(BOTTOM - share * (BOTTOM - TOP), 1)

    def curve(i: int, name: str) -> dict[str, Any]:
        unchanged = c.null.rate(c.null.blocked)
        values = [(0.0, unchanged), *((p.drop, p.blocked) for p in c.power if p.segment == name)]
        return {
            "name": name,
            "short": name if len(name) <= LONGEST else f"{name[: LONGEST - 1]}…",
            "n": c.sizes[name],
            "colour": CURVES[i][0],
            "dash": CURVES[i][1],
            "points": " ".join(f"{x(drop)},{y(share)}" for drop, share in values),
            "reported": "; ".join(f"{100 * drop:.0f} points {100 * share:.0f} %" for drop, share in values),
            "legend": TOP + 14 + 20 * i,
        }

    template = Environment(loader=PackageLoader("seatrial.report"), autoescape=True).get_template("power.svg.j2")
    return template.render(
        name=c.name,
        width=WIDTH,
        height=HEIGHT,
        left=LEFT,
        right=RIGHT,
        top=TOP,
        bottom=BOTTOM,
        shares=[{"at": y(i / 5), "label": f"{20 * i} %"} for i in range(6)],
        drops=[{"at": x(drop), "label": f"{100 * drop:.0f}"} for drop in sorted({0.0, *(p.drop for p in c.power)})],
        must_detect=x(must_detect),
        curves=[curve(i, name) for i, name in enumerate(names)],
    )
