"""Sentences: how numbers are said, the same words on every surface."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


def percent(share: float | None) -> str:
    """A rate: `90.0 %`, or `?` when it is not known."""
    return "?" if share is None else f"{100 * share:.1f} %"


def points(share: float | None) -> str:
    """A difference: `−7.5 points`, with a true minus; never "-0.0"."""
    return "? points" if share is None else f"{signed(share)} points"


def signed(share: float | None) -> str:
    """A difference in points without its unit: `−7.5`, `+0.6`, `0.0`."""
    if share is None:
        return "?"
    value = round(100 * share, 1)
    return "0.0" if value == 0 else f"{'−' if value < 0 else '+'}{abs(value):.1f}"


def interval(ends: tuple[float, float] | None) -> str:
    """`−11.3 to −4.2`, or `no interval`."""
    return "no interval" if ends is None else f"{signed(ends[0])} to {signed(ends[1])}"


def p_value(p: float | None) -> str:
    """Two significant digits; below 1e-6 only the order."""
    if p is None:
        return "?"
    if p < 1e-6:
        return "< 0.000001"
    digits = max(2, 1 - math.floor(math.log10(p))) if p > 0 else 2
    return f"{p:.{min(digits, 8)}f}"


def drop(share: float | None) -> str:
    """A detectable drop: `9 points`, rounded up so that it never promises too much."""
    return "no drop at all" if share is None else f"{math.ceil(round(100 * share, 6))} points"


def drops(limits: Iterable[float]) -> str:
    """`20 points`, or `20 to 30 points` where they differ."""
    own = set(limits)
    least, most = min(own), max(own)
    return drop(most) if least == most else f"{drop(least).removesuffix(' points')} to {drop(most)}"


def drop_under(share: float, limit: float) -> str:
    """The bound of a drop that is shown to be under `limit`: rounded up, with as many decimals as keep it under the limit."""
    bound = max(0.0, share)
    for decimals in range(10):
        # Six decimals hold where a sum is not exact: 0.07 is 7 points, not 8.
        up = math.ceil(round(100 * bound * 10**decimals, 6)) / 10**decimals
        if up < round(100 * limit, 6):
            return f"{up:.{decimals}f} points"
    return drop(limit)


def count(n: int, noun: str) -> str:
    """`1 example`, `2 examples`."""
    return f"{n:,} {noun}{'' if n == 1 else 's'}"


_OF_ONE = {"are": "is", "were": "was", "have": "has", "do": "does"}


def verb(n: int, plural: str) -> str:
    """A verb beside a `count`: `1 row is`, `2 rows are`; `name` is `names` of one."""
    return plural if n != 1 else _OF_ONE.get(plural, f"{plural}s")
