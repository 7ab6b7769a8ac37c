"""Many overlapping groups, one family: the sign-flip maximum test, which pays only for what the groups do not share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from seatrial.stats.interval import CannotTell
from seatrial.stats.validate import complete, finite

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

Direction = Literal["lower", "higher", "either"]
DIRECTIONS: tuple[Direction, ...] = ("lower", "higher", "either")
_CELLS = 8_000_000


@dataclass(frozen=True, slots=True)
class MaxT:
    """One row per group, in the order of the memberships.

    Attributes:
        size: examples in the group.
        mean: mean difference in the group; 0 where it is empty.
        statistic: sum of differences over the root of their sum of squares, positive towards the tested direction; 0
            where nothing moved.
        p: family-wise adjusted p, single-step or step-down.
        moved: whether any difference of the group is not 0; where none is, p is 1 because there is nothing to test.
        draws: sign flips behind every p, whose smallest value is 1 / (1 + draws).
    """

    size: NDArray[np.int64]
    mean: NDArray[np.float64]
    statistic: NDArray[np.float64]
    p: NDArray[np.float64]
    moved: NDArray[np.bool_]
    draws: int


def max_t(
    memberships: ArrayLike,
    d: ArrayLike,
    rng: np.random.Generator,
    *,
    draws: int = 2_000,
    direction: Direction = "lower",
    step_down: bool = True,
) -> MaxT | CannotTell:
    """Which groups moved, family-wise: each group's statistic against the law of the largest one under sign flips.

    Args:
        memberships: groups x examples, true or 1 where the example belongs; groups may overlap as they like.
        d: one difference per example (candidate minus baseline); repetitions averaged first, one row a cluster.
        rng: draws the signs.
        draws: sign flips.
        direction: `lower` = the group lost.
        step_down: Westfall and Young 1993's free step-down (algorithm 4.1); False is single-step, never smaller a p.

    Under the null the signs of all differences are fair coins, jointly, so the flipped maxima hold the dependence of
    overlapping groups exactly; p = (1 + count) / (1 + draws) (Phipson and Smyth 2010). The family-wise error is
    controlled whichever nulls are true, because a group's flips use its own examples only. Assumes independent examples
    whose differences are symmetric under the null, and groups named without looking at `d`. Not for groups found on the same differences.

    The order of groups has no say; another order of examples is another draw of signs, so sort them where a run must repeat.
    """
    member = np.asarray(memberships)
    values = finite("differences", d)
    if direction not in DIRECTIONS:
        raise ValueError(f"direction {direction!r} is unknown; choose one of: {', '.join(DIRECTIONS)}")
    draws = complete("draws", draws)
    if member.size == 0 or values.size == 0:
        return CannotTell("no group or no example")
    if member.ndim != 2 or member.shape[1] != values.size:
        raise ValueError(f"memberships must be groups x {values.size} examples, got shape {member.shape}")
    if not np.all((member == 0) | (member == 1)):
        raise ValueError("memberships must be true or false")
    inside = member.astype(float)
    size, norm = inside.sum(axis=1), np.sqrt(inside @ values**2)
    moved = norm > 1e-12
    # A flip changes signs only: the root of the sum of squares stays, so it is divided out once.
    weight = inside * values / np.where(moved, norm, 1.0)[:, None]
    statistic = _towards(weight.sum(axis=1), direction)
    # Examples that did not move cannot flip anything, and groups without a moving one are never the maximum.
    live = weight[moved][:, values != 0.0]
    p = np.ones(size.shape)
    if live.size:
        p[moved] = _adjusted(live, statistic[moved], rng, draws, direction, step_down=step_down)
    mean = np.divide(inside @ values, size, out=np.zeros_like(size), where=size > 0)
    return MaxT(size.astype(np.int64), mean, statistic, p, moved, draws)


def _adjusted(
    weight: NDArray[np.float64],
    seen: NDArray[np.float64],
    rng: np.random.Generator,
    draws: int,
    direction: Direction,
    *,
    step_down: bool,
) -> NDArray[np.float64]:
    groups, examples = weight.shape
    # Smallest statistic first: the running maximum at a group is then over it and all that are less extreme.
    order = np.argsort(seen, kind="stable")
    ranked, columns = seen[order] - 1e-9, np.ascontiguousarray(weight[order].T)
    hits = np.zeros(groups, dtype=np.int64)
    chunk = max(1, _CELLS // max(groups, examples))
    for start in range(0, draws, chunk):
        signs = rng.integers(0, 2, size=(min(chunk, draws - start), examples), dtype=np.int8) * 2.0 - 1.0
        flipped = _towards(signs @ columns, direction)
        if step_down:
            np.maximum.accumulate(flipped, axis=1, out=flipped)
            hits += (flipped >= ranked).sum(axis=0)
        else:
            largest = np.sort(flipped.max(axis=1))
            hits += largest.size - np.searchsorted(largest, ranked)
    p = (1 + hits) / (1 + draws)
    # From the most extreme down, an adjusted p never falls below the one before it.
    p = np.maximum.accumulate(p[::-1])[::-1]
    out = np.empty(groups)
    out[order] = p
    return out


def _towards(values: NDArray[np.float64], direction: Direction) -> NDArray[np.float64]:
    if direction == "either":
        return np.abs(values)
    return -values if direction == "lower" else values
