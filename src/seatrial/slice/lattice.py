"""Lattice: every feature and every pair of features that is large enough to be tested and leaves enough outside."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from seatrial.errors import UsageError
from seatrial.wording import count

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from seatrial.slice.features import Feature

SUPPORT = 8
"""Fewest examples inside a slice, and outside it."""
MOST_CELLS = 100_000_000
"""Slices x examples that are held at once."""


@dataclass(frozen=True, slots=True)
class Slice:
    """The examples of which one feature, or two, hold."""

    features: tuple[Feature, ...]
    members: NDArray[np.bool_]

    @property
    def name(self) -> str:
        """`calls ≥ 2 and language=fr`."""
        return " and ".join(feature.name for feature in self.features)


def lattice(features: Sequence[Feature], support: int = SUPPORT) -> tuple[Slice, ...]:
    """Singles, then pairs; slices with the same members are one, called by the simplest name.

    Raises:
        UsageError: the slices would not fit in memory.
    """
    kept: dict[bytes, Slice] = {}
    for one in _all([feature for feature in features if int(feature.members.sum()) >= support]):
        n = one.members.size
        if support <= int(one.members.sum()) <= n - support:
            # First come: a single before a pair, and the plainer column before the other.
            kept.setdefault(np.packbits(one.members).tobytes(), one)
            if len(kept) * n > MOST_CELLS:
                raise UsageError(
                    f"more than {len(kept):,} slices of {count(n, 'example')} are too many to search at once; give fewer features with --features"
                )
    return tuple(kept.values())


def _all(features: Sequence[Feature]) -> Iterator[Slice]:
    for feature in features:
        yield Slice((feature,), feature.members)
    for a, b in combinations(features, 2):
        yield Slice((a, b), a.members & b.members)
