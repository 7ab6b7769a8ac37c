"""Batch drift: two windows compared feature by feature, overall and by segment.

The PSI has one smoothing rule: a level that a window lacks counts as half an item of it. It is flagged only where it
passes its band *and* what it would be without any drift (chi-square, Yurdakul 2018), with false discoveries over all
features and segments held at alpha (Benjamini and Hochberg 1995).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from scipy import special

from seatrial.feedback.drift.feature import FEW, MANY, Feature, levels
from seatrial.feedback.drift.rules import Band
from seatrial.stats.drift.ks import kolmogorov_smirnov
from seatrial.stats.interval import CannotTell
from seatrial.stats.multiplicity import benjamini_hochberg
from seatrial.wording import count

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from seatrial.feedback.drift.rules import DriftRules


@dataclass(frozen=True, slots=True)
class Shift:
    """One feature in one segment.

    Attributes:
        feature, segment: what was compared; segment is `overall` or `NAME=value`.
        n: rows of the reference and of the current window.
        psi: population stability index, natural log; None where it could not be told.
        limit: the index that 5 of 100 comparisons without drift pass.
        p: chance of such an index without drift.
        adjusted: the same over all comparisons.
        ks: Kolmogorov and Smirnov's distance and p, for numbers.
        new: level -> share of the current window, where the reference never had it.
        band: what it asks for; None where it could not be told.
        problem: why it could not be told.
    """

    feature: str
    segment: str
    n: tuple[int, int]
    psi: float | None = None
    limit: float | None = None
    p: float | None = None
    adjusted: float | None = None
    ks: tuple[float, float] | None = None
    new: Mapping[str, float] | None = None
    band: Band | None = None
    problem: str = ""


def compare(
    reference: Mapping[str, Feature],
    current: Mapping[str, Feature],
    rules: DriftRules,
    *,
    dimensions: Sequence[str] = (),
    only: Sequence[str] = (),
) -> list[Shift]:
    """Every feature of the reference, overall and in each segment of each dimension.

    Columns of text with more than 500 different values (ids, free text) are left out unless `only` names them.
    """
    names = [name for name in (only or reference) if name in reference and (only or _comparable(reference[name]))]
    found = [_shift(reference[name], current.get(name), "overall", rules) for name in names]
    for dimension in dimensions:
        for value, here, there in _segments(reference[dimension], current[dimension]):
            for name in names:
                if name not in (dimension, *dimensions) and name in current:
                    pair = reference[name].where(here), current[name].where(there)
                    found.append(_shift(*pair, f"{dimension}={value}", rules))
    tested = [i for i, one in enumerate(found) if one.p is not None]
    adjusted: Sequence[float] = (
        benjamini_hochberg([found[i].p or 0.0 for i in tested], rules.alpha).adjusted.tolist() if tested else ()
    )
    for i, level in zip(tested, adjusted, strict=True):
        one = found[i]
        beyond = level <= rules.alpha
        band = rules.band(one.psi or 0.0) if beyond else Band.STABLE
        if one.new and band is Band.STABLE and beyond:
            band = Band.INVESTIGATE
        found[i] = replace(one, adjusted=level, band=band)
    return found


def psi_of(reference: NDArray[np.float64], current: NDArray[np.float64]) -> float:
    """PSI of two windows' counts; a level that a window lacks counts as half an item of it."""
    a = np.maximum(reference, 0.5) / reference.sum()
    b = np.maximum(current, 0.5) / current.sum()
    return float(((b - a) * np.log(b / a)).sum())


def _comparable(feature: Feature) -> bool:
    return feature.texts is None or len(feature.texts.used().values) <= MANY


def _segments(reference: Feature, current: Feature) -> list[tuple[str, NDArray[np.bool_], NDArray[np.bool_]]]:
    values = sorted({*_values(reference), *_values(current)})
    return [(value, _is(reference, value), _is(current, value)) for value in values]


def _values(feature: Feature) -> list[str]:
    if feature.texts is not None:
        return list(feature.texts.used().values)
    assert feature.numbers is not None  # noqa: S101 - one of the two is set
    return [f"{value:g}" for value in np.unique(feature.numbers[np.isfinite(feature.numbers)]).tolist()[:FEW]]


def _is(feature: Feature, value: str) -> NDArray[np.bool_]:
    if feature.texts is not None:
        code = feature.texts.values.index(value) if value in feature.texts.values else -2
        return np.asarray(feature.texts.index == code)
    assert feature.numbers is not None  # noqa: S101 - one of the two is set
    return np.asarray(feature.numbers == float(value))


def _shift(reference: Feature, current: Feature | None, segment: str, rules: DriftRules) -> Shift:
    if current is None:
        return Shift(reference.name, segment, (_rows(reference), 0), problem="the current window has no such column")
    n = (_rows(reference), _rows(current))
    one = Shift(reference.name, segment, n)
    if min(n) < rules.min_n:
        return replace(one, problem=f"{n[0]:,} and {count(n[1], 'row')}, and a window needs {rules.min_n}")
    kinds = {reference.kind, current.kind}
    if kinds == {"number", "text"}:
        return replace(one, problem=f"the type changed: {reference.kind} in the reference, {current.kind} now")
    table = levels(_as(reference, kinds), _as(current, kinds))
    df = int(((table.reference > 0) | (table.current > 0)).sum()) - 1
    fresh = {
        name: share
        for name, had, share in zip(table.names, table.reference.tolist(), (table.current / n[1]).tolist(), strict=True)
        if had == 0 and share > 0
    }
    if df < 1:
        return replace(one, psi=0.0, limit=0.0, p=1.0)
    scale = 1 / n[0] + 1 / n[1]
    value = psi_of(table.reference, table.current)
    ks = None
    if reference.numbers is not None and current.numbers is not None:
        a, b = (window[np.isfinite(window)] for window in (reference.numbers, current.numbers))
        measured = kolmogorov_smirnov(a, b)
        ks = None if isinstance(measured, CannotTell) else (measured.distance, measured.p)
    return replace(
        one,
        psi=value,
        limit=float(special.chdtri(df, 0.05)) * scale,
        p=float(special.chdtrc(df, value / scale)),
        ks=ks,
        new=fresh,
    )


def _rows(feature: Feature) -> int:
    return int(feature.numbers.size if feature.numbers is not None else len(feature.texts or ()))


def _as(feature: Feature, kinds: set[str]) -> Feature:
    """An empty column takes the kind of the other window, so that its rows are missing ones of that kind."""
    if feature.kind != "nothing" or "text" not in kinds or feature.texts is not None:
        return feature
    from seatrial.table import Codes  # noqa: PLC0415 - rare

    return Feature(feature.name, None, Codes((), np.full(_rows(feature), -1, np.int32)))
