"""Measurements: did latency or tokens grow beyond their margin, example by example, in an alpha slice of their own."""

from __future__ import annotations

import hashlib
import math
from typing import TYPE_CHECKING

import numpy as np

from seatrial.errors import ConfigError
from seatrial.gate.arms import clusters_of
from seatrial.gate.row import DECIMALS, OVERALL
from seatrial.reason import FewRatios, Grew, Increase, NotInterleaved, WithinMargin
from seatrial.stats.paired import mcnemar, sign_flip
from seatrial.verdict import Finding, State, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from seatrial.evidence import Evidence
    from seatrial.gate.plan import Plan
    from seatrial.gate.policy import MeasureRule
    from seatrial.reason import Reason


def measurements(plan: Plan) -> Iterator[Finding]:
    """One finding per gating measurement, each at its part of the measurements' alpha."""
    measures = plan.comparison.policy.measures
    for rule in measures:
        yield measure_finding(plan, rule, plan.comparison.budget.measures / len(measures))


def measure_finding(plan: Plan, rule: MeasureRule, alpha: float) -> Finding:
    """Judge one measurement: the paired log ratio per cluster against log(1 + max_increase).

    The median is judged by the exact sign test (on which side of the limit most clusters lie), the mean by a sign-flip.
    Latency gates only when both arms ran interleaved in one job (`interleaved` in the evidence's metadata); on two
    different days it measures the days. Planned runs without a number in both arms are counted, and beyond the missing
    tolerance the row cannot tell.

    Raises:
        ConfigError: the evidence has no such column.
    """
    c, evidence = plan.comparison, plan.evidence
    if not evidence.has(rule.name):
        raise ConfigError(
            f"{c.policy.source}: measurement {rule.name!r} gates but {evidence.source} has no such column"
        )
    ratio, planned, without, runs = _log_ratios(evidence, rule.name, c.baseline, c.candidate, c.policy.repetitions)
    limit = round(math.log1p(rule.max_increase), DECIMALS)
    middle = _increase(float(np.median(ratio) if rule.statistic == "median" else ratio.mean())) if ratio.size else None
    missing = without / runs if runs else 1.0
    gates = rule.name != "latency_ms" or evidence.metadata.get("interleaved") == "true"
    verdict: Verdict | None = None
    state, p = State.REPORTED, None
    reason: Reason = NotInterleaved()
    if gates and (ratio.size < c.policy.min_n or missing > c.policy.missing_tolerance):
        verdict, state, reason = Verdict.INCONCLUSIVE, State.CANNOT_TELL, FewRatios(int(ratio.size), missing)
    elif gates:
        p = _p(ratio, limit, rule, alpha)
        grew = p <= alpha
        verdict, state = (Verdict.FAIL, State.BLOCKS) if grew else (Verdict.PASS, State.NO_DROP)
        reason = Grew(p, alpha) if grew else WithinMargin(p, alpha)
    return Finding(
        segment=OVERALL,
        key=rule.name,
        n=planned,
        p=p,
        p_adjusted=p,
        threshold=alpha if gates else None,
        verdict=verdict,
        state=state,
        regressed=int((ratio > limit).sum()),
        fixed=int((ratio < 0).sum()),
        missing=planned - ratio.size,
        reasons=(reason, Increase(rule.statistic, middle, rule.max_increase, runs, without)),
    )


def _p(ratio: NDArray[np.float64], limit: float, rule: MeasureRule, alpha: float) -> float:
    """One-sided p that the statistic does not exceed the limit."""
    if rule.statistic == "median":
        return float(mcnemar(int((ratio > limit).sum()), int((ratio < limit).sum()), "exact"))
    seed = hashlib.sha256(np.sort(ratio).tobytes()).digest()
    return sign_flip(limit - ratio, np.random.default_rng(int.from_bytes(seed[:8], "big")), alpha).p


def _increase(log_ratio: float) -> float:
    """A log ratio as an increase; beyond a float's reach it is as good as endless."""
    return math.expm1(min(log_ratio, 700.0))


def _log_ratios(
    evidence: Evidence, name: str, baseline: str, candidate: str, repetitions: int | None
) -> tuple[NDArray[np.float64], int, int, int]:
    """Log of candidate over baseline, per cluster; clusters planned; runs without a number in both arms, of so many.

    Planned is what it is for scores: the baseline's repetitions, of each example what either arm ran. A run counts where both
    arms have a number; an example is the mean of its runs and a cluster that of its examples, so that neither the expensive runs
    that nobody measured nor an example that was run more often speaks for the others.
    """
    versions, examples, tries = evidence.codes("version"), evidence.codes("example_id"), evidence.numbers("repetition")
    values = evidence.numbers(name)
    sides = [np.flatnonzero(versions.index == versions.values.index(version)) for version in (baseline, candidate)]
    ran = np.unique(tries[sides[0]])
    plan = ran[:repetitions] if ran.size else np.unique(tries[sides[1]])
    wanted = np.zeros((len(examples.values), max(1, plan.size)), dtype=bool)
    logs = np.full((2, *wanted.shape), np.nan)
    for side, mine in enumerate(sides):
        # One number a run, whatever number of keys was scored on it: they are the same, or the evidence was refused.
        rows = mine[np.isin(tries[mine], plan)]
        at = (examples.index[rows], np.searchsorted(plan, tries[rows]))
        wanted[at] = True
        known = values[rows] > 0
        logs[side][at[0][known], at[1][known]] = np.log(values[rows][known])
    both = ~np.isnan(logs).any(axis=0)
    runs = both.sum(axis=1)
    of_example = np.where(both, logs[1] - logs[0], 0.0).sum(axis=1) / np.maximum(runs, 1)
    group = clusters_of(evidence, np.arange(len(examples.values)))
    size = int(group.max()) + 1
    there = runs > 0
    counted = np.bincount(group[there], minlength=size)
    total = np.bincount(group[there], weights=of_example[there], minlength=size)
    ratio = np.round(total[counted > 0] / counted[counted > 0], DECIMALS)
    planned = int(np.unique(group[wanted.any(axis=1)]).size)
    return ratio, planned, int(wanted.sum()) - int(both.sum()), int(wanted.sum())
