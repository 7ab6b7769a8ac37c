"""Joint level of simulated gates: the gate's sign flips of clusters, for the gates that weighted Holm leaves open.

Keys whose gates are counts alone are flipped independently, as they are drawn. Draws go on until the 99.9 % interval of the joint p
excludes alpha, and end where the gate's own would first be allowed to: at 200 / alpha.
"""

from __future__ import annotations

import math
from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
from scipy import special

from seatrial.stats.joint_flip import SURE
from seatrial.stats.paired import mcnemar

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from seatrial.certify.observed import Flipped
    from seatrial.stats.paired import Method

_TURN = 250
_NEAR = 1e-9
_ROOM = 1.5
"""Times alpha up to which a normal score is flipped: it is near the row's own p, which the gate asks first and the caller last."""


def joint_rejections(
    keys: Sequence[Flipped], weights: NDArray[np.float64], alpha: float, method: Method, rng: np.random.Generator
) -> NDArray[np.bool_]:
    """Gates x keys x segments: rows that the step-down joint level rejects at `alpha`.

    Args:
        keys: what is flipped, per key, of the same gates.
        weights: keys x segments, each row's share of alpha; 0 where the row is not tested. Gates x keys x segments where that
            differs by gate.
        alpha: the family's level.
        method: `mid-p` or `exact`, as in the gate.
        rng: of the flips.

    The gate draws nothing where the row with the smallest p / weight has its own p over alpha; here only a score of it is known.
    """
    gates, shape = keys[0].count.shape[0], weights.shape[-2:]
    each = np.broadcast_to(weights, (gates, *shape))
    found = np.zeros((gates, *shape), dtype=bool)
    room = 1.0 if all(one.single for one in keys) else _ROOM
    together = (_together(keys),) if all(one.shared for one in keys) else None
    for gate in range(gates):
        at = np.argwhere(each[gate] > 0)
        if not at.size:
            continue
        if together is not None:
            parts = [_Part(together[0], gate, at[:, 0] * shape[1] + at[:, 1], method)]
        else:
            parts = [_Part(keys[k], gate, at[at[:, 0] == k, 1], method) for k in np.unique(at[:, 0])]
        share = each[gate][each[gate] > 0]
        own = np.concatenate([part.score(part.total[None])[0] for part in parts])
        first = int(np.argmin(own / share))
        if own[first] <= alpha * room:
            found[gate][each[gate] > 0] = _steps(parts, own, share, alpha, method, rng)
    return found


def _together(keys: Sequence[Flipped]) -> Flipped:
    """The rows of all keys as those of one: a cluster's sign is the same in each."""
    size = np.concatenate([one.size for one in keys], axis=2)
    total = np.concatenate([one.total for one in keys], axis=1)
    return replace(keys[0], size=size, total=total)


def _steps(
    parts: Sequence[_Part],
    own: NDArray[np.float64],
    share: NDArray[np.float64],
    alpha: float,
    method: Method,
    rng: np.random.Generator,
) -> NDArray[np.bool_]:
    observed = own / share
    order = np.argsort(observed, kind="stable")
    ranked = observed[order]
    under, tied, draws = np.zeros(order.size), np.zeros(order.size), 0
    while True:
        drawn = np.concatenate([part.score(part.draw(rng)) for part in parts], axis=1) / share
        smallest = np.minimum.accumulate(drawn[:, order][:, ::-1], axis=1)[:, ::-1]
        near = np.abs(smallest - ranked) <= _NEAR * ranked
        under += ((smallest < ranked) & ~near).sum(axis=0)
        tied += near.sum(axis=0)
        draws += _TURN
        seen = (under[0] + tied[0] / 2) / draws
        sure = abs(seen - alpha) > SURE * math.sqrt(max(seen * (1 - seen), 1 / draws) / draws)
        if draws * alpha >= 200 or (sure and seen > alpha):
            break
    raw = (1 + under + tied) / (1 + draws) if method == "exact" else (under + tied / 2 + 0.5) / (1 + draws)
    rejected = np.zeros(order.size, dtype=bool)
    rejected[order] = np.maximum.accumulate(raw) <= alpha
    return rejected


class _Part:
    """One key's rows of one gate: draws of their sums, and the score of a sum."""

    def __init__(self, of: Flipped, gate: int, rows: NDArray[np.int64], method: Method) -> None:
        size = of.size[gate if of.size.shape[0] > 1 else 0][:, rows]
        moved = (of.count[gate] > 0) & (size != 0).any(axis=1)
        self._size, self._count = size[moved], of.count[gate][moved]
        self.total = of.total[gate][rows]
        self._single, self._method = of.single, method
        self._flips = np.rint((self._size != 0).T @ self._count).astype(np.int64)
        self._spread = np.sqrt((self._size**2).T @ self._count) if not of.single else self._flips
        self._spread = np.where(self._spread > 0, self._spread, 1.0)

    def draw(self, rng: np.random.Generator) -> NDArray[np.float64]:
        """Sums of every row in _TURN draws."""
        heads = rng.binomial(self._count, 0.5, size=(_TURN, self._count.size))
        return np.asarray((2.0 * heads - self._count) @ self._size)

    def score(self, sums: NDArray[np.float64]) -> NDArray[np.float64]:
        """p of each sum: McNemar's for single answers, else a normal score, which orders sums as any other does."""
        if not self._single:
            return np.asarray(np.maximum(special.ndtr(np.round(sums / self._spread, 9)), 1e-300))
        losses = np.rint((self._flips - sums) / 2).astype(np.int64)
        return np.column_stack([_table(int(m), self._method)[losses[:, i]] for i, m in enumerate(self._flips)])


@lru_cache(maxsize=4096)
def _table(flips: int, method: Method) -> NDArray[np.float64]:
    losses = np.arange(flips + 1)
    return np.atleast_1d(np.asarray(mcnemar(losses, flips - losses, method), dtype=float))
