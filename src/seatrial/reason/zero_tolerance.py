"""Zero tolerance: reasons of a key on which no new hit is allowed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from seatrial.reason_kind import Kind


@dataclass(frozen=True, slots=True)
class NewHit(Kind):
    """The candidate has hits where the baseline has none.

    Attributes:
        hits: examples with a new hit.
        examples: the first of their ids, in order.
        places: per dimension, the segment with most of them and how many.
    """

    kind: ClassVar[str] = "new_hit"
    hits: int
    examples: tuple[str, ...]
    places: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True, slots=True)
class UnclearHit(Kind):
    """Hits where the baseline has no score: old or new cannot be told.

    Attributes:
        hits: examples with such a hit.
    """

    kind: ClassVar[str] = "unclear_hit"
    hits: int


@dataclass(frozen=True, slots=True)
class UnseenHit(Kind):
    """Answers of the candidate whose scores are incomplete may hide a hit.

    Attributes:
        examples: how many examples have such an answer.
    """

    kind: ClassVar[str] = "unseen_hit"
    examples: int


@dataclass(frozen=True, slots=True)
class NothingScored(Kind):
    """No answer of the candidate has a score."""

    kind: ClassVar[str] = "nothing_scored"


@dataclass(frozen=True, slots=True)
class NoNewHit(Kind):
    """Every answer was scored and none is a new hit."""

    kind: ClassVar[str] = "no_new_hit"


@dataclass(frozen=True, slots=True)
class Answers(Kind):
    """What a zero-tolerance key looked at.

    Attributes:
        scored: examples of the candidate with a score.
        n: planned examples.
    """

    kind: ClassVar[str] = "answers"
    scored: int
    n: int


ZeroToleranceReason = NewHit | UnclearHit | UnseenHit | NothingScored | NoNewHit | Answers
