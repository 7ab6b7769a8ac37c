"""Cells: counts and sums of every row of the family, from units or from a database that aggregated them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from seatrial.feedback.suspicion import day_logs, sums
from seatrial.outcome import Answer
from seatrial.table import Codes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

    from seatrial.feedback.rules import FeedbackRules
    from seatrial.feedback.units import Units


@dataclass(frozen=True, slots=True, order=True)
class RowKey:
    """Which decisions a row is about; empty parts mean all of them."""

    classifier: str
    verdict: str = ""
    dimension: str = ""
    value: str = ""

    @property
    def segment(self) -> str:
        """`overall`, or `NAME=value`, after the verdict where the row is about one."""
        parts = [f"verdict={self.verdict}"] if self.verdict else []
        parts += [f"{self.dimension}={self.value}"] if self.dimension else []
        return " · ".join(parts) or "overall"


@dataclass(frozen=True, slots=True)
class BandCount:
    """Answered decisions of one confidence band: how many, how many positive, sum of stated confidence."""

    n: int
    positive: int
    stated: float


@dataclass(frozen=True, slots=True)
class Cell:
    """One row's counts and sums.

    Attributes:
        key: which decisions.
        n: answered decisions (positive or negative, past their horizon).
        positive: positive ones.
        stated: sum of their stated confidence.
        shortfall: sum of (p - y) |1 - 2p|, p the confidence held within .001 .. .999.
        variance: its variance under the stated confidence.
        third: its third central moment.
        bands: one per band of the classifier.
        neutral: decisions past their horizon whose label says nothing.
        missing: decisions past their horizon of which nothing came.
        immature: decisions whose horizon has not passed.
        waiting: sum of the stated confidence of the immature ones.
        days: cumulated log wealth per day of the year and bet; None for a fixed window.
        band_days: the same per band, betting against its floor.
        sample: confidences and answers, read only where the row is small.
    """

    key: RowKey
    n: int
    positive: int
    stated: float
    shortfall: float
    variance: float
    third: float
    bands: tuple[BandCount, ...]
    neutral: int
    missing: int
    immature: int
    waiting: float
    days: NDArray[np.float64] | None
    band_days: tuple[NDArray[np.float64], ...]
    sample: Callable[[], tuple[NDArray[np.float64], NDArray[np.float64]]]


@dataclass(frozen=True, slots=True)
class Histogram:
    """One classifier's answered decisions by hundredth of stated confidence."""

    classifier: str
    n: NDArray[np.float64]
    positive: NDArray[np.float64]
    stated: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Year:
    """The days of a yearly gate: when it begins, and how many days have passed."""

    begin: float
    days: int


def cells_of(units: Units, rules: FeedbackRules, year: Year | None) -> list[Cell]:
    """Every row: each classifier over all, by verdict, by segment, and by both.

    Decisions that entered before the year began stay out of it, answered or not.
    """
    found: list[Cell] = []
    for code, name in enumerate(units.classifier.values):
        mine = units.classifier.index == code
        if year is not None:
            mine &= units.entered >= year.begin
        rows = np.flatnonzero(mine)
        if rows.size:
            found += _classifier(units, name, rows, rules, year)
    return found


def _classifier(
    units: Units, name: str, rows: NDArray[np.int64], rules: FeedbackRules, year: Year | None
) -> Iterator[Cell]:
    p, state = units.confidence[rows], units.state[rows]
    answered = state <= Answer.POSITIVE
    facts = _Facts(
        p,
        np.where(answered, state, 0).astype(np.float64),
        answered,
        (state == Answer.NEUTRAL) & ~units.silent[rows],
        (state == Answer.NEUTRAL) & units.silent[rows],
        state == Answer.IMMATURE,
        band_of(p, rules.of(name).edges),
        rules.of(name).floors,
        None if year is None else np.floor((units.entered[rows] - year.begin) / 86400).astype(np.int64),
        0 if year is None else year.days,
    )
    for (verdict, dimension), (labels, group) in _groupings(units, rows).items():
        yield from facts.cells(name, verdict, dimension, labels, group)


def _groupings(
    units: Units, rows: NDArray[np.int64]
) -> dict[tuple[bool, str], tuple[list[tuple[str, str]], NDArray[np.int64]]]:
    """(by verdict, dimension) -> ((verdict, value) of each group, group of each row)."""
    verdict = Codes(units.verdict.values, units.verdict.index[rows]).used()
    several = len(verdict.values) > 1
    out: dict[tuple[bool, str], tuple[list[tuple[str, str]], NDArray[np.int64]]] = {}
    out[False, ""] = ([("", "")], np.zeros(rows.size, np.int64))
    if several:
        out[True, ""] = ([(one, "") for one in verdict.values], verdict.index.astype(np.int64))
    for dimension, codes in units.segments.items():
        mine = Codes(codes.values, codes.index[rows]).used()
        if len(mine.values) < 2:
            continue  # the only value of a dimension is the overall row again
        out[False, dimension] = ([("", one) for one in mine.values], mine.index.astype(np.int64))
        if several:
            width = len(mine.values)
            both = np.where(verdict.index < 0, -1, verdict.index.astype(np.int64) * width + mine.index)
            out[True, dimension] = ([(v, one) for v in verdict.values for one in mine.values], both)
    return out


def band_of(p: NDArray[np.float64], edges: tuple[float, ...]) -> NDArray[np.int64]:
    """Band of each confidence: its lower edge belongs to it, and the last band holds 1."""
    return np.clip(np.searchsorted(edges, p, side="right") - 1, 0, len(edges) - 2)


@dataclass(frozen=True, slots=True)
class _Facts:
    """One classifier's decisions as arrays."""

    p: NDArray[np.float64]
    y: NDArray[np.float64]
    answered: NDArray[np.bool_]
    neutral: NDArray[np.bool_]
    missing: NDArray[np.bool_]
    immature: NDArray[np.bool_]
    band: NDArray[np.int64]
    floors: tuple[float, ...]
    day: NDArray[np.int64] | None
    days: int

    def cells(
        self, classifier: str, by_verdict: bool, dimension: str, labels: list[tuple[str, str]], group: NDArray[np.int64]
    ) -> Iterator[Cell]:
        groups, bands = len(labels), len(self.floors)
        known = group >= 0
        use = self.answered & known
        g, p, y = group[use], self.p[use], self.y[use]
        total = {name: np.bincount(g, values, groups) for name, values in sums(p, y).items()}
        in_band = np.bincount(g * bands + self.band[use], minlength=groups * bands).reshape(groups, bands)
        right = np.bincount(g * bands + self.band[use], y, groups * bands).reshape(groups, bands)
        wording = np.bincount(g * bands + self.band[use], p, groups * bands).reshape(groups, bands)
        wealth, band_wealth = self._wealth(g, use, groups)
        counts = [
            np.bincount(group[one & known], minlength=groups)
            for one in (self.answered, self.neutral, self.missing, self.immature)
        ]
        wait = self.immature & known
        waiting = np.bincount(group[wait], self.p[wait], groups)
        order = np.argsort(g, kind="stable")
        ends = np.concatenate([[0], np.cumsum(counts[0])])
        for i, (verdict, value) in enumerate(labels):
            if sum(int(one[i]) for one in counts) == 0:
                continue
            mine = order[ends[i] : ends[i + 1]]
            yield Cell(
                RowKey(classifier, verdict if by_verdict else "", dimension, value),
                int(counts[0][i]),
                round(float(total["positive"][i])),
                float(total["stated"][i]),
                float(total["shortfall"][i]),
                float(total["variance"][i]),
                float(total["third"][i]),
                tuple(
                    BandCount(int(in_band[i, b]), round(float(right[i, b])), float(wording[i, b])) for b in range(bands)
                ),
                int(counts[1][i]),
                int(counts[2][i]),
                int(counts[3][i]),
                float(waiting[i]),
                None if wealth is None else wealth[i],
                () if band_wealth is None else tuple(band_wealth[i]),
                partial(_sample, p, y, mine),
            )

    def _wealth(
        self, g: NDArray[np.int64], use: NDArray[np.bool_], groups: int
    ) -> tuple[NDArray[np.float64] | None, NDArray[np.float64] | None]:
        """Cumulated log wealth, (groups, days, bets), and the same by band, (groups, bands, days, bets)."""
        if self.day is None:
            return None, None
        day, bands = self.day[use], len(self.floors)
        own = day_logs(self.p[use], self.y[use], g, day, groups, self.days)
        floor = np.array(self.floors)[self.band[use]]
        tested = floor > 0
        by_band = day_logs(
            floor[tested],
            self.y[use][tested],
            (g * bands + self.band[use])[tested],
            day[tested],
            groups * bands,
            self.days,
        )
        return own, by_band.reshape(groups, bands, self.days, -1)


def _sample(
    p: NDArray[np.float64], y: NDArray[np.float64], rows: NDArray[np.int64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    return p[rows], y[rows]


def histograms(units: Units, year: Year | None) -> list[Histogram]:
    """Answered decisions of each classifier by hundredth of confidence."""
    out = []
    for code, name in enumerate(units.classifier.values):
        use = (units.classifier.index == code) & (units.state <= Answer.POSITIVE)
        if year is not None:
            use &= units.entered >= year.begin
        p = units.confidence[use]
        at = np.minimum((p * 100 + 1e-9).astype(np.int64), 99)
        y = units.state[use].astype(np.float64)
        out.append(
            Histogram(
                name,
                np.bincount(at, minlength=100).astype(np.float64),
                np.bincount(at, y, 100).astype(np.float64),
                np.bincount(at, p, 100).astype(np.float64),
            )
        )
    return out
