"""When two tool calls are the same: the name, which arguments must be there, and when two values are equal."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from seatrial.checks.calls import Call
from seatrial.errors import one_of

ARGUMENTS = ("exact", "subset", "superset", "ignore")
OMITTED = ""
"""Among the alternatives of an argument: it may be left out."""

_LOOSENING = (
    (r"\*\*", "^"),
    (r"(?<=\d),(?=\d{3}\b)", ""),  # thousands
    (r"(?<=\d)/(?=\d)", "-"),  # dates
    (r"\.(?!\d)|(?<=[^\W\d])\.", ""),
    (r"""(?<=\d)[\s,;:!?'"`_()]+(?=\d)""", " "),
    (r"""(?<!\d)[\s,;:!?'"`_()]+|[\s,;:!?'"`_()]+(?!\d)""", ""),
    (r"(?<!\d)[-/](?!\d)", ""),
)
"""Replacements, in order: what separates words goes; at a digit a sign stays, because there it carries meaning."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """How two calls are compared.

    Attributes:
        arguments: which argument names must be there: one of ARGUMENTS.
        alternatives: each reference argument is a list of acceptable values; "" among them: it may be left out.
        loose: texts are equal without regard to case, space and punctuation; names, `.` and `-` as `_`.
        spelled: a text that spells the reference as JSON is the reference: "30" is 30, "true" is true.
    """

    arguments: str = "exact"
    alternatives: bool = False
    loose: bool = False
    spelled: bool = False

    def __post_init__(self) -> None:
        one_of(self.arguments, ARGUMENTS, "arguments")


def difference(found: Call, wanted: Call, how: Comparison) -> str:
    """One sentence on the first difference between two calls, or "" when there is none."""
    if not _same_name(found.name, wanted.name, how):
        return f"called {found.name}, expected {wanted.name}"
    if how.arguments == "ignore":
        return ""
    for name, want in wanted.args.items():
        if name not in found.args:
            if how.arguments == "subset" or (how.alternatives and OMITTED in _choices(want)):
                continue
            return f"{found.name} lacks the argument {name}"
        choices = _choices(want) if how.alternatives else (want,)
        if not any(same_value(found.args[name], choice, how) for choice in choices):
            return f"{Call(found.name, {name: found.args[name]})}, expected {_either(choices)}"
    strange = [name for name in found.args if name not in wanted.args]
    if strange and how.arguments != "superset":
        return f"{found.name} has the argument {strange[0]}, which is not expected"
    return ""


def same_value(found: Any, wanted: Any, how: Comparison) -> bool:
    """Whether two argument values are the same: numbers by value (5 is 5.0, true is not 1), lists in order."""
    if how.spelled and isinstance(found, str) and not isinstance(wanted, str):
        try:
            found = json.loads(found)
        except (ValueError, RecursionError):
            return False
    if isinstance(found, bool) or isinstance(wanted, bool):
        return found is wanted
    if isinstance(found, (int, float)) and isinstance(wanted, (int, float)):
        return bool(found == wanted) or math.isclose(found, wanted, rel_tol=1e-9)
    if isinstance(found, str) and isinstance(wanted, str):
        return _loosened(found) == _loosened(wanted) if how.loose else found == wanted
    if isinstance(found, (list, tuple)) and isinstance(wanted, (list, tuple)):
        return len(found) == len(wanted) and all(
            same_value(one, two, how) for one, two in zip(found, wanted, strict=True)
        )
    if isinstance(found, Mapping) and isinstance(wanted, Mapping):
        return not difference(Call("", found), Call("", wanted), how)
    return found is None and wanted is None


def _choices(want: Any) -> Sequence[Any]:
    """The acceptable values of a reference argument; one that is not written as a list is its own only choice."""
    return want if isinstance(want, (list, tuple)) else (want,)


def _either(choices: Iterable[Any]) -> str:
    return " or ".join(repr(choice) for choice in choices if choice != OMITTED)


def _same_name(found: str, wanted: str, how: Comparison) -> bool:
    return re.sub(r"[.-]", "_", found) == re.sub(r"[.-]", "_", wanted) if how.loose else found == wanted


def _loosened(text: str) -> str:
    """A text without case, space and the punctuation that carries no meaning: 1.5 is not 15, x-1 not x1, 1, 2 not 12.

    A text of nothing else stays as it is, or `?` would equal `!`.
    """
    folded = text.casefold()
    for pattern, replacement in _LOOSENING:
        folded = re.sub(pattern, replacement, folded)
    return folded or text
