"""How many examples a comparison of rates needs, before anybody looks.

Approximations by the normal law, good from about 30 examples; what the paired gate plans with is `power`, by
enumeration.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from seatrial.stats.interval import CannotTell
from seatrial.stats.normal import below, quantile
from seatrial.stats.validate import counts, share

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

Formula = Literal["unpooled", "pooled", "cohen-h"]
FORMULAS: tuple[Formula, ...] = ("unpooled", "pooled", "cohen-h")
_NOTHING = 1e-12
"""A difference of rates under this is none: two sums of the same scores differ by as much."""
_NO_TEST = "a power not above the level is had without any data; ask for more power or a smaller level"


@dataclass(frozen=True, slots=True)
class SampleSize:
    """Examples needed: the formula's own `raw` figure and `n`, the whole number at or above it."""

    n: int
    raw: float


@dataclass(frozen=True, slots=True)
class Traffic:
    """Traffic that fills every segment.

    Attributes:
        total: examples in all.
        per_segment: expected examples of each segment at that total, in the order given.
        bottleneck: index of the segment that sets the total.
    """

    total: int
    per_segment: NDArray[np.float64]
    bottleneck: int


def per_arm(
    p1: float,
    p2: float,
    alpha: float = 0.05,
    power: float = 0.8,
    *,
    sides: int = 2,
    formula: Formula = "unpooled",
    share_of_second: float = 0.5,
) -> SampleSize | CannotTell:
    """Examples per arm to tell rate `p1` from `p2` in two unpaired arms.

    Args:
        p1, p2: the two rates, 0..1.
        alpha: the test's level, split in two when `sides` is 2.
        power: chance to reject when the rates are these.
        sides: 1 or 2.
        formula: `unpooled` takes each hypothesis' own variance (Fleiss 1981 without continuity correction; what R's
            power.prop.test solves), `pooled` the mean rate's variance for both, `cohen-h` the difference of arcsines
            (Cohen 1988).
        share_of_second: the second arm's share of all examples; at another one than .5 the figure is the mean of the two
            arms. `unpooled` then takes the variances of arms so unequal (Fleiss 1981); the other two keep the information
            1 / n1 + 1 / n2 of equal arms, and their power strays by several points where the rates are near 0 or 1.

    Equal rates are "cannot tell": no n sees a difference of 0. So is a power that a test has before it saw anything.
    """
    first, second = 1 - share("share_of_second", share_of_second), share_of_second
    za, zb = _quantiles(alpha, power, sides)
    if not (0 <= p1 <= 1 and 0 <= p2 <= 1):
        raise ValueError(f"rates must lie in 0..1, got {p1} and {p2}")
    if p1 == p2:
        return CannotTell("the two rates are equal: no n tells them apart")
    if za + zb <= 0:
        return CannotTell(_NO_TEST)
    if formula == "unpooled":
        middle = first * p1 + second * p2
        shared = middle * (1 - middle) / (2 * first * second)
        own = p1 * (1 - p1) / (2 * first) + p2 * (1 - p2) / (2 * second)
        root = za * math.sqrt(shared) + zb * math.sqrt(own)
        return _size((root / (p1 - p2)) ** 2)
    if formula == "pooled":
        middle = (p1 + p2) / 2
        return _size((za + zb) ** 2 * middle * (1 - middle) / (2 * first * second) / (p1 - p2) ** 2)
    if formula == "cohen-h":
        h = 2 * (math.asin(math.sqrt(p1)) - math.asin(math.sqrt(p2)))
        reach = za + zb
        if sides == 2:
            # One Newton step for the chance to reject on the far side, which the two-sided test counts too.
            reach -= below(-reach - za) * math.sqrt(2 * math.pi) * math.exp(zb * zb / 2)
        return _size((reach / h) ** 2 / (2 * first * second))
    raise ValueError(f"formula {formula!r} is unknown; choose one of: {', '.join(FORMULAS)}")


def paired(
    difference: float, discordance: float, alpha: float = 0.05, power: float = 0.8, *, sides: int = 1
) -> SampleSize | CannotTell:
    """Examples, scored by both versions, to see `difference` in rate when a share `discordance` of them flips (Connor 1987).

    `discordance` counts both directions and is at least |difference|. The pairs are the unit: no repetitions.
    """
    za, zb = _quantiles(alpha, power, sides)
    _discordance(discordance, abs(difference))
    if abs(difference) < _NOTHING:
        return CannotTell("a difference of 0: no n sees it")
    if za + zb <= 0:
        return CannotTell(_NO_TEST)
    root = za * math.sqrt(discordance) + zb * math.sqrt(discordance - difference**2)
    return _size((root / difference) ** 2)


def paired_non_inferiority(
    margin: float, discordance: float, alpha: float = 0.05, power: float = 0.8
) -> SampleSize | CannotTell:
    """Examples, scored by both versions, to show a truly unchanged candidate not worse than `margin`; one-sided alpha.

    n = (z_alpha + z_power)^2 discordance / margin^2 (Nam 1997's leading term). No discordance is "cannot tell": an n of
    0 would be an answer only if nothing could ever flip.
    """
    za, zb = _quantiles(alpha, power, 1)
    if not _NOTHING < margin < 1:
        raise ValueError(f"margin must lie in (0, 1), got {margin}")
    _discordance(discordance, 0.0)
    if discordance == 0:
        return CannotTell(
            "a discordance of 0 plans for no flip at all; take what `flaky` measured or a small positive share"
        )
    if za + zb <= 0:
        return CannotTell(_NO_TEST)
    return _size((za + zb) ** 2 * discordance / margin**2)


def traffic(needed: ArrayLike, shares: ArrayLike) -> Traffic | CannotTell:
    """Traffic after which every segment is expected to hold the examples it needs.

    Args:
        needed: examples each segment needs.
        shares: each segment's share of the traffic; positive, summing to 1.
    """
    want, part = counts("needed", needed), counts("shares", shares)
    if want.shape != part.shape:
        raise ValueError(f"{want.size} segments need examples but {part.size} have shares")
    if part.size == 0:
        return CannotTell("no segment")
    if abs(float(part.sum()) - 1) > 1e-6:
        raise ValueError(f"shares must sum to 1, got {part.sum():g}")
    if np.any((part == 0) & (want > 0)):
        return CannotTell("a segment with no traffic needs examples: no total fills it")
    each = np.divide(want, part, out=np.zeros_like(want), where=part > 0)
    total = math.ceil(float(each.max()) - 1e-9)
    return Traffic(total, total * part, int(each.argmax()))


def _quantiles(alpha: float, power: float, sides: int) -> tuple[float, float]:
    share("alpha", alpha)
    share("power", power)
    if sides not in (1, 2):
        raise ValueError(f"sides must be 1 or 2, got {sides}")
    return -quantile(alpha / sides), quantile(power)


def _discordance(discordance: float, least: float) -> None:
    if not least <= discordance <= 1:
        raise ValueError(f"discordance must lie in {least:g}..1, got {discordance}")


def _size(raw: float) -> SampleSize:
    return SampleSize(max(1, math.ceil(raw - 1e-9)), raw)
