"""Joint level of a family of rows by sign-flipping whole clusters: weighted min-p, stepped down.

Under the null the sign of a cluster's difference is a fair coin, the same coin in every row the cluster belongs to: overall,
its segments, every key. So the law of the smallest p / weight over all rows is known from the data's own overlap, where Holm
has to fear the worst.
"""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from seatrial.stats.normal import below
from seatrial.stats.paired import mcnemar
from seatrial.stats.validate import complete, finite, share

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from seatrial.stats.paired import Method

_TIE = 1e-12
MOST_WORK = 1_000_000_000
"""Groups x rows x draws beyond which the flips are not drawn; it depends on the sizes of differences only, never on signs."""
MOST_DRAWS = 1_000_000
SURE = 3.2905
"""Standard errors of a 99.9 % interval: draws go on until it excludes alpha."""


@dataclass(frozen=True, slots=True)
class FamilyRow:
    """One row of a family.

    Attributes:
        cluster: per difference, the cluster it is of; the same number is the same cluster in every row.
        d: candidate minus baseline per cluster.
        weight: its share of alpha.
        single: every difference is that of one 0/1 answer, so McNemar's table is the row's own.
    """

    cluster: NDArray[np.int64]
    d: NDArray[np.float64]
    weight: float
    single: bool


@dataclass(frozen=True, slots=True)
class Joint:
    """What the flips say of a family.

    Attributes:
        adjusted: per row, its p in the family; comparable with alpha. All 1 where nothing was drawn.
        draws: how many; 0 where none was needed (no row is under alpha on its own) or the work would be too large.
        too_large: the flips were not drawn because there would be too many of them.
    """

    adjusted: NDArray[np.float64]
    draws: int
    too_large: bool = False


def joint_level(
    rows: Sequence[FamilyRow],
    p: Sequence[float],
    alpha: float,
    method: Method = "mid-p",
    *,
    least: int | None = None,
    most: int = MOST_DRAWS,
) -> Joint:
    """Step-down adjusted p of every row (Westfall and Young 1993, weighted min-p, one-sided).

    Args:
        rows: the family.
        p: each row's own p; where the row with the smallest p / weight has one over alpha, nothing is drawn.
        alpha: the family's level.
        method: `mid-p`: (#{T < t} + 1/2 #{T = t} + 1/2) / (1 + draws); `exact`: (1 + #{T <= t}) / (1 + draws).
        least: fewest draws; default 200 / alpha.
        most: most draws.

    Assumes that clusters are independent and that an unchanged candidate is as likely to gain a cluster's difference as to
    lose it. What it promises is of an unchanged candidate: many slightly worse and few much better clusters reject too.
    The seed is a hash of the sorted differences and the weights, so that no name and no order of rows re-rolls it.
    """
    share("alpha", alpha)
    complete("most", most)
    least = math.ceil(200 / alpha) if least is None else complete("least", least)
    p = _check(rows, p, method)
    nothing = np.ones(len(rows))
    first = min(range(len(rows)), key=lambda i: p[i] / rows[i].weight, default=None)
    if first is None or p[first] > alpha:
        return Joint(nothing, 0)
    groups, counts = _groups(rows)
    work = groups.shape[0] * len(rows)
    if work * least > MOST_WORK:
        return Joint(nothing, 0, too_large=True)
    scores = [_Score(row, method) for row in rows]
    weights = np.array([row.weight for row in rows])
    observed = (
        np.array([score.of(np.array([row.d.sum()]))[0] for score, row in zip(scores, rows, strict=True)]) / weights
    )
    order = np.argsort(observed, kind="stable")
    rng = np.random.default_rng(_seed(rows))
    under, tied, draws = np.zeros(len(rows)), np.zeros(len(rows)), 0
    turn = max(1, min(least, 4_000_000 // max(1, work)))
    most = min(most, max(least, MOST_WORK // max(1, work)))
    while True:
        heads = rng.binomial(counts, 0.5, size=(turn, counts.size))
        sums = (2.0 * heads - counts) @ groups
        drawn = np.column_stack([score.of(sums[:, i]) for i, score in enumerate(scores)]) / weights
        # Of the j-th row in order: the smallest among it and every row after it.
        smallest = np.minimum.accumulate(drawn[:, order][:, ::-1], axis=1)[:, ::-1]
        near = np.abs(smallest - observed[order]) <= 1e-9 * observed[order]
        under += ((smallest < observed[order]) & ~near).sum(axis=0)
        tied += near.sum(axis=0)
        draws += turn
        found = (under[0] + tied[0] / 2) / draws
        sure = abs(found - alpha) > SURE * math.sqrt(max(found * (1 - found), 1 / draws) / draws)
        if draws >= least and (sure or draws + turn > most):
            break
    raw = (1 + under + tied) / (1 + draws) if method == "exact" else (under + tied / 2 + 0.5) / (1 + draws)
    adjusted = np.empty(len(rows))
    adjusted[order] = np.minimum(1.0, np.maximum.accumulate(raw))
    return Joint(adjusted, draws)


def _check(rows: Sequence[FamilyRow], p: Sequence[float], method: str) -> list[float]:
    """The rows' own p as a list; ValueError where a row or a p cannot be one."""
    own = finite("p", p)
    if own.size != len(rows):
        raise ValueError(f"{len(rows)} rows but {own.size} p")
    if own.size and not (own.min() >= 0 and own.max() <= 1):
        raise ValueError("p must lie in 0..1")
    if method not in ("mid-p", "exact"):
        raise ValueError(f"method must be mid-p or exact, got {method!r}")
    for row in rows:
        d = finite("differences", row.d)
        if d.size != len(row.cluster):
            raise ValueError(f"{d.size} differences but {len(row.cluster)} clusters")
        if row.single and d.size and np.abs(d).max() > 1:
            raise ValueError("differences of single 0/1 answers must lie in -1..1")
        if not 0 < row.weight <= 1:
            raise ValueError(f"a row's weight must lie in (0, 1], got {row.weight}")
    return [float(one) for one in own]


class _Score:
    """A row's p as a function of the sum of its differences; off McNemar's table any monotone score of the sum does."""

    def __init__(self, row: FamilyRow, method: Method) -> None:
        self._single = row.single
        if row.single:
            flips = int(np.count_nonzero(np.abs(row.d) > _TIE))
            missing = np.arange(flips + 1)
            self._table = np.atleast_1d(np.asarray(mcnemar(missing, flips - missing, method), dtype=float))
            self._flips = flips
        else:
            self._spread = math.sqrt(float((row.d**2).sum())) or 1.0

    def of(self, sums: NDArray[np.float64]) -> NDArray[np.float64]:
        if self._single:
            return np.asarray(self._table[np.rint((self._flips - sums) / 2).astype(np.int64)])
        # Rounded: sums in another order differ beyond these digits, and ties decide.
        z = np.round(sums / self._spread, 9)
        return np.asarray(_normal_below(z))


def _normal_below(z: NDArray[np.float64]) -> NDArray[np.float64]:
    """Normal distribution function, through its values at the different z only."""
    values, at = np.unique(z, return_inverse=True)
    return np.array([max(below(float(one)), 1e-300) for one in values])[at]


def _groups(rows: Sequence[FamilyRow]) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Different patterns of a cluster's differences over the rows (up to sign), and how many clusters have each.

    Clusters of one pattern are exchangeable: how many of them keep their sign is one binomial draw.
    """
    moved = [np.flatnonzero(np.abs(row.d) > _TIE) for row in rows]
    names = np.unique(np.concatenate([row.cluster[at] for row, at in zip(rows, moved, strict=True)]))
    table = np.zeros((names.size, len(rows)))
    for i, (row, at) in enumerate(zip(rows, moved, strict=True)):
        table[np.searchsorted(names, row.cluster[at]), i] = row.d[at]
    lead = np.argmax(table != 0, axis=1)
    table *= np.sign(table[np.arange(names.size), lead])[:, None]
    return _counted(np.round(table, 12) + 0.0)


def _counted(table: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Different lines of a table without a -0.0, in order, and how often each occurs.

    Lines are told apart by a number each, so that tens of thousands of them need not be sorted field by field; where two different
    lines ever had one number, they are.
    """
    bits = table.view(np.uint64)
    bits = bits ^ (bits >> np.uint64(52))  # the bits of small whole numbers and halves all lie at the upper end
    odd = np.random.default_rng(0).integers(0, 2**63, size=table.shape[1], dtype=np.uint64) * np.uint64(2) + np.uint64(
        1
    )
    _, first, of, counts = np.unique(bits @ odd, return_index=True, return_inverse=True, return_counts=True)
    if not np.array_equal(table[first][of.ravel()], table):
        patterns, counts = np.unique(table, axis=0, return_counts=True)
        return patterns, counts.astype(np.int64)
    patterns = table[first]
    order = np.lexsort(patterns.T[::-1])
    return patterns[order], counts[order].astype(np.int64)


def _seed(rows: Sequence[FamilyRow]) -> int:
    parts = sorted(np.sort(row.d).tobytes() + np.float64(row.weight).tobytes() for row in rows)
    return int.from_bytes(hashlib.sha256(b"\0".join(parts)).digest()[:8], "big")
