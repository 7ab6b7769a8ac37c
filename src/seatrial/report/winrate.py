"""Win rate on the surfaces: its words, and the plot of rates against one half."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING, Any

from seatrial.report.decision_view import decision_view
from seatrial.report.sanitize import line
from seatrial.report.terms import Terms
from seatrial.report.view import Figure
from seatrial.verdict import State, Verdict
from seatrial.wording import percent

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from seatrial.report.view import View
    from seatrial.verdict import Decision

TERMS = Terms(
    gate="win rate",
    verdicts={
        Verdict.FAIL: ("✕", "LOSES"),
        Verdict.INCONCLUSIVE: ("?", "CANNOT TELL"),
        Verdict.PASS: ("✓", "WINS"),
    },
    states={
        State.BLOCKS: "Loses",
        State.CANNOT_TELL: "Can't tell",
        State.WATCH: "Loses, does not decide",
        State.NO_DROP: "Not worse",
        State.BETTER: "Wins",
        State.REPORTED: "Reported",
    },
    rates="win rate",
    difference="over 50 %",
    axis="loses │ wins",
    flips="lost / won",
    detects="",
)
_WIDTH, _LEFT, _ROW = 640, 200, 26


def winrate_view(decision: Decision) -> View:
    """The view of a win-rate decision."""
    overall = decision.details["rates"][0]
    alpha = decision.details["rules"]["alpha"]
    return decision_view(
        decision,
        TERMS,
        scored=f"{overall['judged']:,} of {overall['planned']:,} examples judged",
        error_rate=f"at most {100 * alpha:g} % of candidates no better than the baseline are called winners",
        figures=[Figure("Win rate by segment", winrate_plot(decision.details), _caption(decision.details))],
    )


def winrate_plot(details: Mapping[str, Any]) -> str:
    """Horizontal intervals with a rule at one half, the length-adjusted rate as a diamond, and W/T/L as a thin bar."""
    rates: Sequence[Mapping[str, Any]] = details["rates"]
    height = _ROW * len(rates) + 40
    room = _WIDTH - _LEFT - 40

    def x(share: float) -> float:
        return round(_LEFT + share * room, 1)

    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" role="img" font-family="sans-serif" font-size="11">',
        f'<title>Win rate by segment</title><rect width="{_WIDTH}" height="{height}" fill="#ffffff"/>',
        f'<line x1="{x(0.5)}" x2="{x(0.5)}" y1="6" y2="{height - 28}" stroke="#6b7280" stroke-dasharray="3 3"/>',
    ]
    out += [
        f'<text x="{x(tick)}" y="{height - 12}" text-anchor="middle" fill="#4b5563">{100 * tick:.0f} %</text>'
        for tick in (0.0, 0.25, 0.5, 0.75, 1.0)
    ]
    for place, rate in enumerate(rates):
        y = 20 + place * _ROW
        name = html.escape(line(rate["segment"]) + (" (critical)" if rate["critical"] else ""))
        out.append(f'<text x="{_LEFT - 10}" y="{y + 4}" text-anchor="end" fill="#1f2937">{name}</text>')
        if rate["rate"] is None:
            continue
        low, high = rate["ci"]
        out += [
            f'<line x1="{x(low)}" x2="{x(high)}" y1="{y}" y2="{y}" stroke="#1f2937" stroke-width="2"/>',
            f'<circle cx="{x(rate["rate"])}" cy="{y}" r="4" fill="#1d4ed8"/>',
        ]
        if place == 0 and details["length_adjusted"] is not None:
            at = x(details["length_adjusted"])
            out.append(f'<path d="M{at} {y - 5} l5 5 l-5 5 l-5 -5 z" fill="#ffffff" stroke="#1d4ed8"/>')
        out += _bar(rate, y + 8, room)
    return "".join([*out, "</svg>"])


def _bar(rate: Mapping[str, Any], y: int, room: int) -> list[str]:
    out, at = [], float(_LEFT)
    for word, fill in (("wins", "#1d4ed8"), ("ties", "#d1d5db"), ("losses", "#b45309")):
        width = room * rate[word] / max(rate["judged"], 1)
        out.append(f'<rect x="{at:.1f}" y="{y}" width="{width:.1f}" height="3" fill="{fill}"/>')
        at += width
    return out


def _caption(details: Mapping[str, Any]) -> str:
    return "; ".join(
        f"{line(rate['segment'])} {percent(rate['rate'])}, {rate['wins']:,} won, {rate['ties']:,} tied, {rate['losses']:,} lost"
        for rate in details["rates"]
    )
