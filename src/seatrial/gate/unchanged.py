"""Unchanged: every output of the candidate is the baseline's, so nothing can have got worse."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from seatrial.verdict import Outcome

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from seatrial.evidence import Evidence


def is_unchanged(evidence: Evidence, gating: Sequence[str], baseline: str, candidate: str) -> bool:
    """True when every run of both versions has an output hash, they are equal, and no score of the gating keys moved.

    Every run counts, planned or not: a moved score in one that nobody planned is still one that moved. A missing hash, a missing run or a failed run is not "identical"; identical outputs with different scores are evidence
    against an evaluator, and go the long way.
    """
    hashes = _hashes(evidence, baseline, candidate)
    if hashes is None or not _all_equal(hashes):
        return False
    return all(_scores(evidence, key, baseline, candidate) is True for key in gating)


def same_output_other_score(evidence: Evidence, gating: Sequence[str], baseline: str, candidate: str) -> list[str]:
    """A warning per key whose score differs between identical outputs."""
    hashes = _hashes(evidence, baseline, candidate)
    if hashes is None or not _all_equal(hashes):
        return []
    return [
        f"{key}: outputs are identical on every example and scores are not; its evaluator is no function of the output"
        for key in gating
        if _scores(evidence, key, baseline, candidate) is False
    ]


def _scores(evidence: Evidence, key: str, baseline: str, candidate: str) -> bool | None:
    """Whether both versions have the same scores run by run; None where they have not the same runs, or not all scored."""
    keys, versions, outcomes = (evidence.codes(name) for name in ("key", "version", "outcome"))
    scored = outcomes.index == (outcomes.values.index(Outcome.SCORED) if Outcome.SCORED in outcomes.values else -2)
    cell, score = _cells(evidence), evidence.numbers("score")
    sides = []
    for version in (baseline, candidate):
        mine = np.flatnonzero(
            (versions.index == versions.values.index(version)) & (keys.index == keys.values.index(key))
        )
        if not scored[mine].all():
            return None
        order = mine[np.argsort(cell[mine], kind="stable")]
        sides.append((cell[order], score[order]))
    if not np.array_equal(sides[0][0], sides[1][0]):
        return None
    return bool(np.array_equal(sides[0][1], sides[1][1]))


def _cells(evidence: Evidence) -> NDArray[np.int64]:
    examples = evidence.codes("example_id")
    return evidence.numbers("repetition").astype(np.int64) * len(examples.values) + examples.index


def _hashes(evidence: Evidence, baseline: str, candidate: str) -> tuple[NDArray[np.int64], NDArray[np.int64]] | None:
    """Per version: sorted (example x repetition, hash) pairs, or None when a run has no hash."""
    if not evidence.has("output_hash"):
        return None
    versions, hashes = evidence.codes("version"), evidence.codes("output_hash")
    cell = _cells(evidence)
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
