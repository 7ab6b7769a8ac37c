"""Cells: counts and sums of every row of the family, added up from what decisions, or a database's groups, say."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from seatrial.feedback.sums import Histogram, RowKey, Year, band_of, histograms_of, sums_of
from seatrial.feedback.suspicion import floor_bets
from seatrial.table import Codes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

    from seatrial.feedback.rules import FeedbackRules
    from seatrial.feedback.sums import Sample, Sums
    from seatrial.feedback.units import Units


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
    sample: Callable[[], Sample]


def cells_of(units: Units, rules: FeedbackRules, year: Year | None) -> list[Cell]:
    """Every row: each classifier over all, by verdict, by segment, and by both."""
    return cells_from(sums_of(units, rules, year), rules, 0 if year is None else year.days)


def cells_from(sums: Sums, rules: FeedbackRules, days: int) -> list[Cell]:
    """The same from sums.

    Args:
        sums: entries to add up.
        rules: floors of the bands.
        days: days of the year that have passed; 0 for a fixed window.
    """
    found: list[Cell] = []
    for code, name in enumerate(sums.classifier.values):
        rows = np.flatnonzero(sums.classifier.index == code)
        if rows.size:
            adding = _Adding(sums, name, rows, rules.of(name).floors, days)
            for (by_verdict, dimension), (labels, group) in _groupings(sums, rows).items():
                found += adding.cells(by_verdict, dimension, labels, group)
    return found


def _groupings(
    sums: Sums, rows: NDArray[np.int64]
) -> dict[tuple[bool, str], tuple[list[tuple[str, str]], NDArray[np.int64]]]:
    """(by verdict, dimension) -> ((verdict, value) of each group, group of each entry)."""
    verdict = Codes(sums.verdict.values, sums.verdict.index[rows]).used()
    several = len(verdict.values) > 1
    out: dict[tuple[bool, str], tuple[list[tuple[str, str]], NDArray[np.int64]]] = {}
    out[False, ""] = ([("", "")], np.zeros(rows.size, np.int64))
    if several:
        out[True, ""] = ([(one, "") for one in verdict.values], verdict.index.astype(np.int64))
    for dimension, codes in sums.segments.items():
        mine = Codes(codes.values, codes.index[rows]).used()
        if len(mine.values) < 2:
            continue  # the only value of a dimension is the overall row again
        out[False, dimension] = ([("", one) for one in mine.values], mine.index.astype(np.int64))
        if several:
            width = len(mine.values)
            both = np.where(verdict.index < 0, -1, verdict.index.astype(np.int64) * width + mine.index)
            out[True, dimension] = ([(v, one) for v in verdict.values for one in mine.values], both)
    return out


class _Adding:
    """One classifier's entries."""

    def __init__(
        self, sums: Sums, classifier: str, rows: NDArray[np.int64], floors: tuple[float, ...], days: int
    ) -> None:
        self._classifier, self._floors, self._days, self._sample = classifier, floors, days, sums.sample
        self._of = {name: values[rows] for name, values in sums.of.items()}
        self._band = sums.band[rows]
        self._day = None if sums.day is None else np.clip(sums.day[rows], 0, max(0, days - 1))
        self._logs = [grown[rows] for grown in sums.logs]

    def cells(
        self, by_verdict: bool, dimension: str, labels: list[tuple[str, str]], group: NDArray[np.int64]
    ) -> Iterator[Cell]:
        """A cell for each group that holds anything."""
        groups, bands = len(labels), len(self._floors)
        known = group >= 0
        g = group[known]
        of = {name: np.bincount(g, values[known], groups) for name, values in self._of.items()}
        place = g * bands + self._band[known]
        in_band, right, stated = (
            np.bincount(place, self._of[name][known], groups * bands).reshape(groups, bands)
            for name in ("answered", "positive", "stated")
        )
        wealth, band_wealth = self._wealth(g, place, known, groups)
        for i, (verdict, value) in enumerate(labels):
            if not any(of[name][i] for name in ("answered", "neutral", "missing", "immature")):
                continue
            key = RowKey(self._classifier, verdict if by_verdict else "", dimension, value)
            yield Cell(
                key,
                round(float(of["answered"][i])),
                round(float(of["positive"][i])),
                float(of["stated"][i]),
                float(of["shortfall"][i]),
                float(of["variance"][i]),
                float(of["third"][i]),
                tuple(
                    BandCount(round(float(in_band[i, b])), round(float(right[i, b])), float(stated[i, b]))
                    for b in range(bands)
                ),
                round(float(of["neutral"][i])),
                round(float(of["missing"][i])),
                round(float(of["immature"][i])),
                float(of["waiting"][i]),
                None if wealth is None else wealth[i],
                () if band_wealth is None else tuple(band_wealth[i]),
                self._sample(key),
            )

    def _wealth(
        self, g: NDArray[np.int64], place: NDArray[np.int64], known: NDArray[np.bool_], groups: int
    ) -> tuple[NDArray[np.float64] | None, NDArray[np.float64] | None]:
        """Cumulated log wealth, (groups, days, bets), and the same by band, (groups, bands, days, bets)."""
        if self._day is None:
            return None, None
        days, bands, bets = self._days, len(self._floors), len(self._logs)
        if days == 0:
            return np.zeros((groups, 0, bets)), np.zeros((groups, bands, 0, bets))
        day = self._day[known]
        own = np.empty((groups, days, bets))
        for i, grown in enumerate(self._logs):
            own[:, :, i] = np.bincount(g * days + day, grown[known], groups * days).reshape(groups, days)
        n, positive = (
            np.bincount(place * days + day, self._of[name][known], groups * bands * days).reshape(groups, bands, days)
            for name in ("answered", "positive")
        )
        # Against a floor a day's growth hangs on its counts alone.
        won, losses = floor_bets(np.array(self._floors))
        by_band = positive[..., None] * won[:, None, :] + (n - positive)[..., None] * losses[:, None, :]
        return np.cumsum(own, axis=1, out=own), np.cumsum(by_band, axis=2, out=by_band)


def histograms(units: Units, year: Year | None) -> list[Histogram]:
    """Answered decisions of each classifier by hundredth of confidence."""
    return histograms_of(units, year)


__all__ = ["BandCount", "Cell", "Histogram", "RowKey", "Year", "band_of", "cells_from", "cells_of", "histograms"]
