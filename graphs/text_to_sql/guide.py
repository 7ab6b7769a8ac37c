"""What the built-in model takes from its prompt: whose fiscal year starts when, and what the glossary's terms mean.

It reads the same lines a language model would, so a changed line changes the answers.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

MONTHS = (
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
)

_TODAY = re.compile(r"Today is (\d{4}-\d{2}-\d{2})")
_FISCAL = re.compile(r"except for (\w+) workspaces, whose fiscal year starts in (\w+)")
_AGGREGATE = re.compile(r"(SUM|AVG|COUNT|MIN|MAX|ROUND)\(")


@dataclass(frozen=True, slots=True)
class Term:
    """One glossary line: the words it explains, its measure if it has one, and its conditions."""

    words: tuple[str, ...]
    measure: str | None
    conditions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Guide:
    """A prompt as the built-in model understands it."""

    today: date
    fiscal_start: dict[str, int]
    terms: tuple[Term, ...]

    def first_month(self, tier: str) -> int:
        """The month (1..12) in which this tier's fiscal year starts; January unless the prompt says otherwise."""
        return self.fiscal_start.get(tier, 1)


@lru_cache(maxsize=8)
def read(prompt: str) -> Guide:
    """Read a prompt; a glossary line is `- term, other term: prose with `SQL` in backticks`."""
    today = _TODAY.search(prompt)
    if today is None:
        raise ValueError("the prompt does not say what day it is: it needs a line `Today is YYYY-MM-DD`")
    terms = []
    for line in prompt.partition("## Glossary")[2].splitlines():
        names, colon, meaning = line.removeprefix("- ").partition(":")
        pieces = re.findall(r"`([^`]+)`", meaning)
        if not (line.startswith("- ") and colon and pieces):
            continue
        measure = next((piece for piece in pieces if _AGGREGATE.match(piece)), None)
        terms.append(
            Term(
                tuple(name.strip().lower() for name in names.split(",")),
                measure,
                tuple(piece for piece in pieces if piece != measure),
            )
        )
    fiscal = {tier: MONTHS.index(month.lower()) + 1 for tier, month in _FISCAL.findall(prompt)}
    return Guide(date.fromisoformat(today[1]), fiscal, tuple(terms))
