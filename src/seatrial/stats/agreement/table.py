"""The agreement table: how often rater one said i while rater two said j."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from seatrial.stats.interval import CannotTell
from seatrial.stats.validate import numbers

if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence

    from numpy.typing import ArrayLike, NDArray


@dataclass(frozen=True, slots=True)
class Cross:
    """Counts of label pairs, first rater in rows, second in columns, both in the order of `labels`."""

    labels: tuple[Any, ...]
    counts: NDArray[np.float64]


def cross(first: Sequence[Hashable], second: Sequence[Hashable], labels: Sequence[Hashable] | None = None) -> Cross:
    """Count the pairs.

    Args:
        first, second: one label per item and rater; items that a rater left out do not enter (None is an error).
        labels: every category a rater could have used, in order; default those seen, sorted. Name them where one may go
            unseen: AC1 and weighted kappa depend on how many there are.
    """
    if len(first) != len(second):
        raise ValueError(f"the first rater has {len(first)} labels, the second {len(second)}")
    if any(label is None or label != label for label in (*first, *second)):  # noqa: PLR0124 - only NaN differs from itself
        raise ValueError("a label is missing; leave the item out or use krippendorff_alpha")
    seen = set(first) | set(second)
    names = tuple(sorted(seen, key=lambda x: (str(type(x)), x))) if labels is None else tuple(labels)
    place = {name: i for i, name in enumerate(names)}
    if len(place) != len(names):
        raise ValueError("labels must be distinct")
    unknown = seen - set(place)
    if unknown:
        raise ValueError(f"labels {sorted(map(str, unknown))} are unknown; choose among: {', '.join(map(str, names))}")
    table = np.zeros((len(names), len(names)))
    for a, b in zip(first, second, strict=True):
        table[place[a], place[b]] += 1
    return Cross(names, table)


def square(table: ArrayLike) -> NDArray[np.float64] | CannotTell:
    """`table` as a square float array of counts; "cannot tell" where it holds none."""
    counts = numbers("agreement counts", table)
    if counts.ndim != 2 or counts.shape[0] != counts.shape[1]:
        raise ValueError(f"an agreement table is square, got shape {counts.shape}")
    if not np.all(np.isfinite(counts)) or np.any(counts < 0):
        raise ValueError("agreement counts must be finite and not negative")
    if counts.sum() == 0:
        return CannotTell("no item was rated by both")
    return counts


def raw_agreement(table: ArrayLike) -> float | CannotTell:
    """Share of items both raters labelled alike, 0..1: high by chance alone where one label is common."""
    counts = square(table)
    return counts if isinstance(counts, CannotTell) else float(np.trace(counts) / counts.sum())
