"""Arms: the two versions' answers to the same examples, with the law of the denominator applied.

Every planned example x repetition has a lowest and a highest score it may have had. A scored cell has one score, a system
failure scores 0, a cell nobody measured lies anywhere in 0..1.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from seatrial.evidence.schema import SEGMENT_PREFIX
from seatrial.verdict import SYSTEM_FAILURES, ErrorKind, Outcome

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from seatrial.evidence import Evidence

OUTCOMES = tuple(Outcome)
PROVIDER = (ErrorKind.KILL_SWITCH, ErrorKind.BUDGET, ErrorKind.OUTAGE)
UNPLANNED = -1
FAILED = np.array([*(word in SYSTEM_FAILURES for word in OUTCOMES), False])
"""Outcome code -> whether the system failed; the last is that of UNPLANNED."""
RAN = np.array([*(word is not Outcome.SKIPPED for word in OUTCOMES), False])
"""Outcome code -> whether there was a run at all."""
_SKIPPED = OUTCOMES.index(Outcome.SKIPPED)


@dataclass(frozen=True, slots=True)
class Arm:
    """One version on one key: planned cells, examples x repetitions.

    Attributes:
        low: lowest possible mean score per example, over its repetitions.
        high: highest possible.
        lost: cells per example that nobody measured.
        provider: of these, cells a provider's outage, a budget or the kill switch kept from being measured.
        planned: planned cells per example.
        outcome: code into OUTCOMES per cell, shape (examples, repetitions); UNPLANNED where nothing was planned.
        repetitions: different repetitions this arm ran.
    """

    low: NDArray[np.float64]
    high: NDArray[np.float64]
    missing_cells: NDArray[np.int64]
    provider: NDArray[np.int64]
    planned: NDArray[np.int64]
    outcome: NDArray[np.int8]
    repetitions: int


@dataclass(frozen=True, slots=True)
class Arms:
    """Both versions on one key, example by example.

    Attributes:
        key: the evaluator key.
        example: code of each planned example in the evidence.
        cluster: cluster of each planned example, as small integers.
        baseline: the baseline's arm.
        candidate: the candidate's arm.
        paired: McNemar applies: one example a cluster, one repetition an arm, scores 0 or 1.
        dropped: candidate repetitions left out because the baseline never ran them.
    """

    key: str
    example: NDArray[np.int64]
    cluster: NDArray[np.int64]
    baseline: Arm
    candidate: Arm
    paired: bool
    dropped: int

    def segment(self, evidence: Evidence, dimension: str) -> tuple[tuple[str, ...], NDArray[np.int64]]:
        """Names of a dimension's values and, per planned example, which one it belongs to."""
        name = SEGMENT_PREFIX + dimension
        return evidence.codes(name).values, evidence.by_example(name)[self.example]


def arms(
    evidence: Evidence,
    key: str,
    baseline: str,
    candidate: str,
    *,
    repetitions: int | None = None,
    surplus: bool = False,
) -> Arms:
    """Line up two versions on one key; an example of either is planned in both.

    The baseline's repetitions are the plan of both arms: of these, what either arm ran on an example is planned for it in
    both, and what one arm then lacks was not measured.

    Args:
        evidence: a checked table that holds both versions.
        key: the evaluator key.
        baseline: version compared with.
        candidate: version judged.
        repetitions: only the first so many of the baseline's repetitions are the plan, in both arms.
        surplus: also keep repetitions of the candidate beyond its plan (for zero tolerance, where one hit counts).
    """
    rows = {version: _rows(evidence, key, version) for version in (baseline, candidate)}
    examples = len(evidence.codes("example_id").values)
    planned = np.zeros(examples, dtype=bool)
    for mine in rows.values():
        planned[evidence.codes("example_id").index[mine]] = True
    example = np.flatnonzero(planned)
    place = np.full(examples, -1, dtype=np.int64)
    place[example] = np.arange(example.size)
    ran = _repetitions(evidence, rows[baseline])
    tried = _repetitions(evidence, rows[candidate])
    plan = ran[:repetitions] if ran.size else tried
    extra = np.setdiff1d(tried, plan) if tried.size != 1 or tried[0] not in plan else tried[:0]
    tries = np.union1d(plan, extra) if surplus and extra.size else plan
    cells = {version: _cells(evidence, mine, place, tries) for version, mine in rows.items()}
    wanted = np.zeros((example.size, max(1, tries.size)), dtype=bool)
    for _, cell in cells.values():
        wanted.ravel()[cell] = True
    # An example whose only rows are repetitions outside the plan is planned once all the same.
    wanted[~(wanted[:, 0] if wanted.shape[1] == 1 else wanted.any(axis=1)), 0] = True
    base = _arm(evidence, *cells[baseline], wanted)
    cand = _arm(evidence, *cells[candidate], wanted)
    cluster = clusters_of(evidence, example)
    paired = mcnemar_applies(cluster, base, cand)
    return Arms(key, example, cluster, base, cand, paired, 0 if surplus else int(extra.size))


def mcnemar_applies(cluster: NDArray[np.int64], baseline: Arm, candidate: Arm) -> bool:
    """Whether these examples are pairs of one cell each, alone in their clusters, all scored 0 or 1 where they are scored.

    Asked of what is tested: what was left out may not change the test of the rest.
    """
    if cluster.size and int(np.bincount(cluster).max()) > 1:
        return False
    return all(
        bool(
            np.all(arm.planned <= 1)
            and np.all((arm.low == 0) | (arm.low == 1))
            and np.all((arm.high == 0) | (arm.high == 1))
        )
        for arm in (baseline, candidate)
    )


def _rows(evidence: Evidence, key: str, version: str) -> NDArray[np.int64]:
    keys, versions = evidence.codes("key"), evidence.codes("version")
    mine = (
        versions.index == versions.values.index(version)
        if version in versions.values
        else np.zeros(len(evidence), dtype=bool)
    )
    if len(keys.values) > 1:
        mine &= keys.index == keys.values.index(key)
    return np.flatnonzero(mine)


def _repetitions(evidence: Evidence, rows: NDArray[np.int64]) -> NDArray[np.float64]:
    tries = evidence.numbers("repetition")[rows]
    # One try each is the usual case, and a sort of a million equal numbers is not free.
    return tries[:1] if tries.size and tries.min() == tries.max() else np.unique(tries)


def _cells(
    evidence: Evidence, rows: NDArray[np.int64], place: NDArray[np.int64], tries: NDArray[np.float64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The rows whose repetition is among `tries`, and the cell (example x repetition) each one fills."""
    tried = evidence.numbers("repetition")[rows]
    if tries.size == 1:  # the usual case: the cell is the example's place
        same = tried == tries[0]
        kept = rows if same.all() else rows[same]
        return kept, place[evidence.codes("example_id").index[kept]]
    kept = rows[np.isin(tried, tries)]
    column = np.searchsorted(tries, evidence.numbers("repetition")[kept]) if tries.size else np.empty(0, dtype=np.int64)
    return kept, place[evidence.codes("example_id").index[kept]] * max(1, tries.size) + column


def _arm(evidence: Evidence, kept: NDArray[np.int64], cell: NDArray[np.int64], wanted: NDArray[np.bool_]) -> Arm:
    """One version's cells; of those not `wanted`, none is planned and none counts."""
    words = evidence.codes("outcome")
    translate = np.array([OUTCOMES.index(Outcome(word)) for word in words.values], dtype=np.int8)
    outcome = np.where(wanted.ravel(), np.int8(_SKIPPED), np.int8(UNPLANNED))
    outcome[cell] = translate[words.index[kept]]
    low, high = np.zeros(wanted.size), wanted.ravel().astype(np.float64)
    score = evidence.numbers("score")[kept]
    failed = FAILED[outcome[cell]]
    known = ~np.isnan(score) | failed
    value = np.where(failed, 0.0, score)
    at, value = (cell, value) if known.all() else (cell[known], value[known])
    low[at] = high[at] = value
    missing = wanted.ravel().astype(np.int64)
    missing[at] = 0
    provider = np.zeros(wanted.size, dtype=np.int64)
    if evidence.has("error_kind"):
        kinds = evidence.codes("error_kind")
        kept_from = np.array([*(word in PROVIDER for word in kinds.values), False])  # the last is that of null
        provider[cell] = kept_from[kinds.index[kept]]
    tries = wanted.shape[1]
    planned = _by_example(wanted.ravel().astype(np.int64), tries)
    return Arm(
        _by_example(low, tries) / planned,
        _by_example(high, tries) / planned,
        _by_example(missing, tries),
        _by_example(missing * provider, tries),
        planned,
        outcome.reshape(wanted.shape),
        int(np.unique(cell % tries).size) if tries > 1 else int(cell.size > 0),
    )


def _by_example(cells: NDArray[Any], tries: int) -> NDArray[Any]:
    """Sums over the repetitions of each example; of one each nothing is summed, which would take longer than the rest."""
    return cells if tries == 1 else cells.reshape(-1, tries).sum(axis=1)


def clusters_of(evidence: Evidence, example: NDArray[np.int64]) -> NDArray[np.int64]:
    """The cluster of each example, as a number; one that has none is alone in its own."""
    if not evidence.has("cluster"):
        return example
    codes = evidence.codes("cluster")
    of_example = np.full(len(evidence.codes("example_id").values), -1, dtype=np.int64)
    of_example[evidence.codes("example_id").index] = codes.index
    mine = of_example[example]
    # A null cluster is the example's own: give it a number no cluster has.
    return np.where(mine < 0, len(codes.values) + example, mine)
