"""Unchanged: every output of the candidate is the baseline's, so nothing can have got worse."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from seatrial.gate.arms import OUTCOMES
from seatrial.verdict import Outcome

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from seatrial.evidence import Evidence
    from seatrial.gate.arms import Arms

_SCORED = OUTCOMES.index(Outcome.SCORED)


def is_unchanged(evidence: Evidence, gating: Sequence[Arms], baseline: str, candidate: str) -> bool:
    """True when every planned run of both versions has an output hash, they are equal, and no gating score moved.

    A missing hash, a missing run or a failed run is not "identical"; identical outputs with different scores are evidence
    against an evaluator, and go the long way.
    """
    hashes = _hashes(evidence, baseline, candidate)
    if hashes is None or not _all_equal(hashes):
        return False
    return all(_all_scored(a) and _same_scores(a) for a in gating)


def same_output_other_score(evidence: Evidence, gating: Sequence[Arms], baseline: str, candidate: str) -> list[str]:
    """A warning per key whose score differs between identical outputs."""
    hashes = _hashes(evidence, baseline, candidate)
    if hashes is None or not _all_equal(hashes):
        return []
    return [
        f"{a.key}: outputs are identical on every example and scores are not; its evaluator is no function of the output"
        for a in gating
        if _all_scored(a) and not _same_scores(a)
    ]


def _all_scored(a: Arms) -> bool:
    return a.baseline.repetitions == a.candidate.repetitions and all(
        bool(np.all(arm.outcome == _SCORED)) for arm in (a.baseline, a.candidate)
    )


def _same_scores(a: Arms) -> bool:
    return bool(np.array_equal(a.baseline.low, a.candidate.low))


def _hashes(evidence: Evidence, baseline: str, candidate: str) -> tuple[NDArray[np.int64], NDArray[np.int64]] | None:
    """Per version: sorted (example x repetition, hash) pairs, or None when a run has no hash."""
    if not evidence.has("output_hash"):
        return None
    versions, examples, hashes = evidence.codes("version"), evidence.codes("example_id"), evidence.codes("output_hash")
    repetition = evidence.numbers("repetition").astype(np.int64)
    cell = repetition * len(examples.values) + examples.index
    sides = []
    for version in (baseline, candidate):
        mine = versions.index == versions.values.index(version)
        if (hashes.index[mine] < 0).any() or "" in hashes.said(mine):
            return None
        pairs = np.stack([cell[mine], hashes.index[mine].astype(np.int64)], axis=1)
        sides.append(np.unique(pairs, axis=0, return_index=True)[0])  # with an index it does without numpy.ma
    return sides[0], sides[1]


def _all_equal(sides: tuple[NDArray[np.int64], NDArray[np.int64]]) -> bool:
    return bool(np.array_equal(*sides))
