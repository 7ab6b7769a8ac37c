"""Measurements: did latency or tokens grow beyond their margin, example by example, in an alpha slice of their own."""

from __future__ import annotations

import hashlib
import math
from typing import TYPE_CHECKING

import numpy as np

from seatrial.errors import ConfigError
from seatrial.gate.arms import clusters_of
from seatrial.gate.row import DECIMALS, OVERALL
from seatrial.stats.paired import mcnemar, sign_flip
from seatrial.verdict import Finding, State, Verdict
from seatrial.wording import count, p_value, percent

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from seatrial.evidence import Evidence
    from seatrial.gate.policy import MeasureRule, Policy


def measure_finding(
    evidence: Evidence,
    rule: MeasureRule,
    policy: Policy,
    baseline: str,
    candidate: str,
    alpha: float,
    *,
    unchanged: bool,
) -> tuple[Finding, list[str]]:
    """Judge one measurement: the paired log ratio per cluster against log(1 + max_increase): the median by the
    exact sign test, the mean by a sign-flip.

    Latency gates only when both arms ran interleaved in one job (`interleaved` in the evidence's metadata); on two
    different days it measures the days. Planned runs without a number in both arms are counted, and beyond the missing
    tolerance the row cannot tell. The returned strings are warnings.
    """
    if not evidence.has(rule.name):
        raise ConfigError(f"{policy.source}: measurement {rule.name!r} gates but {evidence.source} has no such column")
    ratio, planned, unmeasured, runs = _log_ratios(evidence, rule.name, baseline, candidate, policy.repetitions)
    gates = rule.name != "latency_ms" or evidence.metadata.get("interleaved") == "true"
    limit = round(math.log1p(rule.max_increase), DECIMALS)
    middle = _increase(float(np.median(ratio) if rule.statistic == "median" else ratio.mean())) if ratio.size else None
    said = f"overall · {rule.name}: {count(planned, 'example')}, {rule.statistic} ratio {'?' if middle is None else f'{100 * middle:+.1f} %'.replace('-', '−')}, allowed +{100 * rule.max_increase:g} %"
    lost = unmeasured / runs if runs else 1.0
    if unmeasured:
        said += f"; {unmeasured} of {count(runs, 'run')} have no number above 0 in both arms"
    p = None
    if unchanged:
        verdict, state, reason = None, State.REPORTED, f"{said}; reported only: every output is identical"
    elif not gates:
        verdict, state, reason = (
            None,
            State.REPORTED,
            f"{said}; reported only: the arms did not run interleaved in one job",
        )
    elif ratio.size < policy.min_n or lost > policy.missing_tolerance:
        verdict, state = Verdict.INCONCLUSIVE, State.CANNOT_TELL
        reason = f"{said}{f', {percent(lost)}' if unmeasured else ''}; {count(ratio.size, 'example')} are left"
    else:
        seed = hashlib.sha256(np.sort(ratio).tobytes() + policy.hash.encode() + rule.name.encode()).digest()
        # The test asks what the statistic says: of the median, on which side of the limit most clusters lie.
        if rule.statistic == "median":
            p = float(mcnemar(int((ratio > limit).sum()), int((ratio < limit).sum()), "exact"))
        else:
            p = sign_flip(limit - ratio, np.random.default_rng(int.from_bytes(seed[:8], "big")), alpha).p
        grew = p <= alpha
        verdict, state = (Verdict.FAIL, State.BLOCKS) if grew else (Verdict.PASS, State.NO_DROP)
        reason = f"{said}; p {p_value(p)} {'≤' if grew else '>'} {p_value(alpha)}: {'grew beyond its margin' if grew else 'not beyond its margin'}"
    finding = Finding(
        segment=OVERALL,
        key=rule.name,
        critical=False,
        n=planned,
        baseline=None,
        candidate=None,
        difference=None,
        ci=None,
        ci_row=None,
        p=p,
        p_adjusted=p,
        alpha_row=None,
        threshold=alpha if gates and not unchanged else None,
        verdict=verdict,
        state=state,
        promotable=None,
        detectable_drop=None,
        needed_n=None,
        broke=int((ratio > limit).sum()),
        fixed=int((ratio < 0).sum()),
        missing=planned - ratio.size,
        outcomes={},
        reason=reason,
    )
    if not gates:
        return finding, [f"{rule.name} does not gate here: baseline and candidate did not run interleaved in one job"]
    if unchanged and middle is not None and middle > rule.max_increase:
        return finding, [f"{said}: the same outputs now cost more, and an unchanged candidate passes whatever it costs"]
    return finding, []


def _increase(log_ratio: float) -> float:
    """A log ratio as an increase; beyond a float's reach it is as good as endless."""
    return math.expm1(min(log_ratio, 700.0))


def _log_ratios(
    evidence: Evidence, name: str, baseline: str, candidate: str, repetitions: int | None
) -> tuple[NDArray[np.float64], int, int, int]:
    """Log of candidate over baseline, per cluster; clusters planned; runs without a number in both arms, of so many.

    Planned is what it is for scores: the baseline's repetitions, of each example what either arm ran. A run counts where both
    arms have a number; an example is the mean of its runs and a cluster that of its examples, so that neither the dear runs
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
