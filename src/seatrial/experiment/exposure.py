"""Exposures: which of a unit's exposures counts, and which units spoil a comparison."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import ArrayLike, NDArray

_LEAST_REQUESTS = 1000


@dataclass(frozen=True, slots=True)
class Exposures:
    """What is left of a cell's exposures once every unit counts once.

    Attributes:
        first: index of each unit's first exposure, in the order of the units' keys.
        crossed: units that were in both arms, over all stages: a ramp or a rollback moved them.
        both: units that were in both arms within one stage; any makes the comparison invalid.
    """

    first: NDArray[np.int64]
    crossed: int
    both: int


def count_once(unit: ArrayLike, arm: ArrayLike, stage: ArrayLike, time: ArrayLike) -> Exposures:
    """Each unit's first exposure; ties in time go to the row that stands first.

    The first exposure is the only one that the assignment chose and nothing else: who comes back for a later one differs
    from who does not, so counting the last makes two equal versions look different.

    Args:
        unit: key of the unit, one a row.
        arm: 0 control, 1 candidate.
        stage: stage of the ramp the row falls in, counted on after a rollback.
        time: of exposure.
    """
    unit, arm, stage = (np.asarray(column) for column in (unit, arm, stage))
    order = np.lexsort((np.arange(unit.size), np.asarray(time)))
    _, index, inverse = np.unique(unit[order], return_index=True, return_inverse=True)
    arms = arm[order].astype(bool)
    return Exposures(
        first=order[index],
        crossed=_in_both(inverse, arms),
        both=_units_in_both(inverse, stage[order], arms),
    )


def too_heavy(requests: Mapping[str, int], share: float, total: int | None = None) -> tuple[tuple[str, float], ...]:
    """Units that are more than `share` of a cell's requests, the heaviest first: "anonymous" is no person.

    Nothing is said of fewer than 1,000 requests, where a single visitor may be that many.

    Args:
        requests: unit -> its requests; the heaviest are enough where `total` is said.
        share: what one unit may be.
        total: requests of all units; default those of `requests`.
    """
    total = sum(requests.values()) if total is None else total
    if total < _LEAST_REQUESTS:
        return ()
    found = [(unit, n / total) for unit, n in requests.items() if n > share * total]
    return tuple(sorted(found, key=lambda one: (-one[1], one[0])))


def _in_both(group: NDArray[Any], arms: NDArray[np.bool_]) -> int:
    size = int(group.max(initial=-1)) + 1
    seen = np.zeros((2, size), dtype=bool)
    seen[0, group[~arms]] = True
    seen[1, group[arms]] = True
    return int(seen.all(axis=0).sum())


def _units_in_both(unit: NDArray[Any], stage: NDArray[Any], arms: NDArray[np.bool_]) -> int:
    if unit.size == 0:
        return 0
    _, stages = np.unique(stage, return_inverse=True)
    pair = unit.astype(np.int64) * (int(stages.max()) + 1) + stages
    keys, group = np.unique(pair, return_inverse=True)
    seen = np.zeros((2, keys.size), dtype=bool)
    seen[0, group[~arms]] = True
    seen[1, group[arms]] = True
    return int(np.unique(keys[seen.all(axis=0)] // (int(stages.max()) + 1)).size)
