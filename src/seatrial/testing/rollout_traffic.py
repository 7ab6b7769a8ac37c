"""Rollout traffic: seeded requests under a rollout's present shares, with their outcomes, written into a store.

serve(store, rules, state, truth, rng, begin=t, seconds=3600, units_per_day=20_000)

The real assignment decides who gets the candidate; `truth` says how often each version's outcomes are good.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from seatrial.experiment.assign import ALGORITHM, exposed, hash64, limit
from seatrial.store.exposures import Exposure, write_exposures
from seatrial.store.outcomes import OutcomeEvent, write_outcomes

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np

    from seatrial.outcome.metric import Metric
    from seatrial.rollout.rules import Rules
    from seatrial.rollout.state import State
    from seatrial.store.engine import Store

    Truth = Callable[[str, str, str, float], float]


def serve(
    store: Store,
    rules: Rules,
    state: State,
    truth: Truth,
    rng: np.random.Generator,
    *,
    begin: float,
    seconds: float,
    units_per_day: float,
    hashes: tuple[str, str] = ("c1", "k1"),
    delay: float = 0.0,
) -> int:
    """Write the exposures and outcomes of a stretch of traffic; returns how many units there were.

    Args:
        store: where.
        rules: of the rollout.
        state: says every cell's share; cells at 0 % and on all traffic are recorded too.
        truth: (cell, arm, metric, share) -> rate of good outcomes.
        rng: drawn from.
        begin: start, seconds since 1970.
        seconds: how long.
        units_per_day: of all cells.
        hashes: contents of control and candidate.
        delay: seconds from exposure to outcome, in the mean.
    """
    n = int(rng.poisson(units_per_day * seconds / 86400))
    at = begin + sorted_uniform(rng, n) * seconds
    cells = rng.choice(len(rules.cells), n, p=[cell.share for cell in rules.cells])
    salt = hash64(rules.rollout)
    ends = [limit(rules.share(cell.rung)) for cell in state.cells]
    exposures, outcomes = [], []
    for i, (moment, k) in enumerate(zip(at.tolist(), cells.tolist(), strict=True)):
        cell = state.cells[k]
        unit = f"{rules.rollout}/{begin:.0f}/{i}"
        arm = "candidate" if exposed(unit, salt, ends[k]) else "control"
        exposures.append(
            Exposure(
                event_id=unit,
                rollout=rules.rollout,
                unit=unit,
                thread_id=unit,
                cell=cell.cell,
                arm=arm,
                attempt=cell.attempt,
                rung=cell.rung,
                exposed_at=moment,
                content=hashes[arm == "candidate"],
                algorithm=ALGORITHM,
            )
        )
        for metric in rules.metrics:
            good = rng.random() < truth(cell.cell, arm, metric.name, rules.share(cell.rung))
            later = float(rng.exponential(delay)) if delay else 0.0
            label = _label(metric, good)
            outcomes.append(
                OutcomeEvent(
                    f"{unit}/{metric.name}", unit, metric.source.name, label, moment + min(later, metric.horizon)
                )
            )
    write_exposures(store, exposures, now=begin + seconds)
    write_outcomes(store, outcomes)
    return n


def _label(metric: Metric, good: bool) -> str:
    if metric.source.over is not None:
        return f"{metric.source.over * (0.5 if good else 2.0):g}"
    return "1" if good == (metric.direction == "up") else "0"


def sorted_uniform(rng: np.random.Generator, n: int) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Times of arrival within one stretch, in order."""
    found = rng.random(n)
    found.sort()
    return found
