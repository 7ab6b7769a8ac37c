"""Interval: a named range with its level, and the typed way of saying that there is none."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Interval:
    """An interval estimate.

    Attributes:
        low: lower end, in the unit of the estimate.
        high: upper end.
        level: nominal two-sided coverage, 0..1.
    """

    low: float
    high: float
    level: float

    def __contains__(self, value: float) -> bool:
        return self.low <= value <= self.high


@dataclass(frozen=True, slots=True)
class CannotTell:
    """No answer, and why: what a function returns instead of NaN."""

    reason: str
