"""Where a check looks: a dotted path into outputs or a reference, and the two ways in which nothing may stand there.

A field the *run* lacks is a wrong answer (0, with its name). A field the *reference* lacks is a question nobody asked:
the check abstains, since neither 0 nor 1 would be true.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Mapping
from typing import Any

from seatrial.scoring import Score

Check = Callable[[Any, Any], Score]
"""What every factory in `seatrial.checks` returns: `(run, example) -> Score`, pure, with its key and version."""

MISSING = object()


def read(value: Any, path: str | None) -> Any:
    """What stands at the dotted `path` of `value` (None: all of it), or MISSING; a number steps into a list."""
    if path is None:
        return MISSING if value is None else value
    for part in path.split("."):
        if isinstance(value, Mapping) and part in value:
            value = value[part]
        elif isinstance(value, (list, tuple)) and part.isdigit() and int(part) < len(value):
            value = value[int(part)]
        else:
            return MISSING
    return value


def lacks(key: str, path: str | None) -> Score:
    """The score of a run that gave no answer there."""
    return Score(key, 0.0, f"the outputs have no field {path!r}" if path else "there are no outputs")


def abstains(key: str, path: str | None) -> Score:
    """No score, because the example names no right answer there."""
    return Score(key, None, f"the reference has no field {path!r}" if path else "the example has no reference")


def show(value: Any, limit: int = 60) -> str:
    """A value as a reason shows it: short, on one line."""
    text = repr(value)
    return text if len(text) <= limit else f"{text[: limit - 3]}..."


def expected(got: Any, want: Any) -> str:
    """`got, expected want`, and what differs where the two look the same."""
    given = f"{show(got)}, expected {show(want)}"
    if not (isinstance(got, str) and isinstance(want, str)) or got == want:
        return given
    if unicodedata.normalize("NFC", got) == unicodedata.normalize("NFC", want):
        return f"{given}: they look the same, one with its accents as signs of their own (NFD), one without (NFC)"
    if show(got) == show(want):
        at = next(
            (i for i, pair in enumerate(zip(got, want, strict=False)) if pair[0] != pair[1]), min(len(got), len(want))
        )
        return f"{given}: they differ from character {at + 1} on: {show(got[at : at + 20])} against {show(want[at : at + 20])}"
    return given
