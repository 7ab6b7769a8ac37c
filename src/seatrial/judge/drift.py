"""Drift: control pairs judged once more; a judge that now prefers the other answer too often is no longer the licensed one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from seatrial.errors import DataError
from seatrial.judge.votes import verdict_words
from seatrial.stats.interval import CannotTell
from seatrial.stats.proportions import clopper_pearson
from seatrial.verdict import Verdict

if TYPE_CHECKING:
    from seatrial.judge.votes import Pair
    from seatrial.table import Table

MOST = 0.10
"""Share of control pairs with another verdict that a judge may have without losing its licence."""

LEVEL = 0.90
"""Two-sided, so that each end holds at one-sided .05."""


@dataclass(frozen=True, slots=True)
class JudgeDrift:
    """Verdicts before and now.

    Attributes:
        flips: control pairs with another verdict now: won, tied or lost.
        of: control pairs with a verdict before and now.
        missing: control pairs without a verdict now.
        low: one-sided .05 lower bound of the share of flips.
        high: upper bound.
        most: share that is tolerated.
        pairs: the pairs that flipped, with their word before and now.
    """

    flips: int
    of: int
    missing: int
    low: float
    high: float
    most: float
    pairs: tuple[tuple[Pair, str, str], ...]

    @property
    def verdict(self) -> Verdict:
        """FAIL where more than the tolerated share is proven, PASS where less is, else INCONCLUSIVE."""
        if self.low > self.most:
            return Verdict.FAIL
        return Verdict.PASS if self.high < self.most else Verdict.INCONCLUSIVE


def drift_of(before: Table, now: Table, most: float = MOST) -> JudgeDrift:
    """Compare two verdict tables of one judge on the pairs that the first has decided.

    Raises:
        DataError: they are by two judges, or have no pair in common.
    """
    names = [set(table.codes("judge").values) if table.has("judge") else set[str]() for table in (before, now)]
    if names[0] != names[1]:
        raise DataError(
            f"{before.source} is by {', '.join(sorted(names[0])) or 'an unnamed judge'} and {now.source} by "
            f"{', '.join(sorted(names[1])) or 'an unnamed judge'}: another version is another judge, which needs a licence of its own"
        )
    first, second = verdict_words(before), verdict_words(now)
    both = [pair for pair in first if pair in second]
    if not both:
        raise DataError(f"{before.source} and {now.source} have no decided pair in common")
    flipped = tuple((pair, first[pair], second[pair]) for pair in both if first[pair] != second[pair])
    ends = clopper_pearson(len(flipped), len(both), LEVEL)
    assert not isinstance(ends, CannotTell)  # noqa: S101 - there is a pair
    return JudgeDrift(len(flipped), len(both), len(first) - len(both), ends.low, ends.high, most, flipped)
