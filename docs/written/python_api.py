"""docs/reference/python.md: every exported name, with its signature and its doctest."""

from __future__ import annotations

import doctest
import inspect
from enum import Enum
from typing import Any

from written.checks import shown, signature

import seatrial

SECTIONS = {
    "Graphs and examples": ("Example", "Dataset", "Version", "GraphSpec", "fleet", "Run"),
    "Evaluators": ("Score", "evaluator"),
    "The gate": ("read_evidence", "Evidence", "Policy", "load_policy", "check", "Report", "Finding"),
    "Words": ("Verdict", "State", "ReasonClass", "Outcome", "ErrorKind", "SeatrialError"),
    "Production": ("guard", "emit", "outcomes_of"),
}
"""Section -> names, in an order in which their examples run one after the other."""


def entries() -> str:
    """The names by section."""
    left = set(seatrial.__all__) - {name for names in SECTIONS.values() for name in names}
    if left:
        raise LookupError(f"{', '.join(sorted(left))}: in no section of docs/reference/python.md")
    parts = []
    for title, names in SECTIONS.items():
        parts += [f"## {title}\n", *(_entry(name) for name in names)]
    return "\n".join(parts)


def _entry(name: str) -> str:
    thing = getattr(seatrial, name)
    text = inspect.getdoc(thing) or ""
    steps = doctest.DocTestParser().get_examples(text)
    if not steps:
        raise LookupError(f"seatrial.{name} has no doctest, which is its example in docs/reference/python.md")
    example = "\n".join(line for step in steps for line in shown(step))
    return f"### {name}\n\n`{name}{_arguments(thing)}`\n\n{text.partition(chr(10))[0]}\n\n```pycon\n{example}\n```\n"


def _arguments(thing: Any) -> str:
    bare = isinstance(thing, type) and issubclass(thing, (Enum, Exception))
    return "" if bare else str(signature(thing))
