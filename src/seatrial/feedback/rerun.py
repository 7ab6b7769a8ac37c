"""Golden re-runs: does an unchanged version still answer its dataset as it did on earlier nights?

Pure: the nights' scores in, one Decision out. Each night is a run of the same version, dataset and evaluators; the year has one
error rate, spent by an e-process over its nights that is computed again from the stored runs every time.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import numpy as np

from seatrial.canonical import content_hash
from seatrial.stats.sequential.exchangeable import night_logs, year_evidence
from seatrial.verdict import Decision, Finding, ReasonClass, Sequential, State, Verdict
from seatrial.wording import count, percent, verb

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

OVERALL = "overall"
LEAST = 2
"""Earlier nights without which a night has nothing to be compared with."""
SHOWN = 5
"""Examples named."""


@dataclass(frozen=True, slots=True)
class Night:
    """One run of the dataset.

    Attributes:
        run_id: which.
        at: when it began, seconds since 1970.
        models: model ids that the provider named.
        scores: key -> cluster -> mean score; a system failure scores 0, what was not measured is absent.
        missing: rows that nobody measured.
        rows: rows planned.
    """

    run_id: str
    at: float
    models: tuple[str, ...]
    scores: Mapping[str, Mapping[str, float]]
    missing: int
    rows: int


@dataclass(frozen=True, slots=True)
class RerunRules:
    """What is fixed before looking.

    Attributes:
        keys: keys that decide, the primary one first.
        segments: cluster -> its segments, `NAME=value`.
        critical: segments that have half of the stake.
        alpha: chance that an unchanged system is flagged in a year.
        since: when the year began, seconds since 1970.
        missing_tolerance: share of rows that may be unmeasured tonight.
    """

    keys: tuple[str, ...]
    segments: Mapping[str, frozenset[str]]
    critical: tuple[str, ...] = ()
    alpha: float = 0.05
    since: float = 0.0
    missing_tolerance: float = 0.02

    @property
    def hash(self) -> str:
        """Hash of the rules that decide."""
        return content_hash([self.keys, self.critical, self.alpha, self.since, self.missing_tolerance])


@dataclass(frozen=True, slots=True)
class Change:
    """What was changed on purpose since an earlier series of nights; that series is not compared.

    Attributes:
        what: the words, e.g. `the prompt or the code`.
        at: the first night after it.
        nights: nights of the earlier series.
    """

    what: str
    at: float
    nights: int


def decide_rerun(
    nights: Sequence[Night],
    rules: RerunRules,
    *,
    subject: str,
    change: Change | None = None,
    tonight: str | None = None,
) -> Decision:
    """FAIL where the nights are worse than unchanged ones would be, INCONCLUSIVE where that could not be told.

    Args:
        nights: in order of time, all of one version, dataset and evaluators; the last is tonight.
        rules: fixed before looking.
        subject: what it is about.
        change: what ended the series of nights before these.
        tonight: id of the run that was just made; one that is not the last night was not finished, or was replayed.
    """
    problem = _problem(nights, rules, tonight)
    tests = [] if problem else _tests(nights, rules)
    path = _mixture([one.path for one in tests], [one.weight for one in tests])
    threshold = -math.log(rules.alpha)
    log_e = float(path[-1]) if path.size else 0.0
    failed = not problem and log_e >= threshold
    verdict = Verdict.FAIL if failed else Verdict.INCONCLUSIVE if problem else Verdict.PASS
    cause = _cause(nights, change)
    findings = tuple(_finding(one, threshold, failed=failed) for one in tests)
    return Decision(
        kind="rerun",
        subject=subject,
        verdict=verdict,
        reason=problem[0] if problem else _reason(nights, tests, log_e, threshold, cause, failed=failed),
        reason_class=problem[1] if problem else None,
        findings=findings,
        policy_hash=rules.hash,
        evidence_hash=content_hash([[one.run_id, one.models, one.missing] for one in nights]),
        warnings=() if failed or not cause else (cause,),
        facts=tuple(_facts(nights, rules, log_e, threshold, cause)),
        details=_details(nights, rules, tests, path, threshold, change),
        next_step=_next(nights, tests) if failed else "",
    )


@dataclass(frozen=True, slots=True)
class _Test:
    """One key on one segment: scores by night and cluster, and the evidence after each night of the year."""

    key: str
    segment: str
    weight: float
    clusters: tuple[str, ...]
    scores: NDArray[np.float64]
    growth: NDArray[np.float64]
    path: NDArray[np.float64]


def _problem(nights: Sequence[Night], rules: RerunRules, tonight: str | None) -> tuple[str, ReasonClass] | None:
    if tonight is not None and (not nights or nights[-1].run_id != tonight):
        return (
            f"tonight's run {tonight} is no night: it was not finished, or its models were replayed from recordings, which say nothing of the provider",
            ReasonClass.MISSING,
        )
    if len(nights) <= LEAST:
        return (
            f"{count(len(nights), 'comparable night')} so far, and a night needs {LEAST} earlier ones to be compared with",
            ReasonClass.UNDERPOWERED,
        )
    last = nights[-1]
    if last.rows == 0 or last.missing > rules.missing_tolerance * last.rows:
        share = percent(last.missing / last.rows) if last.rows else "all"
        return (
            f"{share} of tonight's {count(last.rows, 'row')} {verb(last.rows, 'were')} not measured",
            ReasonClass.MISSING,
        )
    absent = [key for key in rules.keys if not last.scores.get(key)]
    if absent:
        return f"key {absent[0]!r} has no score tonight", ReasonClass.MISSING
    return None


def _tests(nights: Sequence[Night], rules: RerunRules) -> list[_Test]:
    segments = [OVERALL, *rules.critical]
    out = []
    for key in rules.keys:
        clusters = tuple(sorted({name for night in nights for name in night.scores.get(key, {})}))
        scores = np.array([[night.scores.get(key, {}).get(name, np.nan) for name in clusters] for night in nights])
        logs = night_logs(scores)
        this_year = np.array([night.at >= rules.since for night in nights])
        for segment in segments:
            mine = [
                i for i, name in enumerate(clusters) if segment == OVERALL or segment in rules.segments.get(name, ())
            ]
            if not mine:
                continue
            growth = logs[:, mine, :][this_year]
            out.append(
                _Test(
                    key,
                    segment,
                    (0.5 if rules.critical else 1.0)
                    / (1 if segment == OVERALL else len(rules.critical))
                    / len(rules.keys),
                    tuple(clusters[i] for i in mine),
                    scores[:, mine],
                    growth,
                    year_evidence(growth.sum(axis=1), nights=max(366, int(this_year.sum()))),
                )
            )
    return out


def _mixture(paths: Sequence[NDArray[np.float64]], weights: Sequence[float]) -> NDArray[np.float64]:
    """log of the weighted mean of e-processes, which is one."""
    if not paths:
        return np.zeros(0)
    stacked = np.stack(paths) + np.log(np.array(weights) / sum(weights))[:, None]
    top = stacked.max(axis=0)
    return np.asarray(top + np.log(np.exp(stacked - top).sum(axis=0)))


def _means(test: _Test) -> tuple[float | None, float | None]:
    """Mean of earlier nights and of tonight, over the clusters measured tonight."""
    there = ~np.isnan(test.scores[-1])
    earlier = test.scores[:-1][:, there]
    before = earlier[~np.isnan(earlier)]
    tonight = test.scores[-1][there]
    return (float(before.mean()) if before.size else None, float(tonight.mean()) if tonight.size else None)


def _finding(test: _Test, threshold: float, *, failed: bool) -> Finding:
    before, tonight = _means(test)
    log_e = float(test.path[-1])
    worse = before is not None and tonight is not None and tonight < before
    own = threshold - math.log(test.weight)
    state = State.BLOCKS if failed and log_e >= threshold else State.WATCH if worse and log_e > 0 else State.NO_DROP
    return Finding(
        test.segment,
        test.key,
        critical=test.segment != OVERALL,
        n=len(test.clusters),
        baseline=before,
        candidate=tonight,
        difference=None if before is None or tonight is None else tonight - before,
        verdict=Verdict.FAIL if state is State.BLOCKS else Verdict.PASS,
        state=state,
        sequential=Sequential(log_e, own),
        reason=f"{_share(before)} on earlier nights, {_share(tonight)} tonight; evidence of a fall e = {math.exp(min(50.0, log_e)):.3g}",
    )


def _share(value: float | None) -> str:
    return "not measured" if value is None else percent(value)


def _reason(
    nights: Sequence[Night], tests: Sequence[_Test], log_e: float, threshold: float, cause: str, *, failed: bool
) -> str:
    worst = max(tests, key=lambda one: float(one.path[-1]))
    before, tonight = _means(worst)
    if failed:
        moved = f"{worst.key} on {worst.segment} fell: {_share(before)} on earlier nights, {_share(tonight)} tonight"
        return f"{moved}; {cause or 'unexplained: neither the model id nor prompt or code changed, so the provider may have changed its model in silence'}"
    return (
        f"{count(len(nights), 'night')} alike: {_share(tonight)} tonight on {worst.key}, {_share(before)} before "
        f"(e = {math.exp(min(50.0, log_e)):.3g} of {math.exp(threshold):.0f})"
    )


def _cause(nights: Sequence[Night], change: Change | None) -> str:
    """The first known cause: the provider's model id, then prompt or code; the second only where a series ended by it."""
    for before, after in zip(reversed(nights[:-1]), reversed(nights[1:]), strict=True):
        if before.models != after.models:
            return f"the provider's model id changed from {_list(before.models)} to {_list(after.models)} on {_day(after.at)}"
    if change is not None:
        return f"{change.what} changed on {_day(change.at)}: {count(change.nights, 'earlier night')} {verb(change.nights, 'are')} not compared"
    return ""


def _facts(
    nights: Sequence[Night], rules: RerunRules, log_e: float, threshold: float, cause: str
) -> list[tuple[str, str]]:
    out = [("Nights", f"{len(nights):,}, the first on {_day(nights[0].at)}")] if nights else []
    out.append(("Error rate", f"at most {percent(rules.alpha)} of unchanged systems are flagged in a year"))
    out.append(("Evidence", f"e = {math.exp(min(50.0, log_e)):.3g}; acts at {math.exp(threshold):.0f}"))
    if nights:
        out.append(("Model", _list(nights[-1].models)))
    return [*out, ("Changed", cause)] if cause else out


def _details(
    nights: Sequence[Night],
    rules: RerunRules,
    tests: Sequence[_Test],
    path: NDArray[np.float64],
    threshold: float,
    change: Change | None,
) -> dict[str, Any]:
    this_year = [one for one in nights if one.at >= rules.since]
    over = np.flatnonzero(path >= threshold)
    return {
        "nights": [{"run_id": one.run_id, "at": one.at, "models": list(one.models), "missing": one.missing} for one in nights],
        "log_e": [float(one) for one in path],
        "log_threshold": threshold,
        "first_night": this_year[int(over[0])].run_id if over.size else None,
        "change": None if change is None else {"what": change.what, "at": change.at, "nights": change.nights},
        "examples": _fallen(tests),
    }  # fmt: skip


def _fallen(tests: Sequence[_Test]) -> list[str]:
    """Clusters that contribute most to the evidence of the first key overall, the largest first."""
    if not tests:
        return []
    test = tests[0]
    won = test.growth.sum(axis=0).max(axis=1)
    order = np.argsort(-won, kind="stable")[:SHOWN]
    return [test.clusters[i] for i in order if won[i] > 0]


def _next(nights: Sequence[Night], tests: Sequence[_Test]) -> str:
    fallen = _fallen(tests)
    named = f": {', '.join(fallen)}" if fallen else ""
    return f"seatrial compare {nights[0].run_id} {nights[-1].run_id} shows what changed{named}"


def _list(models: Sequence[str]) -> str:
    return ", ".join(models) or "none named"


def _day(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).date().isoformat()
