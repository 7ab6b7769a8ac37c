"""Dimension: one way to slice a dataset, and the pure function that says where an example falls.

What matches nothing is "other", what is missing is "unknown"; both are shown, never dropped. A rule whose field is
missing does not match, and neither a rule without a field nor "other" may absorb an example in which one was missing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from seatrial.errors import DataError
from seatrial.segment.guard import THIN
from seatrial.segment.op import OPS, number

if TYPE_CHECKING:
    from collections.abc import Iterable

OTHER = "other"
UNKNOWN = "unknown"

_MISSING = object()


@dataclass(frozen=True, slots=True)
class Band:
    """A half-open range of a number: `low <= x < high`."""

    value: str
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Rule:
    """One line of `rules`: where `field op arg` holds the segment is `value`; without a field it always holds."""

    value: str
    field: str | None = None
    op: str | None = None
    arg: Any = None


@dataclass(frozen=True, slots=True)
class Dimension:
    """One way to slice a dataset.

    Attributes:
        name: what segments are called by: `name=value`.
        tag: read the value from the tag `tag:value`.
        field: dotted path into the example; its value, or the band it falls into, is the segment.
        values: the closed list of values (empty for bands and rules, which name their own).
        bands: half-open ranges of `field`.
        rules: ordered; the first that matches wins.
        critical: values that must be shown not worse, beside what every segment is tested for.
        graphs: the graphs this dimension is for; None means all.
        min_n: least number of clusters a segment of it is decided on; None leaves it to the policy.
        thin: what a critical segment under that number does: `cannot_tell`, or `report` (it is shown and decides nothing but a
            proven drop).
        version: of the file it came from.
    """

    name: str
    tag: str | None = None
    field: str | None = None
    values: tuple[str, ...] = ()
    bands: tuple[Band, ...] = ()
    rules: tuple[Rule, ...] = ()
    critical: frozenset[str] = frozenset()
    graphs: tuple[str, ...] | None = None
    min_n: int | None = None
    thin: str = THIN[0]
    version: str = "1"

    @property
    def possible(self) -> tuple[str, ...]:
        """Every value it may give, in the order of the file; a tag without `values` gives any other text too."""
        named = (*self.values, *(band.value for band in self.bands), *(rule.value for rule in self.rules))
        return tuple(dict.fromkeys((*named, OTHER, UNKNOWN)))


def for_graph(dimensions: Iterable[Dimension], graph: str) -> tuple[Dimension, ...]:
    """The dimensions that concern `graph`."""
    return tuple(one for one in dimensions if one.graphs is None or graph in one.graphs)


def assign(dimensions: Iterable[Dimension], example: Mapping[str, Any]) -> dict[str, str]:
    """Dimension -> value for one example (`Example.row()`): pure, and blind to what any version answered.

    Args:
        dimensions: those that concern the graph at hand (`for_graph`).
        example: a mapping with `id`, `inputs`, `outputs` (the reference), `metadata`, `tags`.

    Raises:
        DataError: a tag's value is not on its dimension's closed list, or the tag stands there twice.
    """
    return {one.name: _value(one, example) for one in dimensions}


def critical_segments(dimensions: Iterable[Dimension]) -> frozenset[str]:
    """The critical segments, written `name=value`."""
    return frozenset(f"{one.name}={value}" for one in dimensions for value in one.critical)


def _value(dimension: Dimension, example: Mapping[str, Any]) -> str:
    if dimension.tag is not None:
        return _tagged(dimension, dimension.tag, example)
    if dimension.rules:
        return _ruled(dimension.rules, example)
    found = _read(example, str(dimension.field))
    if found is _MISSING:
        return UNKNOWN
    if dimension.bands:
        amount = number(found)
        inside = (one.value for one in dimension.bands if amount is not None and one.low <= amount < one.high)
        return next(inside, OTHER)
    text = text_of(found)
    return text if text in dimension.values else OTHER


def _tagged(dimension: Dimension, tag: str, example: Mapping[str, Any]) -> str:
    prefix = f"{tag}:"
    found = {str(one)[len(prefix) :] for one in example.get("tags") or () if str(one).startswith(prefix)}
    if not found:
        return UNKNOWN
    who = f"example {example.get('id')!r}, dimension {dimension.name!r}"
    if len(found) > 1:
        raise DataError(
            f"{who}: it is tagged {prefix}{f' and {prefix}'.join(sorted(found))}; keep one tag per dimension"
        )
    value = found.pop()
    if dimension.values and value not in dimension.values:
        raise DataError(
            f"{who}: the tag {prefix}{value} is not on its list; choose one of: {', '.join(dimension.values)}"
        )
    return value or UNKNOWN


def _ruled(rules: tuple[Rule, ...], example: Mapping[str, Any]) -> str:
    missing = False
    for rule in rules:
        if rule.field is None:
            return UNKNOWN if missing else rule.value
        found = _read(example, rule.field)
        if found is _MISSING:
            missing = True
        elif OPS[str(rule.op)].holds(found, rule.arg):
            return rule.value
    return UNKNOWN if missing else OTHER


def _read(example: Mapping[str, Any], path: str) -> Any:
    """What stands at the dotted path; null is as missing as an absent key."""
    value: Any = example
    for part in path.split("."):
        if not isinstance(value, Mapping) or part not in value:
            return _MISSING
        value = value[part]
    return _MISSING if value is None else value


def text_of(value: Any) -> str:
    """A value as a segment writes it: `true`, `3`, `DE`."""
    return str(value).lower() if isinstance(value, bool) else str(value)
