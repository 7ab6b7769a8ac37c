"""Measurements: did latency, tokens, calls or cost grow beyond their margin, or lie over their ceiling.

Growth is judged example by example in an alpha slice of its own; ceilings are outside alpha, at .05 shared by all of them.
"""

from __future__ import annotations

import hashlib
import math
from typing import TYPE_CHECKING

import numpy as np

from seatrial.gate.measured_runs import measured_runs, numbers_of
from seatrial.gate.row import DECIMALS, OVERALL
from seatrial.gate.thresholds import LEVEL
from seatrial.reason import FewRatios, Grew, Increase, NotInterleaved, OverCeiling, WithinMargin
from seatrial.stats.paired import mcnemar, sign_flip
from seatrial.stats.resampled_statistic import at_least, ratio_p, statistic
from seatrial.verdict import Finding, State, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from seatrial.gate.measured_runs import MeasuredRuns
    from seatrial.gate.plan import Plan
    from seatrial.gate.policy import MeasureRule
    from seatrial.reason import Reason

P95_LEAST = 100
"""Runs under which a 95th percentile says nothing."""


def measurements(plan: Plan) -> Iterator[Finding]:
    """One finding per gating measurement, each at its part of the measurements' alpha."""
    measures = plan.comparison.policy.measures
    grow = max(1, sum(rule.max_increase is not None for rule in measures))
    ceilings = max(1, sum(rule.ceiling is not None for rule in measures))
    for rule in measures:
        yield measure_finding(plan, rule, plan.comparison.budget.measures / grow, LEVEL / ceilings)


def measure_finding(plan: Plan, rule: MeasureRule, alpha: float, level: float = LEVEL) -> Finding:
    """Judge one measurement: its paired growth against 1 + max_increase, and the candidate's own against the ceiling.

    The median is judged by the exact sign test (on which side of the limit most clusters lie), the mean by a sign-flip, the
    95th percentile by resampling clusters; a ceiling by the resamples' lower bound. Latency gates only when both arms ran
    interleaved in one job (`interleaved` in the evidence's metadata); on two different days it measures the days. Planned runs
    without a number in both arms are counted, and beyond the missing tolerance the row cannot tell.

    Raises:
        ConfigError: the evidence has no such column, or the prices of a cost are not there.
    """
    c, evidence = plan.comparison, plan.evidence
    numbers = numbers_of(evidence, rule.name, c.prices, c.policy.source)
    runs = measured_runs(evidence, numbers, c.baseline, c.candidate, c.policy.repetitions)
    ratio, wanted = runs.log_ratios(), int(runs.wanted.sum())
    without = wanted - int(runs.both.sum())
    missing = without / wanted if wanted else 1.0
    gates = rule.name != "latency_ms" or evidence.metadata.get("interleaved") == "true"
    few = ratio.size < c.policy.min_n or (rule.statistic == "p95" and wanted - without < P95_LEAST)
    verdict: Verdict | None = None
    state, p = State.REPORTED, None
    reasons: list[Reason] = [NotInterleaved()]
    if gates and (few or missing > c.policy.missing_tolerance):
        verdict, state, reasons = Verdict.INCONCLUSIVE, State.CANNOT_TELL, [FewRatios(int(ratio.size), missing)]
    elif gates:
        verdict, state, reasons = Verdict.PASS, State.NO_DROP, []
        over = _over(runs, rule, level)
        if over is not None:
            verdict, state = (Verdict.FAIL, State.BLOCKS) if over.proven else (Verdict.PASS, State.WATCH)
            reasons.append(over)
        if rule.max_increase is not None:
            p = _p(runs, ratio, rule, alpha)
            if p <= alpha:
                verdict, state = Verdict.FAIL, State.BLOCKS
                reasons.insert(0, Grew(p, alpha))
            else:
                reasons.append(WithinMargin(p, alpha))
    limit = math.log1p(rule.max_increase or 0.0)
    return Finding(
        segment=OVERALL,
        key=rule.name,
        n=runs.planned,
        p=p,
        p_adjusted=p,
        threshold=alpha if gates and rule.max_increase is not None else None,
        verdict=verdict,
        state=state,
        regressed=int((ratio > round(limit, DECIMALS)).sum()),
        fixed=int((ratio < 0).sum()),
        missing=runs.planned - ratio.size,
        reasons=(*reasons, Increase(rule.statistic, _growth(runs, ratio, rule), rule.max_increase, wanted, without)),
    )


def _growth(runs: MeasuredRuns, ratio: NDArray[np.float64], rule: MeasureRule) -> float | None:
    """The candidate over the baseline, minus 1; None where nothing has a number."""
    if not ratio.size:
        return None
    if rule.statistic == "p95":
        base, cand, _ = runs.pairs()
        return statistic(cand, "p95") / statistic(base, "p95") - 1
    middle = float(np.median(ratio) if rule.statistic == "median" else ratio.mean())
    return math.expm1(min(middle, 700.0))  # beyond a float's reach it is as good as endless


def _p(runs: MeasuredRuns, ratio: NDArray[np.float64], rule: MeasureRule, alpha: float) -> float:
    """One-sided p that the statistic does not exceed the limit."""
    limit = round(math.log1p(rule.max_increase or 0.0), DECIMALS)
    if rule.statistic == "median":
        return float(mcnemar(int((ratio > limit).sum()), int((ratio < limit).sum()), "exact"))
    if rule.statistic == "p95":
        base, cand, cluster = runs.pairs()
        return ratio_p(base, cand, cluster, "p95", math.exp(limit), _rng(np.concatenate([base, cand])), alpha)
    return sign_flip(limit - ratio, _rng(ratio), alpha).p


def _over(runs: MeasuredRuns, rule: MeasureRule, level: float) -> OverCeiling | None:
    """What the ceiling says of the candidate's own numbers; None without one, or where they lie under it."""
    values, cluster = runs.of_candidate()
    if rule.ceiling is None or not values.size:
        return None
    seen = statistic(values, rule.statistic)
    if seen <= rule.ceiling:
        return None
    low = at_least(values, cluster, rule.statistic, _rng(values), level)
    return OverCeiling(rule.statistic, seen, rule.ceiling, low, low > rule.ceiling, level)


def _rng(values: NDArray[np.float64]) -> np.random.Generator:
    """Draws whose seed is what is judged and nothing else."""
    return np.random.default_rng(int.from_bytes(hashlib.sha256(np.sort(values).tobytes()).digest()[:8], "big"))
