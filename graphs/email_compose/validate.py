"""What makes a body fit to send: its length, its greeting, one question, nothing left to fill in."""

from __future__ import annotations

import re

from .contract import MOST_WORDS

_OPEN = re.compile(r"\{\w+\}|\[\w+\]|<\w+>")


def problems(body: str, first_name: str) -> list[str]:
    """What is wrong with a body, one sentence each; empty where it may be sent."""
    found = []
    words = len(body.split())
    if words > MOST_WORDS:
        found.append(f"{words} words, at most {MOST_WORDS}")
    if not body.startswith(f"Hi {first_name},"):
        found.append("does not greet the reader by name")
    if body.count("?") != 1:
        found.append(f"asks {body.count('?')} questions, not one")
    if _OPEN.search(body):
        found.append("a placeholder is left")
    return found
