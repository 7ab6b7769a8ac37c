"""Unchanged: every output of the candidate is the baseline's, so nothing can have got worse."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from seatrial.verdict import Outcome
from seatrial.wording import count, percent

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from seatrial.evidence import Evidence


TIE = 1e-9
"""Scores this close are one: files round them."""


def is_unchanged(evidence: Evidence, gating: Sequence[str], baseline: str, candidate: str) -> bool:
    """True when every run of both versions has an output hash, they are equal, and no score of the gating keys moved.

    Every run counts, planned or not: a moved score in one that nobody planned is still one that moved. A missing hash, a missing run or a failed run is not "identical"; identical outputs with different scores are evidence
    against an evaluator, and go the long way.
    """
    hashes = _hashes(evidence, baseline, candidate)
    if hashes is None or not _all_equal(hashes):
        return False
    return all(_scores(evidence, key, baseline, candidate) is True for key in gating)


@dataclass(frozen=True, slots=True)
class Rescored:
    """Runs of one key whose outputs are byte-identical and whose scores are not.

    Attributes:
        key: evaluator key.
        identical: runs both versions have with one output hash, scored in both.
        moved: of these, the runs with another score.
        known: the evidence says that both were scored by the same code.
        rows: candidate rows of the moved ones.
        before: the baseline's scores there.
    """

    key: str
    identical: int
    moved: int
    known: bool
    rows: NDArray[np.int64]
    before: NDArray[np.float64]

    @property
    def sentence(self) -> str:
        """What it says of the evaluator."""
        share = percent(self.moved / self.identical)
        why = (
            "its evaluator reads more than the output, or does not always answer the same"
            if self.known
            else "its evaluator changed, or is no function of the output"
        )
        return f"{self.key}: {self.moved} of {count(self.identical, 'identical output')} ({share}) have another score: {why}"


def rescored(evidence: Evidence, gating: Sequence[str], baseline: str, candidate: str) -> tuple[Rescored, ...]:
    """Per key, the runs that both versions answered alike and that were scored otherwise; keys without any are left out."""
    if not evidence.has("output_hash"):
        return ()
    keys, versions, outcomes, hashes = (evidence.codes(n) for n in ("key", "version", "outcome", "output_hash"))
    usable = (outcomes.index == _place(outcomes.values, Outcome.SCORED)) & (hashes.index >= 0)
    usable &= hashes.index != _place(hashes.values, "")
    cell, score = _cells(evidence), evidence.numbers("score")
    found = []
    for key in gating:
        mine = usable & (keys.index == _place(keys.values, key))
        base, cand = (
            np.flatnonzero(mine & (versions.index == _place(versions.values, v))) for v in (baseline, candidate)
        )
        base = base[np.argsort(cell[base], kind="stable")]
        if not base.size or not cand.size:
            continue
        at = np.minimum(np.searchsorted(cell[base], cell[cand]), base.size - 1)
        other = base[at]
        alike = (cell[other] == cell[cand]) & (hashes.index[other] == hashes.index[cand])
        moved = alike & (np.abs(score[other] - score[cand]) > TIE)
        if moved.any():
            known = _same_evaluator(evidence, base, cand)
            found.append(Rescored(key, int(alike.sum()), int(moved.sum()), known, cand[moved], score[other[moved]]))
    return tuple(found)


def same_answers(base: Evidence, cand: Evidence) -> bool:
    """Whether two tables of one version each answer every example they share, by content, with the same outputs."""
    answers = [_answers(one) for one in (base, cand)]
    shared = answers[0].keys() & answers[1].keys()
    return bool(shared) and all(answers[0][run] and answers[0][run] == answers[1][run] for run in shared)


def _answers(evidence: Evidence) -> dict[tuple[str, str, float], str]:
    if not evidence.has("output_hash") or not evidence.has("example_hash"):
        return {}
    ids, content, output = (evidence.codes(name) for name in ("example_id", "example_hash", "output_hash"))
    words = [(*codes.values, "") for codes in (ids, content, output)]  # index -1 is the last
    rows = zip(
        ids.index.tolist(),
        content.index.tolist(),
        evidence.numbers("repetition").tolist(),
        output.index.tolist(),
        strict=True,
    )
    return {(words[0][i], words[1][c], r): words[2][o] for i, c, r, o in rows}


def _same_evaluator(evidence: Evidence, base: NDArray[np.int64], cand: NDArray[np.int64]) -> bool:
    if not evidence.has("evaluator_hash"):
        return False
    codes = evidence.codes("evaluator_hash").index
    return bool((codes[base] >= 0).all() and set(codes[base].tolist()) == set(codes[cand].tolist()))


def _place(values: Sequence[str], word: str) -> int:
    return values.index(word) if word in values else -2


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
        if (hashes.index[mine] < 0).any() or "" in hashes.reported(mine):
            return None
        pairs = np.stack([cell[mine], hashes.index[mine].astype(np.int64)], axis=1)
        sides.append(np.unique(pairs, axis=0, return_index=True)[0])  # with an index it does without numpy.ma
    return sides[0], sides[1]


def _all_equal(sides: tuple[NDArray[np.int64], NDArray[np.int64]]) -> bool:
    return bool(np.array_equal(*sides))
