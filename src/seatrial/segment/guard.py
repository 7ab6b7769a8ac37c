"""Guard: how many examples a segment of a dimension must have before a gate decides on it, and what becomes of fewer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from seatrial.segment.dimension import Dimension

THIN = ("cannot_tell", "report")
"""What a critical segment with too few examples does: it leaves the verdict open, or is reported and decides nothing."""


@dataclass(frozen=True, slots=True)
class Guard:
    """What a dimension of `segments.toml` asks of the sizes of its segments.

    Attributes:
        dimension: its name.
        min_n: least number of clusters a segment of it is decided on; None leaves it to the policy.
        thin: one of THIN.
    """

    dimension: str
    min_n: int | None = None
    thin: str = THIN[0]


def guards_of(dimensions: Iterable[Dimension]) -> tuple[Guard, ...]:
    """The guards of the dimensions that say anything of sizes, by name."""
    found = (Guard(one.name, one.min_n, one.thin) for one in dimensions)
    return tuple(sorted((one for one in found if one != Guard(one.dimension)), key=lambda one: one.dimension))
