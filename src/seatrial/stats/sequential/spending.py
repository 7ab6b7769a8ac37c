"""Group-sequential boundaries: z limits for a few looks that were planned, and what unplanned peeking costs.

The statistic at information share t is B(t) / sqrt(t) for Brownian motion B; crossing chances come from Armitage, McPherson and
Rowe's recursion (1969) by Gauss-Legendre integration, limits from Lan and DeMets' spending (1983). Assumes a z statistic with
independent increments: large samples, looks decided by the clock or by n, never by the result. Not for a rollback monitor:
O'Brien-Fleming limits are 8.7 and 6.1 at 5 and 10 % of the information, blind exactly where a canary is read; there, and for
looks after every unit, use `eprocess`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Literal

import numpy as np
from scipy import special

from seatrial.stats.validate import complete, finite, numbers, share

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import ArrayLike, NDArray

Kind = Literal["obrien-fleming", "pocock"]
Sides = Literal[1, 2]
_KINDS = ("obrien-fleming", "pocock")
_FAR = 9.0
_MOST_LOOKS = 1_000


@dataclass(frozen=True, slots=True)
class Plan:
    """Looks and their limits.

    Attributes:
        times: share of the full information at each look, 0..1.
        z: reject at a look when z (two-sided: |z|) is at least this; inf where the look may spend nothing a float can hold.
        spent: cumulative error spent up to each look, both sides together.
    """

    times: NDArray[np.float64]
    z: NDArray[np.float64]
    spent: NDArray[np.float64]


def spent_by(times: ArrayLike, alpha: float, kind: Kind = "obrien-fleming") -> NDArray[np.float64]:
    """Error one side may have spent at information share t: 2 - 2 Phi(z_(alpha/2) / sqrt t), or alpha log(1 + (e - 1) t)."""
    t = finite("times", times)
    share("alpha", alpha)
    if np.any(t <= 0) or np.any(t > 1 + 1e-12):
        raise ValueError("times must lie in (0, 1]")
    if kind == "obrien-fleming":
        return np.asarray(2 * special.ndtr(special.ndtri(alpha / 2) / np.sqrt(t)))
    if kind == "pocock":
        return np.asarray(alpha * np.log1p((math.e - 1) * t))
    raise ValueError(f"kind {kind!r} is unknown; choose one of: {', '.join(_KINDS)}")


def lan_demets(times: ArrayLike, alpha: float = 0.05, kind: Kind = "obrien-fleming", sides: Sides = 2) -> Plan:
    """Limits that spend `alpha` (both sides together) along `kind`; times may be what the calendar gave, not what was planned."""
    t = _check(times, alpha, sides)
    spent = sides * spent_by(t, alpha / sides, kind)
    steps = np.diff(spent, prepend=0.0)
    walk, limits = _START, []
    for k in range(t.size):
        z = _limit(walk, float(t[k]), float(steps[k]), sides)
        limits.append(z)
        walk = _advance(walk, t, k, z, sides)
    return Plan(t, np.array(limits), spent)


def crossing(z: ArrayLike, times: ArrayLike, sides: Sides = 2) -> NDArray[np.float64]:
    """Chance, with no effect, that the limit is first crossed at each look; their sum is the error of the whole plan."""
    t = _check(times, 0.5, sides)
    limits = numbers("z", z).ravel()
    if limits.shape != t.shape or not np.all(limits > 0):
        raise ValueError("need one positive z limit a look")
    walk, chances = _START, []
    for k in range(t.size):
        chances.append(_exit(walk, float(t[k]), float(limits[k]), sides))
        walk = _advance(walk, t, k, float(limits[k]), sides)
    return np.array(chances)


def peeking_error(looks: int, alpha: float = 0.05, sides: Sides = 2) -> float:
    """True error of testing at the fixed-sample level `alpha` at each of `looks` equal steps: 14 peeks at .05 give .220."""
    share("alpha", alpha)
    _check_sides(sides)
    z = -float(special.ndtri(alpha / sides))
    times = _equal(looks)
    return float(crossing(np.full(times.size, z), times, sides).sum())


def pocock_constant(looks: int, alpha: float = 0.05, sides: Sides = 2) -> float:
    """The one z that, at each of `looks` equal steps, spends `alpha` in all (Pocock 1977)."""
    return _constant(lambda c, t: np.full(t.size, c), looks, alpha, sides)


def obrien_fleming_constant(looks: int, alpha: float = 0.05, sides: Sides = 2) -> float:
    """C of the limits z_k = C / sqrt(t_k) that spend `alpha` in all (O'Brien and Fleming 1979)."""
    return _constant(lambda c, t: c / np.sqrt(t), looks, alpha, sides)


def _constant(
    limits: Callable[[float, NDArray[np.float64]], NDArray[np.float64]], looks: int, alpha: float, sides: Sides
) -> float:
    t = _check(_equal(looks), alpha, sides)
    low, high = 1e-3, _FAR
    for _ in range(45):
        middle = (low + high) / 2
        spends = float(crossing(limits(middle, t), t, sides).sum())
        low, high = (middle, high) if spends > alpha else (low, middle)
    return high


# Where B stands while nothing was crossed: the time, nodes, and weight x density at each node.
_Walk = tuple[float, "NDArray[np.float64]", "NDArray[np.float64]"]
_START: _Walk = (0.0, np.zeros(1), np.ones(1))


def _exit(walk: _Walk, time: float, z: float, sides: Sides) -> float:
    then, nodes, mass = walk
    step, edge = math.sqrt(time - then), z * math.sqrt(time)
    over = special.ndtr((nodes - edge) / step)
    if sides == 2:
        over = over + special.ndtr((-edge - nodes) / step)
    return float(mass @ over)


def _limit(walk: _Walk, time: float, spend: float, sides: Sides) -> float:
    """The z that spends exactly this much at this look."""
    if spend <= 0:
        return math.inf
    low, high = -_FAR, 40.0
    for _ in range(70):
        middle = (low + high) / 2
        low, high = (middle, high) if _exit(walk, time, middle, sides) > spend else (low, middle)
    return high if high < 38 else math.inf


def _advance(walk: _Walk, times: NDArray[np.float64], k: int, z: float, sides: Sides) -> _Walk:
    if k + 1 == times.size:
        return walk
    then, nodes, mass = walk
    time = float(times[k])
    step = math.sqrt(time - then)
    top = min(z, _FAR) * math.sqrt(time)
    bottom = -top if sides == 2 else -_FAR * math.sqrt(time)
    finest = min(step, math.sqrt(float(times[k + 1]) - time))
    points, weights = _gauss(64 * math.ceil((4 * (top - bottom) / finest + 32) / 64))
    x = bottom + (top - bottom) * (points + 1) / 2
    bell = np.exp(-(((x[:, None] - nodes) / step) ** 2) / 2) / (step * math.sqrt(2 * math.pi))
    return time, x, (bell @ mass) * weights * (top - bottom) / 2


@lru_cache(maxsize=32)
def _gauss(n: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    points, weights = special.roots_legendre(n)
    return points, weights


def _equal(looks: int) -> NDArray[np.float64]:
    if complete("looks", looks) > _MOST_LOOKS:
        raise ValueError(f"{looks} looks are no plan; use an e-process")
    return np.arange(1, looks + 1) / looks


def _check(times: ArrayLike | Sequence[float], alpha: float, sides: Sides) -> NDArray[np.float64]:
    t = numbers("times", times).ravel()
    share("alpha", alpha)
    _check_sides(sides)
    inside = t.size > 0 and bool(np.all((t > 0) & (t <= 1 + 1e-12)))
    steps = np.diff(t, prepend=0.0) if inside else t
    if not inside or not np.all(steps > 0):
        raise ValueError("times must rise within (0, 1], at least one")
    if t.size > 1 and steps[1:].min() < 1e-3:
        raise ValueError("looks closer than .001 of the information are no plan; use an e-process")
    return t


def _check_sides(sides: Sides) -> None:
    if sides not in (1, 2):
        raise ValueError(f"sides must be 1 or 2, got {sides}")
