"""A search for slices as text, as `seatrial/slices/1` and as one SVG that needs nothing else."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from seatrial.report.console import Line
from seatrial.wording import count, drop, p_value, percent, points, signed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from seatrial.slice.found import Finding, Found

SCHEMA = "seatrial/slices/1"
NAMED = 3
"""Other findings of a family that are named; the rest is counted."""
LEFT, RIGHT, TOP, STEP = 260, 560, 64, 44


def headline(found: Found) -> str:
    """What was found, among how much, at which error rate."""
    many = len(found.families)
    what = f"{count(many, 'slice')} lost beyond chance" if many else "no slice lost beyond chance"
    return f"{what}, of {found.slices:,} looked at on {count(found.n, found.unit)} (where nothing changed, any at all: at most {percent(found.alpha)})"


def sentence(one: Finding) -> str:
    """A finding with its numbers."""
    return (
        f"{one.name}: {100 * one.baseline:.1f} → {100 * one.candidate:.1f} on {count(one.n, one.unit)}, "
        f"{points(one.difference)}, adjusted p {p_value(one.p)}"
    )


def place(one: Finding) -> str:
    """How much of what broke is in the slice, and what the rest did."""
    return f"{one.regressed:,} of the {count(one.regressed_everywhere, one.unit)} that broke are in it, {one.fixed:,} in it got better; outside it {points(one.outside)}"


def detectable(found: Found) -> str:
    """What could have been found at this size: the smallest slice, a middling one, half of everything."""
    seen = [one for one in found.visible if one.loss is not None]
    if not seen:
        return "too few examples to find any slice"
    some = sorted({0, len(seen) // 2, len(seen) - 1})
    wording = ", ".join(f"one of {seen[i].n:,} that lost {drop(seen[i].loss).removesuffix(' points')}" for i in some)
    return f"would have found with power 0.8: {wording} points"


def slices_lines(found: Found) -> Iterator[Line]:
    """The lines of a terminal report."""
    for line in _lines(found):
        yield Line(_plain(line.text), line.tone)


def _plain(text: str) -> str:
    """A name from outside may neither start a line of its own, nor drive the terminal, nor break the picture."""
    return "".join(sign if sign.isprintable() else "�" for sign in text)


def _lines(found: Found) -> Iterator[Line]:
    yield Line(f"{'✕' if found.families else '○'} {headline(found)}", "bad" if found.families else "plain")
    yield Line(
        f"  {found.baseline} → {found.candidate}, {found.key}: {points(found.difference)} over all; {detectable(found)}",
        "dim",
    )
    for family in found.families:
        yield Line(f"  ✕ {sentence(family.speaker)}", "bad")
        yield Line(f"    {place(family.speaker)}", "plain")
        if family.others:
            named = "; ".join(one.name for one in family.others[:NAMED])
            more = len(family.others) - NAMED
            yield Line(f"    lost nothing beyond it: {named}{f'; and {more:,} more' if more > 0 else ''}", "dim")
        for text in family.proposal.toml.splitlines():
            yield Line(f"      {text}", "plain")
        if family.proposal.note:
            yield Line(f"    {'' if family.proposal.toml else 'no entry: '}{family.proposal.note}", "dim")
    for note in found.notes:
        yield Line(f"  note  {note}", "unsure")
    if any(family.proposal.toml for family in found.families):
        yield Line(
            "  next  add the entry to the project's segments.toml, or its column to the file (--segment COLUMN): the gate then watches the segment on new evidence",
            "plain",
        )


def slices_data(found: Found) -> dict[str, Any]:
    """Plain data."""
    return {
        "schema": SCHEMA,
        "exit_code": 0,
        "reason": headline(found),
        "source": found.source,
        "key": found.key,
        "baseline": found.baseline,
        "candidate": found.candidate,
        "n": found.n,
        "unit": found.unit,
        "difference": found.difference,
        "features": found.features,
        "slices": found.slices,
        "alpha": found.alpha,
        "draws": found.draws,
        "seed": found.seed,
        "found": [
            {
                **_finding(family.speaker),
                "others": [_finding(one) for one in family.others],
                "proposal": asdict(family.proposal),
            }
            for family in found.families
        ],
        "visible": [asdict(one) for one in found.visible],
        "notes": list(found.notes),
    }


def _finding(one: Finding) -> dict[str, Any]:
    return {**asdict(one), "features": list(one.features), "reason": sentence(one)}


def slices_svg(found: Found) -> str:
    """Before and after, one row for all examples and one for each slice that speaks for its family."""
    from jinja2 import Environment, PackageLoader  # noqa: PLC0415 - only who wants a picture waits for it

    def x(rate: float) -> float:
        return round(LEFT + rate * (RIGHT - LEFT), 1)

    rows = [
        {
            "at": TOP + STEP * i + 12,
            "name": _plain(one.name if len(one.name) <= 40 else one.name[:39] + "…"),
            "reported": _plain(sentence(one)),
            "under": f"n {one.n:,}, p {p_value(one.p)}",
            "before": x(one.baseline),
            "after": x(one.candidate),
            "delta": signed(one.difference),
        }
        for i, one in enumerate(family.speaker for family in found.families)
    ]
    bottom = TOP + STEP * max(1, len(rows))
    template = Environment(loader=PackageLoader("seatrial.report"), autoescape=True).get_template("slices.svg.j2")
    return template.render(
        title=_plain(f"{found.baseline} → {found.candidate}, {found.key}"),
        headline=headline(found).partition(" (")[0],
        detectable=detectable(found),
        rows=rows,
        ticks=[{"at": x(i / 5), "label": f"{20 * i} %"} for i in range(6)],
        left=LEFT,
        right=RIGHT,
        top=TOP,
        bottom=bottom,
        width=RIGHT + 80,
        height=bottom + 62,
    )
