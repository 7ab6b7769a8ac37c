"""Record drift: how complete and how fresh every record is, at once for millions of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from seatrial.table import Codes


@dataclass(frozen=True, slots=True)
class SlowSource:
    """A source that updates less often than its half-life assumes: every record of it looks stale."""

    source: str
    half_life: float
    interval: float


def record_drift(
    present: NDArray[np.bool_], age: NDArray[np.float64], half_life: NDArray[np.float64]
) -> NDArray[np.float64]:
    """1 - completeness x freshness per record, 0 (complete and new) .. 1.

    Args:
        present: (records, fields), whether the field says something.
        age: seconds since the record was updated; NaN, an age nobody knows, counts as no freshness at all.
        half_life: seconds after which a record has lost half its freshness.
    """
    completeness = present.mean(axis=1) if present.shape[1] else np.ones(age.size)
    freshness = np.exp2(-np.maximum(age, 0.0) / half_life)
    return np.asarray(1 - completeness * np.where(np.isnan(freshness), 0.0, freshness))


def half_lives(source: Codes, lives: Mapping[str, float], default: float) -> NDArray[np.float64]:
    """Half-life of each record by its source."""
    table = np.array([*(lives.get(name, default) for name in source.values), default])
    return np.asarray(table[source.index])


def slow_sources(
    source: Codes, key: Codes, updated: NDArray[np.float64], lives: Mapping[str, float], default: float
) -> list[SlowSource]:
    """Sources whose median interval between updates of one record is longer than their half-life.

    Args:
        source, key: of each update: where it came from, and which record it updates.
        updated: when, seconds since 1970.
    """
    order = np.lexsort((updated, key.index, source.index))
    s, k, at = source.index[order], key.index[order], updated[order]
    same = (s[1:] == s[:-1]) & (k[1:] == k[:-1]) & (s[1:] >= 0)
    gap = np.diff(at)
    found = []
    for code, name in enumerate(source.values):
        mine = gap[same & (s[1:] == code)]
        mine = mine[np.isfinite(mine) & (mine > 0)]
        life = lives.get(name, default)
        if mine.size >= 3 and float(np.median(mine)) > life:
            found.append(SlowSource(name, life, float(np.median(mine))))
    return found
