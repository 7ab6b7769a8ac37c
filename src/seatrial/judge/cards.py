"""Cards: pairs of answers as they are shown to people elsewhere, and their votes on them as labels.

A card holds two answers and does not say whose they are; what it is about travels as metadata beside it.
"""

from __future__ import annotations

import hashlib
import uuid
from typing import TYPE_CHECKING, Any, NamedTuple

from seatrial.errors import DataError
from seatrial.judge.label import Label
from seatrial.judge.pairs import for_candidate, resolved, shown
from seatrial.judge.verdicts import AB, BA, ORDERS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from seatrial.judge.pairs import Pair
    from seatrial.judge.prompt import Texts

PREFERENCE = "preference"
"""What a person's vote is called elsewhere: 1 the first answer is better, 0 the second, one half neither."""

SPACE = uuid.UUID("5ea74f1a-1000-5000-8000-000000000017")
WORDS = {
    **dict.fromkeys(("1", "first", "a", "true", "yes"), 1.0),
    **dict.fromkeys(("0", "second", "b", "false", "no"), 0.0),
    **dict.fromkeys(("0.5", "=", "tie", "neither", "equal"), 0.5),
}


class Card(NamedTuple):
    """One pair as it is shown.

    Attributes:
        id: the same for the same judge, pair and sides, wherever it is shown.
        judge: for whose labels.
        example_id: which example.
        version: the candidate's.
        baseline: the baseline's.
        order: `AB`: the candidate is shown first; `BA`: the baseline is.
        texts: what is shown.
    """

    id: str
    judge: str
    example_id: str
    version: str
    baseline: str
    order: str
    texts: Texts

    @property
    def about(self) -> dict[str, str]:
        """What a vote on it needs to become a label; it does not say which answer is whose but by `order`."""
        return {
            "seatrial.judge": self.judge,
            "seatrial.example_id": self.example_id,
            "seatrial.version": self.version,
            "seatrial.baseline": self.baseline,
            "seatrial.order": self.order,
        }


class Vote(NamedTuple):
    """What one person says of one card.

    Attributes:
        about: of the card.
        annotator: who.
        value: as it was given; None = blank.
        reason: in their words, or empty.
        at: when, as a text that sorts by time.
    """

    about: Mapping[str, str]
    annotator: str
    value: Any
    reason: str
    at: str


def cards(judge: str, pairs: Iterable[Pair], *, version: str, baseline: str) -> tuple[Card, ...]:
    """A card for each pair that needs a judge, of several repetitions the first; sides are drawn from the pair itself."""
    first: dict[str, Pair] = {}
    for pair in pairs:
        if resolved(pair) is None:
            first.setdefault(pair.example_id, pair)
    made = []
    for name, pair in first.items():
        parts = "".join(f"{len(text)}:{text}" for text in (judge, name, version, baseline))
        order = AB if hashlib.sha256(parts.encode()).digest()[-1] % 2 else BA
        made.append(Card(str(uuid.uuid5(SPACE, parts)), judge, name, version, baseline, order, shown(pair, order)))
    return tuple(made)


def vote_value(label: Label, card: Card) -> float | None:
    """A label's preference as a vote on the card's first answer."""
    return None if label.preference is None else for_candidate(label.preference, card.order)


def labels_of(votes: Iterable[Vote], judge: str) -> tuple[Label, ...]:
    """The latest vote of each person on each card of a judge, blank ones with preference None.

    Raises:
        DataError: a vote says neither of the answers nor a number from 0 to 1.
    """
    latest: dict[tuple[str, ...], Vote] = {}
    for vote in sorted(votes, key=lambda one: one.at):
        if vote.about.get("seatrial.judge") == judge:
            pair = tuple(vote.about.get(f"seatrial.{name}", "") for name in ("example_id", "version", "baseline"))
            latest[(*pair, vote.annotator)] = vote
    return tuple(_label(vote, *named) for named, vote in latest.items())


def news(labels: Iterable[Label], kept: Iterable[Label]) -> tuple[Label, ...]:
    """Labels that say something else than those that are kept; a blank one only where it takes a vote back."""
    have = {one[:4]: one for one in kept}
    return tuple(one for one in labels if (one[:4] in have if one.preference is None else have.get(one[:4]) != one))


def _label(vote: Vote, example_id: str, version: str, baseline: str, annotator: str) -> Label:
    order = vote.about.get("seatrial.order")
    if order not in ORDERS or not example_id:
        raise DataError(
            f"a vote of {annotator} is on a card without its metadata (seatrial.example_id, seatrial.order)"
        )
    first = _first(vote.value, f"the vote of {annotator} on {example_id}")
    preference = None if first is None else for_candidate(first, order)
    return Label(example_id, version, baseline, annotator, preference, vote.reason)


def _first(value: Any, place: str) -> float | None:
    if value is None or (isinstance(value, str) and not value.strip()):
        return None
    if isinstance(value, (int, float)) and 0 <= float(value) <= 1:
        return float(value)
    found = WORDS.get(str(value).strip().lower())
    if found is None:
        raise DataError(f"{place} is {value!r}: it is a number from 0 (second) to 1 (first), or first, second or tie")
    return found
