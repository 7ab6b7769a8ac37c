"""Feedback on the surfaces: its words, and the reliability diagram of every classifier."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING, Any

from seatrial.report.decision_view import decision_view
from seatrial.report.sanitize import line
from seatrial.report.terms import Terms
from seatrial.report.view import Figure
from seatrial.verdict import State, Verdict
from seatrial.wording import count, percent

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from seatrial.report.view import View
    from seatrial.verdict import Decision

TERMS = Terms(
    gate="feedback gate",
    verdicts={
        Verdict.FAIL: ("✕", "FLAGGED"),
        Verdict.INCONCLUSIVE: ("?", "CANNOT TELL"),
        Verdict.PASS: ("✓", "PASS"),
    },
    states={
        State.BLOCKS: "Too few positives",
        State.CANNOT_TELL: "Can't tell",
        State.WATCH: "Fewer positives, not proven",
        State.NO_DROP: "As stated",
        State.BETTER: "Under-confident",
        State.REPORTED: "Reported",
    },
    n="n",
    rates="stated→seen",
    difference="Δ",
    axis="fewer │ more",
    flips="",
    detects="",
    unit="decision",
)
_SIZE, _LEFT, _TOP, _SIDE = 280, 46, 16, 220


def feedback_view(decision: Decision, *, alpha: float) -> View:
    """The view of a feedback decision."""
    classifiers = [
        (source, name, one)
        for source, parts in decision.details["sources"].items()
        for name, one in parts["classifiers"].items()
    ]
    answered = sum(one["n"] for _, _, one in classifiers)
    planned = sum(one["n"] + one["neutral"] + one["missing"] + one["immature"] for _, _, one in classifiers)
    when = "window" if decision.details["one_shot"] else "year"
    return decision_view(
        decision,
        TERMS,
        scored=f"{answered:,} of {count(planned, 'decision')} have an answer",
        error_rate=f"at most {100 * alpha:g} % of calibrated sources are flagged in a {when}",
        figures=list(_figures(classifiers)),
    )


def _figures(classifiers: Sequence[tuple[str, str, Mapping[str, Any]]]) -> Iterator[Figure]:
    for source, name, one in classifiers:
        bands = [band for band in one["bands"] if band["n"]]
        if not bands:
            continue
        wording = "; ".join(
            f"stated {percent(band['stated'])}, observed {percent(band['positive'] / band['n'])}, n {band['n']:,}"
            for band in bands
        )
        yield Figure(f"Reliability of {line(name)} ({line(source)})", reliability(name, bands), wording)


def reliability(name: str, bands: Sequence[Mapping[str, Any]]) -> str:
    """Reliability diagram: stated against observed per band, 95 % interval, area by n, n written beside each mark."""
    from seatrial.stats.interval import CannotTell  # noqa: PLC0415 - only where a page is written
    from seatrial.stats.proportions import wilson  # noqa: PLC0415

    def x(share: float) -> float:
        return round(_LEFT + share * _SIDE, 1)

    def y(share: float) -> float:
        return round(_TOP + (1 - share) * _SIDE, 1)

    most = max(band["n"] for band in bands)
    title = html.escape(f"{line(name)}: observed rate of positives by stated confidence")
    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_SIZE + 40} {_SIZE}" role="img" font-family="sans-serif" font-size="11">',
        f'<title>{title}</title><rect width="{_SIZE + 40}" height="{_SIZE}" fill="#ffffff"/>',
        f'<line x1="{x(0)}" y1="{y(0)}" x2="{x(1)}" y2="{y(1)}" stroke="#6b7280" stroke-dasharray="3 3"/>',
    ]
    for tick in (0.0, 0.5, 1.0):
        out += [
            f'<line x1="{x(0)}" x2="{x(1)}" y1="{y(tick)}" y2="{y(tick)}" stroke="#e5e7eb"/>',
            f'<text x="{x(0) - 6}" y="{y(tick) + 4}" text-anchor="end" fill="#4b5563">{100 * tick:.0f}</text>',
            f'<text x="{x(tick)}" y="{y(0) + 15}" text-anchor="middle" fill="#4b5563">{100 * tick:.0f}</text>',
        ]
    for band in bands:
        rate, stated = band["positive"] / band["n"], band["stated"]
        ends = wilson(band["positive"], band["n"])
        if not isinstance(ends, CannotTell):
            out.append(
                f'<line x1="{x(stated)}" x2="{x(stated)}" y1="{y(ends.low)}" y2="{y(ends.high)}" stroke="#1f2937"/>'
            )
        radius = round(3 + 5 * (band["n"] / most) ** 0.5, 1)
        out += [
            f'<circle cx="{x(stated)}" cy="{y(rate)}" r="{radius}" fill="#1d4ed8" fill-opacity="0.7"/>',
            f'<text x="{x(stated) + radius + 3}" y="{y(rate) + 4}" fill="#1f2937">n {band["n"]:,}</text>',
        ]
    out += [
        f'<text x="{x(0.5)}" y="{_SIZE - 8}" text-anchor="middle" fill="#4b5563">stated confidence, %</text>',
        f'<text x="12" y="{y(0.5)}" text-anchor="middle" fill="#4b5563" transform="rotate(-90 12 {y(0.5)})">observed, %</text>',
        "</svg>",
    ]
    return "".join(out)
