"""Pairs: two versions' answers to one example, which of them need a judge, and the questions that a judge is asked."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from seatrial.errors import DataError
from seatrial.judge.prompt import Texts, render
from seatrial.judge.verdicts import AB, ORDERS
from seatrial.verdict import SYSTEM_FAILURES, Outcome
from seatrial.wording import count

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from seatrial.judge.prompt import Request
    from seatrial.judge.spec import Judge

FEW = 10
"""Fewer answers than this are too few to say that they hardly vary."""


class Answer(NamedTuple):
    """What one version answered to one example.

    Attributes:
        outcome: of the run: `scored` where it ended well.
        text: the judged part of its output, None where there is none.
        output_hash: of the whole output.
        error: why there is no answer, in a sentence.
    """

    outcome: str
    text: str | None = None
    output_hash: str | None = None
    error: str | None = None

    @property
    def failed(self) -> bool:
        """Whether the version itself failed: a crash, an endless loop, an interrupt nobody scripted."""
        return self.outcome in SYSTEM_FAILURES


@dataclass(frozen=True, slots=True)
class Pair:
    """One comparison to be judged in both orders.

    Attributes:
        example_id: which example.
        repetition: of the runs.
        inputs: what both versions were given.
        reference: what a right answer looks like, if there is one.
        candidate: the candidate's answer.
        baseline: the baseline's.
        segments: dimension -> value.
    """

    example_id: str
    repetition: int
    inputs: str
    reference: str | None
    candidate: Answer
    baseline: Answer
    segments: Mapping[str, str] = field(default_factory=dict)


class Resolved(NamedTuple):
    """What a pair comes to without a judge."""

    outcome: str
    error_kind: str | None
    preference: float | None
    reason: str


class Question(NamedTuple):
    """One pair in one order, for one draw."""

    pair: Pair
    order: str
    repetition: int
    request: Request


def resolved(pair: Pair) -> Resolved | None:
    """The verdict on a pair that no judge needs to be asked about; None where one does.

    A version that failed loses against one that answered; two that failed, or answered the same, tie. An answer that was
    not measured, or not kept, is no answer: the pair is missing.
    """
    candidate, baseline = pair.candidate, pair.baseline
    for who, answer in (("candidate", candidate), ("baseline", baseline)):
        if not answer.failed and (answer.outcome in (Outcome.SKIPPED, "absent") or answer.text is None):
            why = answer.error or f"its run has the outcome {answer.outcome}"
            return Resolved(Outcome.SKIPPED, "no_answer", None, f"the {who} has no answer to judge: {why}")
    if candidate.failed and baseline.failed:
        return Resolved(Outcome.SCORED, None, 0.5, "both versions failed; nobody was asked")
    if candidate.failed or baseline.failed:
        loser, preference = ("candidate", 0.0) if candidate.failed else ("baseline", 1.0)
        return Resolved(
            Outcome.SCORED, None, preference, f"the {loser} failed and the other answered; nobody was asked"
        )
    same = candidate.output_hash is not None and candidate.output_hash == baseline.output_hash
    if same or candidate.text == baseline.text:
        return Resolved(Outcome.SCORED, None, 0.5, "both versions answered the same; nobody was asked")
    return None


def questions(judge: Judge, pairs: Iterable[Pair], repeat: int = 1) -> Iterator[Question]:
    """Every question that must be asked: both orders of each pair that is not settled, `repeat` times."""
    for pair in pairs:
        if resolved(pair) is not None:
            continue
        for draw in range(repeat):
            repetition = pair.repetition * repeat + draw
            for order in ORDERS:
                yield Question(pair, order, repetition, render(judge, shown(pair, order), repetition))


def shown(pair: Pair, order: str) -> Texts:
    """The texts in one order."""
    candidate, baseline = pair.candidate.text or "", pair.baseline.text or ""
    first, second = (candidate, baseline) if order == AB else (baseline, candidate)
    return Texts(pair.inputs, first, second, pair.reference)


def for_candidate(first: float, order: str) -> float:
    """The candidate's preference, from that of the answer shown first."""
    return first if order == AB else 1.0 - first


def refuse_constant_answers(pairs: Sequence[Pair], most: float) -> None:
    """Refuse a candidate that answers the same, spacing and case aside, whatever it is asked.

    An answer that pleases a judge whatever the question (a null model) has won public leaderboards.

    Args:
        pairs: of one comparison.
        most: largest share of the answers that may be one and the same.

    Raises:
        DataError: more of them are.
    """
    answers = {pair.example_id: pair.candidate.text for pair in pairs if pair.candidate.text is not None}
    if len(answers) < FEW:
        return
    _, times = Counter(" ".join(text.casefold().split()) for text in answers.values()).most_common(1)[0]
    if times > most * len(answers):
        raise DataError(
            f"the candidate gives one and the same answer to {times} of {count(len(answers), 'example')} (max_same_answer is {most:g}); "
            "a judge's preference for a constant answer says nothing, so nobody was asked"
        )
