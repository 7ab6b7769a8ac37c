"""Plan a canary without a plan file: units until a regression is stopped, units until a margin is cleared."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from seatrial.experiment import Split
from seatrial.rollout.alpha import try_alpha
from seatrial.rollout.ramp_simulation import Ramp, Share, Stage, walk
from seatrial.rollout.ramp_simulation.walks import quantile

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from seatrial.rollout.ramp_simulation import Walks

FURTHEST = 20_000
"""Canary units that are looked ahead."""
NEARER = 2_000
"""Looked ahead first: a canary that is much worse is stopped by then."""
QUICK, ALMOST = 0.8, 0.97


@dataclass(frozen=True, slots=True)
class Canary:
    """What is asked of one cell of the traffic in one stage.

    Attributes:
        base: the control's rate of good outcomes.
        drop: what the canary truly lost.
        share: the canary's share of the cell's traffic.
        part: the cell's share of all traffic.
        alpha: of the whole rollout.
        critical: critical cells that share .8 of it; 0 = nothing is split.
        stages: stages that share the stakes.
        attempt: which try, from 0.
        dwell: canary units of the stage; None = not said.
        units_per_day: all traffic; None = no days.
    """

    base: float
    drop: float
    share: float = 0.1
    part: float = 1.0
    alpha: float = 0.05
    critical: int = 1
    stages: int = 1
    attempt: int = 0
    dwell: int | None = None
    units_per_day: float | None = None

    @property
    def threshold(self) -> float:
        """E at which the mean over the stages stops this cell: 1 / its alpha."""
        split = Split().critical / self.critical if self.critical > 1 or self.part < 1 else 1.0
        return 1 / (try_alpha(self.alpha, self.attempt) * split)

    @property
    def needed(self) -> float:
        """E that this stage's own process must reach for it in the last stage, where earlier ones won nothing."""
        return self.threshold * self.stages

    def days(self, units: float | None) -> float | None:
        """Canary units as days."""
        if units is None or self.units_per_day is None:
            return None
        return units / (self.units_per_day * self.part * self.share)


@dataclass(frozen=True, slots=True)
class Times:
    """Canary units by which half and four fifths of all runs are there; None beyond 20,000. `within` the dwell, if said."""

    median: float | None
    most: float | None
    within: Share | None


@dataclass(frozen=True, slots=True)
class Clearing:
    """One margin: units an unchanged canary needs to clear it, and the chance that the worse one clears it too."""

    margin: float
    times: Times
    worse_clears: Share


@dataclass(frozen=True, slots=True)
class CanaryPlan:
    """What was measured.

    Attributes:
        requested: as given.
        alone: stopping at 1 / alpha, nothing split: what is quoted of such methods.
        split: stopping at the E the rollout asks for.
        false_alarm: chance to stop an unchanged canary at any look within the dwell (20,000 canary units where none is said).
        clearings: per margin.
        curve: (canary units, chance to have stopped the worse canary by then), at the split threshold.
    """

    requested: Canary
    alone: Times
    split: Times
    false_alarm: Share
    clearings: tuple[Clearing, ...]
    curve: tuple[tuple[int, float], ...]


def plan_canary(
    requested: Canary,
    margins: Sequence[float],
    *,
    runs: int,
    rng: np.random.Generator,
    progress: Callable[[int, int], None] = lambda _done, _planned: None,
) -> CanaryPlan:
    """Simulate one cell: a canary that is worse by `drop` and one that changed nothing, looked at after every block."""
    planned = 3 + 2 * len(margins)
    steps = iter(range(1, planned + 1))

    def tell() -> None:
        progress(next(steps), planned)

    within = FURTHEST if requested.dwell is None else requested.dwell

    def stops(threshold: float) -> tuple[NDArray[np.float64], int]:
        """Canary units until each worse canary is stopped, and how far was looked."""
        for reach in (max(within, NEARER), max(within, FURTHEST)):
            ramp = _ramp(requested, threshold, None, reach)
            found = walk(ramp, np.array([[worse]]), runs, rng).stop_units[0, 0]
            if quantile(found, ALMOST) is not None:
                break
        tell()
        return found, reach

    def clears(margin: float, rate: float, reach: int) -> Walks:
        found = walk(_ramp(requested, requested.needed, margin, reach), np.array([[rate]]), runs, rng)
        tell()
        return found

    worse = requested.base - requested.drop
    alone, _ = stops(1 / requested.alpha)
    split, far = stops(requested.needed)
    null = walk(_ramp(requested, requested.needed, None, within), np.array([[requested.base]]), runs, rng)
    tell()
    clearings = []
    for margin in margins:
        unchanged, bad = clears(margin, requested.base, max(within, FURTHEST)), clears(margin, worse, far)
        passes = (bad.advance_units[0, 0] < bad.stop_units[0, 0]) & (bad.advance_units[0, 0] <= within)
        times = _times(unchanged.advance_units[0, 0], requested.dwell)
        clearings.append(Clearing(margin, times, Share(int(passes.sum()), runs)))
    at = sorted({*np.geomspace(10, max(100.0, quantile(split, 0.95) or FURTHEST), 40).astype(int).tolist()})
    return CanaryPlan(
        requested=requested,
        alone=_times(alone, requested.dwell),
        split=_times(split, requested.dwell),
        false_alarm=null.any_stop,
        clearings=tuple(clearings),
        curve=tuple((int(n), float((split <= n).mean())) for n in at),
    )


def _ramp(requested: Canary, threshold: float, margin: float | None, canary_units: int) -> Ramp:
    return Ramp(
        shares=np.ones(1),
        rates=np.array([[requested.base]]),
        stages=(Stage(requested.share, int(np.ceil(canary_units / requested.share)), margin or 0.0, 1.0),),
        thresholds=np.array([[threshold]]),
        pooled=np.array([np.inf]),
        advance=np.inf if margin is None else 1 / requested.alpha,
    )


def _times(units: NDArray[np.float64], dwell: int | None) -> Times:
    within = None if dwell is None else Share(int((units <= dwell).sum()), int(units.size))
    return Times(quantile(units, 0.5), quantile(units, QUICK), within)
