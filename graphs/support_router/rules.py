"""The router's built-in model: deterministic code that reads the routing guide in its prompt and adds up the cues.

It knows how a guide is written (a `## desk` section, `- strength: cue, cue*` lines, a `## Weights` section) and nothing
about any desk: what counts as billing stands in the guide alone, so editing the guide changes the decisions.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import lru_cache
from typing import get_args

from seatrial.errors import ConfigError

from .answering import TITLE, compose
from .contract import Desk

DESKS: tuple[str, ...] = get_args(Desk)
DOUBT = 0.2
"""Weight every desk has before a word is read: without a cue the confidence is 1 in 3."""

_SECTION = re.compile(r"^##\s+(.+?)\s*$", re.MULTILINE)
_LINE = re.compile(r"^-\s+([a-z ]+):\s*(.+?)\s*$", re.MULTILINE)
_SUBJECT = re.compile(r"^subject:(.*)$", re.MULTILINE)
_WEIGHT = re.compile(r"\d+(\.\d+)?")
_AGENT = re.compile(r"^agent:.*$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Cue:
    """One cue of one desk: its text as the guide writes it, the pattern it stands for and its weight."""

    desk: str
    text: str
    pattern: re.Pattern[str]
    weight: float


@dataclass(frozen=True, slots=True)
class Guide:
    """A routing guide as the rules read it."""

    cues: tuple[Cue, ...]
    subject_factor: float


def answer(system: str, user: str) -> str:
    """The reply to one message: the desk with the most evidence and its share of all the evidence.

    Under an answering guide it is the next step towards an answer instead (`answering.py`).

    Raises:
        ConfigError: the prompt holds no guide these rules can read.
    """
    if system.startswith(TITLE):
        return compose(system, user)
    guide = read_guide(system)
    body = _AGENT.sub("", _plain(user.partition("\n\n")[2]))
    subject = " ".join(_SUBJECT.findall(body))
    weight = dict.fromkeys(DESKS, DOUBT)
    heard: dict[str, list[str]] = {desk: [] for desk in DESKS}
    for cue in guide.cues:
        if cue.pattern.search(body):
            weight[cue.desk] += cue.weight * (guide.subject_factor if cue.pattern.search(subject) else 1.0)
            heard[cue.desk].append(cue.text)
    desk = max(DESKS, key=lambda name: weight[name])
    reason = (
        f"cues for {desk}: {', '.join(heard[desk])}" if heard[desk] else "no cue of the guide stands in the message"
    )
    return json.dumps({"route": desk, "confidence": round(weight[desk] / sum(weight.values()), 2), "reason": reason})


@lru_cache(maxsize=16)
def read_guide(prompt: str) -> Guide:
    """The guide in a prompt.

    Raises:
        ConfigError: a desk or a weight is missing or no number; the message names it.
    """
    parts = _SECTION.split(prompt)
    sections = {title.lower(): dict(_LINE.findall(text)) for title, text in zip(parts[1::2], parts[2::2], strict=True)}
    missing = [name for name in ("weights", *DESKS) if not sections.get(name)]
    if missing:
        raise ConfigError(f"the routing guide has no '## {missing[0]}' section with '- name: value' lines; write one")
    given = sections["weights"]
    factor = _number("subject line", given.pop("subject line", "x1").removeprefix("x"))
    weights = {strength: _number(strength, value) for strength, value in given.items()}
    cues = []
    for desk in DESKS:
        for strength, line in sections[desk].items():
            if strength not in weights:
                raise ConfigError(
                    f"the routing guide weighs {strength!r} cues for {desk}, but '## Weights' has no such line"
                )
            texts = filter(None, (text.strip().lower() for text in line.split(",")))
            cues += [Cue(desk, text, _pattern(text), weights[strength]) for text in texts]
    return Guide(tuple(cues), factor)


def _number(name: str, text: str) -> float:
    if not _WEIGHT.fullmatch(text):
        raise ConfigError(f"the routing guide's '## Weights' says '- {name}: {text}'; write a number, 2 or 0.5 say")
    return float(text)


def _pattern(cue: str) -> re.Pattern[str]:
    words = r"\s+".join(re.escape(word) for word in _plain(cue).removesuffix("*").split())
    return re.compile(rf"(?<!\w){words}" + (r"\w*" if cue.endswith("*") else r"(?!\w)"))


def _plain(text: str) -> str:
    """Lower case without apostrophes: people leave both out as they please."""
    return text.lower().replace("\N{RIGHT SINGLE QUOTATION MARK}", "").replace("'", "")
