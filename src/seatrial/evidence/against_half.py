"""Against one half: the scores of one row, 1 won, 0.5 tied, 0 lost, at the worst and best case of what is missing."""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from seatrial.stats.bootstrap import interval, resample
from seatrial.stats.interval import CannotTell, Interval
from seatrial.stats.normal import quantile
from seatrial.stats.paired import sign_flip
from seatrial.stats.proportions import wilson
from seatrial.stats.winrate import score_rate, sign_test
from seatrial.vote import ALPHA, ShipRule

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

EVEN = 1e-9
"""A score this close to 0.5 is a tie."""

FEW = 50
"""Below so many examples the bootstrap's bound is too bold for "not worse": the wider of it and Wilson's is taken."""


@dataclass(frozen=True, slots=True)
class Rules:
    """Levels of a win rate; fixed before looking.

    Attributes:
        ship_rule: what must be shown.
        margin: how far under one half a critical segment may lie with `NONINFERIOR`, as a share.
        alpha: one-sided level of every row; all rows that count must clear, so there is no correction.
        min_decided: examples that must not be ties before anything is proven.
        min_consistency: a judge proven to agree with itself less often than this, over the two orders, decides nothing.
    """

    ship_rule: ShipRule = ShipRule.SUPERIOR
    margin: float = 0.10
    alpha: float = ALPHA
    min_decided: int = 6
    min_consistency: float = 0.70


@dataclass(frozen=True, slots=True)
class Rate:
    """The win rate of one row; every rate and bound is a share for the candidate, None where it is not known.

    Attributes:
        segment: `overall` or `NAME=value`.
        critical: it was declared critical.
        planned: examples it should have.
        judged: examples with a score.
        rate: mean score of the judged.
        error: its standard error.
        ci: interval at 1 - 2 alpha of the judged.
        bounds: the rate were every missing example lost, and were every one won.
        wins, ties, losses: examples scored above, at and below one half.
        p_win: one-sided p against "no better than the baseline", missing counted as lost.
        p_loss: against "no worse", missing counted as won.
        clears: shown to be above one half (or above one half minus the margin, where that is the rule).
        loses: shown to be below one half.
        would_clear: it would clear if nothing were missing but what is.
        needs: examples it would need to show the rate it has, with power .8; None where the rate is not above what it must show.
    """

    segment: str
    critical: bool
    planned: int
    judged: int
    rate: float | None
    error: float | None
    ci: tuple[float, float] | None
    bounds: tuple[float, float]
    wins: int
    ties: int
    losses: int
    p_win: float | None
    p_loss: float | None
    clears: bool
    loses: bool
    would_clear: bool
    needs: int | None

    @property
    def missing(self) -> int:
        """Planned examples without a score."""
        return self.planned - self.judged

    @property
    def decided(self) -> int:
        """Judged examples that are not ties."""
        return self.wins + self.losses


def rate_of(scores: Floats, segment: str, rules: Rules, *, critical: bool = False) -> Rate:
    """Test one row.

    Clears: lower bootstrap bound over examples above one half, the exact sign test (sign-flip where scores are not all 0, .5 or
    1) at most `alpha`, and `min_decided` reached, all with the missing counted as lost. Loses: the mirror image, with the missing
    counted as won. The bootstrap alone would let 1 win of 1 clear; the test alone ignores ties.

    Args:
        scores: one per planned example, NaN where missing.
        segment: name of the row.
        rules: levels.
        critical: it is declared critical.
    """
    missing = np.isnan(scores)
    have = scores[~missing]
    target = 0.5 - rules.margin if critical and rules.ship_rule is ShipRule.NONINFERIOR else 0.5
    seen = _case(have, segment, rules.alpha)
    # Nothing is missing in most rows, and then the three cases are one.
    worst, best = (
        _case(np.where(missing, worth, scores), segment, rules.alpha) if missing.any() else seen for worth in (0.0, 1.0)
    )
    found = score_rate(have)
    rate, error = (None, None) if isinstance(found, CannotTell) else (found.rate, found.standard_error)
    known = rate is not None
    return Rate(
        segment=segment,
        critical=critical,
        planned=int(scores.size),
        judged=int(have.size),
        rate=rate,
        error=error,
        ci=None if seen.ends is None else (seen.ends.low, seen.ends.high),
        bounds=(worst.mean, best.mean),
        wins=int((have > 0.5 + EVEN).sum()),
        ties=int((np.abs(have - 0.5) <= EVEN).sum()),
        losses=int((have < 0.5 - EVEN).sum()),
        p_win=worst.p_win if known else None,
        p_loss=best.p_loss if known else None,
        clears=known and _clears(worst, rules, target),
        loses=known and _loses(best, rules),
        would_clear=known and _clears(seen, rules, target),
        needs=_needs(have, target, rules.alpha),
    )


@dataclass(frozen=True, slots=True)
class _Case:
    """One filling-in of what is missing, tested: interval of the mean, exact p of either side, examples decided."""

    n: int
    mean: float
    ends: Interval | None
    floor: float
    decided: int
    p_win: float | None
    p_loss: float | None


def _case(scores: Floats, segment: str, alpha: float) -> _Case:
    mean = float(scores.mean()) if scores.size else 0.5
    half = wilson(mean * scores.size, int(scores.size), 1 - 2 * alpha) if scores.size else None
    return _Case(
        n=int(scores.size),
        mean=mean,
        ends=_interval(scores, segment, alpha),
        floor=half.low if isinstance(half, Interval) else 0.0,
        decided=int((np.abs(scores - 0.5) > EVEN).sum()),
        p_win=_p(scores, segment, alpha),
        p_loss=_p(1 - scores, segment, alpha),
    )


def _clears(case: _Case, rules: Rules, target: float) -> bool:
    if case.ends is None:
        return False
    if target < 0.5:
        return (min(case.ends.low, case.floor) if case.n < FEW else case.ends.low) > target
    return case.ends.low > target and _proven(case.p_win, case, rules)


def _loses(case: _Case, rules: Rules) -> bool:
    return case.ends is not None and case.ends.high < 0.5 and _proven(case.p_loss, case, rules)


def _proven(p: float | None, case: _Case, rules: Rules) -> bool:
    return p is not None and p <= rules.alpha and case.decided >= rules.min_decided


def _interval(scores: Floats, segment: str, alpha: float) -> Interval | None:
    """Bootstrap over examples; Wilson on the half-points where they are all alike and resampling shows no spread."""
    if scores.size == 0:
        return None
    drawn = resample(scores, _rng(segment))
    found = drawn if isinstance(drawn, CannotTell) else interval(drawn, 1 - 2 * alpha)
    if isinstance(found, CannotTell):
        found = wilson(float(scores.sum()), int(scores.size), 1 - 2 * alpha)
    return None if isinstance(found, CannotTell) else found


def _p(scores: Floats, segment: str, alpha: float) -> float | None:
    """One-sided p that the scores lie no higher than one half."""
    d = scores - 0.5
    up, down = int((d > EVEN).sum()), int((d < -EVEN).sum())
    if up + down == 0:
        return None
    if np.all((np.abs(d) <= EVEN) | (np.abs(np.abs(d) - 0.5) <= EVEN)):
        found = sign_test(up, down)
        return None if isinstance(found, CannotTell) else found
    return sign_flip(-d, _rng(segment), alpha).p


def _needs(have: Floats, target: float, alpha: float) -> int | None:
    if have.size < 2 or have.mean() <= target:
        return None
    z = quantile(1 - alpha) + quantile(0.8)
    return max(6, math.ceil((z * float(have.std(ddof=1)) / (float(have.mean()) - target)) ** 2))


def _rng(segment: str) -> np.random.Generator:
    """The same draws for the same row, whatever else is in the table."""
    digest = hashlib.sha256(f"winrate:{segment}".encode()).digest()
    return np.random.default_rng(int.from_bytes(digest[:8], "big"))
