"""Family: slices that overlap say one thing; the simplest one that accounts for the others speaks for them.

This orders what was found, it claims nothing more: no p-value is computed here.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from seatrial.slice.lattice import SUPPORT

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from seatrial.slice.lattice import Slice

SIGNIFICANT = 2.33
"""Standard errors between a slice and what is beside it, from which the two are told as different."""
UNHARMED = 1.28
"""A remainder whose statistic is below this shows no loss of its own."""


def families(
    found: Sequence[Slice], d: NDArray[np.float64], room: NDArray[np.bool_], limit: float
) -> list[tuple[Slice, tuple[Slice, ...]]]:
    """Group slices that lost: a speaker, and those that lose nothing significant once its examples are taken out.

    Args:
        found: slices that lost beyond chance, most significant first.
        d: candidate minus baseline, one number per example.
        room: whether the example had anything to lose (the baseline scored more than 0).
        limit: the smallest statistic that was significant.
    """
    rest, outside, out = list(found), np.ones(d.size, dtype=bool), []
    while rest:
        speaker = _speaker(rest, d, room, outside)
        outside = outside & ~speaker.members
        mine = [one for one in rest if one is not speaker and not _missing(one.members & outside, d, limit)]
        rest = [one for one in rest if one is not speaker and one not in mine]
        out.append((speaker, tuple(mine)))
    return out


def contrast(inside: NDArray[np.bool_], beside: NDArray[np.bool_], d: NDArray[np.float64]) -> float:
    """How many standard errors the mean inside lies below the mean beside it (pooled variance)."""
    a, b = d[inside], d[beside]
    if a.size < 2 or b.size < 2:
        return 0.0
    gap = float(b.mean() - a.mean())
    pooled = (float(((a - a.mean()) ** 2).sum()) + float(((b - b.mean()) ** 2).sum())) / (a.size + b.size - 2)
    if pooled < 1e-12:
        return math.copysign(math.inf, gap) if abs(gap) > 1e-12 else 0.0
    return gap / math.sqrt(pooled * (1 / a.size + 1 / b.size))


def statistic(members: NDArray[np.bool_], d: NDArray[np.float64]) -> float:
    """The test's own statistic: sum of losses over the root of the sum of squares; 0 where nothing moved."""
    mine = d[members]
    norm = math.sqrt(float(mine @ mine))
    return -float(mine.sum()) / norm if norm > 1e-12 else 0.0


def _missing(members: NDArray[np.bool_], d: NDArray[np.float64], limit: float) -> bool:
    return int(members.sum()) >= SUPPORT and statistic(members, d) >= limit


def _speaker(
    rest: Sequence[Slice], d: NDArray[np.float64], room: NDArray[np.bool_], outside: NDArray[np.bool_]
) -> Slice:
    """The single that best parts what broke from what did not; a pair inside it when the loss is the pair's alone."""

    def apart(one: Slice) -> float:
        return contrast(one.members & outside, ~one.members & outside, d)

    singles = [one for one in rest if len(one.features) == 1]
    best = max(singles or rest, key=apart)
    inner = []
    for one in rest:
        beside = best.members & ~one.members & outside
        # Examples the baseline failed already prove nothing: they could not break.
        if (
            len(one.features) > len(best.features)
            and not np.any(one.members & ~best.members)
            and int((beside & room).sum()) >= SUPPORT
            and statistic(beside, d) < UNHARMED
            and contrast(one.members & outside & room, beside & room, d) > SIGNIFICANT
        ):
            inner.append(one)
    return max(inner, key=apart) if inner else best
