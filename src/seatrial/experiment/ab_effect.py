"""A/B effect: treatment minus control of one metric, within strata, with what was known before taken out of the noise."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import special

from seatrial.errors import MissingExtra
from seatrial.experiment.ab_plan import Design
from seatrial.stats.cuped import cuped
from seatrial.stats.difference import pooled_z, score_interval
from seatrial.stats.interval import CannotTell
from seatrial.stats.normal import p_of, quantile
from seatrial.stats.sequential import asymptotic
from seatrial.stats.strata.homogeneity import breslow_day
from seatrial.stats.strata.risk_difference import mantel_haenszel
from seatrial.stats.strata.table import Strata
from seatrial.stats.welch import Moments, welch

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from seatrial.experiment.ab_plan import AbMetric, AbPlan
    from seatrial.experiment.ab_units import Units

FEWEST_EVENTS = 10
"""Successes and failures an arm must hold before a sequence that leans on the normal law says anything of a rate."""


@dataclass(frozen=True, slots=True)
class Effect:
    """Treatment minus control.

    Attributes:
        control: mean of the control.
        treatment: of the treatment.
        estimate: the effect that is acted on.
        error: its standard error.
        low: lower end of its interval at 1 - alpha.
        high: upper end.
        p: two-sided; always-valid where the design is.
        method: which estimate it is.
        crude: the difference with the strata thrown together.
        simpson: crude and stratified effect point opposite ways and lie more than two errors apart.
        uneven: p that the strata share one odds ratio; None where it was not asked or cannot be told.
        saved: share of the variance that the covariate took out.
        n: units measured, control and treatment.
    """

    control: float
    treatment: float
    estimate: float
    error: float
    low: float
    high: float
    p: float
    method: str
    crude: float
    simpson: bool
    uneven: float | None
    saved: float | None
    n: tuple[int, int]


@dataclass(frozen=True, slots=True)
class _Raw:
    estimate: float
    error: float
    method: str
    uneven: float | None = None
    saved: float | None = None
    df: float = math.inf


def effect_of(units: Units, metric: AbMetric, plan: AbPlan) -> Effect | CannotTell:
    """The effect of one metric, by the plan.

    Without strata and covariate a rate is judged by the pooled z and its score interval, a mean by Welch's t. With strata
    the effect is the one within strata (Mantel-Haenszel for rates); with a covariate it is CUPED's; where every row counts,
    ordinary least squares with errors clustered by unit. An always-valid design takes the asymptotic confidence sequence
    of the same estimate and error.
    """
    y = units.values[metric.name]
    measured = ~np.isnan(y)
    if metric.covariate:
        measured &= ~np.isnan(units.covariates[metric.covariate])
    y, arm = y[measured], units.arm[measured]
    a, b = y[arm == 1], y[arm == 0]
    if min(a.size, b.size) < 2:
        return CannotTell("each arm needs at least two measured units")
    binary = bool(np.isin(y, (0.0, 1.0)).all())
    plain = binary and not units.strata and not metric.covariate and metric.name not in units.clustered
    if plain and plan.design is Design.FIXED:
        return _rate(a, b, plan.alpha)
    few = min(int(side) for one in (a, b) for side in (one.sum(), one.size - one.sum())) if binary else FEWEST_EVENTS
    if plan.design is Design.ALWAYS_VALID and few < FEWEST_EVENTS:
        return CannotTell(f"an arm holds {few} successes or failures; the sequence starts at {FEWEST_EVENTS}")
    raw = _estimate(units, metric, measured, y, arm, binary)
    if isinstance(raw, CannotTell):
        return raw
    crude = float(a.mean() - b.mean())
    ends = _ends(raw, plan, int(y.size))
    if isinstance(ends, CannotTell):
        return ends
    low, high, p = ends
    return Effect(
        control=float(b.mean()),
        treatment=float(a.mean()),
        estimate=raw.estimate,
        error=raw.error,
        low=low,
        high=high,
        p=p,
        method=raw.method,
        crude=crude,
        simpson=bool(units.strata) and crude * raw.estimate < 0 and abs(crude - raw.estimate) > 2 * raw.error,
        uneven=raw.uneven,
        saved=raw.saved,
        n=(int(b.size), int(a.size)),
    )


def _rate(a: NDArray[np.float64], b: NDArray[np.float64], alpha: float) -> Effect | CannotTell:
    counts = (float(a.sum()), a.size, float(b.sum()), b.size)
    test, ends = pooled_z(*counts), score_interval(*counts, 1 - alpha)
    if isinstance(test, CannotTell):
        return test
    if isinstance(ends, CannotTell):
        return ends
    return Effect(
        control=float(b.mean()),
        treatment=float(a.mean()),
        estimate=test.difference,
        error=abs(test.difference / test.z) if test.z else math.sqrt(a.var() / a.size + b.var() / b.size),
        low=ends.low,
        high=ends.high,
        p=test.p,
        method="pooled z, score interval",
        crude=test.difference,
        simpson=False,
        uneven=None,
        saved=None,
        n=(int(b.size), int(a.size)),
    )


def _estimate(
    units: Units,
    metric: AbMetric,
    measured: NDArray[np.bool_],
    y: NDArray[np.float64],
    arm: NDArray[np.int64],
    binary: bool,
) -> _Raw | CannotTell:
    stratum = units.stratum[measured] if units.strata else np.zeros(y.size, np.int64)
    if metric.name in units.clustered:
        return _clustered(units, metric.name)
    saved = None
    if metric.covariate:
        x = units.covariates[metric.covariate][measured]
        adjusted = cuped(y[arm == 1], x[arm == 1], y[arm == 0], x[arm == 0])
        if isinstance(adjusted, CannotTell):
            return adjusted
        y, saved = y - adjusted.theta * (x - x.mean()), adjusted.variance_reduction
    if not units.strata:
        found = welch(_moments(y[arm == 1]), _moments(y[arm == 0]))
        if isinstance(found, CannotTell):
            return found
        return _Raw(
            found.difference, found.error, "CUPED" if metric.covariate else "Welch's t", saved=saved, df=found.df
        )
    if binary and not metric.covariate:
        return _rates_within(y, arm, stratum, len(units.strata))
    return _means_within(y, arm, stratum, len(units.strata), saved)


def _moments(values: NDArray[np.float64]) -> Moments:
    return Moments(values.size, float(values.sum()), float((values**2).sum()))


def _rates_within(
    y: NDArray[np.float64], arm: NDArray[np.int64], stratum: NDArray[np.int64], size: int
) -> _Raw | CannotTell:
    def count(chosen: NDArray[np.bool_], weights: NDArray[np.float64] | None = None) -> NDArray[Any]:
        return np.bincount(stratum[chosen], weights=None if weights is None else weights[chosen], minlength=size)

    one, two = arm == 1, arm == 0
    table = Strata.of(count(one, y), count(one), count(two, y), count(two))
    found = mantel_haenszel(table)
    if isinstance(found, CannotTell):
        return found
    if found.error == 0:
        return CannotTell("every stratum's rates are 0 or 1, so their spread is unknown")
    uneven = breslow_day(table)
    return _Raw(
        found.estimate,
        found.error,
        "Mantel-Haenszel difference within strata",
        None if isinstance(uneven, CannotTell) else uneven.p,
    )


def _means_within(
    y: NDArray[np.float64], arm: NDArray[np.int64], stratum: NDArray[np.int64], size: int, saved: float | None
) -> _Raw | CannotTell:
    """sum w (mean1 - mean2) / sum w with w = n1 n2 / N, the error from each stratum's own variances."""
    total, spread, weight = 0.0, 0.0, 0.0
    for k in range(size):
        a, b = y[(stratum == k) & (arm == 1)], y[(stratum == k) & (arm == 0)]
        if min(a.size, b.size) < 2:
            continue
        w = a.size * b.size / (a.size + b.size)
        total += w * (a.mean() - b.mean())
        spread += w * w * (a.var(ddof=1) / a.size + b.var(ddof=1) / b.size)
        weight += w
    if weight == 0 or spread == 0:
        return CannotTell("no stratum has two units with a spread in both arms")
    how = "CUPED within strata" if saved is not None else "difference of means within strata"
    return _Raw(total / weight, math.sqrt(spread) / weight, how, saved=saved)


def _clustered(units: Units, name: str) -> _Raw | CannotTell:
    """Every row counts, errors clustered by unit (Liang and Zeger 1986); strata enter as dummies."""
    try:
        from statsmodels.regression.linear_model import OLS  # noqa: PLC0415 - a second of imports
    except ImportError as absent:
        raise MissingExtra("statsmodels", "experiments", 'rows = "cluster"') from absent
    rows = units.clustered[name]
    treated = units.arm[rows.unit].astype(float)
    design = [np.ones(rows.unit.size), treated]
    if units.strata:
        design += [(units.stratum[rows.unit] == k).astype(float) for k in range(1, len(units.strata))]
    fitted = OLS(rows.values, np.column_stack(design)).fit(cov_type="cluster", cov_kwds={"groups": rows.unit})
    estimate, error = float(fitted.params[1]), float(fitted.bse[1])
    if not error > 0:
        return CannotTell("every row has the same value, so the spread is unknown")
    return _Raw(estimate, error, "rows, errors clustered by unit")


def _ends(raw: _Raw, plan: AbPlan, n: int) -> tuple[float, float, float] | CannotTell:
    if plan.design is Design.FIXED:
        z = -quantile(plan.alpha / 2) if math.isinf(raw.df) else -float(special.stdtrit(raw.df, plan.alpha / 2))
        t = abs(raw.estimate / raw.error)
        p = p_of(t, "two-sided") if math.isinf(raw.df) else float(2 * special.stdtr(raw.df, -t))
        return raw.estimate - z * raw.error, raw.estimate + z * raw.error, p
    interval = asymptotic.interval(n, raw.estimate, raw.error, plan.alpha, plan.units)
    always = asymptotic.p_value(n, raw.estimate, raw.error, asymptotic.tuned_rho(plan.alpha, plan.units))
    if isinstance(interval, CannotTell):
        return interval
    if isinstance(always, CannotTell):
        return always
    return interval.low, interval.high, always
