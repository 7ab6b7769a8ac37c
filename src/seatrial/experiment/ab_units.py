"""A/B units: rows of a table, one unit once; what is wrong with them is counted, never dropped in silence."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from seatrial.canonical import canonical_json, short_hash
from seatrial.errors import DataError
from seatrial.experiment.ab_plan import Design, Rows
from seatrial.experiment.exposure import too_heavy
from seatrial.table import SEGMENT_PREFIX, Column, Kind
from seatrial.wording import count

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from seatrial.experiment.ab_plan import AbPlan
    from seatrial.table import Codes, Table

HEAVIEST = 0.01
"""Share of the rows that one unit may be before it is named."""


@dataclass(frozen=True, slots=True)
class Clustered:
    """A metric whose every row counts: its rows, and the unit each belongs to."""

    values: NDArray[np.float64]
    unit: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Units:
    """One entry per unit.

    Attributes:
        arm: 0 control, 1 treatment.
        values: metric -> mean over the unit's rows; NaN where none was measured.
        covariates: column -> value of the unit's first row.
        stratum: index into `strata`; empty where the plan names none.
        strata: labels, `NAME=value` joined by a comma.
        clustered: metric -> its rows, where every row counts.
        both: units that stand in both arms.
        no_unit: rows without a unit or an arm.
        left_over: units beyond the planned number, left out by time of exposure.
        timed: whether the table says when units were exposed.
        heavy: (unit, share of the rows) of units that are more than 1 % of them: no person is.
    """

    arm: NDArray[np.int64]
    values: Mapping[str, NDArray[np.float64]]
    covariates: Mapping[str, NDArray[np.float64]] = field(default_factory=dict)
    stratum: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))
    strata: tuple[str, ...] = ()
    clustered: Mapping[str, Clustered] = field(default_factory=dict)
    both: int = 0
    no_unit: int = 0
    left_over: int = 0
    timed: bool = False
    heavy: tuple[tuple[str, float], ...] = ()

    @property
    def n(self) -> tuple[int, int]:
        """Units of the control and of the treatment."""
        return int((self.arm == 0).sum()), int((self.arm == 1).sum())

    @property
    def hash(self) -> str:
        """Hash of everything a decision is made of."""
        columns = (self.arm, self.stratum, *self.values.values(), *self.covariates.values())
        rows = tuple(part for one in self.clustered.values() for part in (one.values, one.unit))
        names = canonical_json([*self.values, *self.covariates, *self.strata])
        return short_hash(names.encode() + b"".join(one.astype("<f8").tobytes() for one in (*columns, *rows)))


def columns_of(plan: AbPlan) -> tuple[Column, ...]:
    """The columns an A/B table must and may have."""
    covariates = dict.fromkeys(metric.covariate for metric in plan.metrics if metric.covariate)
    return (
        Column("unit", Kind.TEXT, f"the {plan.unit} that was assigned", required=True),
        Column("arm", Kind.TEXT, f"{plan.control} or {plan.treatment}", required=True),
        Column("exposed_at", Kind.TIME, "when the unit first saw its arm"),
        *(Column(metric.name, Kind.NUMBER, "metric", required=True) for metric in plan.metrics),
        *(Column(name, Kind.NUMBER, "value from before the test", required=True) for name in covariates),
    )


def units_of(table: Table, plan: AbPlan) -> Units:
    """Count every unit once, by its first row.

    Raises:
        DataError: an arm that is not the plan's, no unit in an arm, a rate outside 0..1, a stratum column that is absent.
    """
    blank = _blank(table, "unit") | _blank(table, "arm")
    kept = table.where(~blank) if blank.any() else table
    arms = kept.codes("arm")
    strange = [name for name in arms.used().values if name not in (plan.control, plan.treatment)]
    if strange:
        raise DataError(
            f"{table.source}: arm {strange[0]!r} is not in the plan; its arms are {plan.control} and {plan.treatment}"
        )
    is_treated = np.array([name == plan.treatment for name in arms.values] or [False])[arms.index]
    timed = kept.has("exposed_at")
    time = kept.numbers("exposed_at") if timed else np.zeros(len(kept))
    if timed and np.isnan(time).any():
        raise DataError(f"{table.source}: exposed_at is missing in {count(int(np.isnan(time).sum()), 'row')}")
    order = np.lexsort((np.arange(len(kept)), time))
    _, first, unit = np.unique(kept.codes("unit").index[order], return_index=True, return_inverse=True)
    rows_of = np.bincount(unit)
    treated_rows = np.bincount(unit, weights=is_treated[order])
    both = int(((treated_rows > 0) & (treated_rows < rows_of)).sum())
    at = order[first]
    values, clustered = {}, {}
    for metric in plan.metrics:
        one = kept.numbers(metric.name)[order]
        _in_range(one, metric.rate is not None, f"{table.source}: {metric.name}")
        values[metric.name] = _means(one, unit, rows_of.size)
        if metric.rows is Rows.CLUSTER:
            measured = ~np.isnan(one)
            clustered[metric.name] = Clustered(one[measured], unit[measured])
    stratum, strata = _strata(kept, plan, at)
    found = Units(
        arm=is_treated[at].astype(np.int64),
        values=values,
        covariates={m.covariate: kept.numbers(m.covariate)[at] for m in plan.metrics if m.covariate},
        stratum=stratum,
        strata=strata,
        clustered=clustered,
        both=both,
        no_unit=int(blank.sum()),
        timed=timed,
        heavy=_heavy(kept.codes("unit"), at, rows_of),
    )
    for name, n in zip((plan.control, plan.treatment), found.n, strict=True):
        if n == 0:
            raise DataError(f"{table.source}: no unit is in arm {name!r}")
    return _first_units(found, plan, time[at]) if timed else found


def _heavy(unit: Codes, at: NDArray[np.int64], rows_of: NDArray[np.int64]) -> tuple[tuple[str, float], ...]:
    total = int(rows_of.sum())
    most = np.flatnonzero(rows_of > HEAVIEST * total)
    return too_heavy({unit.values[unit.index[at[k]]]: int(rows_of[k]) for k in most}, HEAVIEST, total)


def _blank(table: Table, name: str) -> NDArray[np.bool_]:
    codes = table.codes(name)
    return np.array([not value.strip() for value in codes.values] + [True])[codes.index]


def _first_units(units: Units, plan: AbPlan, time: NDArray[np.float64]) -> Units:
    """A fixed test is judged on the planned number of units, the first by exposure; an always-valid one on all."""
    extra = units.arm.size - plan.units
    if plan.design is Design.ALWAYS_VALID or extra <= 0:
        return units
    keep = np.sort(np.argsort(time, kind="stable")[: plan.units])
    place = np.full(units.arm.size, -1)
    place[keep] = np.arange(keep.size)
    return Units(
        arm=units.arm[keep],
        values={name: one[keep] for name, one in units.values.items()},
        covariates={name: one[keep] for name, one in units.covariates.items()},
        stratum=units.stratum[keep] if units.strata else units.stratum,
        strata=units.strata,
        clustered={
            name: Clustered(one.values[place[one.unit] >= 0], place[one.unit][place[one.unit] >= 0])
            for name, one in units.clustered.items()
        },
        both=units.both,
        no_unit=units.no_unit,
        left_over=extra,
        timed=True,
        heavy=units.heavy,
    )


def _means(values: NDArray[np.float64], unit: NDArray[np.int64], size: int) -> NDArray[np.float64]:
    measured = ~np.isnan(values)
    n = np.bincount(unit[measured], minlength=size)
    total = np.bincount(unit[measured], weights=values[measured], minlength=size)
    means = np.full(size, np.nan)
    np.divide(total, n, out=means, where=n > 0)
    return means


def _in_range(values: NDArray[np.float64], rate: bool, place: str) -> None:
    if rate and np.any((values < 0) | (values > 1)):
        raise DataError(f"{place} is planned as a rate and holds values outside 0..1; plan it as a mean, with its sd")


def _strata(table: Table, plan: AbPlan, at: NDArray[np.int64]) -> tuple[NDArray[np.int64], tuple[str, ...]]:
    if not plan.strata:
        return np.zeros(0, np.int64), ()
    labels = np.full(at.size, "", dtype=object)
    for name in plan.strata:
        if not table.has(f"{SEGMENT_PREFIX}{name}"):
            raise DataError(
                f"{table.source} has no stratum {name!r}; say --segment {name} where a column is called so; "
                f"it has: {', '.join(table.dimensions) or 'none'}"
            )
        codes = table.codes(f"{SEGMENT_PREFIX}{name}")
        words = np.array([f"{name}={value}" for value in codes.values] or [""], dtype=object)[codes.index[at]]
        labels = words if name == plan.strata[0] else labels + "," + words
    strata, index = np.unique(labels.astype(str), return_inverse=True)
    return index.astype(np.int64), tuple(str(one) for one in strata)
