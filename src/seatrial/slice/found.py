"""Found: what a search for slices says, before anybody prints it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from seatrial.slice.propose import Proposal
    from seatrial.slice.visible import Visible


@dataclass(frozen=True, slots=True)
class Finding:
    """One slice that lost.

    Attributes:
        name: its features, in words.
        features: the same, one by one.
        n: units in it.
        unit: `example` or `cluster`.
        baseline: mean score of the baseline in it.
        candidate: of the candidate.
        difference: candidate minus baseline.
        p: family-wise adjusted over every slice looked at.
        broke: units that got worse.
        fixed: units that got better.
        outside: difference on all others.
        broke_everywhere: units that got worse, in it or not.
    """

    name: str
    features: tuple[str, ...]
    n: int
    unit: str
    baseline: float
    candidate: float
    difference: float
    p: float
    regressed: int
    fixed: int
    outside: float
    regressed_everywhere: int


@dataclass(frozen=True, slots=True)
class Family:
    """Findings that say one thing: the one that speaks for them, the others in order, and the segment it would make."""

    speaker: Finding
    others: tuple[Finding, ...]
    proposal: Proposal


@dataclass(frozen=True, slots=True)
class Found:
    """A search: what it found, among how much, and what it could have found.

    Attributes:
        source: where the evidence came from.
        key: evaluator key.
        baseline: version compared with.
        candidate: version judged.
        n: units compared (examples, or clusters of them).
        unit: `example` or `cluster`.
        difference: candidate minus baseline over all of them.
        features: yes-or-no features looked at.
        slices: different slices tested.
        alpha: family-wise error of the search.
        draws: sign flips.
        seed: of the sign flips; a hash of the evidence unless given.
        families: what lost, most significant first.
        visible: what could have been found.
        notes: what was left out, and what to read the findings with.
    """

    source: str
    key: str
    baseline: str
    candidate: str
    n: int
    unit: str
    difference: float
    features: int
    slices: int
    alpha: float
    draws: int
    seed: int
    families: tuple[Family, ...]
    visible: tuple[Visible, ...]
    notes: tuple[str, ...]
