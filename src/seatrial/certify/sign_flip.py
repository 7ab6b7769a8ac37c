"""Flip: the gate's sign-flip p, for thousands of simulated rows.

Most rows are decided by bounds that hold for every sum of random signs; what is left goes to the gate's own `sign_flip`, each
different row once. So the decision is the gate's, except where the gate itself would draw signs at random (differences on
no common lattice, over 20 of them): there the normal limit with its kurtosis correction stands in for those draws.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from scipy import special

from seatrial.stats.paired import sign_flip

if TYPE_CHECKING:
    from numpy.typing import NDArray

_TIE, _EXACT = 1e-12, 20
_FAR = 3.0
"""From so many differences on (on a lattice, off it) the normal limit is trusted where it is so many times over or under the level."""
_MANY, _MANY_OFF = 30, 12


class Flips:
    """Sign-flip tests of rows on one lattice; remembers what it worked out.

    Attributes:
        lattice: the gate's tail is exact on these differences, whatever their number.
    """

    def __init__(self, denominators: NDArray[np.int64]) -> None:
        self.lattice = bool(np.all(120 % denominators == 0) or np.all(1000 % denominators == 0))
        self._many = _MANY if self.lattice else _MANY_OFF
        self._known: dict[bytes, float] = {}

    def rejects(self, d: NDArray[np.float64], alpha: float) -> NDArray[np.bool_]:
        """Whether each row of `d` (rows x clusters) rejects at `alpha`."""
        z, count, kurtosis = _moments(d)
        decided = np.exp(-z * z / 2) <= alpha  # Hoeffding: P(sum <= -z sd) is at most this
        rejects = decided & (z < 0)
        never = _never(z, count, alpha)
        near = ~(rejects | never)
        for row in np.flatnonzero(near):
            limit = _normal(z[row], kurtosis[row])
            if (not self.lattice and count[row] > _EXACT) or (
                count[row] >= self._many and not alpha / _FAR < limit < alpha * _FAR
            ):
                rejects[row] = limit <= alpha
            else:
                rejects[row] = self._exact(d[row]) <= alpha
        return rejects

    def p(self, d: NDArray[np.float64], largest: float) -> NDArray[np.float64]:
        """The p of each row of `d`; 1 where it is surely over `largest`."""
        z, count, kurtosis = _moments(d)
        found = np.ones(z.size)
        for row in np.flatnonzero(~_never(z, count, largest)):
            limit = _normal(z[row], kurtosis[row])
            rough = (not self.lattice and count[row] > _EXACT) or (count[row] >= self._many and limit > _FAR * largest)
            found[row] = limit if rough else self._exact(d[row])
        return found

    def _exact(self, d: NDArray[np.float64]) -> float:
        values = np.sort(d[np.abs(d) > _TIE])
        key = values.tobytes()
        if key not in self._known:
            # Never a draw: on a lattice, or few enough to enumerate.
            self._known[key] = sign_flip(values, np.random.default_rng(0)).p
        return self._known[key]


def _moments(d: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Per row: its sum in standard deviations of its sign flips, how many differences are not 0, its excess kurtosis."""
    squares = d * d
    variance = squares.sum(axis=1)
    safe = np.where(variance > 0, variance, 1.0)
    return (
        d.sum(axis=1) / np.sqrt(safe),
        (np.abs(d) > _TIE).sum(axis=1).astype(float),
        -2 * (squares * squares).sum(axis=1) / (safe * safe),
    )


def _never(z: NDArray[np.float64], count: NDArray[np.float64], alpha: float) -> NDArray[np.bool_]:
    """Rows whose p is surely over `alpha`.

    No p is under 2 ** -count; half of all signs give a sum of 0 or more; and a sum of random signs lies a standard deviation
    down at least 1 time in 20 (Oleszkiewicz 1996).
    """
    over: NDArray[np.bool_] = (z >= 0) | (np.exp2(-np.minimum(count, 1000.0)) > alpha)
    return over | (z >= -1) if alpha <= 1 / 20 else over


def _normal(z: float, excess: float) -> float:
    density = math.exp(-z * z / 2) / math.sqrt(2 * math.pi)
    return min(1.0, max(0.0, float(special.ndtr(z)) - density * excess / 24 * (z**3 - 3 * z)))
