"""Floor: does the candidate's own rate lie below what its policy asks, whatever the baseline's is."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from seatrial.reason import BelowFloor
from seatrial.stats.proportions import highest_rate

if TYPE_CHECKING:
    from seatrial.gate.row import Row
    from seatrial.gate.thresholds import Limits

_TIE = 1e-9


def below_floor(r: Row, limits: Limits, level: float) -> BelowFloor | None:
    """What a row's floor says; None without a floor, without any cluster, or where nothing lies below it.

    `proven` holds at the best case of what is missing. Clusters count once each; a mean of repetitions or fractional scores
    counts as that part of a pass, and the sum is rounded up.
    """
    floor = limits.floor
    if floor is None or r.reach is None:
        return None
    worst, best = r.reach
    low = r.baseline if r.baseline is not None and r.baseline < floor - _TIE else None
    if limits.floor_rule == "observed":
        if worst >= floor - _TIE:
            return None
        proven = best < floor - _TIE
        return BelowFloor(best if proven else worst, floor, None, proven, None, low)
    bound = highest_rate(math.ceil(best * r.n - _TIE), r.n, level)
    at_most = bound if isinstance(bound, float) else 1.0
    if at_most < floor:
        return BelowFloor(best, floor, at_most, True, level, low)
    seen = worst if r.candidate is None else r.candidate
    return BelowFloor(seen, floor, at_most, False, level, low) if seen < floor - _TIE else None


def hangs_on_missing(r: Row, limits: Limits, found: BelowFloor | None, level: float) -> bool:
    """Whether what is missing decides if the candidate lies below its floor: at the worst case of it the floor fails it."""
    if limits.floor is None or r.reach is None or not r.missing or (found is not None and found.proven):
        return False
    worst, _ = r.reach
    if limits.floor_rule == "observed":
        return worst < limits.floor - _TIE
    bound = highest_rate(math.ceil(worst * r.n - _TIE), r.n, level)
    return isinstance(bound, float) and bound < limits.floor
