"""Spiegelhalter's z: one test of all stated probabilities at once, without bins."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from seatrial.stats.interval import CannotTell
from seatrial.stats.normal import p_of
from seatrial.stats.validate import forecasts

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

Suspicion = Literal["miscalibrated", "over-confident", "too-few-positives"]
SUSPICIONS: tuple[Suspicion, ...] = ("miscalibrated", "over-confident", "too-few-positives")


@dataclass(frozen=True, slots=True)
class Spiegelhalter:
    """z and p. z > 0: stated probabilities too extreme, or for `too-few-positives` too high; p is two-sided for `miscalibrated`."""

    z: float
    p: float
    n: int


def spiegelhalter(p: ArrayLike, y: ArrayLike, suspicion: Suspicion = "miscalibrated") -> Spiegelhalter | CannotTell:
    """z = sum (y - p)(1 - 2p) / root of sum (1 - 2p)^2 p (1 - p) (Spiegelhalter 1986, Statistics in Medicine 5:421).

    Compares the Brier score with what the probabilities promise of themselves. `over-confident` means too far from 1/2:
    for stated probabilities above 1/2, fewer positives than stated, below 1/2 *more* of them. A confidence of .4 with no
    positive at all therefore counts towards calm there. What a gate on a classifier asks is `too-few-positives`: the same
    statistic with |1 - 2p| for a weight, z > 0 where fewer positives came than was stated on either side of 1/2; the two are one
    where no confidence lies under 1/2. For looks every night take `overconfidence`. Assumes
    independent decisions, each of which entered at the same age; n of 30 or more: high confidences are skewed, and a one-sided
    .05 is .067 at 30 and .057 at 100 where they are .9 in the mean (4,000 runs; at .01 .02 and .015). Probabilities of 1/2 say nothing; all
    of them (or all certain and right) is "cannot tell". One stated certainty that came out wrong refutes calibration: z
    is infinite.
    """
    if suspicion not in SUSPICIONS:
        raise ValueError(f"suspicion {suspicion!r} is unknown; choose one of: {', '.join(SUSPICIONS)}")
    p_, y_ = forecasts(p, y)
    if p_.size == 0:
        return CannotTell("no forecast")
    alternative: Literal["two-sided", "larger"] = "two-sided" if suspicion == "miscalibrated" else "larger"
    few = suspicion == "too-few-positives"
    if np.any((p_ - y_ if few else np.abs(y_ - p_)) == 1):
        return Spiegelhalter(math.inf, 0.0, int(p_.size))
    tilt = 1 - 2 * p_
    variance = float(np.sort(tilt**2 * p_ * (1 - p_)).sum())
    if variance == 0:
        return CannotTell("every stated probability is 0, 1/2 or 1, where the statistic has no variance")
    missing = (p_ - y_) * np.abs(tilt) if few else (y_ - p_) * tilt
    z = float(np.sort(missing).sum()) / math.sqrt(variance)
    return Spiegelhalter(z, p_of(z, alternative), int(p_.size))
