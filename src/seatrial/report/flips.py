"""Flips: which of the answers that moved a page names, worst first, and what a reader may want to see alone."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from seatrial.gate.row import OVERALL
from seatrial.report.row_name import short
from seatrial.report.sanitize import line
from seatrial.verdict import Verdict

if TYPE_CHECKING:
    from seatrial.gate.report import Flip, Report

FLIPS = 200
"""Flipped answers that a page names; the worst come first."""
SEGMENTS_OF_A_FLIP = 4
SHARED_BY = 3
"""A reason is a group of its own when at least so many answers give it."""


@dataclass(frozen=True, slots=True)
class FlipView:
    """One example whose score moved.

    Attributes:
        id: the example, as evidence has it: what its texts are looked up by.
        example: the same, as it is shown.
        key: evaluator key, as evidence has it.
        broke: the score fell; otherwise it rose.
        change: `1 → 0`.
        segments: the segments it lies in, failing ones first.
        reason: what the candidate's answer got wrong; empty where nobody said.
        groups: places in `Detail.groups` that it belongs to.
    """

    id: str
    example: str
    key: str
    regressed: bool
    change: str
    segments: tuple[str, ...]
    reason: str
    groups: tuple[int, ...]


def worst_first(report: Report) -> list[Flip]:
    """Broken answers of failing segments, then the other broken ones, then the fixed, at most FLIPS; their texts plain."""
    rank = {(f.segment, f.key): i for i, f in reversed(list(enumerate(report.findings))) if f.verdict is Verdict.FAIL}
    last = len(report.findings)

    def place(flip: Flip) -> tuple[object, ...]:
        where = min([rank.get((s, line(flip.key)), last) for s in (OVERALL, *map(line, flip.segments))])
        return flip.after > flip.before, where, -abs(flip.after - flip.before), flip.example, flip.key

    ranked = sorted(report.flips, key=place)
    fixed = [flip for flip in ranked if flip.after > flip.before]
    regressed = ranked[: len(ranked) - len(fixed)]
    kept = max(FLIPS - len(fixed), FLIPS * 3 // 4)
    shown = [*regressed[:kept], *fixed[: FLIPS - min(len(regressed), kept)]]
    return [replace(flip, segments=tuple(map(line, flip.segments)), reason=line(flip.reason)) for flip in shown]


def change(flip: Flip) -> str:
    """`0.81 → 0.42`."""
    return f"{flip.before:.3g} → {flip.after:.3g}"


def groups(report: Report, shown: list[Flip]) -> list[str]:
    """Failing segments and frequent reasons that tell some of the flips from the others, four at most."""
    failing = dict.fromkeys(f.segment for f in report.findings if f.verdict is Verdict.FAIL and f.segment != OVERALL)
    often = [reason for reason, n in report.causes if n >= SHARED_BY]
    names = [*list(failing)[:2], *often[:2]]
    return [name for name in names if 0 < sum(is_in(name, flip) for flip in shown) < len(shown)]


def is_in(name: str, flip: Flip) -> bool:
    """Whether a flip belongs to the group `name`: a segment or a reason."""
    return name == flip.reason or name in flip.segments


def flip_view(flip: Flip, report: Report, names: list[str]) -> FlipView:
    """A flip as it is shown; `names` are the groups a reader may ask for."""
    failing = {f.segment for f in report.findings if f.verdict is Verdict.FAIL}
    kept = report.quarantine is not None and flip.example in {one.entry.example for one in report.quarantine.examples}
    segments = [*(["in quarantine"] if kept else []), *sorted(flip.segments, key=lambda s: s not in failing)]
    more = len(segments) - SEGMENTS_OF_A_FLIP
    return FlipView(
        id=flip.example,
        example=short(line(flip.example)),
        key=flip.key,
        regressed=flip.after < flip.before,
        change=change(flip),
        segments=(*map(short, segments[:SEGMENTS_OF_A_FLIP]), *([f"and {more} more"] if more > 0 else [])),
        reason=flip.reason,
        groups=tuple(i for i, name in enumerate(names) if is_in(name, flip)),
    )
