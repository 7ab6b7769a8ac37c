"""Feature: one column of a window as levels, or as numbers cut where the reference's deciles are."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from seatrial.errors import DataError
from seatrial.table import Codes, Column, Kind
from seatrial.table.typed import ABSENT, typed

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from seatrial.table.raw import Raw

MISSING = "(missing)"
"""The level of a row in which nothing stands."""
FEW = 20
"""A column of numbers with at most this many different ones is compared by its values."""
MANY = 500
"""A column of text with more different values than this is an id or free text, and is not compared."""


@dataclass(frozen=True, slots=True)
class Feature:
    """One column: `numbers` (NaN where nothing stands) or `texts` (-1 where nothing stands)."""

    name: str
    numbers: NDArray[np.float64] | None
    texts: Codes | None

    @property
    def kind(self) -> str:
        """`number`, `text`, or `nothing` where every row is empty."""
        if self.numbers is not None:
            return "number" if np.isfinite(self.numbers).any() else "nothing"
        return "text" if self.texts is not None and (self.texts.index >= 0).any() else "nothing"

    def where(self, rows: NDArray[np.bool_]) -> Feature:
        """Only the rows of this mask."""
        return Feature(
            self.name,
            None if self.numbers is None else self.numbers[rows],
            None if self.texts is None else Codes(self.texts.values, self.texts.index[rows]),
        )


def features_of(raw: Mapping[str, Raw], source: str) -> dict[str, Feature]:
    """Every column of a file; text that is all numbers is numbers."""
    out = {}
    for name, one in raw.items():
        if one.nested:
            continue
        try:
            found = typed(one, Column(name, Kind.NUMBER, ""), source)
            numbers = found if isinstance(found, np.ndarray) else None
        except DataError:
            numbers = None
        if numbers is not None:
            out[name] = Feature(name, numbers, None)
        else:
            texts = one.texts()
            empty = np.array([*(word.strip().lower() in ABSENT for word in texts.values), True])
            out[name] = Feature(name, None, Codes(texts.values, np.where(empty[texts.index], -1, texts.index)))
    return out


@dataclass(frozen=True, slots=True)
class Levels:
    """Both windows' counts over the same levels; a bin of numbers is named by its edges."""

    names: tuple[str, ...]
    reference: NDArray[np.float64]
    current: NDArray[np.float64]


def levels(reference: Feature, current: Feature) -> Levels:
    """Counts of both windows; missing rows are a level of their own, and so is a value the reference never had."""
    if reference.numbers is not None and current.numbers is not None:
        known = np.unique(reference.numbers[np.isfinite(reference.numbers)])
        if known.size > FEW:
            return _bins(reference.numbers, current.numbers)
    a, b = _texts(reference), _texts(current)
    names = tuple(dict.fromkeys([*sorted(a), *sorted(b)]))
    return Levels(names, *(np.array([one.get(name, 0) for name in names], float) for one in (a, b)))


def _bins(reference: NDArray[np.float64], current: NDArray[np.float64]) -> Levels:
    edges = np.unique(np.quantile(reference[np.isfinite(reference)], np.linspace(0.1, 0.9, 9)))
    counts = []
    for window in (reference, current):
        there = np.isfinite(window)
        inside = np.bincount(np.searchsorted(edges, window[there], side="right"), minlength=edges.size + 1)
        counts.append(np.append(inside, (~there).sum()).astype(float))
    names = [
        f"< {edges[0]:g}",
        *(f"{a:g} to {b:g}" for a, b in pairwise(edges)),
        f"≥ {edges[-1]:g}",
        MISSING,
    ]
    return Levels(tuple(names), counts[0], counts[1])


def _texts(feature: Feature) -> dict[str, int]:
    if feature.numbers is not None:
        values, counts = np.unique(feature.numbers[np.isfinite(feature.numbers)], return_counts=True)
        found = {f"{value:g}": int(n) for value, n in zip(values.tolist(), counts.tolist(), strict=True)}
        missing = int((~np.isfinite(feature.numbers)).sum())
    else:
        assert feature.texts is not None  # noqa: S101 - one of the two is set
        used = feature.texts.used()
        counted = np.bincount(used.index[used.index >= 0], minlength=len(used.values))
        found = dict(zip(used.values, counted.tolist(), strict=True))
        missing = int((used.index < 0).sum())
    return {**found, MISSING: missing} if missing else found
