"""The closed list of operations a segment rule may use, and the arguments each one takes.

An operation on a value of the wrong type does not hold; it never raises. There is no regular expression among them: one
slow pattern would stall every run that reads the file.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


def number(value: Any) -> float | None:
    """`value` if it is a number that can be compared: no boolean, no NaN."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or math.isnan(value):
        return None
    return value


def _same(found: Any, arg: Any) -> bool:
    return isinstance(found, bool) == isinstance(arg, bool) and bool(found == arg)


@dataclass(frozen=True, slots=True)
class Op:
    """An operation: does it hold of what was found, and which arguments make sense."""

    holds: Callable[[Any, Any], bool]
    takes: Callable[[Any], bool]
    wants: str


def _scalar(arg: Any) -> bool:
    return isinstance(arg, (str, int, float))


def _words(arg: Any) -> bool:
    return isinstance(arg, str) and arg != ""


def _count(arg: Any) -> bool:
    return isinstance(arg, int) and not isinstance(arg, bool) and arg >= 0


def _longer(found: Any, arg: Any) -> bool:
    return isinstance(found, (str, list, tuple)) and len(found) > arg


def _shorter(found: Any, arg: Any) -> bool:
    return isinstance(found, (str, list, tuple)) and len(found) < arg


def _contains(found: Any, arg: Any) -> bool:
    return isinstance(found, (str, list, tuple)) and arg in found


def _at_least(found: Any, arg: Any) -> bool:
    value = number(found)
    return value is not None and value >= arg


def _below(found: Any, arg: Any) -> bool:
    value = number(found)
    return value is not None and value < arg


OPS: Mapping[str, Op] = {
    "equals": Op(_same, _scalar, "a text, number or boolean"),
    "one_of": Op(
        lambda found, arg: any(_same(found, one) for one in arg),
        lambda arg: isinstance(arg, list) and bool(arg) and all(_scalar(one) for one in arg),
        "a list of texts or numbers",
    ),
    "contains": Op(_contains, _words, "a text"),
    "starts_with": Op(lambda found, arg: isinstance(found, str) and found.startswith(arg), _words, "a text"),
    "longer_than": Op(_longer, _count, "a whole number: characters of a text, items of a list"),
    "shorter_than": Op(_shorter, _count, "a whole number: characters of a text, items of a list"),
    "at_least": Op(_at_least, lambda arg: number(arg) is not None, "a number"),
    "below": Op(_below, lambda arg: number(arg) is not None, "a number"),
}
