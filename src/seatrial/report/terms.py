"""Terms: the words one kind of decision is shown in, so that every surface shows every kind."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from seatrial.verdict import State, Verdict

if TYPE_CHECKING:
    from collections.abc import Mapping

STATES = {
    State.BLOCKS: "Blocks",
    State.CANNOT_TELL: "Can't tell",
    State.WATCH: "Watch",
    State.NO_DROP: "No drop found",
    State.BETTER: "Better",
    State.REPORTED: "Reported",
}
"""The word of a row's state in a merge gate."""


@dataclass(frozen=True, slots=True)
class Terms:
    """Headings and words of one kind of decision.

    Attributes:
        gate: what the page's head calls it, e.g. `merge gate`.
        verdicts: verdict -> (glyph, word).
        states: word of each row state.
        n: heading of the number of units.
        rates: heading of `baseline→candidate`.
        difference: heading of their difference.
        axis: heading of the interval plot.
        flips: heading of the two counts behind the difference; empty leaves the column out.
        regressed: what an example whose score fell is said to have done.
        fixed: the same of one whose score rose.
        moved: heading of the list of both.
        graded: some scores lie between 0 and 1, so an example whose score fell did not have to break.
        detects: heading of the smallest detectable drop; empty leaves the column out.
        unit: what a row counts, singular.
        every: the option that shows every row.
    """

    gate: str = "merge gate"
    verdicts: Mapping[Verdict, tuple[str, str]] = field(
        default_factory=lambda: {
            Verdict.FAIL: ("✕", "BLOCKED"),
            Verdict.INCONCLUSIVE: ("?", "CANNOT TELL"),
            Verdict.PASS: ("✓", "PASS"),
        }
    )
    states: Mapping[State, str] = field(default_factory=lambda: STATES)
    n: str = "n"
    rates: str = "pass rate"
    difference: str = "Δ"
    axis: str = "worse │ better"
    flips: str = "broke / fixed"
    regressed: str = "broke"
    fixed: str = "fixed"
    moved: str = "Flipped answers"
    graded: bool = False
    detects: str = ""
    unit: str = "example"
    every: str = "--all"


GATE = Terms(rates="pass rate %", difference="Δ points", detects="detects")
FRACTIONS = replace(
    GATE,
    rates="mean score %",
    flips="lower / higher",
    regressed="lower",
    fixed="higher",
    moved="Examples whose score moved",
    graded=True,
)
"""Where the keys shown have scores between 0 and 1."""
MIXED = replace(FRACTIONS, rates="score %")
"""Where some of them have."""
WIN_RATE = Terms(
    gate="win rate",
    verdicts={
        Verdict.FAIL: ("✕", "LOSES"),
        Verdict.INCONCLUSIVE: ("?", "CANNOT TELL"),
        Verdict.PASS: ("✓", "WINS"),
    },
    states={
        State.BLOCKS: "Loses",
        State.CANNOT_TELL: "Can't tell",
        State.WATCH: "Loses, does not decide",
        State.NO_DROP: "Not worse",
        State.BETTER: "Wins",
        State.REPORTED: "Reported",
    },
    rates="win rate",
    difference="over 50 %",
    axis="loses │ wins",
    flips="lost / won",
    detects="",
)
"""A judge's comparisons of two versions."""
