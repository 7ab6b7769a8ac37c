"""Kolmogorov and Smirnov's distance between two windows of a continuous value."""

from __future__ import annotations

import math
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from scipy import special

from seatrial.stats.interval import CannotTell
from seatrial.stats.validate import finite

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

Law = Literal["asymptotic", "exact"]
LAWS: tuple[Law, ...] = ("asymptotic", "exact")


@dataclass(frozen=True, slots=True)
class KolmogorovSmirnov:
    """Largest distance of the two empirical distribution functions (0..1) and its two-sided p."""

    distance: float
    p: float


def kolmogorov_smirnov(a: ArrayLike, b: ArrayLike, law: Law = "asymptotic") -> KolmogorovSmirnov | CannotTell:
    """Two-sample test (Smirnov 1939).

    `asymptotic` is Kolmogorov's limit, too large where it matters (p under .09) for windows under about 50; `exact`
    enumerates (scipy, loaded when called) and suits windows up to a few thousand. Ties make both conservative: for a
    score of few values use `psi`. Sees any change of shape, weakly in the tails; with tens of thousands of items it
    flags differences nobody cares about, so read the distance too.
    """
    if law not in LAWS:
        raise ValueError(f"law {law!r} is unknown; choose one of: {', '.join(LAWS)}")
    first, second = np.sort(finite("first window", a)), np.sort(finite("second window", b))
    if first.size == 0 or second.size == 0:
        return CannotTell("a window holds nothing")
    at = np.concatenate([first, second])
    below_first = np.searchsorted(first, at, side="right") / first.size
    below_second = np.searchsorted(second, at, side="right") / second.size
    distance = float(np.abs(below_first - below_second).max())
    if law == "exact":
        from scipy.stats import ks_2samp  # noqa: PLC0415 - scipy.stats is heavy and only this path needs it

        with warnings.catch_warnings():
            # Where its enumeration fails scipy warns and hands out the limit law instead.
            warnings.simplefilter("error", RuntimeWarning)
            try:
                return KolmogorovSmirnov(distance, float(ks_2samp(first, second, method="exact").pvalue))
            except RuntimeWarning:
                return CannotTell("the exact law could not be enumerated for these windows; use the asymptotic one")
    scale = math.sqrt(first.size * second.size / (first.size + second.size))
    return KolmogorovSmirnov(distance, float(special.kolmogorov(scale * distance)))
