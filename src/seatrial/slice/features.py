"""Features: yes-or-no questions about an example that can be asked before any version has answered it."""

from __future__ import annotations

import math
import re
import unicodedata
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from seatrial.segment.dimension import text_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from numpy.typing import NDArray

MOST_VALUES = 12
"""A text field with more values than this is prose, not a category."""
QUANTILES = (0.2, 0.4, 0.6, 0.8)
FEW = 8
"""Different numbers that are so few are cut between all of them."""
_CODE = re.compile(
    r"```|^\s*(?:def|class|import|function|const|public)\s|[;{}]\s*$|</\w+>|\bSELECT\b.+\bFROM\b", re.M | re.S
)


@dataclass(frozen=True, slots=True)
class Column:
    """One thing known about every example.

    Attributes:
        label: what it is called in a slice's name.
        values: one per example; None where the example does not have it.
        origin: `field`, `tag` or `segment`.
        path: where a segment rule reads it (`inputs.body`, `metadata.calls`), the tag's or the dimension's name.
    """

    label: str
    values: tuple[Any, ...]
    origin: str
    path: str


@dataclass(frozen=True, slots=True)
class Clause:
    """A feature in the closed operations of `segments.toml`: `field op arg`, and the one that holds where it does not."""

    field: str
    op: str
    arg: Any
    otherwise: tuple[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Feature:
    """One question about an example.

    Attributes:
        name: how it is said: `calls ≥ 2`, `tier=pro`, `question has a number`.
        column: what it was read from.
        members: the examples of which it holds.
        clause: the same question as a rule; None where the closed operations cannot ask it.
    """

    name: str
    column: Column
    members: NDArray[np.bool_]
    clause: Clause | None = None


@dataclass(frozen=True, slots=True)
class Trait:
    """Something a text has or has not; `contains` where one piece of text is all it takes."""

    name: str
    holds: Callable[[str], bool]
    contains: str | None = None


TRAITS = (
    Trait("a question mark", lambda text: "?" in text, "?"),
    Trait("a URL", lambda text: "://" in text, "://"),
    Trait("a number", lambda text: any(sign.isdigit() for sign in text)),
    Trait("non-ASCII letters", lambda text: not text.isascii()),
    Trait("code", lambda text: bool(_CODE.search(text))),
)


def derive(columns: Sequence[Column]) -> tuple[Feature, ...]:
    """Every feature of every column, in the order of their labels."""
    ordered = sorted(columns, key=lambda column: (column.origin != "segment", column.label, column.path))
    return tuple(feature for column in ordered for feature in _features(column))


def _features(column: Column) -> Iterator[Feature]:
    there = [value for value in column.values if value is not None]
    if 0 < len(there) < len(column.values):
        yield Feature(f"{column.label} is missing", column, np.array([v is None for v in column.values]))
    if not there:
        return
    if column.origin != "field" or all(isinstance(value, bool) for value in there):
        yield from _categories(column, there, most=len(there))
    elif all(isinstance(value, (int, float)) and not isinstance(value, bool) for value in there):
        yield from _amounts(column, column.values, column.label, ("at_least", "below"), shift=0)
    elif all(isinstance(value, (list, tuple)) for value in there):
        yield from _sizes(column, f"{column.label} items")
    elif all(isinstance(value, str) for value in there):
        if len(set(there)) <= MOST_VALUES and 2 * len(set(there)) <= len(there):
            yield from _categories(column, there, most=MOST_VALUES)
        else:
            yield from _prose(column)


def _categories(column: Column, there: Sequence[Any], most: int) -> Iterator[Feature]:
    values = sorted(set(there), key=text_of)
    if 2 <= len(values) <= most:
        for value in values:
            others = [other for other in values if other != value]
            clause = Clause(column.path, "equals", value, ("one_of", others)) if column.origin == "field" else None
            yield Feature(
                f"{column.label}={text_of(value)}", column, np.array([v == value for v in column.values]), clause
            )


def _amounts(
    column: Column, amounts: Sequence[float | None], label: str, ops: tuple[str, str], shift: int
) -> Iterator[Feature]:
    numbers = np.array([np.nan if one is None else float(one) for one in amounts])
    for cut in _cuts(numbers[np.isfinite(numbers)]):
        at: float = int(cut) if cut == math.floor(cut) else cut
        # `longer_than 4` is "5 or more": the two operations on a size are one apart.
        above, below = (ops[0], at - shift), (ops[1], at)
        yield Feature(f"{label} ≥ {at:g}", column, numbers >= cut, Clause(column.path, *above, otherwise=below))
        yield Feature(f"{label} < {at:g}", column, numbers < cut, Clause(column.path, *below, otherwise=above))


def _cuts(numbers: NDArray[np.float64]) -> list[float]:
    """Where to cut: between all values where they are few, else at the quintiles, always at a value that occurs."""
    distinct = np.unique(numbers)
    if distinct.size <= FEW:
        return [float(value) for value in distinct[1:]]
    cuts = np.unique(np.quantile(numbers, QUANTILES, method="higher"))
    return [float(cut) for cut in cuts if cut > distinct[0]]


def _sizes(column: Column, label: str) -> Iterator[Feature]:
    sizes = [None if value is None else len(value) for value in column.values]
    yield from _amounts(column, sizes, label, ("longer_than", "shorter_than"), shift=1)


def _prose(column: Column) -> Iterator[Feature]:
    yield from _sizes(column, f"{column.label} length")
    for trait in TRAITS:
        has = np.array([value is not None and trait.holds(value) for value in column.values])
        lacks = np.array([value is not None and not trait.holds(value) for value in column.values])
        clause = None if trait.contains is None else Clause(column.path, "contains", trait.contains)
        yield Feature(f"{column.label} has {trait.name}", column, has, clause)
        yield Feature(f"{column.label} lacks {trait.name}", column, lacks)
    scripts = [None if value is None else script(value) for value in column.values]
    for name in sorted({one for one in scripts if one}):
        yield Feature(f"{column.label} is in {name} script", column, np.array([one == name for one in scripts]))


def script(text: str) -> str | None:
    """The writing most of the first 200 letters are in (`LATIN`, `CYRILLIC`, `CJK`), a guess at the language; None without letters."""
    letters = [sign for sign in text[:1000] if sign.isalpha()][:200]
    found = Counter(unicodedata.name(sign, "OTHER").split(" ", 1)[0].split("-")[0] for sign in letters)
    return min(found, key=lambda name: (-found[name], name)) if found else None
