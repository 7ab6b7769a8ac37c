"""Cause: likely causes of a changed rate in a fixed order: provider model, prompt, version, segment mix, else unexplained."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from seatrial.table import Codes


class CauseKind(StrEnum):
    """What changed beside the rate, in the order in which it is asked."""

    MODEL = "provider_model_changed"
    PROMPT = "prompt_changed"
    VERSION = "version_changed"
    MIX = "segment_mix_shifted"
    UNEXPLAINED = "unexplained"


@dataclass(frozen=True, slots=True)
class Cause:
    """The first thing that changed.

    Attributes:
        kind: what.
        before, after: the values that came or went, of model or version.
        standardized: the current rate at the reference's segment mix; None without segments.
    """

    kind: CauseKind
    before: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
    standardized: float | None = None


def standardized_rate(value: NDArray[np.float64], segment: Codes, before: NDArray[np.bool_]) -> float | None:
    """The later rate of each segment, weighted by the segments' shares before; None where a segment has no later event."""
    total = 0.0
    for code in range(len(segment.values)):
        mine = segment.index == code
        weight = float((mine & before).sum()) / max(1, int(before.sum()))
        if weight == 0:
            continue
        later = value[mine & ~before]
        if later.size == 0:
            return None
        total += weight * float(later.mean())
    return total


def likely_cause(
    value: NDArray[np.float64],
    before: NDArray[np.bool_],
    *,
    model: Codes | None,
    prompt: Codes | None = None,
    version: Codes | None = None,
    segments: Sequence[Codes] = (),
) -> Cause:
    """The first of the causes that the data show.

    The mix explains a change where more than half of it is gone at the reference's mix of a dimension; of several dimensions
    the one that explains most. A cause named here is
    what changed at the same time, not what is proven.
    """
    raw, reference = float(value[~before].mean()), float(value[before].mean())
    rates = [rate for one in segments if (rate := standardized_rate(value, one, before)) is not None]
    at_mix = min(rates, key=lambda rate: abs(rate - reference), default=None)
    for kind, codes in ((CauseKind.MODEL, model), (CauseKind.PROMPT, prompt), (CauseKind.VERSION, version)):
        if codes is not None:
            a, b = codes.values_in(before), codes.values_in(~before)
            if set(b) - set(a):
                return Cause(kind, a, b, at_mix)
    if at_mix is not None and abs(at_mix - reference) < abs(raw - reference) / 2:
        return Cause(CauseKind.MIX, standardized=at_mix)
    return Cause(CauseKind.UNEXPLAINED, standardized=at_mix)
