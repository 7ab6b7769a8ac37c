"""Definition: what decides where an example falls, as one short text that two runs are compared by.

What is critical and how many examples a segment must have is no part of it: the gate reads that as it is now, of both runs alike.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from seatrial.canonical import content_hash

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from seatrial.segment.dimension import Dimension

NONE = "none"
"""The definition of a project without dimensions."""
_DECIDES = ("tag", "field", "values", "bands", "rules")


def definition_of(dimensions: Iterable[Dimension]) -> str:
    """`band=5e6f7a8b9c0d1e2f tier=1a2b3c4d5e6f7a8b`: each dimension by name, with the hash of its rules.

    Args:
        dimensions: those that concern the graph at hand (`for_graph`).
    """
    rules = {one.name: {name: value for name, value in asdict(one).items() if name in _DECIDES} for one in dimensions}
    return " ".join(f"{name}={content_hash(rules[name])}" for name in sorted(rules)) or NONE


def version_of(dimensions: Iterable[Dimension]) -> str:
    """The version of the file the dimensions came from; empty where there is none."""
    return next((one.version for one in dimensions), "")


def changed_dimensions(one: str, other: str) -> tuple[str, ...]:
    """Names of the dimensions that two definitions do not share, those that only one of them has included."""
    before, after = _hashes(one), _hashes(other)
    return tuple(sorted(name for name in before.keys() | after.keys() if before.get(name) != after.get(name)))


def named(dimensions: Collection[str]) -> str:
    """Dimensions in a sentence: `dimension tier`, `dimensions band, tier`."""
    return f"{'dimension' if len(dimensions) == 1 else 'dimensions'} {', '.join(dimensions)}"


def _hashes(text: str) -> dict[str, str]:
    return dict(word.split("=", 1) for word in text.split() if "=" in word)
