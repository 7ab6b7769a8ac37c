"""Rates: the share of comparisons a candidate wins, by the judge alone, by people alone, and by both together (PPI++)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from seatrial.judge.scores import scores_of
from seatrial.judge.votes import Pair, mean_votes
from seatrial.stats.interval import CannotTell, Interval
from seatrial.stats.normal import around
from seatrial.stats.ppi import ppi_mean
from seatrial.verdict import Verdict

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from seatrial.table import Table

    Floats = NDArray[np.float64]

OVERALL = "overall"
LEVEL = 0.95


@dataclass(frozen=True, slots=True)
class Estimate:
    """A rate with its interval; None where it cannot be told.

    Attributes:
        rate: share for the candidate, a tie as one half.
        low: lower end of the 95 % interval.
        high: upper end.
        why: why there is none; empty where there is one.
    """

    rate: float | None
    low: float | None
    high: float | None
    why: str = ""


@dataclass(frozen=True, slots=True)
class Rates:
    """One row: overall or a segment.

    Attributes:
        segment: its name.
        judged: examples with a score of the judge.
        labelled: of them, those that people have labelled.
        judge: mean of the judge's scores; its errors are in it.
        people: mean of the labels.
        both: the judge's mean corrected by the labels.
        power: how much the judge counts in `both`, 0..1; None where that cannot be told.
    """

    segment: str
    judged: int
    labelled: int
    judge: Estimate
    people: Estimate
    both: Estimate
    power: float | None

    @property
    def verdict(self) -> Verdict:
        """PASS where the corrected interval lies above one half, FAIL where it lies under, else INCONCLUSIVE."""
        if self.both.low is not None and self.both.low > 0.5:
            return Verdict.PASS
        return Verdict.FAIL if self.both.high is not None and self.both.high < 0.5 else Verdict.INCONCLUSIVE


def rates_of(labels: Table, verdicts: Table) -> tuple[Rates, ...]:
    """Rates overall and per segment of a verdict table of one candidate and one baseline.

    The labelled examples must be a random sample of all that were judged, in each segment whose row is read; of examples
    that were picked because they looked odd, no rate follows.

    Raises:
        DataError: a vote or a verdict is not what its column says.
    """
    scores = scores_of(verdicts)
    names = verdicts.codes("example_id").values
    version, baseline = (_only(verdicts, name) for name in ("version", "baseline"))
    votes = mean_votes(labels)
    label = np.array(
        [votes.get(Pair(name, version, baseline), votes.get(Pair(name, "", ""), np.nan)) for name in names]
    )
    found = [_rates(OVERALL, scores.score, label)]
    for dimension, codes in scores.segments.items():
        for place, value in enumerate(codes.values):
            mine = codes.index == place
            found.append(_rates(f"{dimension}={value}", scores.score[mine], label[mine]))
    return tuple(found)


def _rates(segment: str, score: Floats, label: Floats) -> Rates:
    judged = ~np.isnan(score)
    both = judged & ~np.isnan(label)
    combined = ppi_mean(label[both], score[both], score[judged & ~both])
    power = None
    if isinstance(combined, CannotTell):
        estimate = Estimate(None, None, None, combined.reason)
    else:
        estimate, power = _estimate(combined.estimate, combined.interval(LEVEL)), combined.power
    return Rates(segment, int(judged.sum()), int(both.sum()), _mean(score[judged]), _mean(label[both]), estimate, power)


def _mean(values: Floats) -> Estimate:
    if values.size < 2 or float(np.ptp(values)) == 0:
        rate = float(values.mean()) if values.size else None
        return Estimate(rate, None, None, "fewer than two different values, so its error is unknown")
    return _estimate(
        float(values.mean()), around(float(values.mean()), float(values.std()) / np.sqrt(values.size), LEVEL)
    )


def _estimate(rate: float, ends: Interval) -> Estimate:
    return Estimate(rate, max(0.0, ends.low), min(1.0, ends.high))


def _only(table: Table, name: str) -> str:
    values = table.codes(name).values if table.has(name) else ()
    return values[0] if len(values) == 1 else ""
