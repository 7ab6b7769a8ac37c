"""The built-in model: the message of a step as the guide words it, with name and company filled in; and the guide's steps."""

from __future__ import annotations

import re
from typing import NamedTuple

from seatrial.errors import ConfigError

_STEP = re.compile(r"^- step (\d+), after (\d+) days: (.+?)\s*$", re.MULTILINE)
_LINE = re.compile(r"^- ([a-z_ ]+): (.+?)\s*$", re.MULTILINE)


class Step(NamedTuple):
    """One message of the sequence: its number, and days after the one before."""

    number: int
    after_days: int


def steps(guide: str) -> tuple[Step, ...]:
    """The sequence that a guide describes.

    Raises:
        ConfigError: it describes none, or its steps are not numbered 1, 2, 3 ...
    """
    found = tuple(Step(int(number), int(days)) for number, days, _ in _STEP.findall(guide))
    if not found or [one.number for one in found] != list(range(1, len(found) + 1)):
        raise ConfigError("campaign guide: write the steps in order, '- step 1, after 0 days: Hello NAME ...'")
    return found


def answer(system: str, user: str) -> str:
    """The message of the step that is asked for."""
    texts: dict[str, str] = {number: text for number, _, text in _STEP.findall(system)}
    asked = dict(_LINE.findall(user))
    return texts[asked["step"]].replace("NAME", asked["first_name"]).replace("COMPANY", asked["company"])
