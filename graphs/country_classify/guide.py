"""The country guide in a prompt, read as rules: cues per kind of evidence and country, weights, and what to pass over.

A guide is Markdown: a section per kind of evidence with `- CODE: cue, cue*` lines (a trailing `*` stands for any ending,
`#` for a digit, `@` for a capital letter), and the sections Weights and Passed over.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from unicodedata import normalize

from seatrial.errors import ConfigError

from .codes import CODES

FIELDS = {
    "phone prefixes": ("Phone prefix",),
    "domain endings": ("Domain",),
    "legal forms": ("Company",),
    "postcodes": ("Hq", "Note"),
    "places": ("Company", "Hq", "Note"),
    "regions": ("Hq", "Note"),
    "country names": ("Company", "Hq", "Note"),
}
"""Which fields a kind of evidence is looked for in."""

_SECTION = re.compile(r"^##\s+(\S.*?)\s*$", re.MULTILINE)
_LINE = re.compile(r"^-\s+([A-Za-z][A-Za-z ]*):\s*(.+?)\s*$", re.MULTILINE)
_MARKS = re.compile(r"[\u0300-\u036f]")
_UNDECOMPOSED = str.maketrans({"ø": "o", "ł": "l", "đ": "d", "æ": "ae", "œ": "oe", "ı": "i", "ð": "d", "þ": "th"})


@dataclass(frozen=True, slots=True)
class Cue:
    """One cue: the country it speaks for, its kind, its text as the guide writes it, and the pattern it stands for."""

    country: str
    kind: str
    text: str
    pattern: re.Pattern[str]


@dataclass(frozen=True, slots=True)
class Guide:
    """A country guide.

    Attributes:
        cues: in the guide's order.
        weights: points per kind of evidence.
        passed_over: matches the text up to a cue when a phrase that takes it back stands right before it.
    """

    cues: tuple[Cue, ...]
    weights: dict[str, float]
    passed_over: re.Pattern[str]


def fold(text: str) -> str:
    """Small letters without accents: what people type differs in both."""
    return _MARKS.sub("", normalize("NFKD", text.casefold())).translate(_UNDECOMPOSED)


def digits(text: str) -> str:
    """A telephone prefix as bare digits: `+43`, `0043` and `(43)` are one."""
    return re.sub(r"\D", "", text).removeprefix("00")


@lru_cache(maxsize=16)
def read_guide(prompt: str) -> Guide:
    """The guide in `prompt`.

    Raises:
        ConfigError: a section is missing, a weight is no number, or a line names no country; the message says which.
    """
    parts = _SECTION.split(prompt)
    sections = {name.lower(): _LINE.findall(text) for name, text in zip(parts[1::2], parts[2::2], strict=True)}
    missing = [name for name in ("weights", "passed over", *FIELDS) if not sections.get(name)]
    if missing:
        raise ConfigError(f"country guide: there is no '## {missing[0]}' section with '- name: value' lines; write one")
    weights = {name: _number(name, value) for name, value in sections["weights"]}
    unweighed = [kind for kind in FIELDS if kind not in weights]
    if unweighed:
        raise ConfigError(f"country guide, '## Weights': there is no '- {unweighed[0]}: 3' line; write one")
    cues: list[Cue] = []
    for kind in FIELDS:
        for code, line in sections[kind]:
            if code not in CODES:
                raise ConfigError(f"country guide, '## {kind}': {code!r} is no country code of ISO 3166-1")
            cues += [Cue(code, kind, text, _pattern(kind, text)) for text in _list(line)]
    phrases = "|".join(re.escape(fold(text)) for _, line in sections["passed over"] for text in _list(line))
    # up to three words between the phrase and the cue: "customers mostly in southern Bavaria"
    return Guide(tuple(cues), weights, re.compile(rf"(?<!\w)(?:{phrases})(?:\s+[\w,']+){{0,3}}\s+$"))


def _list(line: str) -> list[str]:
    return [item for item in (part.strip() for part in line.split(",")) if item]


def _number(name: str, text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise ConfigError(f"country guide, '## Weights': {name} says {text!r}, which is no number of points") from None


def _pattern(kind: str, cue: str) -> re.Pattern[str]:
    """The cue as a pattern: digits for a prefix, the end of a domain, whole words on folded text for the rest."""
    if kind == "phone prefixes":
        return re.compile(re.escape(digits(cue)))
    if kind == "domain endings":
        return re.compile(re.escape(fold(cue)) + "$")
    if kind == "postcodes":
        shape = re.escape(cue).replace(r"\#", r"\d").replace("@", "[A-Z]").replace(r"\ ", r"\s")
        return re.compile(rf"(?<![\w-]){shape}(?![\w-])")
    words = r"\s+".join(re.escape(word) for word in fold(cue).removesuffix("*").split())
    return re.compile(rf"(?<!\w){words}" + ("" if cue.endswith("*") else r"(?!\w)"))
