"""The scoring guide in a prompt, read as rules: points for titles, sources, words in the message, and facts.

A guide is Markdown. Under `## Title`, `## Source` and `## Message` stand `- +20: cue, cue*` lines (a trailing `*` stands
for any ending, `..` for up to three words, `nothing` for an empty field); under `## Facts` stand
`- +6: pages viewed 10 or more` lines; under `## Start` the `- points: 15` every lead begins with. Under `## Propensity`
stand `- half at: 56`, `- step: 26`, `- message counts: 50` (per cent of its points) and further lines about facts.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from functools import lru_cache
from unicodedata import normalize

from seatrial.errors import ConfigError

TEXTS = ("title", "source", "message")
FACTS = ("company size", "pages viewed", "emails opened", "days since contact")
NOTHING = "nothing"

_SECTION = re.compile(r"^##\s+(\S.*?)\s*$", re.MULTILINE)
_LINE = re.compile(r"^-\s+([^:\n]+):\s*(.+?)\s*$", re.MULTILINE)
_FACT = re.compile(r"(.+?)\s+(\d+) or (more|less)")
_MARKS = re.compile(r"[\u0300-\u036f]")


@dataclass(frozen=True, slots=True)
class Cue:
    """One cue: its text as the guide writes it and the pattern it stands for."""

    text: str
    pattern: re.Pattern[str]


@dataclass(frozen=True, slots=True)
class Line:
    """One line about a text: points that count once when any of its cues is there."""

    points: int
    cues: tuple[Cue, ...]


@dataclass(frozen=True, slots=True)
class Fact:
    """One line about a number: points that count when it is `least` or more, or `most` or less."""

    points: int
    text: str
    name: str
    edge: int
    or_more: bool

    def holds(self, value: int) -> bool:
        """Whether it holds of this number."""
        return value >= self.edge if self.or_more else value <= self.edge


@dataclass(frozen=True, slots=True)
class Propensity:
    """How likely a meeting is: a share of the message's points and facts of its own, along a logistic curve."""

    half_at: int
    step: int
    share: int
    facts: tuple[Fact, ...]

    def of(self, points: float) -> float:
        """The probability that this many points stand for."""
        return 1 / (1 + math.exp(max(-700.0, min(700.0, (self.half_at - points) / self.step))))


@dataclass(frozen=True, slots=True)
class Guide:
    """A scoring guide: the points every lead begins with, lines per text, lines about facts, and the propensity's curve."""

    start: int
    lines: dict[str, tuple[Line, ...]]
    facts: tuple[Fact, ...]
    propensity: Propensity


def fold(text: str) -> str:
    """Small letters without accents and apostrophes: what people type differs in all three."""
    plain = text.replace("\N{RIGHT SINGLE QUOTATION MARK}", "").replace("'", "")
    return _MARKS.sub("", normalize("NFKD", plain.casefold()))


@lru_cache(maxsize=16)
def read_guide(prompt: str) -> Guide:
    """The guide in `prompt`.

    Raises:
        ConfigError: a section is missing, points are no whole number, or a fact cannot be read; the message says which.
    """
    parts = _SECTION.split(prompt)
    sections = {name.lower(): _LINE.findall(text) for name, text in zip(parts[1::2], parts[2::2], strict=True)}
    missing = [name for name in ("start", *TEXTS, "facts", "propensity") if not sections.get(name)]
    if missing:
        raise ConfigError(f"scoring guide: there is no '## {missing[0]}' section with '- +8: ...' lines; write one")
    start = dict(sections["start"]).get("points")
    if start is None:
        raise ConfigError("scoring guide, '## start': there is no '- points: 15' line; write one")
    lines = {
        name: tuple(Line(_points(points, name), tuple(map(_cue, _list(line)))) for points, line in sections[name])
        for name in TEXTS
    }
    facts = tuple(_fact(points, line) for points, line in sections["facts"])
    return Guide(_points(start, "start"), lines, facts, _propensity(sections["propensity"]))


def _propensity(section: list[tuple[str, str]]) -> Propensity:
    names = ["half at", "step", "message counts"]
    if [name for name, _ in section[:3]] != names:
        raise ConfigError(f"scoring guide, '## propensity': begin with lines for {', '.join(names)}, in this order")
    half_at, step, share = (_points(value, "propensity") for _, value in section[:3])
    if step < 1:
        raise ConfigError(f"scoring guide, '## propensity': step is {step}; a curve needs a step above 0")
    return Propensity(half_at, step, share, tuple(_fact(points, line) for points, line in section[3:]))


def _list(line: str) -> list[str]:
    return [item for item in (part.strip() for part in line.split(",")) if item]


def _points(text: str, section: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise ConfigError(f"scoring guide, '## {section}': {text!r} is no whole number of points") from None


def _fact(points: str, text: str) -> Fact:
    found = _FACT.fullmatch(text)
    if found is None or found[1] not in FACTS:
        raise ConfigError(
            f"scoring guide, '## facts': {text!r} cannot be read; write 'NAME 10 or more' or 'NAME 10 or less', where "
            f"NAME is one of: {', '.join(FACTS)}"
        )
    return Fact(_points(points, "facts"), text, found[1], int(found[2]), found[3] == "more")


def _cue(text: str) -> Cue:
    """The cue with its pattern on folded text: whole words, any white space between them."""
    if text == NOTHING:
        return Cue(text, re.compile(r"\A\s*\Z"))
    found = ""
    for word in fold(text).split():
        if word == "..":
            found += r"(?:\s+\S+){0,3}?"
            continue
        found += (r"\s+" if found else "") + re.escape(word.removesuffix("*")) + (r"\w*" if word.endswith("*") else "")
    return Cue(text, re.compile(rf"(?<!\w){found}" + (r"(?!\w)" if text[-1].isalnum() else "")))
