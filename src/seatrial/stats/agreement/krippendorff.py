"""Krippendorff's alpha: agreement of any number of raters, with ratings missing, on unordered or ordered scores."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from seatrial.stats.interval import CannotTell, Interval
from seatrial.stats.validate import LARGEST, complete, share

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

Scale = Literal["nominal", "ordinal", "interval"]
SCALES: tuple[Scale, ...] = ("nominal", "ordinal", "interval")


@dataclass(frozen=True, slots=True)
class Alpha:
    """Krippendorff's alpha.

    Attributes:
        estimate: 1 = perfect, 0 = as by chance, below 0 = systematic disagreement.
        units: units with at least two ratings; only they count.
        values: ratings in those units.
        interval: bootstrap interval over units where an `rng` was given, else why there is none.
    """

    estimate: float
    units: int
    values: int
    interval: Interval | CannotTell


def krippendorff_alpha(
    ratings: Sequence[Sequence[Any]] | NDArray[Any],
    scale: Scale,
    rng: np.random.Generator | None = None,
    *,
    level: float = 0.95,
    draws: int = 1_000,
) -> Alpha | CannotTell:
    """1 - observed / expected disagreement over pairable values (Krippendorff 2004, chapter 11).

    Args:
        ratings: raters x units; None or NaN where a rater left a unit out.
        scale: `nominal` (labels of any kind), `ordinal` (ranked numbers), `interval` (numbers whose distances mean
            something).
        rng: draws units for a percentile bootstrap; the distances between ordinal categories stay those of the whole
            sample.
        level: of that interval.
        draws: bootstrap resamples.

    No unit with two ratings, or one value throughout, is "cannot tell": there is no disagreement to expect.
    """
    share("level", level)
    if scale not in SCALES:
        raise ValueError(f"scale {scale!r} is unknown; choose one of: {', '.join(SCALES)}")
    draws = complete("draws", draws)
    rows = [list(row) for row in ratings]
    if len({len(row) for row in rows}) > 1:
        raise ValueError("every rater needs one entry per unit; None where it gave no rating")
    seen = {value for row in rows for value in row if not _missing(value)}
    if scale != "nominal" and not all(
        isinstance(v, (int, float, np.number)) and abs(float(v)) <= LARGEST for v in seen
    ):
        raise ValueError(f"the {scale} scale needs finite numbers up to {LARGEST:g}; labels are nominal")
    names = sorted(seen, key=str) if scale == "nominal" else sorted(seen)
    place = {name: i for i, name in enumerate(names)}
    table = np.zeros((len(rows[0]) if rows else 0, len(names)))
    for row in rows:
        for unit, value in enumerate(row):
            if not _missing(value):
                table[unit, place[value]] += 1
    table = table[table.sum(axis=1) >= 2]
    if table.size == 0:
        return CannotTell("no unit has two ratings")
    distance = _distance(np.array(names if scale != "nominal" else range(len(names)), dtype=float), table, scale)
    # Per unit: its disagreement over ordered pairs, each weighted 1 / (m - 1).
    apart = ((table @ distance) * table).sum(axis=1) / (table.sum(axis=1) - 1)
    estimate = _alpha(apart.sum(keepdims=True), table.sum(axis=0, keepdims=True), distance)
    if np.isnan(estimate[0]):
        return CannotTell("every pairable rating has the same value: there is no disagreement to expect")
    interval: Interval | CannotTell = CannotTell("no rng was given for the bootstrap")
    if rng is not None and table.shape[0] < 2:
        interval = CannotTell("one unit cannot be resampled")
    elif rng is not None:
        taken = rng.multinomial(table.shape[0], np.full(table.shape[0], 1 / table.shape[0]), size=draws).astype(float)
        resampled = _alpha(taken @ apart, taken @ table, distance)
        # A resample of one value only has nothing to disagree on: the sample itself could have been it, so it counts as 0.
        low, high = np.quantile(np.nan_to_num(resampled, nan=0.0), [(1 - level) / 2, (1 + level) / 2])
        interval = Interval(float(low), float(high), level)
    return Alpha(float(estimate[0]), int(table.shape[0]), int(table.sum()), interval)


def _alpha(
    apart: NDArray[np.float64], margin: NDArray[np.float64], distance: NDArray[np.float64]
) -> NDArray[np.float64]:
    expected = ((margin @ distance) * margin).sum(axis=1)
    out = np.full(expected.shape, np.nan)
    live = expected > 0
    out[live] = 1 - (margin.sum(axis=1)[live] - 1) * apart[live] / expected[live]
    return out


def _distance(values: NDArray[np.float64], table: NDArray[np.float64], scale: Scale) -> NDArray[np.float64]:
    if scale == "nominal":
        return 1.0 - np.eye(values.size)
    if scale == "ordinal":
        # The ranks between two categories: all values up to the middle of each.
        margin = table.sum(axis=0)
        values = np.cumsum(margin) - margin / 2
    return np.asarray(np.subtract.outer(values, values) ** 2)


def _missing(value: Any) -> bool:
    return value is None or bool(value != value)  # noqa: PLR0124 - only NaN differs from itself
