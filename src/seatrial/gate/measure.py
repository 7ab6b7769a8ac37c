"""Measurements: did latency or tokens grow beyond their margin, example by example, in an alpha slice of their own."""

from __future__ import annotations

import hashlib
import math
from typing import TYPE_CHECKING

import numpy as np

from seatrial.errors import ConfigError
from seatrial.evidence.check import run_codes
from seatrial.gate.row import DECIMALS, OVERALL
from seatrial.gate.sentence import count, p_value, percent
from seatrial.stats.paired import mcnemar, sign_flip
from seatrial.verdict import Finding, State, Verdict

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
    different days it measures the days. Runs of either arm without a number are counted, and clusters without one in both:
    beyond the missing tolerance the row cannot tell. The returned strings are warnings.
    """
    if not evidence.has(rule.name):
        raise ConfigError(f"{policy.source}: measurement {rule.name!r} gates but {evidence.source} has no such column")
    ratio, planned, lost = _log_ratios(evidence, rule.name, baseline, candidate)
    gates = rule.name != "latency_ms" or evidence.metadata.get("interleaved") == "true"
    limit = math.log1p(rule.max_increase)
    middle = _increase(float(np.median(ratio) if rule.statistic == "median" else ratio.mean())) if ratio.size else None
    said = f"overall · {rule.name}: {count(planned, 'example')}, {rule.statistic} ratio {'?' if middle is None else f'{100 * middle:+.1f} %'.replace('-', '−')}, allowed +{100 * rule.max_increase:g} %"
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
        reason = f"{said}; {percent(lost)} have no number above 0 in both arms, {count(ratio.size, 'example')} are left"
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


def _log_ratios(evidence: Evidence, name: str, baseline: str, candidate: str) -> tuple[NDArray[np.float64], int, float]:
    """Log of candidate over baseline, per cluster; how many clusters were planned; the share that has no number.

    That share is of the clusters, or of one arm's runs, whichever is larger: the mean of what a cluster has left would hide
    that the dear half of its runs was not measured.
    """
    versions, examples = evidence.codes("version"), evidence.codes("example_id")
    values = evidence.numbers(name)
    place = evidence.codes("cluster") if evidence.has("cluster") else examples
    group = np.where(place.index < 0, len(place.values) + examples.index, place.index)
    size = int(group.max()) + 1
    logs, lost, seen = [], [0.0], np.zeros(size, dtype=bool)
    runs = run_codes(evidence)
    for version in (baseline, candidate):
        mine = versions.index == versions.values.index(version)
        seen[group[mine]] = True
        known = np.flatnonzero(mine & (values > 0))
        # Once per run, whatever number of keys was scored on it.
        known = known[np.unique(runs[known], return_index=True)[1]]
        lost.append(1 - known.size / max(1, np.unique(runs[mine]).size))
        total = np.bincount(group[known], weights=np.log(values[known]), minlength=size)
        with np.errstate(invalid="ignore"):
            logs.append(total / np.bincount(group[known], minlength=size))
    ratio = logs[1] - logs[0]
    ratio = np.round(ratio[seen & np.isfinite(ratio)], DECIMALS)
    planned = int(seen.sum())
    return ratio, planned, max(*lost, 1 - ratio.size / planned if planned else 1.0)
