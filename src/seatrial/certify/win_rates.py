"""Win rates of a policy: how often a judge's rule lets an unchanged, a truly better or a worse candidate clear, by simulation.

Every example is won, tied or lost independently; segments overlap as the design's do. A judge that errs only blurs the true
rate, so the rate is that of its verdicts.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from seatrial.evidence.against_half import rate_of
from seatrial.gate.row import OVERALL
from seatrial.gate.winrate import rules_of
from seatrial.stats.winrate import sign_test
from seatrial.vote import ShipRule

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from seatrial.certify.design import Design
    from seatrial.evidence.against_half import Rules
    from seatrial.gate.policy import JudgeRule

RATES = (0.5, 0.55, 0.6, 0.7)
FAR, MANY = 3.5, 50
"""A mean so many standard errors from one half, of so many decided examples, has its bootstrap bound beyond one half."""

TIES = 0.2
"""Share of ties that is assumed where nothing says otherwise."""


@dataclass(frozen=True, slots=True)
class WinRateCertificate:
    """What one judge's rule does on one design.

    Attributes:
        judge: its name.
        rows: (segment, examples) of the rows that count: overall and every critical one.
        ties: assumed share of ties.
        gates: simulated candidates per rate.
        clears: (true win rate, share of such candidates that clear), in order; the first is that of an unchanged one.
        loses: share of unchanged candidates that are shown to lose.
    """

    judge: str
    rows: tuple[tuple[str, int], ...]
    ties: float
    gates: int
    clears: tuple[tuple[float, float], ...]
    loses: float


def certify_win_rate(
    design: Design,
    rule: JudgeRule,
    *,
    rng: np.random.Generator,
    gates: int = 200,
    ties: float = TIES,
    rates: tuple[float, ...] = RATES,
) -> WinRateCertificate:
    """Simulate one judge's rule on a design.

    Args:
        design: examples in joint cells.
        rule: of the policy.
        rng: draws.
        gates: simulated candidates per rate.
        ties: share of examples on which neither answer is preferred.
        rates: true win rates, ties counted as one half; the first is an unchanged candidate's.
    """
    counting = [s for s, name in enumerate(design.segments) if name == OVERALL or design.critical[s]]
    sizes = np.bincount(design.cell, minlength=len(design.names))
    member = design.member[counting]
    names = [design.segments[s] for s in counting]
    judge = _Judge(rules_of(rule))
    found, loses = [], 0.0
    for i, rate in enumerate(rates):
        drawn = _draw(rng, sizes, rate, ties, gates)
        shown = losses = 0
        for one in drawn:
            rows = (judge.row(name, *map(int, counts)) for name, counts in zip(names, member @ one, strict=True))
            if i:  # only of an unchanged candidate both are asked
                shown += all(row[0] for row in rows)
                continue
            both = list(rows)
            shown += all(row[0] for row in both)
            losses += any(row[1] for row in both)
        found.append((rate, shown / gates))
        loses = losses / gates if i == 0 else loses
    return WinRateCertificate(
        rule.name, tuple(zip(names, map(int, member @ sizes), strict=True)), ties, gates, tuple(found), loses
    )


def _draw(
    rng: np.random.Generator, sizes: NDArray[np.int64], rate: float, ties: float, gates: int
) -> NDArray[np.int64]:
    """Won, tied and lost examples per gate and joint cell."""
    tied = min(ties, 2 * min(rate, 1 - rate))
    shares = (rate - tied / 2, tied, max(0.0, 1 - rate - tied / 2))
    return np.stack([rng.multinomial(n, shares, size=gates) for n in sizes.tolist()], axis=1)


def _undecided(won: int, missing_cells: int, alpha: float) -> bool:
    found = [sign_test(*pair) for pair in ((won, missing_cells), (missing_cells, won))]
    return not any(isinstance(p, float) and p <= alpha for p in found)


class _Judge:
    """A rule's answer by counts, each asked once."""

    def __init__(self, rules: Rules) -> None:
        superior = rules.ship_rule is ShipRule.SUPERIOR

        @cache
        def row(segment: str, won: int, tied: int, missing_cells: int) -> tuple[bool, bool]:
            scores = np.repeat([1.0, 0.5, 0.0], [won, tied, missing_cells])
            if not scores.size or (superior and _undecided(won, missing_cells, rules.alpha)):
                return False, False  # without the exact test no bootstrap clears or loses, and it is cheap to ask first
            far = (float(scores.mean()) - 0.5) / max(float(scores.std()) / np.sqrt(scores.size), 1e-9)
            if superior and abs(far) > FAR and won + missing_cells >= MANY:
                return far > 0, far < 0
            found = rate_of(scores, segment, rules, critical=segment != OVERALL)
            return found.clears, found.loses

        self.row = row
