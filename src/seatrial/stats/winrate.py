"""Win rate: wins plus half the ties over all comparisons, with its error and the exact test beside it."""

from __future__ import annotations

import math
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from seatrial.stats.fair_binomial import FEW, heads
from seatrial.stats.interval import CannotTell
from seatrial.stats.validate import finite

if TYPE_CHECKING:
    from numpy.typing import ArrayLike


@dataclass(frozen=True, slots=True)
class WinRate:
    """A win rate (0..1) over `n` comparisons, and its standard error; None where all came out alike and spread is unknown."""

    rate: float
    standard_error: float | None
    n: int


def win_rate(wins: int, ties: int, losses: int) -> WinRate | CannotTell:
    """(W + T / 2) / n with standard error sqrt((W + T / 4) / n - rate^2) / sqrt(n).

    Assumes one verdict an example: verdicts in both orders, of several judges or of repetitions share their example; average
    them into one score each and use `bootstrap` (40 examples x 5 verdicts, intra-class correlation .5: .127 instead of .025).
    """
    check_verdicts(wins, ties, losses)
    n = wins + ties + losses
    if n == 0:
        return CannotTell("no comparison")
    rate = (wins + ties / 2) / n
    if n in (wins, ties, losses):
        return WinRate(rate, None, n)
    return WinRate(rate, math.sqrt((wins + ties / 4) / n - rate * rate) / math.sqrt(n), n)


def score_rate(scores: ArrayLike) -> WinRate | CannotTell:
    """Mean of per-example scores in 0..1 with standard error: sample deviation (n - 1) over sqrt(n).

    Scores are what a judge gives beyond win, tie and loss: its probability of a win, or the mean over orders, judges and
    repetitions of one example. On whole verdicts it is `win_rate`, whose error divides by n.
    """
    x = finite("scores", scores)
    if x.size and (x.min() < 0 or x.max() > 1):
        raise ValueError("scores must lie in 0..1")
    if x.size == 0:
        return CannotTell("no comparison")
    alike = x.size < 2 or float(np.ptp(x)) < 1e-12
    return WinRate(float(x.mean()), None if alike else float(x.std(ddof=1)) / math.sqrt(x.size), int(x.size))


def sign_test(wins: int, losses: int) -> float | CannotTell:
    """Exact one-sided p that wins are no likelier than losses: P(Bin(wins + losses, 1/2) >= wins); ties are left out.

    It can reach .025 only from 6 decided comparisons on, .05 from 5: a bootstrap cannot say that.
    """
    check_verdicts(wins, 0, losses)
    if wins + losses == 0:
        return CannotTell("no comparison was decided")
    if wins == 0:
        return 1.0
    if wins + losses > FEW:
        with suppress(ImportError):
            from scipy import special  # noqa: PLC0415 - quicker for many, and not needed by a gate of few

            return float(special.betainc(wins, losses + 1, 0.5))
    return heads(wins, wins + losses).at_least


def check_verdicts(wins: int, ties: int, losses: int) -> None:
    """Refuse counts that are negative, fractional or not numbers."""
    if not all(0 <= count < math.inf and count == int(count) for count in (wins, ties, losses)):
        raise ValueError(f"verdicts must be whole counts, not negative, got {wins}, {ties}, {losses}")
