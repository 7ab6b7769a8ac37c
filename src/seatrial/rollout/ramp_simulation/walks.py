"""Walks: what many simulated walks up one ramp did."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from seatrial.stats.interval import CannotTell
from seatrial.stats.proportions import wilson

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from seatrial.stats.interval import Interval


@dataclass(frozen=True, slots=True)
class Share:
    """A simulated probability: `count` of `runs`."""

    count: int
    runs: int

    @property
    def rate(self) -> float:
        """The share itself."""
        return self.count / self.runs

    @property
    def error(self) -> float:
        """Its standard error."""
        return math.sqrt(self.rate * (1 - self.rate) / self.runs)

    @property
    def interval(self) -> Interval | CannotTell:
        """Its 95 % interval: what the simulation itself does not know."""
        return wilson(self.count, self.runs)


@dataclass(frozen=True)
class Walks:
    """One entry a run on the last axis; inf stands for "not within the stage's time", never for a number.

    Attributes:
        stopped: runs; whether any process alarmed at any look, every stage watched until its time is up.
        stop_units: stages x cells x runs; canary units of the cell, within the stage, until the cell's own rows stop it on
            this stage's evidence alone (what earlier stages won is not counted).
        pooled_units: stages x runs; canary units of all cells until the pooled rows stop everything, likewise.
        advance_units: stages x cells x runs; canary units until every metric is shown not worse than the stage's margin.
        reached: cells x runs; stages the cell has left upwards, moving on as soon as it may: all of them = it arrived.
        rolled_back: cells x runs; whether it was stopped on the way (it neither arrived nor was stopped where it waits).
        traffic: cells x runs; units of all traffic until it arrived, was stopped, or its stage's time was up.
    """

    stopped: NDArray[np.bool_]
    stop_units: NDArray[np.float64]
    pooled_units: NDArray[np.float64]
    advance_units: NDArray[np.float64]
    reached: NDArray[np.int64]
    rolled_back: NDArray[np.bool_]
    traffic: NDArray[np.float64]

    @property
    def runs(self) -> int:
        """How many walks were drawn."""
        return int(self.stopped.size)

    @property
    def any_stop(self) -> Share:
        """Chance that anything is stopped at all: the false rollback rate where nothing changed."""
        return self._share(self.stopped)

    def stop(self, stage: int, cell: int) -> Share:
        """Chance that this cell is stopped within this stage's time, by this stage's evidence alone."""
        return self._share(np.isfinite(self.stop_units[stage, cell]))

    def pooled_stop(self, stage: int) -> Share:
        """Chance that the pooled rows stop everything within this stage's time, by its evidence alone."""
        return self._share(np.isfinite(self.pooled_units[stage]))

    def advance(self, stage: int, cell: int) -> Share:
        """Chance that the cell clears this stage's margin within its time, before its own rows stop it."""
        return self._share(self.advance_units[stage, cell] < self.stop_units[stage, cell])

    def arrive(self, cell: int) -> Share:
        """Chance that the cell passes every stage."""
        return self._share(self.reached[cell] == self.stop_units.shape[0])

    def roll_back(self, cell: int) -> Share:
        """Chance that the cell is stopped on its way."""
        return self._share(self.rolled_back[cell])

    def stop_quantile(self, stage: int, cell: int, q: float) -> float | None:
        """Canary units by which a share `q` of all runs has stopped; None when fewer ever do."""
        return quantile(self.stop_units[stage, cell], q)

    def advance_quantile(self, stage: int, cell: int, q: float) -> float | None:
        """Canary units by which a share `q` of all runs has cleared the margin; None when fewer ever do."""
        return quantile(self.advance_units[stage, cell], q)

    def _share(self, happened: NDArray[np.bool_]) -> Share:
        return Share(int(happened.sum()), self.runs)


def quantile(times: NDArray[np.float64], q: float) -> float | None:
    """The smallest time by which a share `q` (0..1) of `times` is over; None where it never is (inf)."""
    if not 0 < q < 1:
        raise ValueError(f"q must lie in (0, 1), got {q}")
    if not times.size:
        return None
    found = float(np.sort(times)[math.ceil(q * times.size) - 1])
    return found if math.isfinite(found) else None
