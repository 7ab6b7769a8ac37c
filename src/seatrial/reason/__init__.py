"""Reasons of a row's verdict: sealed types that hold numbers; `gate.sentence` writes them out.

The first reason of a row decides it; those of `basis` say what it rests on and decide nothing.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any, get_args

from seatrial.reason.basis import (
    BasisReason,
    FlipRate,
    Fresh,
    JointLevel,
    Pooled,
    TippingPoint,
)
from seatrial.reason.contract import (
    ContractBroken,
    ContractHolds,
    ContractReason,
    ContractUnsteady,
    FewRuns,
    NewContract,
    Passes,
)
from seatrial.reason.measurement import (
    FewRatios,
    Grew,
    Increase,
    MeasurementReason,
    NotInterleaved,
    OverCeiling,
    WithinMargin,
)
from seatrial.reason.score import (
    BelowFloor,
    Better,
    Dropped,
    NoDrop,
    NotBetter,
    NotProven,
    NotShown,
    OnlyReported,
    Reported,
    ScoreReason,
    Shown,
    SmallDrop,
    Thin,
    Unchanged,
    Underpowered,
    Unmeasured,
)
from seatrial.reason.zero_tolerance import (
    Answers,
    NewHit,
    NoNewHit,
    NothingScored,
    UnclearHit,
    UnseenHit,
    ZeroToleranceReason,
)
from seatrial.vote import Bar
from seatrial.win_rate import Judged

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "KINDS",
    "Answers",
    "BasisReason",
    "BelowFloor",
    "Better",
    "ContractBroken",
    "ContractHolds",
    "ContractReason",
    "ContractUnsteady",
    "Dropped",
    "FewRatios",
    "FewRuns",
    "FlipRate",
    "Fresh",
    "Grew",
    "Increase",
    "JointLevel",
    "MeasurementReason",
    "NewContract",
    "NewHit",
    "NoDrop",
    "NoNewHit",
    "NotBetter",
    "NotInterleaved",
    "NotProven",
    "NotShown",
    "NothingScored",
    "OnlyReported",
    "OverCeiling",
    "Passes",
    "Pooled",
    "Reason",
    "Reported",
    "ScoreReason",
    "Shown",
    "SmallDrop",
    "Thin",
    "TippingPoint",
    "Unchanged",
    "UnclearHit",
    "Underpowered",
    "Unmeasured",
    "UnseenHit",
    "WithinMargin",
    "ZeroToleranceReason",
    "reason_data",
    "reason_of",
]

Reason = ScoreReason | ZeroToleranceReason | MeasurementReason | ContractReason | BasisReason | Bar | Judged
KINDS: Mapping[str, type[Reason]] = {one.kind: one for one in get_args(Reason)}


def reason_data(reason: Reason) -> dict[str, Any]:
    """The reason as plain data."""
    return {"kind": reason.kind, **{name: _plain(value) for name, value in asdict(reason).items()}}


def reason_of(data: Mapping[str, Any]) -> Reason:
    """The reason that `reason_data` wrote.

    Raises:
        KeyError, TypeError: it is none.
    """
    return KINDS[data["kind"]](**{name: _frozen(value) for name, value in data.items() if name != "kind"})


def _plain(value: Any) -> Any:
    return [_plain(one) for one in value] if isinstance(value, tuple) else value


def _frozen(value: Any) -> Any:
    return tuple(_frozen(one) for one in value) if isinstance(value, list) else value
