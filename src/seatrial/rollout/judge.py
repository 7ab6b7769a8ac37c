"""Judge: the rows of a state as findings, each with its e-value and the threshold at which it acts."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from seatrial.experiment.plan import ALL_TRAFFIC
from seatrial.rollout.alpha import levels, try_alpha
from seatrial.rollout.means import MeanFinding, mean_findings
from seatrial.rollout.reason import Reason, Why
from seatrial.stats.sequential.nearest import nearest
from seatrial.stats.sequential.sample_ratio import log_e_sample_ratio
from seatrial.verdict import Finding, Sequential, State, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator

    from seatrial.experiment.plan import Split
    from seatrial.rollout.evidence import Evidence, Shadowed
    from seatrial.rollout.rules import Rules
    from seatrial.rollout.state import CellState, Row
    from seatrial.rollout.state import State as RolloutState

OVERALL = ALL_TRAFFIC
UNKNOWN_TOLERATED = 0.02
"""Share of a version's units that may be left out because their labels are unknown: what is missing at random costs units only."""


@dataclass(frozen=True, slots=True)
class CellFindings:
    """What is known of one cell.

    Attributes:
        cell: its name.
        rows: one finding per metric that acts.
        units: candidate units of this rung whose primary outcome is known.
        hits: zero-tolerance metrics with their counts, those above 0.
        problems: why it cannot be judged.
        shadow: what the shadow stage says, where it was read.
        confirmed: whether every confirm-promotion webhook that was asked agreed.
        called_back: whether a rollback webhook asked for it.
        means: mean metrics, which may hold it.
    """

    cell: str
    rows: tuple[Finding, ...]
    units: int
    hits: tuple[tuple[str, int], ...] = ()
    problems: tuple[Reason, ...] = ()
    shadow: Shadowed | None = None
    confirmed: bool = True
    called_back: bool = False
    means: tuple[MeanFinding, ...] = ()


@dataclass(frozen=True, slots=True)
class Findings:
    """What is known at one look: per cell, and of the traffic as a whole."""

    cells: tuple[CellFindings, ...]
    overall: tuple[Finding, ...] = ()


def findings(rules: Rules, state: RolloutState, evidence: Evidence) -> Findings:
    """Judge a state into which this look's evidence has been folded."""
    critical = tuple(cell.critical for cell in rules.cells)
    problems: dict[str, list[Reason]] = {cell.cell: [] for cell in state.cells}
    for problem in evidence.problems:
        for name in [problem.cell] if problem.cell else list(problems):
            problems[name].append(problem.reason)
    shadow = {one.cell: one for one in evidence.shadow}
    found = []
    for i, cell in enumerate(state.cells):
        alphas = _levels(critical, len(rules.metrics), try_alpha(rules.alpha, cell.attempt), rules.weights)[0][i]
        rows = tuple(
            _row(rules, row, cell.cell, cell.rung, critical[i], alpha, rate)
            for row, alpha, rate in zip(cell.rows, alphas, rules.cells[i].rates, strict=True)
        )
        mismatch = _sample_ratio(rules, cell)
        means = mean_findings(rules, cell)
        found.append(
            CellFindings(
                cell.cell,
                rows,
                int(cell.rows[0].on(cell.rung).worse.canary_good + cell.rows[0].on(cell.rung).worse.canary_bad),
                tuple((name, count) for name, count in cell.hits if count),
                (
                    *problems[cell.cell],
                    *([mismatch] if mismatch else []),
                    *_unknown_labels(rules, cell),
                    *(one.reason for one in means if one.reason is not None),
                ),
                shadow.get(cell.cell),
                all(yes for name, kind, yes in evidence.requested if (name, kind) == (cell.cell, "confirm-promotion")),
                any(yes for name, kind, yes in evidence.requested if (name, kind) == (cell.cell, "rollback")),
                means,
            )
        )
    alphas = _levels(critical, len(rules.metrics), try_alpha(rules.alpha, state.overall.attempt), rules.weights)[1]
    rates = [sum(cell.share * cell.rates[m] for cell in rules.cells) for m in range(len(rules.metrics))]
    rung = max((cell.rung for cell in state.cells if rules.stage(cell.rung)), default=0)
    overall = tuple(
        _row(rules, row, OVERALL, rung, False, alpha, rate)
        for row, alpha, rate in zip(state.overall.rows, alphas, rates, strict=False)
    )
    return Findings(tuple(found), overall)


def odds_of_worse(rules: Rules, state: RolloutState) -> Iterator[tuple[str, str, int, float, float]]:
    """(segment, metric, try, log E of "worse", its threshold) of every row that `findings` judges, without the rest of it."""
    critical = tuple(cell.critical for cell in rules.cells)
    for i, cell in enumerate(state.cells):
        alphas = _levels(critical, len(rules.metrics), try_alpha(rules.alpha, cell.attempt), rules.weights)[0][i]
        for row, alpha in zip(cell.rows, alphas, strict=True):
            yield cell.cell, row.metric, cell.attempt, _log_e(rules, row), -math.log(alpha)
    overall = state.overall
    alphas = _levels(critical, len(rules.metrics), try_alpha(rules.alpha, overall.attempt), rules.weights)[1]
    for row, alpha in zip(overall.rows, alphas, strict=False):
        yield OVERALL, row.metric, overall.attempt, _log_e(rules, row), -math.log(alpha)


def _log_e(rules: Rules, row: Row) -> float:
    return _log_mean([stream.worse.log_e for stream in row.streams], len(rules.stages))


def _row(rules: Rules, row: Row, segment: str, rung: int, critical: bool, alpha: float, rate: float) -> Finding:
    log_e = _log_e(rules, row)
    here = row.on(rung)
    _, cg, cb, bg, bb = here.worse
    threshold = -math.log(alpha)
    fails = log_e >= threshold
    passes = here.not_worse.log_e >= -math.log(rules.alpha)
    if fails and cg + cb == 0:
        # Outcomes of the rung before decided it: its rates are shown, never a sum over rungs of other shares.
        _, cg, cb, bg, bb = row.streams[-1].worse
    candidate, control = _rate(cg, cb), _rate(bg, bb)
    n = int(cg + cb)
    return Finding(
        segment=segment,
        key=row.metric,
        critical=critical,
        n=n,
        baseline=control,
        candidate=candidate,
        difference=None if candidate is None or control is None else candidate - control,
        alpha_row=alpha,
        threshold=1 / alpha,
        verdict=Verdict.FAIL if fails else Verdict.PASS if passes else Verdict.INCONCLUSIVE,
        state=State.BLOCKS if fails else State.NO_DROP if passes else State.CANNOT_TELL,
        promotable=passes,
        needed_n=None if passes or fails else n + _missing(rules, rung, here.not_worse.log_e, rate),
        sequential=Sequential(log_e, threshold),
    )


@cache
def _levels(
    critical: tuple[bool, ...], metrics: int, alpha: float, split: Split
) -> tuple[tuple[tuple[float, ...], ...], tuple[float, ...]]:
    found = levels(critical, metrics, alpha, split)
    return tuple(map(tuple, found.cells.tolist())), tuple(found.overall.tolist())


def _log_mean(logs: list[float], stages: int) -> float:
    """log of the mean E over stages, of which those that have not begun are worth 1; `eprocess.combine` in floats."""
    top = max(0.0, *logs) if logs else 0.0
    idle = (stages - len(logs)) * math.exp(-top)
    return top + math.log((idle + sum(math.exp(one - top) for one in logs)) / stages)


def _rate(part: float, rest: float) -> float | None:
    return part / (part + rest) if part + rest else None


def _missing(rules: Rules, rung: int, log_e: float, rate: float) -> int:
    """Candidate units that an unchanged candidate would still need to clear the stage's margin, on average.

    Expected gain of log E per candidate unit at the planned rate, against the nearest point of "worse by the margin".
    """
    stage = rules.stage(rung)
    if stage is None or stage.margin == 0:
        return rules.min_units
    bad = min(max(1 - rate, 1e-3), 1 - 1e-3)
    n_b = (1 - stage.share) / stage.share
    q_c = nearest(bad, bad, 1.0, n_b, -stage.margin)  # in rates of failure: candidate >= control + margin
    gain = _kl(bad, q_c) + n_b * _kl(bad, q_c - stage.margin)
    return max(1, math.ceil((-math.log(rules.alpha) - log_e) / gain))


def _kl(p: float, q: float) -> float:
    q = min(max(q, 1e-12), 1 - 1e-12)
    return p * math.log(p / q) + (1 - p) * math.log((1 - p) / (1 - q))


def _unknown_labels(rules: Rules, cell: CellState) -> list[Reason]:
    """Metrics of this rung of which one version has more units without a known label than is tolerated."""
    if rules.stage(cell.rung) is None:
        return []
    found = []
    for one in cell.unknown:
        if one.rung != cell.rung:
            continue
        _, cg, cb, bg, bb = next(row for row in cell.rows if row.metric == one.metric).on(one.rung).worse
        candidate, control = _rate(one.candidate, cg + cb) or 0.0, _rate(one.control, bg + bb) or 0.0
        if max(candidate, control) > UNKNOWN_TOLERATED:
            found.append(Reason(Why.UNKNOWN_LABEL, one.metric, control=control, candidate=candidate, text=one.label))
    return found


def _sample_ratio(rules: Rules, cell: CellState) -> Reason | None:
    stage = rules.stage(cell.rung)
    if stage is None or not cell.exposed:
        return None
    log_e = log_e_sample_ratio((cell.control, cell.candidate), (1 - stage.share, stage.share))
    threshold = -math.log(rules.sample_ratio_alpha)
    if log_e < threshold:
        return None
    return Reason(
        Why.SAMPLE_RATIO,
        log_e=log_e,
        log_threshold=threshold,
        control=1 - stage.share,
        candidate=cell.candidate / cell.exposed,
        units=cell.exposed,
    )
