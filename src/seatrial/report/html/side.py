"""Side by side: the texts of flipped answers, without personal data, cut, and with the words that differ marked."""

from __future__ import annotations

import re
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import TYPE_CHECKING, Any

from seatrial.privacy import strip_pii
from seatrial.report.row_name import short
from seatrial.report.sanitize import line, plain, plain_block

if TYPE_CHECKING:
    from collections.abc import Mapping

    from seatrial.report.detail import Detail
    from seatrial.report.flips import FlipView

SHOWN = 2_000
"""Characters of one text that are shown."""
LOOKED_AT, EDGE = SHOWN + 1_000, 700
"""Characters that are searched for personal data, and how many at their end are never shown: the cut may have left half
an address there, too short to be found."""
BUDGET = 1_200_000
"""Bytes of all texts of a page, as they stand in it; the answers beyond are named without their texts."""
OPEN = 2
"""Answers that are open when the page is, and so on paper too."""
ALIKE = 0.62
"""Texts less alike than this are other texts: marking nearly every word would mark nothing."""
COMPARED = 400
"""Words up to which two texts are compared."""
_WORDS = re.compile(r"\s+|\w+|[^\w\s]")

Parts = list[tuple[str, bool]]
"""A text in pieces: (text, whether it differs from the other side)."""


@dataclass(frozen=True, slots=True)
class SideBySide:
    """What an example was given and what came out; None is a text that nobody kept."""

    inputs: str | None = None
    reference: str | None = None
    baseline: str | None = None
    candidate: str | None = None


def flips(detail: Detail, examples: Mapping[tuple[str, str], SideBySide] | None) -> list[dict[str, Any]]:
    """The flipped answers of a page, worst first, as long as the budget lasts with their texts."""
    left, shown, opened = BUDGET, [], 0
    for flip in detail.flips:
        texts = _texts(examples.get((flip.id, flip.key)), flip) if examples else []
        left -= sum(_size(text["parts"]) for text in texts)
        if left < 0:
            texts = []
        opened += bool(texts)
        shown.append(
            {
                "example": strip_pii(flip.example),
                "key": short(line(flip.key)),
                "regressed": flip.regressed,
                "change": flip.change,
                "segments": flip.segments,
                "reason": short(strip_pii(flip.reason), 300),
                "groups": flip.groups,
                "texts": texts,
                "first": _first_line(texts) or short(strip_pii(flip.reason), 160),
                "open": bool(texts) and opened <= OPEN,
            }
        )
    return shown


def _texts(reported: SideBySide | None, flip: FlipView) -> list[dict[str, Any]]:
    if reported is None:
        return []
    base, cand = _differences(_cut(reported.baseline), _cut(reported.candidate))
    passed, failed = ("passed", "failed") if flip.regressed else ("failed", "passed")
    if flip.change not in ("1 → 0", "0 → 1"):
        passed, failed = flip.change.split(" → ")
    return [
        {"what": what, "tone": tone, "parts": parts, "complete": _complete(text)}
        for what, tone, parts, text in (
            ("Input", "", [(_cut(reported.inputs), False)], reported.inputs),
            (f"Baseline: {passed}", "better" if flip.regressed else "worse", base, reported.baseline),
            (f"Candidate: {failed}", "worse" if flip.regressed else "better", cand, reported.candidate),
            ("Reference", "", [(_cut(reported.reference), False)], reported.reference),
        )
        if text is not None
    ]


def _cut(text: str | None) -> str:
    if text is None:
        return ""
    found = plain_block(strip_pii(text[:LOOKED_AT]))
    return (found if len(text) <= LOOKED_AT else found[:-EDGE])[:SHOWN]


def _complete(text: str | None) -> int:
    """How long a text is that is not shown whole, else 0."""
    return len(text) if text is not None and len(text) > SHOWN else 0


def _size(parts: Parts) -> int:
    """Bytes of a text in the page: a sign that HTML escapes takes five."""
    return sum(len(text.encode()) + 4 * sum(map(text.count, "<>&\"'")) + 13 * differs for text, differs in parts)


def _first_line(texts: list[dict[str, Any]]) -> str:
    """The longest line of the input: of several fields, the question rather than its labels."""
    given = next((text for text in texts if text["what"] == "Input"), None)
    return "" if given is None else plain(max(given["parts"][0][0].split("\n"), key=len)[:160])


def _differences(a: str, b: str) -> tuple[Parts, Parts]:
    """Both texts in pieces; what is only in one of them is marked where they are alike at all."""
    words = _WORDS.findall(a), _WORDS.findall(b)
    match = SequenceMatcher(None, *words, autojunk=False)
    too_many = max(map(len, words)) > COMPARED
    if (
        a == b
        or too_many
        or match.real_quick_ratio() <= ALIKE
        or match.quick_ratio() <= ALIKE
        or match.ratio() <= ALIKE
    ):
        return [(a, False)], [(b, False)]
    sides: tuple[Parts, Parts] = ([], [])
    for tag, *ends in match.get_opcodes():
        for side, of, (start, stop) in zip(sides, words, (ends[:2], ends[2:]), strict=True):
            if start < stop:
                side.append(("".join(of[start:stop]), tag != "equal"))
    return sides
