"""Layers: experiments that must not meet in one unit each take a slice of the same draw."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING, Any

from seatrial.errors import ConfigError
from seatrial.experiment.assign import arm, bucket, edges, hash64, limit
from seatrial.unit import unit_text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


@dataclass(frozen=True, slots=True)
class Layer:
    """A slice of a layer: units whose draw under the layer's own salt lies in `low <= x < high`, as shares."""

    name: str
    low: float = 0.0
    high: float = 1.0

    def holds(self, unit64: int) -> bool:
        """Whether a unit belongs to this slice."""
        return limit(self.low) <= bucket(unit64, hash64(f"layer/{self.name}")) < limit(self.high)


def arm_of(
    unit: Any, salt: str, arms: Sequence[str], shares: Sequence[float], layer: Layer | None = None
) -> str | None:
    """The arm of a unit in an experiment; None for a blank unit and for one outside the experiment's slice.

    Args:
        unit: thread, user or account.
        salt: the experiment's own; never the one of a rollout's exposure.
        arms: names.
        shares: of the arms, summing to 1.
        layer: its slice; None: every unit takes part.
    """
    text = unit_text(unit)
    if text is None:
        return None
    unit64 = hash64(text)
    if layer is not None and not layer.holds(unit64):
        return None
    return arms[arm(unit64, hash64(salt), edges(shares))]


def check_layers(slices: Mapping[str, Layer]) -> None:
    """Refuse two experiments whose slices of one layer overlap.

    Args:
        slices: experiment -> its slice.

    Raises:
        ConfigError: names both and the overlap.
    """
    for (one, a), (other, b) in combinations(slices.items(), 2):
        if a.name == b.name and max(a.low, b.low) < min(a.high, b.high):
            raise ConfigError(
                f"experiments {one} and {other} both take {max(a.low, b.low):g} to {min(a.high, b.high):g} of layer {a.name!r}; "
                "experiments of one layer exclude each other, so give each a slice of its own"
            )
