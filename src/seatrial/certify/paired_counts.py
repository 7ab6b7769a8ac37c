"""Count: gates of single pass/fail answers, by counts instead of examples.

Such a gate sees an example only through which way it flips and whether it was measured, so one multinomial draw per joint
cell is a whole gate, and blocking is a look-up of broke against the critical value of broke + fixed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from seatrial.certify.observed import RAW_P, Flipped, Look, naive
from seatrial.certify.scenario import joint_law
from seatrial.stats.noninferiority import largest_drops
from seatrial.stats.paired import mcnemar
from seatrial.stats.power import critical_values

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from seatrial.certify.design import Design
    from seatrial.certify.scenario import Truth
    from seatrial.stats.paired import Method

_Pair = tuple["NDArray[np.int64]", "NDArray[np.int64]"]


def draw_counts(design: Design, truth: Truth, key: int, gates: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """Examples per gate, joint cell, answer (both pass, broke, fixed, neither) and what was measured (both, not the candidate,
    not the baseline, neither)."""
    m = truth.missing_of(design.keys[key])
    measured = np.array([(1 - m) ** 2, m * (1 - m), m * (1 - m), m * m])
    sizes = design.cells[key]
    drawn = np.zeros((gates, sizes.size, 4, 4), dtype=np.int64)
    for c, n in enumerate(sizes):
        if n:
            law = joint_law(*truth.at(key, c), drop_of(design, truth, key, c), 1)
            chances = np.outer([law[1, 1], law[1, 0], law[0, 1], law[0, 0]], measured).ravel()
            drawn[:, c] = rng.multinomial(int(n), chances / chances.sum(), size=gates).reshape(gates, 4, 4)
    return drawn


def counted(design: Design, key: int, drawn: NDArray[np.int64]) -> NDArray[np.int64]:
    """Single answers (gates, 2, examples, 2) as the counts of `draw_counts`."""
    cell = design.cell[design.requested[key]]
    passed, absent = drawn[..., 0] > 0, drawn[..., 1] > 0
    measured = 2 * absent[:, 0] + absent[:, 1]  # both, not the candidate, not the baseline, neither
    answer = (
        2 * ~passed[:, 0] + ~passed[:, 1]
    )  # both pass, broke, fixed, neither; of what was not measured it says nothing
    gates, width = drawn.shape[0], len(design.names)
    place = ((np.arange(gates)[:, None] * width + cell) * 4 + answer) * 4 + measured
    return np.bincount(place.ravel(), minlength=gates * width * 16).reshape(gates, width, 4, 4)


def drop_of(design: Design, truth: Truth, key: int, cell: int) -> float:
    """By how much the key truly drops on the cell."""
    if truth.segment is None or not (key == 0 or truth.all_keys):
        return 0.0
    return truth.drop if design.member[design.segments.index(truth.segment), cell] else 0.0


def look_at_counts(design: Design, key: int, drawn: NDArray[np.int64], method: Method) -> Look:
    """What the gate sees of one key in every drawn gate."""
    per = np.einsum("gcam,sc->gsam", drawn, design.member, optimize=True)
    both, regressed, fixed = (per[:, :, a] for a in range(3))
    none = per[..., 3].sum(axis=2)
    best, worst = _moved(per, worst=False), _moved(per, worst=True)
    size = np.maximum(design.n[key], 1)
    missing = np.maximum(per[..., 1].sum(axis=2), per[..., 2].sum(axis=2)) + none
    complete = per[..., 0].sum(axis=2)
    seen = np.maximum(complete, 1)
    mean = (fixed[..., 0] - regressed[..., 0]) / seen
    spread = np.sqrt(np.maximum((regressed[..., 0] + fixed[..., 0]) / seen - mean * mean, 0.0) / seen)
    levels = design.alpha_row[key]
    fails = np.zeros(mean.shape, dtype=bool)
    low = np.zeros(mean.shape, dtype=bool)
    for s in range(len(design.segments)):
        low[:, s] = _rejects(regressed[:, s, 0], fixed[:, s, 0], RAW_P, "exact")
        if levels[s] > 0 and design.n[key, s]:
            fails[:, s] = _rejects(best[0][:, s], best[1][:, s], float(levels[s]), method)

    def falls(s: int, gates: NDArray[np.int64]) -> NDArray[np.bool_]:
        return _rejects(worst[0][gates, s], worst[1][gates, s], float(levels[s]), method)

    def p_worst(s: int, gates: NDArray[np.int64]) -> NDArray[np.float64]:
        return np.asarray(mcnemar(worst[0][gates, s], worst[1][gates, s], method), dtype=float)

    def p_better(s: int, gates: NDArray[np.int64]) -> NDArray[np.float64]:
        return np.asarray(mcnemar(worst[1][gates, s], worst[0][gates, s], method), dtype=float)

    def p_best(s: int, gates: NDArray[np.int64]) -> NDArray[np.float64]:
        return np.asarray(mcnemar(best[0][gates, s], best[1][gates, s], method), dtype=float)

    at_most = np.column_stack(
        [
            largest_drops(worst[1][:, s] - worst[0][:, s], worst[0][:, s] + worst[1][:, s], max(int(n), 1))
            for s, n in enumerate(design.n[key])
        ]
    )

    def flips(gates: NDArray[np.int64], at_worst: bool) -> Flipped:
        losses, wins = _moved(drawn[gates], worst=at_worst)
        total = ((wins - losses) @ design.member.T).astype(float)
        return Flipped(design.member.T[None].astype(float), losses + wins, total, single=True, shared=False)

    rate = (both[..., 0] + regressed[..., 0]) / seen
    passed = (both + fixed)[..., 0] + (both + fixed)[..., 2]
    lowest = passed / size
    # Without any cluster a row reaches everything, and no floor speaks of it.
    highest = np.where(design.n[key] > 0, (passed + per[..., 1].sum(axis=2) + per[..., 3].sum(axis=2)) / size, 1.0)
    return Look(
        fails,
        (best[0] - best[1]) / size,
        (worst[0] - worst[1]) / size,
        missing / size,
        (complete == 0) & (design.n[key] > 0),
        at_most,
        rate,
        lowest,
        highest,
        np.where(complete > 0, (both + fixed)[..., 0] / seen, lowest),
        p_best,
        falls,
        p_worst,
        p_better,
        flips,
        naive(mean, spread, low),
    )


def _moved(drawn: NDArray[np.int64], *, worst: bool) -> _Pair:
    """(losses, gains) per gate and place, what is missing taken against the candidate or for it."""
    both, regressed, fixed, neither = (drawn[:, :, a] for a in range(4))
    none = drawn[..., 3].sum(axis=2)
    if worst:
        return (
            regressed[..., 0] + both[..., 1] + regressed[..., 1] + regressed[..., 2] + neither[..., 2] + none,
            fixed[..., 0],
        )
    return regressed[..., 0], fixed[..., 0] + fixed[..., 1] + neither[..., 1] + both[..., 2] + fixed[..., 2] + none


def _rejects(regressed: NDArray[np.int64], fixed: NDArray[np.int64], alpha: float, method: Method) -> NDArray[np.bool_]:
    flips = regressed + fixed
    table = critical_values(alpha, method, int(flips.max()) if flips.size else 0)
    rejects: NDArray[np.bool_] = regressed >= table[flips]
    return rejects
