"""Walk: thousands of canaries up one ramp at once, each looked at after every block.

Per cell, metric and stage one e-process against "the canary is not worse" (Turner, Ly and Grunwald 2024; `eprocess`), begun
afresh at each stage; a row's evidence is the fixed-weight mean over stages, where one that has not begun is worth 1 and one
that is over keeps what it won. Beside it, per cell, metric and stage, one against "the canary is worse by the margin".

What is assumed: independent units, metrics independent of each other given the cell (alarms that come together are rarer
than this), rates that stay what they are within a stage, cells in step: a stage of the pooled process reads all cells' blocks
in the order of exposure, for the whole of the stage's time. Outcomes are known at once: a delay shifts every time by itself.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from seatrial.rollout.ramp_simulation.blocks import block_size, looks
from seatrial.rollout.ramp_simulation.walks import Walks
from seatrial.stats.sequential import eprocess

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import ArrayLike, NDArray

    from seatrial.rollout.ramp_simulation.ramp import Ramp, Stage
    from seatrial.stats.sequential.eprocess import Estimates

_AT_ONCE = 200_000
"""Runs x looks drawn together: what fits a cache, and a bound on memory."""
_LARGEST = 600.0
"""log E beyond which nothing is different: it has stopped whatever can stop."""


def walk(
    ramp: Ramp,
    canary: ArrayLike,
    runs: int,
    rng: np.random.Generator,
    progress: Callable[[int, int], None] = lambda _done, _planned: None,
) -> Walks:
    """Simulate `runs` canaries.

    Args:
        ramp: what is watched.
        canary: the canary's rates of good outcomes, cells x metrics, or stages x cells x metrics for a canary that turns
            bad on the way; 0..1. The control's own rates make a canary that changed nothing.
        runs: how many, at least 1.
        rng: drawn from.
        progress: told (stages done, stages planned).

    Raises:
        ValueError: shapes do not fit, or a rate is out of range.
    """
    truth = np.asarray(canary, dtype=float)
    if truth.shape == ramp.rates.shape:
        truth = np.broadcast_to(truth, (len(ramp.stages), *truth.shape))
    if truth.shape != (len(ramp.stages), *ramp.rates.shape):
        raise ValueError(f"canary rates have shape {truth.shape}; need cells x metrics, once or once a stage")
    if not (np.all(truth >= 0) and np.all(truth <= 1)):
        raise ValueError("canary rates must lie in 0..1")
    if runs < 1:
        raise ValueError(f"runs must be at least 1, got {runs}")
    cells, metrics = ramp.rates.shape
    state = _State(
        np.zeros((cells, metrics, runs)),
        np.zeros((cells, metrics, runs)),
        np.zeros((metrics, runs)),
        np.zeros((cells, runs), dtype=bool),
        np.zeros(runs, dtype=bool),
    )
    out = Walks(
        stopped=np.zeros(runs, dtype=bool),
        stop_units=np.full((len(ramp.stages), cells, runs), math.inf),
        pooled_units=np.full((len(ramp.stages), runs), math.inf),
        advance_units=np.full((len(ramp.stages), cells, runs), math.inf),
        reached=np.zeros((cells, runs), dtype=np.int64),
        rolled_back=np.zeros((cells, runs), dtype=bool),
        traffic=np.zeros((cells, runs)),
    )
    later = 1.0
    for s, stage in enumerate(ramp.stages):
        later -= stage.weight
        _stage(ramp, s, stage, max(later, 0.0), truth[s], state, out, rng)
        progress(s + 1, len(ramp.stages))
    return out


class _State(NamedTuple):
    """What earlier stages leave behind: the weighted winnings of each row, whether its canary was watched to the end or
    left as soon as it might; of the pooled rows; and which canaries have stopped climbing."""

    watched: NDArray[np.float64]
    climbed: NDArray[np.float64]
    pooled: NDArray[np.float64]
    still: NDArray[np.bool_]
    all_stopped: NDArray[np.bool_]


class _Cell(NamedTuple):
    """One cell's draws in one stage: canary units and share of the time at each look, its log E and counts per metric."""

    units: NDArray[np.float64]
    time: NDArray[np.float64]
    worse: list[NDArray[np.float64]]
    not_worse: list[NDArray[np.float64]]
    counts: list[NDArray[np.float64]]


def _stage(
    ramp: Ramp,
    s: int,
    stage: Stage,
    later: float,
    truth: NDArray[np.float64],
    state: _State,
    out: Walks,
    rng: np.random.Generator,
) -> None:
    n_c, n_b = block_size(stage.share)
    pieces = [looks(int(stage.units * part * stage.share / n_c + 1e-9)) for part in ramp.shares]
    widest = max(1, sum(piece.size for piece in pieces))
    step = max(1, _AT_ONCE // widest)
    runs = out.runs
    for start in range(0, runs, step):
        at = slice(start, min(start + step, runs))
        drawn = [
            _draw(
                ramp.rates[i],
                truth[i],
                pieces[i],
                (n_c, n_b),
                stage,
                at.stop - at.start,
                ramp.estimates if math.isfinite(ramp.advance) else None,
                rng,
            )
            for i in range(len(pieces))
        ]
        everything = _pooled(ramp, s, stage, later, drawn, state, out, at)
        for i, cell in enumerate(drawn):
            _climb(ramp, s, i, stage, later, cell, everything, state, out, at)


def _draw(
    control: NDArray[np.float64],
    canary: NDArray[np.float64],
    pieces: NDArray[np.int64],
    block: tuple[int, int],
    stage: Stage,
    runs: int,
    estimates: Estimates | None,
    rng: np.random.Generator,
) -> _Cell:
    n_c, n_b = pieces * block[0], pieces * block[1]
    seen = np.cumsum(pieces)
    cell = _Cell(np.cumsum(n_c).astype(float), seen / max(1, int(pieces.sum())), [], [], [])
    for j in range(control.size):
        good_c = rng.binomial(n_c, canary[j], (runs, pieces.size)).astype(float)
        good_b = rng.binomial(n_b, control[j], (runs, pieces.size)).astype(float)
        rows = (good_c, n_c - good_c, good_b, n_b - good_b)
        cell.worse.append(eprocess.run(*rows).log_e)
        if estimates is not None:
            cell.not_worse.append(eprocess.run(*rows, eprocess.START, stage.margin, "not_worse", estimates).log_e)
        cell.counts.append(np.stack(rows))
    return cell


def _climb(
    ramp: Ramp,
    s: int,
    i: int,
    stage: Stage,
    later: float,
    cell: _Cell,
    everything: NDArray[np.float64],
    state: _State,
    out: Walks,
    at: slice,
) -> None:
    """One cell through one stage: when its rows would stop it, when it may move on, and which of the two came first."""
    metrics, runs, last = len(cell.worse), at.stop - at.start, cell.units.size
    alone, may, climbing = np.full(runs, last), np.zeros(runs, dtype=np.int64), np.full(runs, last)
    for j in range(metrics):
        limit = float(ramp.thresholds[i, j])
        alone = np.minimum(alone, _first(cell.worse[j], _needed(limit, 0.0, later, stage.weight)))
        watched = _needed(limit, state.watched[i, j, at], later, stage.weight)
        out.stopped[at] |= _first(cell.worse[j], watched) < last
        climbed = _needed(limit, state.climbed[i, j, at], later, stage.weight)
        climbing = np.minimum(climbing, _first(cell.worse[j], climbed))
        may = np.maximum(may, _first(cell.not_worse[j], math.log(ramp.advance)) if cell.not_worse else last)
        state.watched[i, j, at] += stage.weight * _e_at(cell.worse[j], np.full(runs, last - 1))
    out.stop_units[s, i, at] = _at(cell.units, alone)
    out.advance_units[s, i, at] = _at(cell.units, may)
    stop_time, move_time = np.minimum(_at(cell.time, climbing), everything), _at(cell.time, may)
    climbs = ~state.still[i, at]
    back = climbs & np.isfinite(stop_time) & (stop_time <= move_time)
    moves = climbs & ~back & np.isfinite(move_time)
    out.rolled_back[i, at] |= back
    out.reached[i, at] += moves
    spent = np.where(back, stop_time, np.where(moves, move_time, 1.0))
    out.traffic[i, at] += np.where(climbs, np.minimum(spent, 1.0) * stage.units, 0.0)
    state.still[i, at] |= ~moves
    for j in range(metrics):
        state.climbed[i, j, at] += stage.weight * _e_at(cell.worse[j], np.minimum(may, last - 1))


def _pooled(
    ramp: Ramp, s: int, stage: Stage, later: float, drawn: list[_Cell], state: _State, out: Walks, at: slice
) -> NDArray[np.float64]:
    """Share of the stage's time at which the pooled rows stop everything, inf where they do not."""
    runs = at.stop - at.start
    never = np.full(runs, math.inf)
    if not np.any(np.isfinite(ramp.pooled)):
        return never
    time = np.concatenate([cell.time for cell in drawn])
    order = np.argsort(time, kind="stable")
    sizes = np.concatenate([np.diff(cell.units, prepend=0.0) for cell in drawn])[order]
    units, time = np.cumsum(sizes), time[order]
    alone, real = np.full(runs, time.size), np.full(runs, time.size)
    for j, limit in enumerate(ramp.pooled.tolist()):
        if not math.isfinite(limit):
            continue
        rows = np.concatenate([cell.counts[j] for cell in drawn], axis=-1)[..., order]
        log_e = eprocess.run(*rows).log_e
        alone = np.minimum(alone, _first(log_e, _needed(limit, 0.0, later, stage.weight)))
        real = np.minimum(real, _first(log_e, _needed(limit, state.pooled[j, at], later, stage.weight)))
        state.pooled[j, at] += stage.weight * _e_at(log_e, np.full(runs, time.size - 1))
    out.pooled_units[s, at] = _at(units, alone)
    out.stopped[at] |= real < time.size
    return np.where(real < time.size, _at(time, real), never)


def _needed(threshold: float, won: ArrayLike, later: float, weight: float) -> NDArray[np.float64]:
    """log of the E this stage's process must reach for the mean over stages to reach `threshold`."""
    short = (threshold - later - np.asarray(won, dtype=float)) / weight
    return np.log(np.maximum(short, 1e-300))


def _first(log_e: NDArray[np.float64], limit: ArrayLike) -> NDArray[np.int64]:
    """Per run the first look at which log E reaches `limit`; the number of looks where none does."""
    if not log_e.shape[1]:
        return np.zeros(log_e.shape[0], dtype=np.int64)
    over = log_e >= np.asarray(limit, dtype=float).reshape(-1, 1)
    return np.asarray(np.where(over.any(axis=1), over.argmax(axis=1), log_e.shape[1]), dtype=np.int64)


def _at(values: NDArray[np.float64], index: NDArray[np.int64]) -> NDArray[np.float64]:
    """`values` at each index, inf past their end."""
    return np.append(values, math.inf)[index]


def _e_at(log_e: NDArray[np.float64], index: NDArray[np.int64]) -> NDArray[np.float64]:
    if not log_e.shape[1]:
        return np.ones(log_e.shape[0])
    return np.asarray(np.exp(np.minimum(log_e[np.arange(log_e.shape[0]), index], _LARGEST)))
