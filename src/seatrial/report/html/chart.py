"""Chart: bars of what broken answers say, and the ladder of chances to block."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from seatrial.privacy import strip_pii
from seatrial.report.row_name import short
from seatrial.wording import percent

if TYPE_CHECKING:
    from collections.abc import Sequence

    from seatrial.report.detail import Cause
    from seatrial.report.power_curves import Curve

BAR = 160
REASON = 160
WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 460, 230, 44, 448, 22, 186
LOOKS = (("ink", ""), ("ink", "7 3"), ("ink", "1.5 3"), ("muted", "8 3 2 3"))
"""Hue and dash of each curve: told apart by the dash, because a hue would mean worse or better."""


def bars(causes: Sequence[Cause]) -> list[dict[str, Any]]:
    """Each reason with the length of its bar, the most frequent one longest."""
    most = max((cause.regressed for cause in causes), default=1)
    return [
        {
            "reason": short(strip_pii(cause.reason), REASON),
            "regressed": cause.regressed,
            "share": f"{100 * cause.share:.0f} %",
            "length": round(BAR * cause.regressed / most, 1),
        }
        for cause in causes
    ]


def ladder(curves: Sequence[Curve], must_detect: float) -> dict[str, Any] | None:
    """Chance to block by true drop, as places in a picture of WIDTH x HEIGHT."""
    if not curves:
        return None
    furthest = max(drop for curve in curves for drop, _ in curve.points)

    def x(drop: float) -> float:
        return round(LEFT + min(drop, furthest) / furthest * (RIGHT - LEFT), 1)

    def y(chance: float) -> float:
        return round(BOTTOM - chance * (BOTTOM - TOP), 1)

    return {
        "width": WIDTH,
        "height": HEIGHT,
        "left": LEFT,
        "right": RIGHT,
        "top": TOP,
        "bottom": BOTTOM,
        "must": x(must_detect),
        "enough": y(0.8),
        "chances": [{"at": y(i / 5), "label": f"{20 * i} %"} for i in range(6)],
        "drops": [{"at": x(furthest * i / 4), "label": f"{100 * furthest * i / 4:.0f}"} for i in range(5)],
        "lines": [
            {
                "label": curve.label,
                "n": curve.n,
                "hue": LOOKS[i % len(LOOKS)][0],
                "dash": LOOKS[i % len(LOOKS)][1],
                "points": " ".join(f"{x(drop)},{y(chance)}" for drop, chance in curve.points),
                "reported": _chance(_at(curve, must_detect)),
            }
            for i, curve in enumerate(curves)
        ],
    }


def _chance(share: float) -> str:
    """A chance in percent; never 0 or 100, which nothing here is."""
    return "> 99.9 %" if share > 0.999 else "< 0.1 %" if share < 0.001 else percent(share)


def _at(curve: Curve, drop: float) -> float:
    """The chance at the last drawn point up to `drop`: never more than the truth."""
    return max((chance for at, chance in curve.points if at <= drop + 1e-9), default=0.0)
