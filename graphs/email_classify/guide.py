"""The label guide in a prompt, read as rules: cues with weights, negations, precedence, a default.

A guide is Markdown: `## label` sections with `- strength: cue, cue` lines, and the sections Weights, Negations and
Decision. In a cue a trailing `*` stands for any ending and `..` for up to four words.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import get_args

from seatrial.errors import ConfigError

from .contract import Label
from .written import fold

LABELS: tuple[str, ...] = get_args(Label)

_SECTION = re.compile(r"^##\s+(\S.*?)\s*$", re.MULTILINE)
_LINE = re.compile(r"^-\s+([a-z][a-z ]*):\s*(.+?)\s*$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Cue:
    """One cue of one label: as the guide writes it, the pattern it stands for, its weight in points."""

    label: str
    text: str
    pattern: re.Pattern[str]
    weight: float


@dataclass(frozen=True, slots=True)
class Guide:
    """A label guide.

    Attributes:
        cues: in the guide's order.
        negation: matches the text up to a cue when a negation stands right before it.
        certain: points from which a label is certain.
        order: labels, the one that wins first; of several certain labels the first wins.
        default: the label of a message without any cue.
    """

    cues: tuple[Cue, ...]
    negation: re.Pattern[str]
    certain: float
    order: tuple[str, ...]
    default: str


@lru_cache(maxsize=16)
def read_guide(prompt: str) -> Guide:
    """The guide in `prompt`.

    Raises:
        ConfigError: a section or a line is missing or names what does not exist; the message says which.
    """
    parts = _SECTION.split(prompt)
    sections = {name.lower(): dict(_LINE.findall(text)) for name, text in zip(parts[1::2], parts[2::2], strict=True)}
    weights = {name: _number(value, "Weights") for name, value in _section(sections, "weights").items()}
    decision = _section(sections, "decision")
    order = tuple(_list(_line(decision, "order")))
    if sorted(order) != sorted(LABELS):
        raise ConfigError(f"label guide, '## Decision': order must name each of {', '.join(LABELS)} once")
    default = _line(decision, "default")
    if default not in LABELS:
        raise ConfigError(
            f"label guide, '## Decision': default {default!r} is no label; choose one of: {', '.join(LABELS)}"
        )
    cues: list[Cue] = []
    for label in LABELS:
        for strength, line in _section(sections, label).items():
            if strength not in weights:
                raise ConfigError(f"label guide, '## {label}': {strength!r} has no line under '## Weights'")
            cues += [Cue(label, text, _pattern(text), weights[strength]) for text in _list(line)]
    negations = "|".join(re.escape(fold(word)) for word in _list(_line(_section(sections, "negations"), "words")))
    negation = re.compile(rf"(?<!\w)(?:{negations})(?:[ \t]+[\w'-]+){{0,2}}[ \t]+$")
    return Guide(tuple(cues), negation, _number(_line(decision, "certain"), "Decision"), order, default)


def _section(sections: dict[str, dict[str, str]], name: str) -> dict[str, str]:
    if not sections.get(name):
        raise ConfigError(f"label guide: there is no '## {name}' section with '- name: value' lines; write one")
    return sections[name]


def _line(section: dict[str, str], name: str) -> str:
    if name not in section:
        raise ConfigError(f"label guide: a '- {name}: ...' line is missing; the section has: {', '.join(section)}")
    return section[name]


def _list(line: str) -> list[str]:
    return [item for item in (part.strip() for part in line.split(",")) if item]


def _number(text: str, section: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise ConfigError(f"label guide, '## {section}': {text!r} is no number of points") from None


def _pattern(cue: str) -> re.Pattern[str]:
    """The cue as a pattern on folded text: whole words, any white space between them."""
    found = ""
    for word in fold(cue).split():
        if word == "..":
            found += r"(?:\s+\S+){0,4}?"
            continue
        body = re.escape(word.removesuffix("*")) + (r"\w*" if word.endswith("*") else "")
        found += (r"\s+" if found else "") + body
    first, last = cue[0], cue[-1]
    return re.compile((r"(?<!\w)" if first.isalnum() else "") + found + (r"(?!\w)" if last.isalnum() else ""))
