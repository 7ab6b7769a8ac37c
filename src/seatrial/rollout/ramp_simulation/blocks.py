"""Blocks: the whole numbers of canary and control units a stage's share comes to, and the looks taken at them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from seatrial.stats.validate import complete

if TYPE_CHECKING:
    from numpy.typing import NDArray

_NEAR = 0.02
_SINGLY = 512
"""So many blocks are looked at one by one; then a look takes 1/512 of what has been seen, so that a million cost 4,400 looks."""


def block_size(share: float) -> tuple[int, int]:
    """Canary and control units of the smallest block whose canary share is within 2 % of `share` (of the smaller arm).

    .10 -> (1, 9); .25 -> (1, 3); .30 -> (3, 7); .01 -> (1, 99); .90 -> (9, 1).

    Raises:
        ValueError: `share` does not lie strictly between 0 and 1.
    """
    if not 0 < share < 1:
        raise ValueError(f"share must lie in (0, 1), got {share}")
    small = min(share, 1 - share)
    for n in range(1, 50):
        other = round(n * (1 - small) / small)
        if abs(n / (n + other) - small) <= _NEAR * small:
            return (n, other) if share <= 0.5 else (other, n)
    return (1, 1)


def looks(blocks: int) -> NDArray[np.int64]:
    """Blocks taken at each look, summing to `blocks`: one at a time, then ever larger pieces of at most 1/512 of those seen.

    An e-process may be looked at after any block; between two late looks its estimates would move by less than 1/512.
    """
    blocks = complete("blocks", blocks, 0)
    taken, seen = [1] * min(blocks, _SINGLY), min(blocks, _SINGLY)
    while seen < blocks:
        piece = min(max(1, seen // _SINGLY), blocks - seen)
        taken.append(piece)
        seen += piece
    return np.array(taken, dtype=np.int64)
