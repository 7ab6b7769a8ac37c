"""Nights that should be alike: evidence that a system which was not touched answers worse than it did before."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from seatrial.stats.validate import complete, finite, numbers

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

EXPONENTS = (0.3, 0.5, 0.7, 0.9)
"""Bets: each raises rank / nights to its exponent; a small one wins much on a few very low ranks, a large one loses little."""
FIRST = 0.5
"""Stake of the process that bets from the first night; every later night shares the rest."""


def night_logs(scores: ArrayLike) -> NDArray[np.float64]:
    """Log growth of each bet by night and unit, from the rank of its score among its own nights so far.

    Under "nothing changed" a unit's nights are exchangeable, so the rank of the latest is uniform whatever came before
    (Vovk, Gammerman & Shafer 2005), and a bet e = exponent * rank^(exponent - 1) has expectation 1. Equal scores give an
    interval of ranks; the bet is worth its mean over it, so a score that never moves wins and loses nothing and no draw is
    needed. Units must be independent of one another within a night: hand in clusters.

    Args:
        scores: nights x units, NaN where a unit was not measured that night; such a night says nothing of the unit.

    Returns:
        nights x units x bets.
    """
    found = numbers("scores", scores)
    if found.ndim != 2:
        raise ValueError(f"scores are nights x units, got {found.ndim} dimensions")
    if np.isinf(found).any():
        raise ValueError("scores must be finite, or NaN where a unit was not measured")
    out = np.zeros((*found.shape, len(EXPONENTS)))
    for night in range(1, found.shape[0]):
        now, so_far = found[night], found[: night + 1]
        there = ~np.isnan(now)
        known = (~np.isnan(so_far)).sum(axis=0)
        with np.errstate(invalid="ignore"):
            less = (so_far < now).sum(axis=0)
            equal = (so_far == now).sum(axis=0)
        use = there & (equal < known)  # all equal so far: the interval is everything
        low, high = less[use] / known[use], (less + equal)[use] / known[use]
        for i, exponent in enumerate(EXPONENTS):
            out[night, use, i] = np.log((high**exponent - low**exponent) / (high - low))
    return out


def year_evidence(logs: ArrayLike, *, nights: int = 366) -> NDArray[np.float64]:
    """log e after each night: a mixture over bets and over the night on which betting begins.

    Half of the stake bets from the first night on, and each night of the year begins with an equal share of the rest, so that
    a change in November is found although ten quiet months lost a little every night. e >= 1 / alpha is ever reached with
    probability alpha at most (Ville 1939).

    Args:
        logs: nights x bets, log growth.
        nights: most nights of the year that may begin a bet.
    """
    grown = numbers("logs", logs)
    complete("nights", nights)
    if grown.ndim != 2 or grown.size == 0:
        return np.zeros(0)
    finite("logs", grown)
    count = grown.shape[0]
    if count > nights:
        raise ValueError(f"{count} nights, and the stake is shared by {nights}")
    wealth = np.vstack([np.zeros((1, grown.shape[1])), np.cumsum(grown, axis=0)])
    later = (1 - FIRST) / nights
    out = np.empty(count)
    for night in range(1, count + 1):
        # Begun before night j, so worth what has grown since.
        begun = wealth[night] - wealth[:night]
        shares = np.full(night, math.log(later))
        shares[0] = math.log(FIRST + later)
        parts = (begun + shares[:, None]).ravel() - math.log(grown.shape[1])
        waiting = later * (nights - night)
        everything = np.append(parts, math.log(waiting)) if waiting > 0 else parts
        top = everything.max()
        out[night - 1] = top + math.log(np.exp(everything - top).sum())
    return out
