"""Rollout certificate: what a ramp does to canaries that changed nothing and to one that must be stopped."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from seatrial.rollout.alpha import try_alpha
from seatrial.rollout.ramp import ramp_of
from seatrial.rollout.ramp_simulation import Ramp, Share, Stage, walk
from seatrial.rollout.ramp_simulation.walks import quantile
from seatrial.stats.power import POWER

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from seatrial.experiment import RolloutPlan
    from seatrial.rollout.ramp_simulation import Walks

ALL = "all traffic"
_REACH = (2_000, 20_000)
"""Canary units looked ahead, the nearer first: most regressions are stopped by then."""
_LOOKED_AHEAD = 1_000


@dataclass(frozen=True, slots=True)
class Detectable:
    """One cell in one stage (or all traffic): what it sees before the stage's dwell is over.

    Attributes:
        stage: which, from 0.
        cell: its name, or `all traffic`.
        answers: whether the stage is blind when this one is.
        units: canary units it gets within the dwell.
        threshold: E at which the mean over stages stops it.
        stops: chance to stop a canary that is `must_stop` worse, on this stage's evidence alone.
        stop_median: canary units by which half of these have stopped; None when fewer do within the dwell.
        advances: chance that a canary that changed nothing clears the margin within the dwell; None for all traffic.
        advance_median: canary units by which half of these have; None likewise.
        lets_pass: chance that a canary that is `must_stop` worse clears the margin; None likewise.
        needs: units of all traffic with which the chance to stop would be .8; None where it is, or where none was found.
    """

    stage: int
    cell: str
    answers: bool
    units: int
    threshold: float
    stops: Share
    stop_median: float | None
    advances: Share | None
    advance_median: float | None
    lets_pass: Share | None
    needs: int | None

    @property
    def blind(self) -> bool:
        """It answers for its stage, and cannot."""
        return self.answers and self.stops.rate < POWER


@dataclass(frozen=True, slots=True)
class Journey:
    """One cell from the first stage on: chances to arrive at the whole traffic, and to be rolled back on the way."""

    cell: str
    critical: bool
    unchanged_arrives: Share
    unchanged_rolled_back: Share
    worse_arrives: Share
    worse_rolled_back: Share


@dataclass(frozen=True, slots=True)
class Curve:
    """One stage's chance to stop by true drop: (drop, share of canaries stopped), for the first cell that answers."""

    stage: int
    cell: str
    points: tuple[tuple[float, float], ...]


@dataclass(frozen=True)
class RolloutCertificate:
    """What was measured on one plan.

    Attributes:
        plan: as read.
        attempt: which try, 0 = the first.
        alpha: what this try may spend.
        false_rollback: chance that anything is rolled back where nothing changed, every stage watched for its whole dwell.
        sights: per stage and cell, then all traffic.
        journeys: per cell.
        traffic: units of all traffic, in the median, until every cell of an unchanged canary has arrived; None when half
            of them do not all arrive.
        longest: units of all traffic when every stage takes its whole dwell.
        curves: per stage; empty unless asked for.
        horizon: seconds that a stage's last units wait for their outcomes; None: not known.
    """

    plan: RolloutPlan
    attempt: int
    alpha: float
    false_rollback: Share
    detectables: tuple[Detectable, ...]
    journeys: tuple[Journey, ...]
    traffic: float | None
    longest: int
    curves: tuple[Curve, ...]
    horizon: float | None = None

    @property
    def blind(self) -> tuple[int, ...]:
        """Stages, from 0, that cannot stop `must_stop` with chance .8 within their dwell."""
        return tuple(sorted({detectable.stage for detectable in self.detectables if detectable.blind}))

    @property
    def kept(self) -> bool:
        """Whether the plan keeps what it promises."""
        return self.false_rollback.rate <= self.alpha and not self.blind

    def days(self, units: float | None) -> float | None:
        """Units of all traffic as days; None where either is not known."""
        return None if units is None or self.plan.units_per_day is None else units / self.plan.units_per_day

    @property
    def waits(self) -> float | None:
        """Days that all stages together wait for the outcomes of their last units; None where the horizon is not known."""
        return None if self.horizon is None else len(self.plan.stages) * self.horizon / 86_400

    def arrives(self, units: float | None) -> float | None:
        """Days of these units of all traffic and of what every stage waits besides; None where one is not known."""
        days = self.days(units)
        return None if days is None or self.waits is None else days + self.waits


def certify_rollout(
    plan: RolloutPlan,
    *,
    runs: int,
    rng: np.random.Generator,
    attempt: int = 0,
    drops: Sequence[float] = (),
    horizon: float | None = None,
    progress: Callable[[int, int], None] = lambda _done, _planned: None,
) -> RolloutCertificate:
    """Simulate the plan on canaries that changed nothing and on canaries that are `must_stop` worse in the primary metric.

    Args:
        plan: the rules.
        runs: simulated canaries each.
        rng: drawn from.
        attempt: which try of the candidate's line, 0 = the first.
        drops: true drops for `curves`.
        horizon: seconds after which an outcome is known, the longest of the plan's metrics; None: not known.
        progress: told (stages simulated, stages planned).
    """
    ramp, steps = ramp_of(plan, attempt), len(plan.stages)
    grid = sorted({round(d, 9) for d in drops if d <= ramp.rates[:, 0].min()} - {plan.must_stop})
    planned = steps * (2 + len(grid))

    def drawn(k: int, drop: float) -> Walks:
        return walk(ramp, _worse(ramp, drop), runs, rng, lambda done, _: progress(k * steps + done, planned))

    walks = [drawn(k, drop) for k, drop in enumerate((0.0, plan.must_stop, *grid))]
    null, bad = walks[:2]
    critical = any(cell.critical for cell in plan.cells)
    detectables = []
    for s in range(steps):
        for i, cell in enumerate(plan.cells):
            answers = cell.critical or len(plan.cells) == 1
            detectables.append(_detectable(plan, ramp, s, i, answers, null, bad, rng))
        if len(plan.cells) > 1:
            detectables.append(_complete(plan, ramp, s, not critical, bad, rng))
    return RolloutCertificate(
        plan=plan,
        attempt=attempt,
        alpha=try_alpha(plan.alpha, attempt),
        false_rollback=null.any_stop,
        detectables=tuple(detectables),
        journeys=tuple(
            Journey(c.name, c.critical, null.arrive(i), null.roll_back(i), bad.arrive(i), bad.roll_back(i))
            for i, c in enumerate(plan.cells)
        ),
        traffic=quantile(np.where((null.reached == steps).all(axis=0), null.traffic.max(axis=0), np.inf), 0.5),
        longest=sum(stage.units for stage in plan.stages),
        curves=_curves(plan, dict(zip((0.0, plan.must_stop, *grid), walks, strict=True))) if drops else (),
        horizon=horizon,
    )


def _worse(ramp: Ramp, drop: float) -> NDArray[np.float64]:
    canary = ramp.rates.copy()
    canary[:, 0] -= drop
    return np.maximum(canary, 0.0)


def _detectable(
    plan: RolloutPlan, ramp: Ramp, s: int, i: int, answers: bool, null: Walks, bad: Walks, rng: np.random.Generator
) -> Detectable:
    cell, stage = plan.cells[i], plan.stages[s]
    threshold, stops = float(ramp.thresholds[i, 0]), bad.stop(s, i)
    short = answers and stops.rate < POWER
    return Detectable(
        stage=s,
        cell=cell.name,
        answers=answers,
        units=int(stage.units * cell.share * stage.share),
        threshold=threshold,
        stops=stops,
        stop_median=bad.stop_quantile(s, i, 0.5),
        advances=null.advance(s, i),
        advance_median=null.advance_quantile(s, i, 0.5),
        lets_pass=bad.advance(s, i),
        needs=_needs(plan, ramp, s, cell.rates[0], threshold, cell.share, rng) if short else None,
    )


def _complete(plan: RolloutPlan, ramp: Ramp, s: int, answers: bool, bad: Walks, rng: np.random.Generator) -> Detectable:
    stage, threshold, stops = plan.stages[s], float(ramp.pooled[0]), bad.pooled_stop(s)
    rate = float(ramp.shares @ ramp.rates[:, 0])
    short = answers and stops.rate < POWER
    return Detectable(
        stage=s,
        cell=ALL,
        answers=answers,
        units=int(stage.units * stage.share),
        threshold=threshold,
        stops=stops,
        stop_median=quantile(bad.pooled_units[s], 0.5),
        advances=None,
        advance_median=None,
        lets_pass=None,
        needs=_needs(plan, ramp, s, rate, threshold, 1.0, rng) if short else None,
    )


def _needs(
    plan: RolloutPlan, ramp: Ramp, s: int, rate: float, threshold: float, part: float, rng: np.random.Generator
) -> int | None:
    """Units of all traffic by which .8 of the canaries that must be stopped have been; None beyond 20,000 canary units."""
    stage = ramp.stages[s]
    later = sum(following.weight for following in ramp.stages[s + 1 :])
    for reach in _REACH:
        alone = Ramp(
            shares=np.ones(1),
            rates=np.array([[rate]]),
            stages=(Stage(stage.share, int(reach / stage.share), 0.0, 1.0),),
            thresholds=np.array([[(threshold - later) / stage.weight]]),
            pooled=np.array([np.inf]),
            advance=np.inf,
        )
        found = walk(alone, np.array([[rate - plan.must_stop]]), _LOOKED_AHEAD, rng).stop_quantile(0, 0, POWER)
        if found is not None:
            return int(np.ceil(found / (part * stage.share)))
    return None


def _curves(plan: RolloutPlan, walks: dict[float, Walks]) -> tuple[Curve, ...]:
    i = next((i for i, cell in enumerate(plan.cells) if cell.critical), 0)
    return tuple(
        Curve(s, plan.cells[i].name, tuple((drop, walks[drop].stop(s, i).rate) for drop in sorted(walks)))
        for s in range(len(plan.stages))
    )
