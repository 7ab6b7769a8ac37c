"""Polarity: what a raw label says about the verdict it followed; an unknown label says nothing."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


class Polarity(StrEnum):
    """Whether production agreed with a decision."""

    POSITIVE = "positive"
    NEGATIVE = "negative"
    NEUTRAL = "neutral"


WORDS = {polarity.value: polarity for polarity in Polarity}
"""Labels that say what they mean, for every outcome."""

_TRUTH = {
    "1": Polarity.POSITIVE,
    "1.0": Polarity.POSITIVE,
    "true": Polarity.POSITIVE,
    "0": Polarity.NEGATIVE,
    "0.0": Polarity.NEGATIVE,
    "false": Polarity.NEGATIVE,
}
"""Labels that need no table, in any case; every other word depends on what was decided."""

_ABSENT = frozenset({"", "nan", "none", "null"})
"""How exports write that there is no label, in any case."""


@dataclass(frozen=True, slots=True)
class Polarities:
    """What labels mean: by classifier, verdict and outcome first, by outcome after that, by label alone at last.

    Attributes:
        labels: label -> polarity, whatever it followed.
        outcomes: outcome type -> label -> polarity, as metrics set them; wins over `labels`.
        verdicts: (classifier, verdict) -> label or outcome type -> polarity; wins over `labels`.
    """

    labels: Mapping[str, Polarity] = field(default_factory=dict)
    verdicts: Mapping[tuple[str, str], Mapping[str, Polarity]] = field(default_factory=dict)
    outcomes: Mapping[str, Mapping[str, Polarity]] = field(default_factory=dict)

    def of(self, label: str | None, *, classifier: str = "", verdict: str = "", outcome: str = "") -> Polarity | None:
        """The polarity of a label for the verdict it followed.

        Returns:
            NEUTRAL where there is no label; None where the label is unknown, which the caller counts and names: it is
            neutral, never a guess.
        """
        word = "" if label is None else label.strip()
        own = self.verdicts.get((classifier, verdict), {})
        for name in (word, outcome):
            if name and name in own:
                return own[name]
        typed = self.outcomes.get(outcome, {})
        if word in typed:
            return typed[word]
        if word in self.labels:
            return self.labels[word]
        if word.lower() in _ABSENT:
            # An event without a label of its own says what its type says.
            return self.labels.get(outcome, Polarity.NEUTRAL)
        return _TRUTH.get(word.lower())
