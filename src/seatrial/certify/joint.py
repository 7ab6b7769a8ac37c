"""Joint level of simulated gates: the gate's sign flips of clusters, for the gates that neither weighted Holm nor the bounds of
their rows' own laws decide.

Keys whose gates are counts alone are flipped independently, as they are drawn. Draws end where the gate's own would first be allowed
to, at 200 / alpha, and before that as soon as every row that decides is surely on one side of alpha. The chance that an early end
puts a row on the wrong side is under 1 in 1,000 over all looks (Hoeffding 1963, theorem 1, divided by the looks).
"""

from __future__ import annotations

import math
from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import special

from seatrial.certify.joint_bounds import joint_between
from seatrial.stats.paired import mcnemar

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from seatrial.certify.observed import Flipped
    from seatrial.stats.paired import Method

_TURN = 500
"""Draws between two looks at whether the rows are decided."""
_RISK = 0.001
"""Chance, both sides and all looks together, that an early end puts a row where its joint p is not."""
_WORD = 64
_NEAR = 1e-9
_ROOM = 1.5
"""Times alpha up to which a normal score is flipped: it is near the row's own p, which the gate asks first and the caller last."""


def joint_rejections(
    keys: Sequence[Flipped],
    weights: NDArray[np.float64],
    alpha: float,
    method: Method,
    rng: np.random.Generator,
    of: NDArray[np.bool_],
) -> NDArray[np.bool_]:
    """Gates in which the step-down joint level rejects a row of `of` at `alpha`.

    Args:
        keys: what is flipped, per key, of the same gates.
        weights: keys x segments, each row's share of alpha; 0 where the row is not tested. Gates x keys x segments where that
            differs by gate.
        alpha: the family's level.
        method: `mid-p` or `exact`, as in the gate.
        rng: of the flips.
        of: gates x keys x segments, the rows whose rejection decides something.

    The gate draws nothing where the row with the smallest p / weight has its own p over alpha; here only a score of it is known.
    """
    gates, shape = keys[0].count.shape[0], weights.shape[-2:]
    each = np.broadcast_to(weights, (gates, *shape))
    found = np.zeros(gates, dtype=bool)
    room = 1.0 if all(one.single for one in keys) else _ROOM
    together = (_together(keys),) if all(one.shared for one in keys) else None
    open_ = (of & (each > 0)).any(axis=(1, 2))
    if open_.any() and all(one.single and not one.shared and one.size.shape[0] == 1 for one in keys):
        joint = joint_between(keys, each, method)
        open_ &= (joint.own <= alpha) & (joint.low <= alpha)
        found = open_ & (joint.high <= alpha) & of.reshape(gates, -1)[np.arange(gates), joint.first]
        open_ &= ~found
    for gate in np.flatnonzero(open_).tolist():
        tested = each[gate] > 0
        at = np.argwhere(tested)
        if together is not None:
            parts = [_Part(together[0], gate, at[:, 0] * shape[1] + at[:, 1], method)]
        else:
            parts = [_Part(keys[k], gate, at[at[:, 0] == k, 1], method) for k in np.unique(at[:, 0])]
        share = each[gate][tested]
        own = np.concatenate([part.score(part.total[None])[0] for part in parts])
        if own[np.argmin(own / share)] <= alpha * room:
            found[gate] = _rejects(parts, own, share, alpha, method, rng, of[gate][tested])
    return found


def _together(keys: Sequence[Flipped]) -> Flipped:
    """The rows of all keys as those of one: a cluster's sign is the same in each."""
    size = np.concatenate([one.size for one in keys], axis=2)
    total = np.concatenate([one.total for one in keys], axis=1)
    return replace(keys[0], size=size, total=total)


def _rejects(
    parts: Sequence[_Part],
    own: NDArray[np.float64],
    share: NDArray[np.float64],
    alpha: float,
    method: Method,
    rng: np.random.Generator,
    of: NDArray[np.bool_],
) -> bool:
    """Whether a row of `of` is rejected: every row up to the first of them, in the order of p / weight, is."""
    observed = own / share
    order = np.argsort(observed, kind="stable")
    steps = int(np.argmax(of[order])) + 1
    ranked = observed[order[:steps]]
    under, tied, draws = np.zeros(steps), np.zeros(steps), 0
    while True:
        drawn = np.concatenate([part.score(part.draw(rng)) for part in parts], axis=1) / share
        # Of the j-th row in order: the smallest among it and every row after it.
        smallest = np.minimum.accumulate(drawn[:, order[::-1]], axis=1)[:, ::-1][:, :steps]
        near = np.abs(smallest - ranked) <= _NEAR * ranked
        under += ((smallest < ranked) & ~near).sum(axis=0)
        tied += near.sum(axis=0)
        draws += _TURN
        reached = under + (tied if method == "exact" else tied / 2)
        if draws * alpha >= 200 or _decided(reached / draws, draws, alpha):
            break
    raw = (1 + reached) / (1 + draws) if method == "exact" else (reached + 0.5) / (1 + draws)
    return bool(raw.max() <= alpha)


def _decided(seen: NDArray[np.float64], draws: int, alpha: float) -> bool:
    """Whether one row surely stays, or all are surely rejected.

    A mean of `draws` numbers in 0..1 reaches `seen` from the other side of alpha with a chance of at most exp(-draws x distance),
    the relative entropy of the two; half draws, as mid-p counts a tie, are such numbers too.
    """
    looks = math.ceil(200 / alpha / _TURN)
    distance = special.rel_entr(seen, alpha) + special.rel_entr(1 - seen, 1 - alpha)
    sure = draws * distance > math.log(2 * looks / _RISK)
    return bool(sure.all() or (sure & (seen > alpha)).any())


def _heads(count: NDArray[np.int64], rng: np.random.Generator) -> NDArray[Any]:
    """Heads of so many fair coins in _TURN draws: the bits of one random word, where it has enough of them."""
    if count.max(initial=0) > _WORD:
        return np.asarray(rng.binomial(count, 0.5, size=(_TURN, count.size)))
    words = rng.integers(0, 2**_WORD, size=(_TURN, count.size), dtype=np.uint64)
    return np.asarray(np.bitwise_count(words >> (_WORD - count).astype(np.uint64)))


class _Part:
    """One key's rows of one gate: draws of their sums, and the score of a sum."""

    def __init__(self, of: Flipped, gate: int, rows: NDArray[np.int64], method: Method) -> None:
        size = of.size[gate if of.size.shape[0] > 1 else 0][:, rows]
        moved = (of.count[gate] > 0) & (size != 0).any(axis=1)
        self._size, self._count = size[moved], of.count[gate][moved]
        self.total = of.total[gate][rows]
        self._single = of.single
        self._flips = np.rint((self._size != 0).T @ self._count).astype(np.int64)
        self._spread = np.sqrt((self._size**2).T @ self._count) if not of.single else self._flips
        self._spread = np.where(self._spread > 0, self._spread, 1.0)
        tables = [_table(int(m), method) for m in self._flips] if of.single else []
        self._tables = np.concatenate(tables) if tables else np.zeros(0)
        self._start = np.cumsum([0, *(one.size for one in tables[:-1])])

    def draw(self, rng: np.random.Generator) -> NDArray[np.float64]:
        """Sums of every row in _TURN draws."""
        return np.asarray((2.0 * _heads(self._count, rng) - self._count) @ self._size)

    def score(self, sums: NDArray[np.float64]) -> NDArray[np.float64]:
        """p of each sum: McNemar's for single answers, else a normal score, which orders sums as any other does."""
        if not self._single:
            return np.asarray(np.maximum(special.ndtr(np.round(sums / self._spread, 9)), 1e-300))
        losses = np.rint((self._flips - sums) / 2).astype(np.int64)
        return np.asarray(self._tables[self._start + losses])


@lru_cache(maxsize=4096)
def _table(flips: int, method: Method) -> NDArray[np.float64]:
    losses = np.arange(flips + 1)
    return np.atleast_1d(np.asarray(mcnemar(losses, flips - losses, method), dtype=float))
