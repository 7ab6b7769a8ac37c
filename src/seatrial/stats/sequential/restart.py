"""A mixture of processes that start later: quick to see a canary that goes bad after a long good spell.

A process that has watched 2,000 good units must first unlearn them. Here one process starts at each declared block and bets
only a fixed share of the stake; each is worth 1 until it starts, so the weighted mean is again an e-process under the same
null and assumptions as `eprocess`, whatever the dependence between them. The price is log(1 / share) more evidence for each.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from seatrial.stats.sequential import eprocess
from seatrial.stats.validate import numbers

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray

    from seatrial.stats.sequential.eprocess import Evidence


class Restarts(NamedTuple):
    """Blocks seen so far, and one eprocess.State per start already reached. Resume from it."""

    seen: int = 0
    states: tuple[eprocess.State, ...] = ()


class RestartPath(NamedTuple):
    """log of the mixture after each block, and the state to go on from."""

    log_e: NDArray[np.float64]
    state: Restarts


def shares(starts: Sequence[int]) -> NDArray[np.float64]:
    """The default stakes: 1 / ((j + 1)(j + 2)) for the j-th start, which sum to less than 1 however many there are."""
    j = np.arange(len(starts), dtype=float)
    return 1 / ((j + 1) * (j + 2))


def run(
    canary_good: ArrayLike,
    canary_bad: ArrayLike,
    control_good: ArrayLike,
    control_bad: ArrayLike,
    starts: Sequence[int],
    state: Restarts | None = None,
    weights: ArrayLike | None = None,
    margin: float = 0.0,
    evidence: Evidence = "worse",
) -> RestartPath:
    """The mixture over blocks of counts, as `eprocess.run` takes them.

    Args:
        canary_good: one entry a block, as the three below.
        canary_bad: as above.
        control_good: as above.
        control_bad: as above.
        starts: numbers of the blocks (0 = first) before which a process starts; rising, declared before looking, and the
            same in every call.
        state: where the last call ended; None at the beginning.
        weights: stakes in the order of `starts`, positive, summing to at most 1; `shares` when left out.
        margin: as in `eprocess.update`.
        evidence: as in `eprocess.update`.
    """
    begun = Restarts() if state is None else state
    if not starts or starts[0] < 0 or any(b <= a for a, b in pairwise(starts)):
        raise ValueError("starts must be rising block numbers from 0 on, at least one")
    if sum(start < begun.seen for start in starts) != len(begun.states):
        raise ValueError("the state was kept for other starts")
    w = shares(starts) if weights is None else numbers("weights", weights).ravel()
    if w.shape != (len(starts),) or not np.all(w > 0) or w.sum() > 1 + 1e-9:
        raise ValueError("weights must be positive, one a start, and sum to at most 1")
    cg, cb, bg, bb = (
        numbers("a block's counts", a).ravel() for a in (canary_good, canary_bad, control_good, control_bad)
    )
    # row 0 is the stake that nobody bets, and a process that has not started is worth 1
    logs = np.zeros((len(starts) + 1, cg.size))
    states: list[eprocess.State] = []
    for j, start in enumerate(starts):
        if start >= begun.seen + cg.size:
            break
        old = begun.states[j] if j < len(begun.states) else eprocess.START
        at = slice(max(0, start - begun.seen), None)
        path = eprocess.run(cg[at], cb[at], bg[at], bb[at], old, margin, evidence)
        logs[j + 1, at] = path.log_e
        states.append(path.state or old)
    stakes = np.concatenate([[max(0.0, 1 - float(w.sum()))], w])
    top = logs.max(axis=0)
    return RestartPath(top + np.log(stakes @ np.exp(logs - top)), Restarts(begun.seen + cg.size, tuple(states)))
