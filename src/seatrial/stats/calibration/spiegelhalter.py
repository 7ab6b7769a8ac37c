"""Spiegelhalter's z: one test of all stated probabilities at once, without bins."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from seatrial.stats.argument import forecasts
from seatrial.stats.interval import CannotTell
from seatrial.stats.normal import p_of

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

Suspicion = Literal["miscalibrated", "over-confident"]
SUSPICIONS: tuple[Suspicion, ...] = ("miscalibrated", "over-confident")


@dataclass(frozen=True, slots=True)
class Spiegelhalter:
    """z (positive = stated probabilities too extreme) and p: two-sided for `miscalibrated`, upper tail for `over-confident`."""

    z: float
    p: float
    n: int


def spiegelhalter(p: ArrayLike, y: ArrayLike, suspicion: Suspicion = "miscalibrated") -> Spiegelhalter | CannotTell:
    """z = sum (y - p)(1 - 2p) / root of sum (1 - 2p)^2 p (1 - p) (Spiegelhalter 1986, Statistics in Medicine 5:421).

    Compares the Brier score with what the probabilities promise of themselves. Over-confident means too far from 1/2:
    for stated probabilities above 1/2, fewer positives than stated. A confidence below 1/2 with even fewer positives
    counts *towards* calm, so for a classifier whose confidences go below 1/2 use `overconfidence` or bands. Assumes
    independent decisions, each of which entered at the same age; n of 30 or more. Probabilities of 1/2 say nothing; all
    of them (or all certain and right) is "cannot tell". One stated certainty that came out wrong refutes calibration: z
    is infinite.
    """
    if suspicion not in SUSPICIONS:
        raise ValueError(f"suspicion {suspicion!r} is unknown; choose one of: {', '.join(SUSPICIONS)}")
    p_, y_ = forecasts(p, y)
    if p_.size == 0:
        return CannotTell("no forecast")
    alternative: Literal["two-sided", "larger"] = "two-sided" if suspicion == "miscalibrated" else "larger"
    if np.any(np.abs(y_ - p_) == 1):
        return Spiegelhalter(math.inf, 0.0, int(p_.size))
    tilt = 1 - 2 * p_
    variance = float(np.sort(tilt**2 * p_ * (1 - p_)).sum())
    if variance == 0:
        return CannotTell("every stated probability is 0, 1/2 or 1, where the statistic has no variance")
    z = float(np.sort((y_ - p_) * tilt).sum()) / math.sqrt(variance)
    return Spiegelhalter(z, p_of(z, alternative), int(p_.size))
