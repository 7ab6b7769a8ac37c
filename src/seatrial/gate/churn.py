"""Churn: how often the same version contradicts itself, from repetitions of one run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from seatrial.errors import InvalidComparison, UsageError, did_you_mean
from seatrial.gate.row import OVERALL
from seatrial.stats.interval import Interval
from seatrial.stats.noninferiority import clusters_to_rule_out
from seatrial.stats.paired import mean_interval
from seatrial.stats.power import POWER, mcnemar_power
from seatrial.verdict import SYSTEM_FAILURES, Outcome

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from numpy.typing import NDArray

    from seatrial.evidence import Evidence
    from seatrial.gate.policy import Policy
    from seatrial.stats.paired import Method

MOST_REPETITIONS = 10
SHOWN = 10


@dataclass(frozen=True, slots=True)
class SegmentChurn:
    """One segment's churn.

    Attributes:
        segment: `overall` or `NAME=value`.
        critical: declared critical.
        n: examples with at least two measured repetitions.
        churn: mean chance that two repetitions of an example disagree (mean absolute difference for fractional scores).
        ci: its 95 % interval over examples; None where every example agrees equally.
        repetitions: fewest runs per example with which an unchanged candidate is shown not worse by `rules_out` with power .8;
            where nothing has to be shown, with which the segment detects `must_detect` at its own level. None when 10 are not
            enough (it needs examples, not runs), or the segment does not gate.
        rules_out: drop that the segment has to be shown not to have; 0 where it has to show nothing.
    """

    segment: str
    critical: bool
    n: int
    churn: float
    ci: tuple[float, float] | None
    repetitions: int | None
    rules_out: float = 0.0


@dataclass(frozen=True, slots=True)
class Churn:
    """A version against itself on one key.

    Attributes:
        key: evaluator key.
        version: the version.
        repetitions: most repetitions an example has.
        segments: `overall` first, critical next.
        flakiest: (example, chance that two of its repetitions disagree), worst first.
        unusable: examples left out for having fewer than two measured repetitions.
    """

    key: str
    version: str
    repetitions: int
    segments: tuple[SegmentChurn, ...]
    flakiest: tuple[tuple[str, float], ...]
    unusable: int

    @property
    def proposed(self) -> float:
        """What a policy's `churn` could say: the overall churn, rounded up to a percent."""
        return float(np.ceil(round(100 * self.segments[0].churn, 9)) / 100)


def _members(
    evidence: Evidence, usable: NDArray[np.int64], examples: int
) -> Iterator[tuple[str, str, NDArray[np.bool_]]]:
    """Each segment that holds a usable example: its dimension, its name, and which of them are its own."""
    for dimension in evidence.dimensions:
        codes = evidence.codes(f"segment.{dimension}")
        of_example = np.zeros(examples, dtype=np.int64)
        of_example[evidence.codes("example_id").index] = codes.index
        for code, value in sorted(enumerate(codes.values), key=lambda item: item[1]):
            mine = of_example[usable] == code
            if mine.any():
                yield dimension, f"{dimension}={value}", mine


def churn_of(
    evidence: Evidence,
    version: str,
    key: str,
    policy: Policy,
    *,
    critical: Collection[str] = (),
    levels: Mapping[str, float],
    rules_out: Mapping[str, float],
) -> Churn:
    """How often `version` contradicts itself on `key`.

    Args:
        evidence: a checked table with repetitions of `version`.
        version: which version.
        key: which key.
        policy: what must be detected, and by which test.
        critical: segments declared critical.
        levels: segment -> level of its row in the gate's family; segments without one get no advice.
        rules_out: segment -> drop that it has to be shown not to have, where it has to show one.

    A system failure counts as score 0, as in the gate; an unmeasured repetition is left out of its example. Repetitions
    must be independent runs: a cache makes an unstable graph look stable.

    Raises:
        UsageError: the version or the key is not in the evidence.
        InvalidComparison: no example has two measured repetitions.
    """
    for what, name, have in (("version", version, evidence.versions), ("key", key, evidence.keys)):
        if name not in have:
            raise UsageError(
                f"{what} {name!r} is not in {evidence.source}; it holds: {', '.join(have)}{did_you_mean(name, have)}"
            )
    disagree, tries = _disagreement(evidence, version, key)
    usable = np.flatnonzero(tries >= 2)
    if not usable.size:
        raise InvalidComparison(
            f"{evidence.source}: no example of {version} was measured twice on {key!r}; score every example several times: three repetitions or more (a file: a column repetition; a project: seatrial eval GRAPH --repeat 3)"
        )
    values = disagree[usable]

    def row(name: str, critical_: bool, values: NDArray[np.float64]) -> SegmentChurn:
        return _segment(name, critical_, values, policy, levels.get(name, 0.0), rules_out.get(name, 0.0))

    rows = [
        row(OVERALL, False, values),
        *sorted(
            (
                row(name, dimension in critical or name in critical, values[mine])
                for dimension, name, mine in _members(evidence, usable, disagree.size)
            ),
            key=lambda row: (not row.critical, -row.churn, row.segment),
        ),
    ]
    names = evidence.codes("example_id").values
    worst = sorted(
        ((names[i], float(disagree[i])) for i in usable if disagree[i] > 0), key=lambda item: (-item[1], item[0])
    )
    seen = int((tries > 0).sum())
    return Churn(key, version, int(tries.max()), tuple(rows), tuple(worst[:SHOWN]), seen - int(usable.size))


def contradictions(evidence: Evidence, version: str, key: str) -> dict[str, tuple[float, int]]:
    """Example -> (chance that two of its repetitions disagree on `key`, measured repetitions), where there are two."""
    disagree, tries = _disagreement(evidence, version, key)
    names = evidence.codes("example_id").values
    return {names[i]: (float(disagree[i]), int(tries[i])) for i in np.flatnonzero(tries >= 2)}


def _disagreement(evidence: Evidence, version: str, key: str) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Per example: mean absolute difference of two of its repetitions, and how many were measured."""
    keys, versions, outcome = evidence.codes("key"), evidence.codes("version"), evidence.codes("outcome")
    examples = evidence.codes("example_id")
    failed = np.isin(outcome.index, [i for i, word in enumerate(outcome.values) if Outcome(word) in SYSTEM_FAILURES])
    score = np.where(failed, 0.0, evidence.numbers("score"))
    mine = (
        (versions.index == versions.values.index(version)) & (keys.index == keys.values.index(key)) & ~np.isnan(score)
    )
    order = np.lexsort((score[mine], examples.index[mine]))
    of, ranked = examples.index[mine][order].astype(np.int64), score[mine][order]
    size = len(examples.values)
    tries = np.bincount(of, minlength=size)
    # Sum of |x_i - x_j| over pairs of a sorted sample: each x_(r) is counted (2 r - k + 1) times, r from 0.
    first = np.concatenate([[0], np.cumsum(tries)[:-1]])
    rank = np.arange(of.size) - first[of]
    total = np.bincount(of, weights=ranked * (2 * rank - tries[of] + 1), minlength=size)
    pairs = tries * (tries - 1) / 2
    return np.divide(total, pairs, out=np.zeros(size), where=pairs > 0), tries


def _segment(
    name: str, critical: bool, values: NDArray[np.float64], policy: Policy, alpha: float, rules_out: float
) -> SegmentChurn:
    found = mean_interval(values)
    ends = (max(0.0, found.low), min(1.0, found.high)) if isinstance(found, Interval) else None
    churn = float(values.mean())
    n = int(values.size)
    runs = _to_show(n, churn, rules_out) if rules_out > 0 else _to_detect(n, churn, policy, alpha)
    return SegmentChurn(name, critical, n, churn, ends, runs, rules_out)


def _to_show(n: int, churn: float, rules_out: float) -> int | None:
    """Fewest runs with which `n` examples of an unchanged candidate rule the drop out: two runs differ by `churn` in square."""
    for r in range(1, MOST_REPETITIONS + 1):
        needs = clusters_to_rule_out(rules_out, min(1.0, churn / r))
        if needs is not None and needs <= n:
            return r
    return None


def _to_detect(n: int, churn: float, policy: Policy, alpha: float) -> int | None:
    """Averaging r runs divides the variance that churn puts on a difference by r: the same as churn / r in one run."""
    if alpha <= 0:
        return None
    method: Method = "exact" if policy.test == "exact" else "mid-p"
    enough = (
        r
        for r in range(1, MOST_REPETITIONS + 1)
        if mcnemar_power(n, policy.must_detect, churn / r, alpha, method) >= POWER
    )
    return next(enough, None)
