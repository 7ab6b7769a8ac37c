"""Confirm: simulated gates that test their suspicious rows on fresh repetitions, and the calls these take."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from seatrial.certify.cluster_means import draw_answers, look_at_answers
from seatrial.certify.simulate import look
from seatrial.gate.confirm import REPETITIONS, SCREEN

if TYPE_CHECKING:
    from seatrial.certify.design import Design
    from seatrial.certify.scenario import Truth
    from seatrial.gate.policy import Policy


@dataclass(frozen=True, slots=True)
class Confirming:
    """Chance that a gate with `--confirm` blocks by a score row, and the mean of the calls its fresh repetitions take."""

    power: float
    calls: float


def confirm(design: Design, policy: Policy, truth: Truth, gates: int, rng: np.random.Generator) -> Confirming:
    """Screen at p <= SCREEN with what there is, then test the suspicious rows on REPETITIONS fresh runs of their examples.

    Which examples broke is drawn anew for the second look, so a row that was lucky in its examples is not lucky twice:
    power is understated a little, never overstated.
    """
    everyone = np.arange(gates)
    suspicious, blocked = np.zeros((gates, len(design.segments)), dtype=bool), np.zeros(gates, dtype=bool)
    another = replace(truth, repetitions=REPETITIONS)
    for k in range(len(design.keys)):
        first = look(design, policy, truth, k, gates, rng)
        second = look_at_answers(design, k, draw_answers(design, another, k, gates, rng), REPETITIONS)
        for s in range(len(design.segments)):
            if design.alpha_row[k, s] > 0 and design.n[k, s]:
                doubted = first.p_best(s, everyone) <= max(SCREEN, policy.alpha)
                suspicious[:, s] |= doubted
                blocked |= doubted & second.fails[:, s]
    # An example is repeated once, however many of its rows are suspicious.
    repeated = (suspicious.astype(np.int64) @ design.member > 0) @ np.bincount(design.cell, minlength=len(design.names))
    return Confirming(float(blocked.mean()), float(2 * REPETITIONS * repeated.mean()))
