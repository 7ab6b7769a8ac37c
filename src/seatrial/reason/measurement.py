"""Measurements: reasons of a row of latency, tokens, calls or cost."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from seatrial.reason_kind import Kind


@dataclass(frozen=True, slots=True)
class Grew(Kind):
    """The measurement grew beyond its margin.

    Attributes:
        p: its p against the margin.
        alpha: what p is compared with.
    """

    kind: ClassVar[str] = "grew"
    p: float
    alpha: float


@dataclass(frozen=True, slots=True)
class WithinMargin(Kind):
    """The measurement is not shown to have grown beyond its margin.

    Attributes:
        p: its p against the margin.
        alpha: what p is compared with.
    """

    kind: ClassVar[str] = "within_margin"
    p: float
    alpha: float


@dataclass(frozen=True, slots=True)
class OverCeiling(Kind):
    """The candidate's own measurement is over its ceiling.

    Attributes:
        statistic: `median`, `mean` or `p95` of its runs.
        value: what it came to.
        ceiling: the most it may be.
        at_least: one-sided lower bound of it.
        proven: the bound is over the ceiling.
        level: of the bound: .05 shared by all ceilings.
    """

    kind: ClassVar[str] = "over_ceiling"
    statistic: str
    value: float
    ceiling: float
    at_least: float
    proven: bool
    level: float


@dataclass(frozen=True, slots=True)
class FewRatios(Kind):
    """Too few clusters, or too few of the planned runs, have a number in both arms.

    Attributes:
        left: clusters that have one.
        missing: share of the planned runs without one.
    """

    kind: ClassVar[str] = "few_ratios"
    left: int
    missing: float


@dataclass(frozen=True, slots=True)
class NotInterleaved(Kind):
    """A latency is reported only: the two versions did not run interleaved in one job."""

    kind: ClassVar[str] = "not_interleaved"


@dataclass(frozen=True, slots=True)
class Increase(Kind):
    """What a measurement came to.

    Attributes:
        statistic: `median` or `mean` of the clusters' ratios, or the ratio of `p95`.
        ratio: the candidate over the baseline, minus 1; None where nothing has a number.
        allowed: the margin; None where only a ceiling stands.
        runs: planned runs.
        without: of these, runs without a number above 0 in both arms.
    """

    kind: ClassVar[str] = "increase"
    statistic: str
    ratio: float | None
    allowed: float | None
    runs: int
    without: int


MeasurementReason = Grew | WithinMargin | OverCeiling | FewRatios | NotInterleaved | Increase
