"""Basis: what a row rests on; these reasons decide nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from seatrial.reason_kind import Kind


@dataclass(frozen=True, slots=True)
class TippingPoint(Kind):
    """So many of the uncertain clusters would have to go against the candidate for the row to block.

    Attributes:
        clusters: how many.
        of: uncertain clusters.
    """

    kind: ClassVar[str] = "tipping_point"
    clusters: int
    of: int


@dataclass(frozen=True, slots=True)
class Fresh(Kind):
    """The row was decided on repetitions made after the first look.

    Attributes:
        repetitions: how many, per example and version; None where a single one decided.
        p: the row's p at the first look; None where it had none.
    """

    kind: ClassVar[str] = "fresh"
    repetitions: int | None
    p: float | None


@dataclass(frozen=True, slots=True)
class Pooled(Kind):
    """What the row has to show is judged on the first runs and the confirmation runs together.

    Attributes:
        repetitions: fresh ones, per example and version.
    """

    kind: ClassVar[str] = "pooled"
    repetitions: int


@dataclass(frozen=True, slots=True)
class JointLevel(Kind):
    """What the joint level of the family took: clusters' signs flipped, the same in every row a cluster belongs to.

    Attributes:
        draws: how many; 0 where none was needed: the row with the smallest p / weight is not under alpha alone.
        too_large: there were too many to draw, so weighted Holm alone decided.
    """

    kind: ClassVar[str] = "joint_level"
    draws: int
    too_large: bool


@dataclass(frozen=True, slots=True)
class FlipRate(Kind):
    """More of the row's examples flip both ways than the policy counts with, so its detectable drop counts with what was observed.

    Attributes:
        observed: twice the rarer direction's share (mean square of its differences), what moves an unchanged version; of
            complete clusters alone.
        churn: the policy's.
        single: every cluster is one answer of 0 or 1, so that `observed` is a share of examples.
    """

    kind: ClassVar[str] = "flip_rate"
    observed: float
    churn: float
    single: bool = True


BasisReason = FlipRate | TippingPoint | Fresh | Pooled | JointLevel
