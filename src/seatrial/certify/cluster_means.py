"""Mean: gates of repetitions and clusters, example by example: means over runs and over clusters, tested by sign flips."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from seatrial.certify.observed import Flipped, Look, naive
from seatrial.certify.paired_counts import drop_of
from seatrial.certify.scenario import joint_law
from seatrial.certify.sign_flip import Flips
from seatrial.gate.confirm import SCREEN
from seatrial.gate.row import DECIMALS
from seatrial.gate.row_rules import WATCH_AT
from seatrial.stats.noninferiority import largest_drops

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from seatrial.certify.design import Design
    from seatrial.certify.scenario import Truth


def draw_answers(design: Design, truth: Truth, key: int, gates: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """Per gate, arm (baseline, candidate) and example asked: measured passes, and runs that nobody measured; shape
    (gates, 2, examples, 2)."""
    return draw_looks(design, truth, key, gates, (truth.repetitions,), rng)[0]


def draw_looks(
    design: Design, truth: Truth, key: int, gates: int, repetitions: Sequence[int], rng: np.random.Generator
) -> list[NDArray[np.int64]]:
    """The same of several looks at the same examples, `repetitions` runs each: an example keeps its chance to pass."""
    r = sum(repetitions)
    mine = np.flatnonzero(design.requested[key])
    cell = design.cell[mine]
    answers = _split(_answers(design, truth, key, cell, gates, r, rng), repetitions, r, rng)
    if truth.icc > 0 and not design.alone:
        # One voice a cluster and joint cell, of the cell's own law; each example repeats it with chance sqrt(icc).
        groups, of = np.unique(np.stack([design.cluster[mine], cell]), axis=1, return_inverse=True)
        voices = _split(_answers(design, truth, key, groups[1], gates, r, rng), repetitions, r, rng)
        repeats = (rng.random((gates, cell.size)) < np.sqrt(truth.icc))[:, None]
        answers = [np.where(repeats, voice[..., of.ravel()], own) for voice, own in zip(voices, answers, strict=True)]
    missing = truth.missing_of(design.keys[key])
    found = []
    for passes, runs in zip(answers, repetitions, strict=True):
        if missing > 0:
            absent = rng.binomial(runs, missing, size=passes.shape)
            seen = rng.hypergeometric(passes, runs - passes, runs - absent)
            found.append(np.stack([seen, absent], axis=3))
        else:
            found.append(np.stack([passes, np.zeros_like(passes)], axis=3))
    return found


def _split(
    answers: NDArray[np.int64], repetitions: Sequence[int], r: int, rng: np.random.Generator
) -> list[NDArray[np.int64]]:
    """Passes (gates, 2, examples) of each look: which of an example's runs passed is any of them alike."""
    passes, left, found = np.stack([answers // (r + 1), answers % (r + 1)], axis=1), r, []
    for runs in repetitions[:-1]:
        here = rng.hypergeometric(passes, left - passes, runs)
        passes, left = passes - here, left - runs
        found.append(here)
    return [*found, passes]


def _answers(
    design: Design, truth: Truth, key: int, cell: NDArray[np.int64], gates: int, r: int, rng: np.random.Generator
) -> NDArray[np.int64]:
    """Per gate and example: passes of the baseline x (r + 1) + passes of the candidate, of `r` runs each."""
    found = np.empty((gates, cell.size), dtype=np.int64)
    for c in np.unique(cell):
        law = joint_law(*truth.at(key, int(c)), drop_of(design, truth, key, int(c)), r)
        up_to = np.cumsum(law.ravel())
        up_to[-1] = 1.0
        here = np.flatnonzero(cell == c)
        found[:, here] = np.searchsorted(up_to, rng.random((gates, here.size)), side="right")
    return np.minimum(found, (r + 1) ** 2 - 1)


def look_at_answers(design: Design, key: int, drawn: NDArray[np.int64], repetitions: int) -> Look:
    """What the gate sees of one key in every drawn gate."""
    r = repetitions
    mine = np.flatnonzero(design.requested[key])
    passes, absent = drawn[..., 0], drawn[..., 1]
    low, high = passes / r, (passes + absent) / r
    missing = absent.any()
    best = high[:, 1] - low[:, 0]
    worst = low[:, 1] - high[:, 0] if missing else best
    gates, width = drawn.shape[0], len(design.segments)
    fails, nothing = np.zeros((gates, width), dtype=bool), np.zeros((gates, width), dtype=bool)
    share, mean, spread, rate, fell, fell_worst = (np.zeros((gates, width)) for _ in range(6))
    at_most, highest = np.ones((gates, width)), np.ones((gates, width))
    lowest, observed = np.zeros((gates, width)), np.zeros((gates, width))
    rows: dict[int, tuple[tuple[NDArray[np.float64], NDArray[np.float64]], Flips]] = {}
    named: dict[int, NDArray[np.int64]] = {}
    moved, square = _as_rows(passes, absent, r)
    for s in range(width):
        members = np.flatnonzero(design.member[s][design.cell[mine]])
        if not members.size:
            continue
        gather, sizes = _gather(design.cluster[mine[members]])
        # Rounded as the gate rounds.
        at_best = np.round(gather(best[:, members]), DECIMALS) + 0.0
        at_worst = np.round(gather(worst[:, members]), DECIMALS) + 0.0 if missing else at_best
        rows[s] = ((at_best, at_worst), Flips(np.unique(sizes * r)))
        fell[:, s], fell_worst[:, s] = -at_best.mean(axis=1), -at_worst.mean(axis=1)
        named[s] = np.unique(design.cluster[mine[members]])
        at_most[:, s] = largest_drops(at_worst.sum(axis=1), (at_worst**2).sum(axis=1), at_worst.shape[1])
        complete = gather(absent[:, :, members].sum(axis=1).astype(float)) == 0
        seen = complete.sum(axis=1)
        rate[:, s] = (gather(low[:, 0][:, members]) * complete).sum(axis=1) / np.maximum(seen, 1)
        reached = gather(low[:, 1][:, members])
        lowest[:, s], highest[:, s] = reached.mean(axis=1), gather(high[:, 1][:, members]).mean(axis=1)
        observed[:, s] = np.where(seen > 0, (reached * complete).sum(axis=1) / np.maximum(seen, 1), lowest[:, s])
        alpha = float(design.alpha_row[key, s])
        if alpha > 0:
            fails[:, s] = rows[s][1].rejects(at_best, alpha)
        runs: NDArray[np.int64] | int = r * members.size
        if missing:
            here = absent[:, :, members]
            share[:, s] = here.sum(axis=2).max(axis=1) / runs
            nothing[:, s] = (gather(here.sum(axis=1).astype(float)) > 0).all(axis=1)
            runs = np.maximum(r * (here.max(axis=1) == 0).sum(axis=1), 1)
        inside = (design.member[s][design.cell[mine]] > 0).astype(float)
        mean[:, s] = moved @ inside / runs
        spread[:, s] = np.sqrt(np.maximum(square @ inside / runs - mean[:, s] ** 2, 0.0) / runs)

    def falls(s: int, some: NDArray[np.int64]) -> NDArray[np.bool_]:
        return rows[s][1].rejects(rows[s][0][1][some], float(design.alpha_row[key, s]))

    def p(which: int, largest: float, sign: int = 1) -> Callable[[int, NDArray[np.int64]], NDArray[np.float64]]:
        return lambda s, some: (
            rows[s][1].p(sign * rows[s][0][which][some], largest) if s in rows else np.ones(some.size)
        )

    def flips(some: NDArray[np.int64], at_worst: bool) -> Flipped:
        size = np.zeros((some.size, int(design.cluster.max()) + 1, width))
        for s, (pair, _) in rows.items():
            size[:, named[s], s] = pair[int(at_worst)][some]
        return Flipped(size, np.ones(size.shape[:2], dtype=np.int64), size.sum(axis=1), single=False, shared=True)

    return Look(
        fails,
        fell,
        fell_worst,
        share,
        nothing,
        at_most,
        rate,
        lowest,
        highest,
        observed,
        p(0, SCREEN),
        falls,
        p(1, design.alpha),
        p(1, WATCH_AT, -1),
        flips,
        naive(mean, spread, mean < -1.645 * np.maximum(spread, 1e-12)),
    )


def _as_rows(
    passes: NDArray[np.int64], missing_cells: NDArray[np.int64], r: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Sum and sum of squares of run-by-run differences per example, as a tool sees them that takes every run for a row."""
    complete = missing_cells.max(axis=1) == 0
    base, cand = passes[:, 0], passes[:, 1]
    return ((cand - base) * complete).astype(float), (base * (r - cand) + cand * (r - base)) / r * complete


def _gather(
    cluster: NDArray[np.int64],
) -> tuple[Callable[[NDArray[np.float64]], NDArray[np.float64]], NDArray[np.int64]]:
    """Means over clusters of examples (last axis), and the clusters' sizes."""
    _, of, sizes = np.unique(cluster, return_inverse=True, return_counts=True)
    if sizes.size == cluster.size:
        return (lambda values: values), sizes
    order = np.argsort(of.ravel(), kind="stable")
    starts = np.concatenate([[0], np.cumsum(sizes)[:-1]])
    return (lambda values: np.add.reduceat(values[:, order], starts, axis=1) / sizes), sizes
