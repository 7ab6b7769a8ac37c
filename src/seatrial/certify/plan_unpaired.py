"""Plan two arms of different units: how many each, how many days, and what looking early costs."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from seatrial.stats.interval import CannotTell
from seatrial.stats.normal import quantile
from seatrial.stats.sample_size import FORMULAS, Formula, per_arm
from seatrial.stats.sequential.spending import lan_demets, peeking_error

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["FORMULAS", "Formula", "Looks", "Unpaired", "UnpairedPlan", "plan_unpaired"]


@dataclass(frozen=True, slots=True)
class Unpaired:
    """What is asked.

    Attributes:
        base: rate of the arm there is.
        rate: rate of the other arm that must be seen; None with a margin, where both truly have `base`.
        margin: drop that must be excluded instead.
        alpha: the test's level.
        power: chance to see it.
        sides: 1 or 2; a margin is one-sided.
        formula: of `per_arm`.
        share: the other arm's share of the traffic that takes part.
        traffic: share of all traffic that takes part, both arms.
        units_per_day: all traffic; None = no days.
        looks: planned looks at the data, the last one included.
    """

    base: float
    rate: float | None
    margin: float | None = None
    alpha: float = 0.05
    power: float = 0.8
    sides: int = 2
    formula: Formula = "unpooled"
    share: float = 0.5
    traffic: float = 1.0
    units_per_day: float | None = None
    looks: int = 1


@dataclass(frozen=True, slots=True)
class Looks:
    """What the planned looks cost.

    Attributes:
        looks: how many.
        peeking: true error when each is tested at the full level and the first hit is believed.
        inflation: how many times the units, for limits that spend alpha along O'Brien and Fleming's curve (Lan-DeMets).
        z: limit at each look.
    """

    looks: int
    peeking: float
    inflation: float
    z: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class UnpairedPlan:
    """What it needs.

    Attributes:
        asked: as given.
        each: units per arm at one size each; the formula's own number.
        base_units: units of the arm there is at the share asked for, planned looks included.
        other_units: likewise, of the other arm.
        days: until both arms are filled; None where the traffic is not known.
        looks: None for a single look.
    """

    requested: Unpaired
    each: int
    base_units: int
    other_units: int
    days: float | None
    looks: Looks | None


def plan_unpaired(requested: Unpaired) -> UnpairedPlan | CannotTell:
    """Units for two arms, by the normal law.

    Unequal arms are planned with their own variances (Fleiss 1981, `unpooled`; see `per_arm` for the other formulas); where
    these are equal a 10 % arm takes 2.8 times the units in all. The power is that of the test with the pooled error (`stats.difference.pooled_z`).

    With a margin: n = 2 base (1 - base) (z_alpha + z_power)^2 / margin^2 (Blackwelder 1982), both arms truly at `base`. That
    is too bold where the new arm is small and `base` near 1: at .95, a margin of .02 and a 10 % arm the score test at .05
    has power .74 for the .80 asked, and Wald's z a level of .065 (simulated, 30,000 runs).
    """
    if not (0 < requested.share < 1 and 0 < requested.traffic <= 1):
        raise ValueError("share must lie in (0, 1) and traffic in (0, 1]")
    sides = 1 if requested.margin is not None else requested.sides
    if requested.looks > 1 and requested.alpha / sides >= 0.5:
        return CannotTell("looks share a level under .5 a side; there is none above it to share")
    if requested.margin is not None:
        reach = -quantile(requested.alpha) + quantile(requested.power)
        raw = 2 * requested.base * (1 - requested.base) * (reach / requested.margin) ** 2
        mean = raw / (4 * requested.share * (1 - requested.share))
        if reach <= 0:
            return CannotTell(
                "a power not above the level is had without any data; ask for more power or a smaller level"
            )
        if raw <= 0:
            return CannotTell(f"a rate of {requested.base:g} has no variance to plan with; take one that was measured")
    else:
        if requested.rate is None:
            raise ValueError("need a rate to see, or a margin to exclude")
        found, split = (
            per_arm(
                requested.base,
                requested.rate,
                requested.alpha,
                requested.power,
                sides=sides,
                formula=requested.formula,
                share_of_second=part,
            )
            for part in (0.5, requested.share)
        )
        if isinstance(found, CannotTell):
            return found
        if isinstance(split, CannotTell):
            return split
        raw, mean = found.raw, split.raw
    each = max(1, math.ceil(raw - 1e-9))
    looks = _looks(requested.looks, requested.alpha, requested.power, sides) if requested.looks > 1 else None
    total = 2 * mean * (looks.inflation if looks else 1.0)
    base_units, other_units = (math.ceil(total * part - 1e-9) for part in (1 - requested.share, requested.share))
    per_day = None if requested.units_per_day is None else requested.units_per_day * requested.traffic
    slower = max(base_units / (1 - requested.share), other_units / requested.share)
    return UnpairedPlan(requested, each, base_units, other_units, None if per_day is None else slower / per_day, looks)


def _looks(looks: int, alpha: float, power: float, sides: int) -> Looks:
    side = 1 if sides == 1 else 2
    times = np.arange(1, looks + 1) / looks
    plan = lan_demets(times, alpha, "obrien-fleming", side)  # type: ignore[arg-type]
    once = -quantile(alpha / sides) + quantile(power)
    low, high = once, 3 * once
    for _ in range(40):
        middle = (low + high) / 2
        low, high = (middle, high) if _reached(plan.z, times, middle) < power else (low, middle)
    return Looks(looks, peeking_error(looks, alpha, side), (high / once) ** 2, plan.z)  # type: ignore[arg-type]


def _reached(z: NDArray[np.float64], times: NDArray[np.float64], drift: float) -> float:
    """Chance that B(t) + drift t crosses z sqrt(t) at some look, by walking its density over a grid."""
    grid = np.linspace(-8.0, 12.0 + drift, 2_001)
    width = float(grid[1] - grid[0])
    then, density, crossed = 0.0, np.empty(0), 0.0
    for k, t in enumerate(times.tolist()):
        step = t - then
        spread = math.sqrt(2 * math.pi * step)
        if k == 0:
            now = np.exp(-((grid - drift * step) ** 2) / (2 * step)) / spread
        else:
            reach = min(1_000, math.ceil((8 * math.sqrt(step) + drift * step) / width))
            x = np.arange(-reach, reach + 1) * width
            now = np.convolve(density, np.exp(-((x - drift * step) ** 2) / (2 * step)) / spread, mode="same") * width
        edge = float(z[k]) * math.sqrt(t)
        crossed += float(now[grid >= edge].sum()) * width
        density, then = np.where(grid < edge, now, 0.0), t
    return min(1.0, crossed)
