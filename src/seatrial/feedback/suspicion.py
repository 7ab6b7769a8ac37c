"""Suspicion "too few positives": Spiegelhalter's statistic as sums, its p, and the wealth of a year's bets.

The statistic is sum (p - y) |1 - 2p| (Spiegelhalter 1986, one-sided for too few positives). Confidences are held within
.001 .. .999: a stated certainty is tested as .999, so one failure among hundreds does not refute it and nothing divides
by zero.
"""

from __future__ import annotations

import hashlib
import math
from typing import TYPE_CHECKING

import numpy as np
from scipy import special

from seatrial.stats.calibration.overconfidence import SHIFTS

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

LEAST, MOST = 0.001, 0.999
SMALL = 500
"""Rows up to this many decisions, and skewed ones, are simulated; the rest use one term of Edgeworth's expansion."""
SKEW = 0.15
MOST_SIMULATED = 50_000
ENOUGH = 100
_BATCH = 2_000_000


def kept(p: NDArray[np.float64]) -> NDArray[np.float64]:
    """Confidences within .001 .. .999."""
    return np.clip(p, LEAST, MOST)


def sums(p: NDArray[np.float64], y: NDArray[np.float64]) -> dict[str, NDArray[np.float64]]:
    """Per decision, what each sum of a row adds up."""
    q = kept(p)
    weight = np.abs(1 - 2 * q)
    variance = q * (1 - q)
    return {
        "positive": y,
        "stated": p,
        "shortfall": (q - y) * weight,
        "variance": weight**2 * variance,
        # Third central moment of p - y: -(p (1 - p) (1 - 2p)).
        "third": -(weight**3) * variance * (1 - 2 * q),
    }


def edgeworth(shortfall: float, variance: float, third: float) -> float:
    """P(statistic >= observed) under the stated confidence, by the normal law and one term for skewness."""
    z = shortfall / math.sqrt(variance)
    skew = third / variance**1.5
    upper = float(special.ndtr(-z)) + skew / 6 * (z * z - 1) * math.exp(-z * z / 2) / math.sqrt(2 * math.pi)
    return float(min(1.0, max(upper, float(special.ndtr(-z)) * 1e-3, 1e-300)))


def bennett(shortfall: float, variance: float) -> float:
    """Upper bound of the same chance that holds whatever the law (Bennett 1962): each term is at most 1 from its mean."""
    if shortfall <= 0:
        return 1.0
    u = shortfall / variance
    return math.exp(max(-700.0, -variance * ((1 + u) * math.log1p(u) - u)))


def tail(
    n: int,
    shortfall: float,
    variance: float,
    third: float,
    alpha: float,
    weight: float,
    sample: Callable[[], tuple[NDArray[np.float64], NDArray[np.float64]]],
) -> float | None:
    """One-sided p of a row; None where every confidence is 1/2 and the statistic says nothing.

    Args:
        n, shortfall, variance, third: the row's sums.
        alpha: level that the row must be able to reach.
        weight: the row's share of alpha, part of the seed.
        sample: its confidences and answers, called only where they are simulated.
    """
    if variance <= 0:
        return None
    bound = bennett(shortfall, variance)
    if bound < 1e-9:
        return bound
    if not is_simulated(n, variance, third):
        return edgeworth(shortfall, variance, third)
    p, y = sample()
    return simulated(p, y, alpha, weight)


def is_simulated(n: int, variance: float, third: float) -> bool:
    """Whether a row's p is drawn from its own decisions, because the expansion is not close enough."""
    return variance > 0 and (n <= SMALL or (abs(third) / variance**1.5 > SKEW and n <= MOST_SIMULATED))


def simulated(p: NDArray[np.float64], y: NDArray[np.float64], alpha: float, weight: float) -> float:
    """The same by drawing answers under the stated confidence (Phipson and Smyth 2010; stopped early as Besag and Clifford 1991).

    The seed is a hash of the sorted cells and the weight: the order of rows and the names of segments do not re-roll it.
    """
    order = np.lexsort((y, p))
    q, y = kept(p[order]), y[order]
    digest = hashlib.sha256(q.tobytes() + y.tobytes() + np.float64(round(weight, 12)).tobytes()).digest()
    rng = np.random.default_rng(int.from_bytes(digest[:8], "big"))
    scale = np.abs(1 - 2 * q)
    # Fewer positives, weighted: P(sum w y <= observed).
    observed = float(scale @ y) + 1e-9
    most = int(min(1_000_000, max(2_000, math.ceil(40 / max(alpha, 1e-9)))))
    at_least = drawn = 0
    step = max(200, min(20_000, _BATCH // max(1, q.size)))
    while drawn < most and at_least < ENOUGH:
        rows = min(step, most - drawn)
        positive = rng.random((rows, q.size), dtype=np.float32) < q.astype(np.float32)
        at_least += int((positive @ scale.astype(np.float64) <= observed).sum())
        drawn += rows
    return (at_least + 1) / (drawn + 1)


def bets(p: NDArray[np.float64], y: NDArray[np.float64]) -> list[NDArray[np.float64]]:
    """Log growth of each bet per decision.

    Per decision and shift s the wealth grows by q / p on a positive and (1 - q) / (1 - p) on a negative, with
    q = max(p - s, p / 2): its expectation is at most 1 where positives are at least as likely as stated, so no honest
    classifier expects to gain (Ville 1939).
    """
    q = kept(p)
    grown = []
    for shift in SHIFTS:
        lower = np.maximum(q - shift, q / 2)
        grown.append(np.where(y == 1, np.log(lower / q), np.log1p((q - lower) / (1 - q))))
    return grown


def floor_bets(floors: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Log growth of each bet against a band's floor on a positive and on a negative, (bands, bets); 0 where no floor is."""
    ones = np.ones(floors.size)
    tested = (floors > 0)[:, None]
    return (
        np.where(tested, np.stack(bets(floors, ones), axis=1), 0.0),
        np.where(tested, np.stack(bets(floors, 0 * ones), axis=1), 0.0),
    )


def evidence(wealth: NDArray[np.float64]) -> NDArray[np.float64]:
    """log e after each day, from cumulated log wealth (days, bets): a mixture of processes that begin later.

    One begins with the year and holds half the stake; one begins with every further block of 30 days and holds
    1 / ((j + 1)(j + 2)) of it; each is worth 1 until it begins, so the mixture is an e-process too. Without them a
    classifier that goes wrong in July must first lose what it won by June.
    """
    days = wealth.shape[0]
    if days == 0:
        return np.zeros(0)
    starts = range(0, days, 30)
    shares = 1 / ((np.arange(len(starts)) + 1.0) * (np.arange(len(starts)) + 2.0))
    parts = np.zeros((len(starts) + 1, days))
    parts[0] = math.log(max(1e-300, 1 - float(shares.sum())))
    for j, (start, share) in enumerate(zip(starts, shares, strict=True), 1):
        base = wealth[start - 1] if start else np.zeros(wealth.shape[1])
        own = wealth[start:] - base
        top = own.max(axis=1)
        parts[j, start:] = top + np.log(np.exp(own - top[:, None]).mean(axis=1))
        parts[j] += math.log(share)
    top = parts.max(axis=0)
    return np.asarray(top + np.log(np.exp(parts - top).sum(axis=0)))
