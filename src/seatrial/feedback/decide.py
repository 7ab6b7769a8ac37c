"""Decide: one weighted family per source, one verdict over all sources."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np

from seatrial.canonical import content_hash
from seatrial.feedback import sentence
from seatrial.feedback.calibration_error import debiased_squared_error
from seatrial.feedback.family import CONFIDENCE, Test, family, is_critical
from seatrial.feedback.problem import Problem, ProblemKind
from seatrial.feedback.suspicion import edgeworth, evidence, tail
from seatrial.stats.calibration.band import low_tail
from seatrial.stats.interval import CannotTell
from seatrial.stats.multiplicity import weighted_holm
from seatrial.stats.proportions import wilson
from seatrial.verdict import Decision, Finding, ReasonClass, Sequential, State, Verdict

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from seatrial.feedback.cells import Cell, Year
    from seatrial.feedback.evidence import Evidence
    from seatrial.feedback.rules import FeedbackRules

NEUTRAL_SHIFT = 0.05
"""Change of the share without an answer, since the last report, over which the mapping of labels is suspected."""


@dataclass(frozen=True, slots=True)
class Answered:
    """One test and its answer: p of a fixed window, or log e of a year and the day it first reached its threshold."""

    test: Test
    p: float | None = None
    adjusted: float | None = None
    log_e: float | None = None
    threshold: float | None = None
    first_day: int | None = None
    flagged: bool = False
    under: bool = False


def decide(
    sources: Sequence[Evidence],
    rules: FeedbackRules,
    *,
    year: Year | None,
    warn_only: bool = False,
    previous: Mapping[str, Any] | None = None,
    expected: Sequence[str] = (),
) -> Decision:
    """The verdict: FAIL where a source is flagged, INCONCLUSIVE where one could not be fully evaluated, else PASS.

    Args:
        sources: what each source says.
        rules: fixed before looking.
        year: the year's days; None for a fixed window.
        warn_only: show a FAIL and exit 0.
        previous: `details` of an earlier report, for trend and for a changed share without an answer.
        expected: classifiers that some source must hold.
    """
    findings: list[Finding] = []
    problems = [problem for one in sources for problem in one.problems]
    details: dict[str, Any] = {"schema": 1, "one_shot": year is None, "sources": {}}
    for one in sources:
        answers = answered(one, rules, year)
        rows = _findings(one, rules, answers, year, several=len(sources) > 1)
        findings += rows
        problems += _thin(one, rules)
        details["sources"][one.source] = _details(one, answers, year)
    problems += _absent(sources, rules, expected)
    problems += _moved(details["sources"], previous)
    flagged = [finding for finding in findings if finding.verdict is Verdict.FAIL]
    verdict = Verdict.FAIL if flagged else Verdict.INCONCLUSIVE if problems else Verdict.PASS
    unknown = [one for source in sources for one in source.unknown]
    details["problems"] = [sentence.problem(one) for one in problems]
    details["toml"] = sentence.paste(unknown)
    details["trend"] = _trend(details["sources"], previous)
    return Decision(
        kind="feedback",
        subject=", ".join(dict.fromkeys(cell.key.classifier for one in sources for cell in one.cells))
        or ", ".join(one.source for one in sources),
        verdict=verdict,
        reason=sentence.headline(findings, flagged, problems, one_shot=year is None),
        reason_class=(problems[0].reason_class if problems else ReasonClass.MISSING)
        if verdict is Verdict.INCONCLUSIVE
        else None,
        findings=tuple(findings),
        policy_hash=rules.hash,
        evidence_hash=content_hash([one.hash for one in sources]),
        warnings=tuple(sentence.warnings(sources, problems, verdict)),
        facts=tuple(sentence.facts(sources, rules, details, year)),
        details=details,
        mode="warn-only" if warn_only else rules.mode,
        next_step=sentence.next_step(verdict, flagged, problems),
    )


def answered(one: Evidence, rules: FeedbackRules, year: Year | None) -> list[Answered]:
    """Every test of a source's family, answered."""
    tests = family(one.cells, rules)
    if year is not None:
        return [_yearly(test, rules.alpha) for test in tests]
    ps = [_fixed(test, rules) for test in tests]
    holm = weighted_holm(ps, [test.weight for test in tests], rules.alpha) if tests else None
    return [
        Answered(
            test,
            p,
            float(holm.adjusted[i]) if holm else None,
            flagged=bool(holm.rejected[i]) if holm else False,
            under=_under(test, rules.alpha),
        )
        for i, (test, p) in enumerate(zip(tests, ps, strict=True))
    ]


def _fixed(test: Test, rules: FeedbackRules) -> float:
    cell = test.cell
    if test.band != CONFIDENCE:
        band = cell.bands[test.band]
        return low_tail(band.positive, band.n, rules.of(cell.key.classifier).floors[test.band])
    p = tail(cell.n, cell.shortfall, cell.variance, cell.third, rules.alpha * test.weight, test.weight, cell.sample)
    return 1.0 if p is None else p


def _yearly(test: Test, alpha: float) -> Answered:
    cell = test.cell
    wealth = cell.days if test.band == CONFIDENCE else cell.band_days[test.band]
    assert wealth is not None  # noqa: S101 - a yearly gate collects days
    path = evidence(wealth)
    threshold = -math.log(alpha * test.weight)
    now = float(path[-1]) if path.size else 0.0
    over = np.flatnonzero(path >= threshold)
    return Answered(
        test,
        p=min(1.0, math.exp(-now)),
        log_e=now,
        threshold=threshold,
        first_day=int(over[0]) if over.size else None,
        flagged=now >= threshold,
        under=_under(test, alpha),
    )


def _under(test: Test, alpha: float) -> bool:
    """More positives than stated beyond chance, at the row's own level: reported, never flagged."""
    cell = test.cell
    if test.band != CONFIDENCE or cell.variance <= 0 or cell.shortfall >= 0:
        return False
    return edgeworth(-cell.shortfall, cell.variance, -cell.third) <= alpha * test.weight


def _findings(
    one: Evidence, rules: FeedbackRules, answers: Sequence[Answered], year: Year | None, *, several: bool
) -> list[Finding]:
    by_test = {(answer.test.cell.key, answer.test.band): answer for answer in answers}
    place = f"{one.source}: " if several else ""
    out = []
    for cell in one.cells:
        out.append(_row(cell, by_test.get((cell.key, CONFIDENCE)), rules, year, place))
        for band in range(len(cell.bands)):
            found = by_test.get((cell.key, band))
            if found is not None:
                out.append(_band(cell, band, found, rules, year, place))
    return out


def _row(cell: Cell, found: Answered | None, rules: FeedbackRules, year: Year | None, place: str) -> Finding:
    critical = is_critical(cell, rules)
    thin = cell.n < rules.min_n
    must = critical or cell.key.segment == "overall"
    stated = cell.stated / cell.n if cell.n else None
    verdict, state = _verdict(found, thin=thin, must=must)
    return Finding(
        segment=cell.key.segment,
        key=f"{place}{cell.key.classifier}",
        critical=critical,
        **_numbers(cell.positive, cell.n, stated),
        **_test_numbers(found, rules),
        verdict=verdict,
        state=state,
        needed_n=rules.min_n if thin else None,
        missing=cell.neutral + cell.missing,
        outcomes={
            "observed": {
                "positive": cell.positive,
                "negative": cell.n - cell.positive,
                "neutral": cell.neutral,
                "missing": cell.missing,
                "immature": cell.immature,
            }
        },
        reason=sentence.row(cell, found, state, year, min_n=rules.min_n),
    )


def _band(cell: Cell, band: int, found: Answered, rules: FeedbackRules, year: Year | None, place: str) -> Finding:
    one, rule = cell.bands[band], rules.of(cell.key.classifier)
    verdict, state = _verdict(found, thin=False, must=False)
    low, high = rule.edges[band], rule.edges[band + 1]
    numbers = _numbers(one.positive, one.n, one.stated / one.n)
    return Finding(
        segment=cell.key.segment,
        key=f"{place}{cell.key.classifier} {sentence.edges(low, high)}",
        critical=found.test.critical,
        **numbers,
        **_test_numbers(found, rules),
        verdict=verdict,
        state=state,
        reason=sentence.band(one, rule.floors[band], (low, high), found, state, year),
    )


def _verdict(found: Answered | None, *, thin: bool, must: bool) -> tuple[Verdict | None, State]:
    if found is None:
        return (Verdict.INCONCLUSIVE if must and thin else None), State.CANNOT_TELL if thin else State.REPORTED
    if found.flagged:
        return Verdict.FAIL, State.BLOCKS
    if found.under:
        return Verdict.PASS, State.BETTER
    alone = found.p is not None and found.p <= 0.05
    return Verdict.PASS, State.WATCH if alone else State.NO_DROP


def _numbers(positive: int, n: int, stated: float | None) -> dict[str, Any]:
    if n == 0 or stated is None:
        return {"n": n}
    ends = wilson(positive, n)
    around = None if isinstance(ends, CannotTell) else (ends.low - stated, ends.high - stated)
    rate = positive / n
    return {"n": n, "baseline": stated, "candidate": rate, "difference": rate - stated, "ci": around}


def _test_numbers(found: Answered | None, rules: FeedbackRules) -> dict[str, Any]:
    if found is None:
        return {}
    return {
        "p": found.p,
        "p_adjusted": found.adjusted,
        "alpha_row": rules.alpha * found.test.weight,
        "threshold": rules.alpha,
        "sequential": Sequential(found.log_e, found.threshold)
        if found.log_e is not None and found.threshold is not None
        else None,
    }


def _thin(one: Evidence, rules: FeedbackRules) -> list[Problem]:
    """Rows that must be answered and have too few decisions."""
    if one.problems:
        return []
    return [
        Problem(ProblemKind.TOO_FEW, one.source, cell.n, rules.min_n, (cell.key.classifier, cell.key.segment))
        for cell in one.cells
        if cell.n < rules.min_n and (cell.key.segment == "overall" or is_critical(cell, rules))
    ]


def _absent(sources: Sequence[Evidence], rules: FeedbackRules, expected: Sequence[str]) -> list[Problem]:
    """Classifiers and critical segments that no source holds."""
    have = {cell.key.classifier for one in sources for cell in one.cells}
    segments = {f"{cell.key.dimension}={cell.key.value}" for one in sources for cell in one.cells}
    segments |= {f"verdict={cell.key.verdict}" for one in sources for cell in one.cells}
    segments |= {cell.key.dimension for one in sources for cell in one.cells}
    if not have:
        return []
    out = [Problem(ProblemKind.CLASSIFIER_ABSENT, "", names=(name,)) for name in expected if name not in have]
    out += [
        Problem(ProblemKind.TOO_FEW, "", 0, rules.min_n, ("", name)) for name in rules.critical if name not in segments
    ]
    return out


def _details(one: Evidence, answers: Sequence[Answered], year: Year | None) -> dict[str, Any]:
    overall = {cell.key.classifier: cell for cell in one.cells if cell.key.segment == "overall"}
    errors = {histogram.classifier: debiased_squared_error(histogram) for histogram in one.histograms}
    return {
        "ledger": {name: getattr(one.ledger, name) for name in one.ledger.__dataclass_fields__},
        "horizons": {
            name: {"seconds": None if math.isinf(seconds) else seconds, "default": default}
            for name, (seconds, default) in sorted(one.horizons.items())
        },
        "unknown_labels": [
            {name: getattr(label, name) for name in label.__dataclass_fields__} for label in one.unknown
        ],
        "classifiers": {
            name: {
                "n": cell.n,
                "positive": cell.positive,
                "neutral": cell.neutral,
                "missing": cell.missing,
                "immature": cell.immature,
                "no_answer_share": _share(cell),
                "expected_rate_of_immature": cell.waiting / cell.immature if cell.immature else None,
                "debiased_squared_error": errors.get(name),
                "z": cell.shortfall / math.sqrt(cell.variance) if cell.variance > 0 else None,
                "bands": [
                    {"n": band.n, "positive": band.positive, "stated": band.stated / band.n if band.n else None}
                    for band in cell.bands
                ],
            }
            for name, cell in overall.items()
        },
        "flagged": [
            {
                "classifier": found.test.cell.key.classifier,
                "segment": found.test.cell.key.segment,
                "band": None if found.test.band == CONFIDENCE else found.test.band,
                "first_day": day_of(year, found.first_day),
            }
            for found in answers
            if found.flagged
        ],
    }


def day_of(year: Year | None, day: int | None) -> str | None:
    """The date of a day of the year."""
    if year is None or day is None:
        return None
    return (datetime.fromtimestamp(year.begin, UTC) + timedelta(days=day)).date().isoformat()


def _share(cell: Cell) -> float | None:
    mature = cell.n + cell.neutral + cell.missing
    return (cell.neutral + cell.missing) / mature if mature else None


def _moved(sources: Mapping[str, Any], previous: Mapping[str, Any] | None) -> list[Problem]:
    out = []
    for source, name, before, now in _pairs(sources, previous):
        a, b = before.get("no_answer_share"), now["no_answer_share"]
        if a is not None and b is not None and abs(b - a) > NEUTRAL_SHIFT + 1e-12:
            out.append(Problem(ProblemKind.NEUTRAL_SHARE_MOVED, source, names=(name,), shares=(a, b)))
    return out


def _trend(sources: Mapping[str, Any], previous: Mapping[str, Any] | None) -> list[dict[str, Any]]:
    """Observed rate of each classifier, before and now."""
    return [
        {
            "source": source,
            "classifier": name,
            "before": before["positive"] / before["n"] if before.get("n") else None,
            "now": now["positive"] / now["n"] if now["n"] else None,
            "n_before": before.get("n"),
            "n_now": now["n"],
        }
        for source, name, before, now in _pairs(sources, previous)
    ]


def _pairs(
    sources: Mapping[str, Any], previous: Mapping[str, Any] | None
) -> list[tuple[str, str, Mapping[str, Any], Mapping[str, Any]]]:
    old = (previous or {}).get("sources", {})
    return [
        (source, name, old[source]["classifiers"][name], now)
        for source, one in sources.items()
        for name, now in one["classifiers"].items()
        if source in old and name in old[source].get("classifiers", {})
    ]
