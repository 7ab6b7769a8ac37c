"""Null model: whether a version gives one and the same answer to most examples, so that a judge's word for it says nothing.

An answer that pleases a judge whatever the question has won public leaderboards.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from seatrial.evidence.schema import WINRATE
from seatrial.judge.pairs import FEW
from seatrial.verdict import SYSTEM_FAILURES, Outcome
from seatrial.vote import AnswersUnknown, ConstantAnswers

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from seatrial.evidence import Evidence
    from seatrial.vote import NoWin

MOST_SAME = 0.5
"""Largest share of a candidate's answers that may be one and the same, where no judge's file says otherwise."""

NO_ANSWER, NO_HASH = -2, -1


def null_model(evidence: Evidence, version: str, most: float = MOST_SAME, *, beside: str = "") -> NoWin | None:
    """Whether more than `most` of a version's answers are one and the same, or may be; None where fewer are.

    Args:
        evidence: a checked table; one output a hash.
        version: whose answers.
        most: largest share of them that may be one and the same.
        beside: a version whose own answers excuse the same ones: then more than `most` of the examples that it answers
            otherwise count as well.
    """
    mine = _answers(evidence, version)
    given = mine > NO_ANSWER
    of, known = int(given.sum()), mine[mine > NO_HASH]
    if of < FEW:
        return None
    counts = np.bincount(known, minlength=1)
    times, unknown = int(counts.max()), of - known.size
    if times <= most * of:
        return AnswersUnknown(unknown, of) if times + unknown > most * of else None
    if beside:
        same = int(counts.argmax())
        other = given & (_answers(evidence, beside) != same)
        if other.sum() < FEW or (mine[other] == same).sum() <= most * other.sum():
            return None
    return ConstantAnswers(times, of)


def _answers(evidence: Evidence, version: str) -> NDArray[np.int64]:
    """Per example the code of a version's first output; NO_HASH where it answered and no row says what, NO_ANSWER where it did not."""
    names, examples, outcomes, keys = (evidence.codes(one) for one in ("version", "example_id", "outcome", "key"))
    found = np.full(len(examples.values), NO_ANSWER, dtype=np.int64)
    if version not in names.values:
        return found
    mine = names.index == names.values.index(version)
    # A judge's word on a pair says nothing of whether this version answered.
    judged = np.array([*(one.startswith(WINRATE) for one in keys.values), False])[keys.index]
    answered = [one != Outcome.SKIPPED and one not in SYSTEM_FAILURES for one in outcomes.values]
    ran = np.array([*answered, False])[outcomes.index]
    found[examples.index[mine & ran & ~judged]] = NO_HASH
    if evidence.has("output_hash"):
        hashes = evidence.codes("output_hash").index
        rows = np.flatnonzero(mine & (hashes >= 0))
        at, first = np.unique(examples.index[rows], return_index=True)
        found[at] = hashes[rows[first]]
    return found
