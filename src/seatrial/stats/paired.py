"""Two versions on the same examples: is the candidate worse, and by how much.

`b` counts examples that the baseline passed and the candidate failed (broke), `c` the reverse (fixed). Every p is
one-sided against "the candidate is not worse".
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from seatrial.stats.fair_binomial import heads, law
from seatrial.stats.interval import CannotTell, Interval
from seatrial.stats.normal import below
from seatrial.stats.proportions import wilson
from seatrial.stats.student import t_quantile
from seatrial.stats.validate import complete, finite, numbers, share

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

Method = Literal["mid-p", "exact"]


def mcnemar(b: ArrayLike, c: ArrayLike, method: Method = "mid-p") -> Any:
    """One-sided McNemar p of `b` broke against `c` fixed, elementwise.

    Exact: P(Bin(b + c, 1/2) >= b) (McNemar 1947). Mid-p takes half of P(= b) off, i.e. the mean of P(>= b) and P(> b)
    (Fagerland, Lydersen and Laake 2013). No discordant pair gives p = 1.

    Assumes one binary score per example and arm and independent examples; for repetitions, clusters or fractional scores
    use `sign_flip`. Mid-p can exceed its level: by a factor of at most
    1.02 while up to a third of the examples flip (exact enumeration), 1.03 at a half, and much more only where nearly every
    one of a handful flips (1.76 for 8 of 8 at level .02); `exact` never exceeds it.
    """
    if method not in ("mid-p", "exact"):
        raise ValueError(f"method {method!r} is unknown; choose one of: mid-p, exact")
    b_, c_ = numbers("b", b), numbers("c", c)
    if np.any(b_ < 0) or np.any(c_ < 0) or not (np.all(np.isfinite(b_)) and np.all(np.isfinite(c_))):
        raise ValueError("discordant counts must be finite and not negative")
    if b_.ndim == c_.ndim == 0 and b_ + c_ <= _MOST_FLIPS and float(b_).is_integer() and float(c_).is_integer():
        return _one_table(int(b_), int(c_), method)
    if _are_counts(b_, c_) and (found := _tables(b_, c_, method)) is not None:
        return found
    from scipy import special  # noqa: PLC0415 - for fractions and for thousands of different sums, which no gate has

    # P(Bin(m, 1/2) >= k) is the regularised incomplete beta at (k, m - k + 1).
    reach = np.where(b_ > 0, special.betainc(np.maximum(b_, 1), c_ + 1, 0.5), 1.0)
    if method == "mid-p":
        beyond = np.where(c_ > 0, special.betainc(b_ + 1, np.maximum(c_, 1), 0.5), 0.0)
        reach = np.where(b_ + c_ > 0, (reach + beyond) / 2, 1.0)
    return reach if reach.ndim else float(reach)


def _are_counts(b: NDArray[np.float64], c: NDArray[np.float64]) -> bool:
    return bool(np.all(b % 1 == 0) and np.all(c % 1 == 0) and np.max(b + c, initial=0) <= _MOST_FLIPS)


def _tables(b: NDArray[np.float64], c: NDArray[np.float64], method: Method) -> NDArray[np.float64] | None:
    """The p of many tables of counts, by the law of each sum of flips; None where these are too many."""
    missing_cells, flips = (one.astype(np.int64) for one in np.broadcast_arrays(b, b + c))
    sums, place = np.unique(flips, return_inverse=True)
    if sums.sum() > _MOST_WAYS:
        return None
    p = np.ones(missing_cells.shape)
    place = place.reshape(missing_cells.shape)
    for i, m in enumerate(sums.tolist()):
        if m == 0:
            continue
        ways = law(m)
        at_least = np.minimum(1.0, np.cumsum(ways[::-1])[::-1])
        here = place == i
        p[here] = at_least[missing_cells[here]] - (ways[missing_cells[here]] / 2 if method == "mid-p" else 0.0)
    return p


def _one_table(b: int, c: int, method: Method) -> float:
    if b + c == 0:
        return 1.0
    found = heads(b, b + c)
    return found.mid if method == "mid-p" else found.at_least


_MOST_FLIPS = 1_000_000
_MOST_WAYS = 2_000_000
"""Most numbers in the laws of the different sums of flips; beyond, scipy is quicker."""


@dataclass(frozen=True, slots=True)
class SignFlip:
    """A sign-flip test's p, how it was had, and how many resamples stood behind it (0 when exact)."""

    p: float
    method: Literal["exact", "monte-carlo", "normal"]
    draws: int = 0


_LATTICES = (1, 2, 3, 4, 6, 10, 12, 20, 30, 60, 100, 120, 1000)
_MANY, _MOST_DRAWS = 1_000, 2_000_000
_COMPLETE = 2.0**53
"""Up to here a float tells every whole number from its neighbours."""


def sign_flip(d: ArrayLike, rng: np.random.Generator, alpha: float = 0.05) -> SignFlip:
    """One-sided sign-flip p that the mean of `d` (candidate minus baseline, one number per cluster) is below zero.

    Under the null the sign of each cluster's difference is a fair coin (Fisher 1935). The tail is exact where the
    differences lie on a common lattice (means over a few repetitions do) or are at most 20; else Monte Carlo with
    (1 + count) / (1 + R), R >= 20 / alpha (Phipson and Smyth 2010). Off a manageable lattice, beyond 1,000 differences or
    2,000,000 draws, the normal limit of the same permutation law is used with its kurtosis correction (Edgeworth); its
    error is of order 1/n.

    Assumes clusters are independent and differences symmetric under the null. No non-zero difference gives p = 1.
    Independent of the order of `d`.
    """
    values = finite("differences", d)
    share("alpha", alpha)
    # Sorted, so that sums do not depend on the order of rows.
    values = np.sort(values[np.abs(values) > 1e-12])
    if values.size == 0:
        return SignFlip(1.0, "exact")
    size = np.sort(np.abs(values))
    exact = _lattice_tail(values)
    if exact is not None:
        return SignFlip(exact, "exact")
    observed = float(values.sum())
    slack = 1e-9 * float(size.sum())
    if size.size <= 20:
        sums = np.zeros(1)
        for step in size:
            sums = np.concatenate([sums - step, sums + step])
        return SignFlip(float(np.mean(sums <= observed + slack)), "exact")
    draws = max(20_000, math.ceil(20 / alpha))
    if size.size > _MANY or draws > _MOST_DRAWS:
        return SignFlip(_normal_tail(observed, size), "normal")
    hits, chunk = 0, max(1, 4_000_000 // size.size)
    for start in range(0, draws, chunk):
        n = min(chunk, draws - start)
        signs = rng.integers(0, 2, size=(n, size.size), dtype=np.int8)
        # sum of s|d| with s = 2 bit - 1
        sums = 2 * (signs @ size) - size.sum()
        hits += int(np.count_nonzero(sums <= observed + slack))
    return SignFlip((1 + hits) / (1 + draws), "monte-carlo", draws)


def _normal_tail(observed: float, size: NDArray[np.float64]) -> float:
    """The permutation law's normal limit with its first correction; the law is symmetric, so its skewness is nought."""
    variance = float((size**2).sum())
    z = observed / math.sqrt(variance)
    excess = -2 * float((size**4).sum()) / variance**2
    density = math.exp(-z * z / 2) / math.sqrt(2 * math.pi)
    return min(1.0, max(0.0, below(z) - density * excess / 24 * (z**3 - 3 * z)))


def _lattice_tail(values: NDArray[np.float64]) -> float | None:
    """The exact tail where all differences are multiples of one small unit, else None."""
    for per_unit in _LATTICES:
        scaled = values * per_unit
        multiples = np.rint(scaled)
        # A difference too small for the unit is no multiple of it: as none it would be lost.
        if np.all((np.abs(scaled - multiples) < 1e-7) & (multiples != 0)):
            break
    else:
        return None
    if np.abs(scaled).max() > _COMPLETE:
        return None
    steps, counts = np.unique(np.abs(multiples).astype(np.int64), return_counts=True)
    # In steps of what all share: a thousand tokens each is one step each.
    unit = int(np.gcd.reduce(steps))
    steps, multiples = steps // unit, multiples / unit
    total = int((steps * counts).sum())
    if len(steps) > 1 and total * len(steps) > 5_000_000:
        return None
    # Sum of s|d| = 2 * (sum over clusters with s = +1) - total; each magnitude's share is binomial on its own grid.
    sums = np.ones(1)
    for step, count in zip(steps, counts, strict=True):
        spread = np.zeros(int(step * count) + 1)
        spread[:: int(step)] = law(int(count))
        sums = _convolve(sums, spread)
    observed = round(float(multiples.sum()))
    reach = (observed + total) // 2
    return float(min(1.0, max(0.0, sums[: reach + 1].sum())))


def _convolve(a: NDArray[np.float64], b: NDArray[np.float64]) -> NDArray[np.float64]:
    if a.size * b.size <= 20_000_000:
        return np.convolve(a, b)
    size = a.size + b.size - 1
    out: NDArray[np.float64] = np.fft.irfft(np.fft.rfft(a, size) * np.fft.rfft(b, size), size)
    return np.maximum(out, 0.0)


def newcombe_paired(both: int, b: int, c: int, neither: int, level: float = 0.95) -> Interval | CannotTell:
    """Interval for (candidate rate - baseline rate) on the same n examples, by Newcombe's hybrid score method for pairs.

    Newcombe 1998 (Statistics in Medicine 17:2635), method 10: Wilson limits of both rates, joined through the phi
    correlation with its continuity correction. Never degenerate: with no discordant pair it still has width. For binary
    scores of independent examples only.
    """
    for name, value in (("both", both), ("b", b), ("c", c), ("neither", neither)):
        complete(name, value, least=0)
    n = both + b + c + neither
    if n == 0:
        return CannotTell("no example was scored by both versions")
    base, cand = wilson(both + b, n, level), wilson(both + c, n, level)
    if isinstance(base, CannotTell) or isinstance(cand, CannotTell):
        return CannotTell("no example was scored by both versions")
    p_base, p_cand = (both + b) / n, (both + c) / n
    margins = (both + b) * (c + neither) * (both + c) * (b + neither)
    cross: float = both * neither - b * c
    if cross > 0:
        cross = max(cross - n / 2, 0)
    phi = cross / math.sqrt(margins) if margins else 0.0
    theta = p_cand - p_base

    def reach(x: float, y: float) -> float:
        return math.sqrt(max(0.0, x * x - 2 * phi * x * y + y * y))

    low = theta - reach(p_cand - cand.low, base.high - p_base)
    high = theta + reach(cand.high - p_cand, p_base - base.low)
    return Interval(max(-1.0, low), min(1.0, high), level)


def mean_interval(d: ArrayLike, level: float = 0.95) -> Interval | CannotTell:
    """Student's t interval for the mean of `d`, one number per cluster.

    Assumes independent clusters and enough of them for the mean to be near normal (30 is a fair floor); it is for display,
    the test is `sign_flip`. Fewer than two clusters, or no spread at all, is "cannot tell", never an interval of width 0.
    """
    values = finite("differences", d)
    share("level", level)
    if values.size < 2:
        return CannotTell("an interval needs at least two clusters")
    spread = float(values.std(ddof=1))
    if spread < 1e-9:
        return CannotTell("every cluster moved by the same amount, so its spread is unknown")
    half = t_quantile((1 + level) / 2, values.size - 1) * spread / math.sqrt(values.size)
    mean = float(values.mean())
    return Interval(mean - half, mean + half, level)
