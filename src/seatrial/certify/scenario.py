"""Truth: what is so in a simulated world, and the law of one example's answers that follows from it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from scipy import special

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Cells:
    """Rate and churn that differ: arrays of keys x joint cells."""

    rate: NDArray[np.float64]
    churn: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Truth:
    """What is so in the simulated world.

    An example that broke outright passes every run of the baseline and fails every run of the candidate; every other one
    has a chance to pass of its own (beta over examples), which both versions share: two of its runs disagree with chance
    `churn`. Broken outright is the hardest kind of drop to see through repetitions, so power is not flattered.

    Attributes:
        churn: chance that two runs of an example disagree; half of them flip each way when nothing changed.
        rate: the baseline's pass rate.
        missing: share of cells nobody measures, each arm, independently.
        segment: segment that truly dropped; None when nothing did.
        drop: by how much (share): the share of its examples that broke outright.
        all_keys: whether every key drops there, or only the leading one.
        repetitions: runs per example and arm.
        icc: correlation of the answers of two examples of one cluster: with chance sqrt(icc) each answers as its cluster does.
        hits: zero-tolerance key -> chance that one run is called a hit though nothing changed.
        lost: key -> share of its cells nobody measures, in place of `missing`.
        cells: rate and churn per key and joint cell, in place of the two numbers.
        rate_known: the pass rate was measured or given; a floor says nothing of an assumed one.
    """

    churn: float
    rate: float = 0.8
    missing: float = 0.0
    segment: str | None = None
    drop: float = 0.0
    all_keys: bool = False
    repetitions: int = 1
    icc: float = 0.0
    hits: Mapping[str, float] = field(default_factory=dict)
    missing_cells: Mapping[str, float] = field(default_factory=dict)
    cells: Cells | None = None
    rate_known: bool = True

    def missing_of(self, key: str) -> float:
        """Share of the key's cells that nobody measures."""
        return self.missing_cells.get(key, self.missing)

    def at(self, key: int, cell: int) -> tuple[float, float]:
        """(rate, churn) of one key on one joint cell."""
        if self.cells is None:
            return self.rate, self.churn
        return float(self.cells.rate[key, cell]), float(self.cells.churn[key, cell])


def most_churn(rate: float) -> float:
    """How often two runs of an example can disagree at most, when `rate` of all runs pass: every example the same coin."""
    return 2 * rate * (1 - rate)


def joint_law(rate: float, churn: float, drop: float, repetitions: int) -> NDArray[np.float64]:
    """P(passes of the baseline, passes of the candidate), each of `repetitions`, as a square array that sums to 1.

    A share `drop` (at most `rate`) passes throughout and then fails throughout. The rest is beta-binomial in both arms,
    with the mean that keeps the baseline at `rate`, and with two runs disagreeing with chance `churn` (at most what the
    mean leaves room for).
    """
    r = repetitions
    drop = min(drop, rate)
    mean = (rate - drop) / (1 - drop) if drop < 1 else 0.0
    churn = min(churn, most_churn(mean))
    law = np.zeros((r + 1, r + 1))
    if churn <= 0:
        law[0, 0], law[r, r] = 1 - mean, mean
    else:
        k = np.arange(r + 1)
        ways = special.gammaln(r + 1) - special.gammaln(k + 1) - special.gammaln(r - k + 1)
        passed = k[:, None] + k[None, :]
        # 1 - rho, the part of an answer's variance that two runs of one example do not share.
        own = churn / most_churn(mean)
        if own >= 1 - 1e-9:
            tail = passed * np.log(mean) + (2 * r - passed) * np.log1p(-mean)
        else:
            a, b = mean * own / (1 - own), (1 - mean) * own / (1 - own)
            tail = special.betaln(a + passed, b + 2 * r - passed) - special.betaln(a, b)
        law = np.exp(ways[:, None] + ways[None, :] + tail)
    law *= (1 - drop) / law.sum()
    law[r, 0] += drop
    return law
