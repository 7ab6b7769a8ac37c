"""Look: what a gate sees of one key, in thousands of simulated gates at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

RAW_DROP, RAW_P = 0.02, 0.05


@dataclass(frozen=True, slots=True)
class Flipped:
    """What one key's signs are flipped of, in some gates.

    Attributes:
        size: gates (or 1, where all gates share it) x groups x rows: how far one difference of a group moves each row.
        count: gates x groups, how many differences a group has.
        total: gates x rows, the observed sum of the row's differences.
        single: every difference is that of one 0/1 answer.
        shared: groups are clusters, the same in every key, and flip alike in all of them.
    """

    size: NDArray[np.float64]
    count: NDArray[np.int64]
    total: NDArray[np.float64]
    single: bool
    shared: bool


@dataclass(frozen=True, slots=True)
class Look:
    """One key in every gate; arrays of gates x segments.

    Attributes:
        fails: the row rejects at its first-step level, at the best case of what is missing.
        fell: its observed drop, at the best case.
        fell_worst: the same at the worst case.
        lost: share of its planned cells that nobody measured, in the arm with more of them.
        nothing: no cluster of it was measured whole.
        at_most: one-sided .05 upper bound of its drop, at the worst case of what is missing.
        rate: the baseline's pass rate over what was measured whole; 0 where nothing was.
        lowest: the candidate's own mean over all clusters, what is missing taken as failed.
        highest: the same with what is missing taken as passed.
        observed: the same over what was measured whole; `lowest` where nothing was.
        p_best: (segment, gates) -> the row's p at the best case of what is missing.
        falls: (segment, gates) -> the row rejects at its first-step level, at the worst case.
        p_worst: the same as p_best, at the worst.
        p_better: (segment, gates) -> the row's p that the candidate is better, at the worst case.
        flips: (gates, at the worst case of what is missing) -> what the joint level flips the signs of.
        naive: 3 x gates: what the three rules people write first do, on any row.
    """

    fails: NDArray[np.bool_]
    fell: NDArray[np.float64]
    fell_worst: NDArray[np.float64]
    missing_cells: NDArray[np.float64]
    nothing: NDArray[np.bool_]
    at_most: NDArray[np.float64]
    rate: NDArray[np.float64]
    lowest: NDArray[np.float64]
    highest: NDArray[np.float64]
    observed: NDArray[np.float64]
    p_best: Callable[[int, NDArray[np.int64]], NDArray[np.float64]]
    falls: Callable[[int, NDArray[np.int64]], NDArray[np.bool_]]
    p_worst: Callable[[int, NDArray[np.int64]], NDArray[np.float64]]
    p_better: Callable[[int, NDArray[np.int64]], NDArray[np.float64]]
    flips: Callable[[NDArray[np.int64], bool], Flipped]
    naive: NDArray[np.bool_]


def naive(mean: NDArray[np.float64], spread: NDArray[np.float64], low: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Any raw drop over 2 points; any p under .05 (`low`); any row whose 95 % bootstrap interval (its normal limit, over
    answers as if each were independent) lies under zero."""
    return np.stack(
        [
            (-mean > RAW_DROP).any(axis=1),
            low.any(axis=1),
            ((mean + 1.96 * spread < 0) & (mean < 0)).any(axis=1),
        ]
    )
