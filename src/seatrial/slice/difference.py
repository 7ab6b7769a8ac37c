"""Differences: one number per example, candidate minus baseline, and what could not be compared."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from seatrial.errors import InvalidComparison, UsageError, one_of
from seatrial.gate.arms import arms
from seatrial.gate.policy import Policy
from seatrial.gate.validity import differing_provenance, known_versions
from seatrial.wording import count

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from seatrial.evidence import Evidence
    from seatrial.gate.arms import Arm


@dataclass(frozen=True, slots=True)
class Differences:
    """Both versions on one key, example by example, sorted by id so that the order of rows has no say in anything.

    Attributes:
        key: evaluator key.
        baseline: version compared with.
        candidate: version judged.
        source: where the evidence came from.
        ids: examples that both versions have a score for; a system failure is a score of 0.
        before: the baseline's mean over its measured repetitions.
        after: the candidate's.
        cluster: cluster of each example, as small integers.
        notes: what was left out, and what could not be checked.
    """

    key: str
    baseline: str
    candidate: str
    source: str
    ids: tuple[str, ...]
    before: NDArray[np.float64]
    after: NDArray[np.float64]
    cluster: NDArray[np.int64]
    notes: tuple[str, ...]


def movement(before: NDArray[np.float64], after: NDArray[np.float64]) -> NDArray[np.float64]:
    """Candidate minus baseline; what only the rounding of means moved did not move."""
    d = after - before
    return np.where(np.abs(d) < 1e-12, 0.0, d)


def differences(evidence: Evidence, key: str | None, *, baseline: str, candidate: str) -> Differences:
    """The differences of one key.

    Args:
        evidence: a checked table that holds both versions.
        key: evaluator key; None where the table holds one only.
        baseline: version compared with.
        candidate: version judged.

    Raises:
        UsageError: a version or the key is not in the evidence, or there are several keys and none is named.
        InvalidComparison: no example was measured in both versions, or they saw different data or evaluators.
    """
    known_versions(evidence, baseline, candidate)
    if key is None and len(evidence.keys) > 1:
        raise UsageError(f"{evidence.source} holds several keys; choose one with --key: {', '.join(evidence.keys)}")
    name = one_of(key if key is not None else evidence.keys[0], evidence.keys, "--key")
    aligned = arms(evidence, name, baseline, candidate)
    before, after = _means(aligned.baseline), _means(aligned.candidate)
    complete = np.flatnonzero(~np.isnan(before) & ~np.isnan(after))
    if not complete.size:
        raise InvalidComparison(
            f"{evidence.source}: no example of {name!r} was measured in both {baseline!r} and {candidate!r}"
        )
    notes = list(differing_provenance(evidence, Policy(), baseline, candidate, [name]))
    if aligned.example.size > complete.size:
        missing = count(int(aligned.example.size - complete.size), "example")
        notes.append(f"{missing} left out: one of the versions has no score there")
    if aligned.dropped:
        notes.append(f"{count(aligned.dropped, 'repetition')} of the candidate left out: the baseline never ran it")
    names = evidence.codes("example_id").values
    ids = [names[code] for code in aligned.example[complete]]
    order = sorted(range(len(ids)), key=ids.__getitem__)
    take = complete[order]
    return Differences(
        key=name,
        baseline=baseline,
        candidate=candidate,
        source=evidence.source,
        ids=tuple(ids[i] for i in order),
        before=before[take],
        after=after[take],
        cluster=np.unique(aligned.cluster[take], return_inverse=True)[1],
        notes=tuple(notes),
    )


def _means(arm: Arm) -> NDArray[np.float64]:
    """Mean over the measured repetitions, NaN where there is none (it never leaves this room)."""
    known = arm.planned - arm.missing_cells
    # `low` counts an unmeasured repetition as 0, so low x planned is the sum over the measured ones.
    mean: NDArray[np.float64] = np.divide(
        arm.low * arm.planned, known, out=np.full(known.shape, np.nan), where=known > 0
    )
    return mean
