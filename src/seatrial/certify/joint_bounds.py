"""What a joint p lies between, from the law of each row alone: most simulated gates need no flip to be decided.

Under the flips a row of counts loses Bin(its flips, 1/2). Rows that share no example are independent, as keys are that flip apart, so
the chance that any of them goes as low is a product; of rows that overlap it is at least the largest and at most the sum.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from seatrial.stats.fair_binomial import law
from seatrial.stats.paired import mcnemar

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from seatrial.certify.observed import Flipped
    from seatrial.stats.paired import Method

_NEAR = 1e-9


@dataclass(frozen=True, slots=True)
class Between:
    """Of the row with the smallest p / weight, per gate.

    Attributes:
        first: its place among keys x segments, flattened.
        own: its own p.
        low: its joint p is at least this.
        high: its joint p is at most this.
    """

    first: NDArray[np.int64]
    own: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]


def joint_between(keys: Sequence[Flipped], weights: NDArray[np.float64], method: Method) -> Between:
    """Bounds of the joint p of each gate's first row; they hold exactly, for any overlap of the rows.

    Args:
        keys: what is flipped, per key, of the same gates: counts alone, and each key flips apart.
        weights: gates x keys x segments, each row's share of alpha; 0 where the row is not tested.
        method: `mid-p` or `exact`: half of a tie counts, or all of it.
    """
    laws = [_Laws(one, method) for one in keys]
    own = np.stack([of.p for of in laws], axis=1)
    gates = np.arange(own.shape[0])
    ratio = np.divide(own, weights, out=np.full(own.shape, np.inf), where=weights > 0).reshape(gates.size, -1)
    first = np.argmin(ratio, axis=1)
    least = ratio[gates, first]
    reach = np.where(weights > 0, least[:, None, None] * weights, -1.0)
    bounds = []
    for factor in (1 + _NEAR, 1 - _NEAR):
        each = [of.at_most(reach[:, k] * factor) for k, of in enumerate(laws)]
        within = [_within_key(chance, one.size[0]) for chance, one in zip(each, keys, strict=True)]
        bounds.append(1 - np.prod(1 - np.array(within), axis=0))
    low, high = bounds[0] if method == "exact" else (bounds[0] + bounds[1]) / 2
    return Between(first, own.reshape(gates.size, -1)[gates, first], low, high)


def _within_key(
    chance: NDArray[np.float64], size: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The chance that any row of a key goes as low, per gate: at least, at most."""
    any_of = np.stack([1 - np.prod(1 - chance[:, rows], axis=1) for rows in _apart(size)])
    return any_of.max(axis=0), np.minimum(any_of.sum(axis=0), 1.0)


def _apart(size: NDArray[np.float64]) -> list[list[int]]:
    """The rows in sets of which no two share a group: as a rule all of them, and one set a dimension."""
    sets: list[list[int]] = []
    for row, here in enumerate((size != 0).T):
        for rows in sets:
            if not (size[here][:, rows] != 0).any():
                rows.append(row)
                break
        else:
            sets.append([row])
    return sets


class _Laws:
    """The p of every row of one key, gates x segments, and how likely the flips make it as small as something."""

    def __init__(self, of: Flipped, method: Method) -> None:
        flips = np.rint(of.count @ (of.size[0] != 0)).astype(np.int64)
        losses = np.rint((flips - of.total) / 2).astype(np.int64)
        self._sums, self._of = np.unique(flips, return_inverse=True)
        self._of = self._of.reshape(flips.shape)
        self.p = np.empty(flips.shape)
        self._laws: list[tuple[NDArray[np.float64], NDArray[np.float64]]] = []
        for i, m in enumerate(self._sums.tolist()):
            every = np.arange(m + 1)
            p = np.atleast_1d(np.asarray(mcnemar(every, m - every, method), dtype=float))
            here = self._of == i
            self.p[here] = p[losses[here]]
            at_least = np.minimum(np.cumsum(law(m)[::-1]), 1.0)
            self._laws.append((p[::-1], np.concatenate([[0.0], at_least])))

    def at_most(self, reach: NDArray[np.float64]) -> NDArray[np.float64]:
        """P(the row's p is at most `reach`), gates x segments."""
        found = np.empty(reach.shape)
        for i, (rising, chance) in enumerate(self._laws):
            here = self._of == i
            found[here] = chance[np.searchsorted(rising, reach[here], side="right")]
        return found
