"""Simulate: whole rollouts on made-up traffic, decided by the real fold, judge and ladder."""

from __future__ import annotations

import heapq
import math
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from seatrial.rollout.evidence import Block, Evidence, Exposed, fold
from seatrial.rollout.judge import findings
from seatrial.rollout.ladder import FALLS, Move, apply, step
from seatrial.rollout.ramp_simulation.walks import Share, quantile
from seatrial.rollout.sentence import duration
from seatrial.rollout.state import Mode, first_state
from seatrial.wording import percent

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    from numpy.typing import NDArray

    from seatrial.rollout.ladder import Step
    from seatrial.rollout.rules import Rules
    from seatrial.rollout.state import State

    Truth = Callable[[str, str, str, float, float], float]
    Traffic = Callable[[str, float, float], float]

SHOWN = 5
"""Rollouts of a simulation that are kept as they went, for a picture."""
CONTROL, CANDIDATE = "control", "candidate"


@dataclass(frozen=True, slots=True)
class Effect:
    """What the candidate truly does to one metric.

    Attributes:
        drop: how much lower its rate of good outcomes is.
        cell: where; empty: everywhere.
        metric: in which metric; empty: the primary one.
        from_share: only from this share of the traffic on ("breaks only at 25 %").
        after: only from so many seconds after the start on (delayed harm).
        throttle: part of the cell's traffic that is turned away while the candidate answers some of it: it uses up a limit
            that both versions share, so units of both are missing.
    """

    drop: float
    cell: str = ""
    metric: str = ""
    from_share: float = 0.0
    after: float = 0.0
    throttle: float = 0.0

    def holds(self, cell: str, share: float, now: float) -> bool:
        """Whether it acts in a cell at that share and time."""
        return self.cell in ("", cell) and share >= self.from_share and now >= self.after


@dataclass(frozen=True)
class Played:
    """One simulated rollout.

    Attributes:
        state: at its end.
        moves: (time, step) of everything but holds.
        exposed: per cell, candidate units until it was first rolled back, or until the end.
        ended: seconds from the start to the end.
    """

    state: State
    moves: tuple[tuple[float, Step], ...]
    exposed: dict[str, int] = field(default_factory=dict)
    ended: float = 0.0

    def rolled_back(self, cell: str = "") -> bool:
        """Whether this cell (or any) was ever rolled back."""
        return any(one.move in FALLS and cell in ("", one.cell) for _, one in self.moves)

    def arrived(self, cell: str) -> bool:
        """Whether the cell ended on all of its traffic."""
        return self.state.cell(cell).mode is Mode.DONE


def truth_of(rules: Rules, effects: tuple[Effect, ...] = (), drift: float = 0.0) -> Truth:
    """Rates of good outcomes: the plan's for the control, less the effects for the candidate.

    Args:
        rules: of the rollout.
        effects: what the candidate truly does.
        drift: what every rate gains a day, in both arms: the world changes, and neither version is worse.
    """
    primary = rules.metrics[0].name
    index = {metric.name: i for i, metric in enumerate(rules.metrics)}

    def rate(cell: str, arm: str, metric: str, share: float, now: float) -> float:
        base = min(1.0, max(0.0, rules.cell(cell).rates[index[metric]] + drift * now / 86400))
        if arm == CONTROL:
            return base
        missing = sum(
            effect.drop for effect in effects if (effect.metric or primary) == metric and effect.holds(cell, share, now)
        )
        return min(1.0, max(0.0, base - missing))

    return rate


def traffic_of(effects: tuple[Effect, ...] = ()) -> Traffic:
    """(cell, share, seconds since the start) -> part of the cell's traffic that is not turned away."""

    def left(cell: str, share: float, now: float) -> float:
        return math.prod(1 - effect.throttle for effect in effects if share > 0 and effect.holds(cell, share, now))

    return left


def play(
    rules: Rules,
    truth: Truth,
    rng: np.random.Generator,
    *,
    units_per_day: float,
    every: float = 300.0,
    days: float = 30.0,
    traffic: Traffic = lambda *_: 1.0,
) -> Played:
    """One rollout from its start until every cell is done or rolled back, or the days are over.

    Args:
        rules: of the rollout; a shadow stage is passed over.
        truth: (cell, arm, metric, share, seconds since the start) -> rate of good outcomes.
        rng: drawn from.
        units_per_day: of all cells.
        every: seconds between two looks; the units between them make one block a cell.
        days: longest duration.
        traffic: (cell, share, seconds since the start) -> part of the traffic that arrives.
    """
    state = first_state(rules, 0.0)
    if rules.shadow.units:
        state = first_state(_without_shadow(rules), 0.0)
    waiting: list[tuple[float, int, Block]] = []
    moves: list[tuple[float, Step]] = []
    exposed = dict.fromkeys((cell.name for cell in rules.cells), 0)
    now, count = 0.0, 0
    while now < days * 86400:
        begin, now = now, now + every
        seen = []
        for cell, plan in zip(state.cells, rules.cells, strict=True):
            share = rules.share(cell.rung)
            arriving = units_per_day * plan.share * traffic(cell.cell, share, begin)
            n = int(rng.poisson(arriving * every / 86400))
            new = int(rng.binomial(n, share))
            seen.append(Exposed(cell.cell, cell.attempt, cell.rung, n - new, new))
            if not any(one.move in FALLS and one.cell == cell.cell for _, one in moves):
                exposed[cell.cell] += new
            if rules.stage(cell.rung) is None:
                continue
            for metric in rules.metrics:
                good = int(rng.binomial(new, truth(cell.cell, CANDIDATE, metric.name, share, begin)))
                kept = int(rng.binomial(n - new, truth(cell.cell, CONTROL, metric.name, share, begin)))
                block = Block(
                    int(begin // 60), cell.cell, metric.name, cell.attempt, cell.rung, good, new - good, kept, n - new - kept
                )  # fmt: skip
                count += 1
                heapq.heappush(waiting, (now + metric.horizon, count, block))
        ripe = []
        while waiting and waiting[0][0] <= now:
            ripe.append(heapq.heappop(waiting)[2])
        evidence = Evidence(now, state.closed, tuple(seen), tuple(ripe))
        state = fold(rules, state, evidence)
        steps = step(rules, state, findings(rules, state, evidence), now)
        state = apply(rules, state, steps)
        moves += [(now, one) for one in steps if one.move is not Move.HOLD]
        if all(cell.mode in (Mode.DONE, Mode.ROLLED_BACK) for cell in state.cells):
            break
    return Played(state, tuple(moves), exposed, now)


@dataclass(frozen=True)
class Simulated:
    """Many rollouts under one truth.

    Attributes:
        rolled_back: share of rollouts in which any cell was.
        cells: what became of each cell.
        shown: the first rollouts as they went.
    """

    rolled_back: Share
    cells: tuple[CellRates, ...]
    shown: tuple[Played, ...] = ()


@dataclass(frozen=True, slots=True)
class CellRates:
    """One cell over many rollouts; a median is over all of them, and None where fewer than half were rolled back.

    Attributes:
        cell: its name.
        rolled_back: how many rolled it back.
        arrived: in how many it ended on all of its traffic.
        units: median of the candidate units until it was rolled back.
        days: median of the time until then.
        arrival_days: median of the time until it had arrived; None where fewer than half did.
        ends: (share of the traffic, how many ended there), the lowest share first.
        falls: seconds until it was rolled back, of every rollout that did.
    """

    cell: str
    rolled_back: Share
    arrived: Share
    units: float | None
    days: float | None
    arrival_days: float | None = None
    ends: tuple[tuple[float, Share], ...] = ()
    falls: tuple[float, ...] = ()


def simulate(
    rules: Rules,
    truth: Truth,
    runs: int,
    rng: np.random.Generator,
    *,
    units_per_day: float,
    every: float = 300.0,
    days: float = 30.0,
    traffic: Traffic = lambda *_: 1.0,
    progress: Callable[[int, int], None] = lambda _done, _planned: None,
) -> Simulated:
    """`play` so many times."""
    played = []
    for k in range(runs):
        played.append(play(rules, truth, rng, units_per_day=units_per_day, every=every, days=days, traffic=traffic))
        progress(k + 1, runs)
    return Simulated(
        Share(sum(one.rolled_back() for one in played), runs),
        tuple(_rates(rules, cell.name, played) for cell in rules.cells),
        tuple(played[:SHOWN]),
    )


def _rates(rules: Rules, cell: str, played: list[Played]) -> CellRates:
    import numpy as np  # noqa: PLC0415 - loaded already

    runs = len(played)
    falls = np.array([_first(one, cell, FALLS) for one in played], dtype=float)
    fell = np.isfinite(falls)
    units = np.where(fell, [one.exposed[cell] for one in played], np.inf)
    ends = Counter(rules.share(one.state.cell(cell).rung) for one in played)
    return CellRates(
        cell,
        Share(int(fell.sum()), runs),
        Share(sum(one.arrived(cell) for one in played), runs),
        quantile(units, 0.5),
        _median_days(falls),
        _median_days(np.array([_first(one, cell, (Move.DONE,)) for one in played], dtype=float)),
        tuple((share, Share(n, runs)) for share, n in sorted(ends.items())),
        tuple(falls[fell].tolist()),
    )


def simulated_data(found: Simulated) -> dict[str, Any]:
    """The result as plain data, `seatrial/rollout-simulation/1`."""
    return {
        "schema": "seatrial/rollout-simulation/1",
        "runs": found.rolled_back.runs,
        "rolled_back": found.rolled_back.rate,
        "cells": [
            {
                "cell": one.cell,
                "rolled_back": one.rolled_back.rate,
                "arrived": one.arrived.rate,
                "median_candidate_units": one.units,
                "median_days": one.days,
                "median_days_to_arrive": one.arrival_days,
                "final_shares": [{"share": share, "rate": of.rate} for share, of in one.ends],
            }
            for one in found.cells
        ],
    }


def simulated_lines(found: Simulated) -> list[str]:
    """The result in words."""
    lines = [f"{percent(found.rolled_back.rate)} of {found.rolled_back.runs:,} rollouts rolled a cell back"]
    for one in found.cells:
        when = came = ""
        if one.units is not None and one.days is not None:
            when = f", in the median after {one.units:,.0f} candidate units and {duration(one.days * 86400)}"
        if one.arrival_days is not None:
            came = f" (in the median after {duration(one.arrival_days * 86400)})"
        ends = ", ".join(f"at {percent(share)} in {percent(of.rate)}" for share, of in one.ends)
        lines.append(
            f"{one.cell}: rolled back {percent(one.rolled_back.rate)}{when}, arrived {percent(one.arrived.rate)}{came}; ends {ends}"
        )
    return lines


def _first(played: Played, cell: str, moves: tuple[Move, ...]) -> float:
    """Seconds until the cell's first such move; inf where it made none."""
    return next((at for at, one in played.moves if one.cell == cell and one.move in moves), math.inf)


def _median_days(seconds: NDArray[np.float64]) -> float | None:
    middle = quantile(seconds, 0.5)
    return None if middle is None else middle / 86400


def _without_shadow(rules: Rules) -> Rules:
    from dataclasses import replace  # noqa: PLC0415 - only here

    from seatrial.experiment.plan import Shadow  # noqa: PLC0415

    return replace(rules, shadow=Shadow())
