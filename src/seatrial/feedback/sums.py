"""Sums: what every row of the family adds up, one entry a decision or one entry a group that a database added up."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from numpy.typing import NDArray

from seatrial.feedback.suspicion import bets, sums
from seatrial.outcome import Answer
from seatrial.table import Codes

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from seatrial.feedback.rules import FeedbackRules
    from seatrial.feedback.units import Units

DAY = 86400.0
COUNTS = ("answered", "positive", "neutral", "missing", "immature")
TOTALS = ("stated", "shortfall", "variance", "third", "waiting")
Sample: TypeAlias = tuple[NDArray[np.float64], NDArray[np.float64]]
"""Confidences and answers of some decisions."""


@dataclass(frozen=True, slots=True)
class Year:
    """The days of a yearly gate: when it begins, and how many days have passed."""

    begin: float
    days: int


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
class Histogram:
    """One classifier's answered decisions by hundredth of stated confidence."""

    classifier: str
    n: NDArray[np.float64]
    positive: NDArray[np.float64]
    stated: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Sums:
    """Entries that add up to the cells of a source; values of each text column are sorted, so that order says nothing.

    Attributes:
        classifier, verdict: per entry.
        segments: dimension -> value per entry.
        band: confidence band per entry, by the edges of its classifier.
        day: day of the year per entry; None for a fixed window.
        of: name of `COUNTS` or `TOTALS` -> sum per entry.
        logs: per bet of the yearly process, sum of its log growth per entry; empty for a fixed window.
        sample: the confidences and answers of a row, read when called.
    """

    classifier: Codes
    verdict: Codes
    segments: Mapping[str, Codes]
    band: NDArray[np.int64]
    day: NDArray[np.int64] | None
    of: Mapping[str, NDArray[np.float64]]
    logs: tuple[NDArray[np.float64], ...]
    sample: Callable[[RowKey], Callable[[], Sample]]


def band_of(p: NDArray[np.float64], edges: tuple[float, ...]) -> NDArray[np.int64]:
    """Band of each confidence: its lower edge belongs to it, and the last band holds 1."""
    return np.clip(np.searchsorted(edges, p, side="right") - 1, 0, len(edges) - 2)


def sums_of(units: Units, rules: FeedbackRules, year: Year | None) -> Sums:
    """One entry a decision; decisions that entered before the year began stay out of it, answered or not."""
    if year is None:
        inside: NDArray[np.bool_] | slice = slice(None)
    else:
        inside = units.entered >= year.begin
    p, state, silent = units.confidence[inside], units.state[inside], units.silent[inside]
    answered = state <= Answer.POSITIVE
    y = np.where(answered, state, 0).astype(np.float64)
    own = {name: np.where(answered, values, 0.0) for name, values in sums(p, y).items()}
    own |= {
        "answered": answered,
        "neutral": (state == Answer.NEUTRAL) & ~silent,
        "missing": (state == Answer.NEUTRAL) & silent,
        "immature": state == Answer.IMMATURE,
        "waiting": np.where(state == Answer.IMMATURE, p, 0.0),
    }
    classifier = in_order(_part(units.classifier, inside))
    verdict = in_order(_part(units.verdict, inside))
    segments = {name: in_order(_part(codes, inside)) for name, codes in units.segments.items()}
    band, day = np.zeros(p.size, np.int64), None
    logs: tuple[NDArray[np.float64], ...] = ()
    for code, name in enumerate(classifier.values):
        mine = classifier.index == code
        band[mine] = band_of(p[mine], rules.of(name).edges)
    if year is not None:
        day = np.floor((units.entered[inside] - year.begin) / DAY).astype(np.int64)
        logs = tuple(np.where(answered, grown, 0.0) for grown in bets(p, y))
    columns = {name: np.asarray(values, np.float64) for name, values in own.items()}
    reader = _Reader(p[answered], y[answered], classifier, verdict, segments, answered)
    return Sums(classifier, verdict, segments, band, day, columns, logs, reader.of)


def in_order(codes: Codes) -> Codes:
    """The same texts, their values sorted."""
    order = sorted(range(len(codes.values)), key=codes.values.__getitem__)
    place = np.empty(len(order) + 1, np.int32)
    place[order] = np.arange(len(order), dtype=np.int32)
    place[-1] = -1
    return Codes(tuple(codes.values[i] for i in order), place[codes.index])


def histograms_of(units: Units, year: Year | None) -> list[Histogram]:
    """Answered decisions of each classifier by hundredth of confidence."""
    out = []
    for name, code in sorted((name, code) for code, name in enumerate(units.classifier.values)):
        use = (units.classifier.index == code) & (units.state <= Answer.POSITIVE)
        if year is not None:
            use &= units.entered >= year.begin
        p, y = units.confidence[use], units.state[use].astype(np.float64)
        at = np.minimum((p * 100 + 1e-9).astype(np.int64), 99)
        out.append(Histogram(name, *(np.bincount(at, one, 100).astype(np.float64) for one in (None, y, p))))
    return out


def _part(codes: Codes, rows: NDArray[np.bool_] | slice) -> Codes:
    return Codes(codes.values, codes.index[rows])


class _Reader:
    """Confidences and answers of a row of units in memory; rows of one grouping are sorted once."""

    def __init__(
        self,
        p: NDArray[np.float64],
        y: NDArray[np.float64],
        classifier: Codes,
        verdict: Codes,
        segments: Mapping[str, Codes],
        answered: NDArray[np.bool_],
    ) -> None:
        self._p, self._y = p, y
        self._classifier, self._verdict = _part(classifier, answered), _part(verdict, answered)
        self._segments = {name: _part(codes, answered) for name, codes in segments.items()}
        self._sorted: dict[tuple[bool, str], tuple[NDArray[np.int64], NDArray[np.int64]]] = {}

    def of(self, key: RowKey) -> Callable[[], Sample]:
        """Reads a row when called."""
        return lambda: self._read(key)

    def _read(self, key: RowKey) -> Sample:
        parts = [(self._classifier, key.classifier)]
        parts += [(self._verdict, key.verdict)] if key.verdict else []
        parts += [(self._segments[key.dimension], key.value)] if key.dimension else []
        grouping = (bool(key.verdict), key.dimension)
        if grouping not in self._sorted:
            place = np.zeros(self._p.size, np.int64)
            for codes, _ in parts:
                place = place * (len(codes.values) + 1) + codes.index + 1
            order = np.argsort(place, kind="stable")
            self._sorted[grouping] = (order, place[order])
        wanted = 0
        for codes, text in parts:
            wanted = wanted * (len(codes.values) + 1) + codes.values.index(text) + 1
        order, place = self._sorted[grouping]
        first, last = np.searchsorted(place, [wanted, wanted + 1])
        rows = order[first:last]
        return self._p[rows], self._y[rows]
