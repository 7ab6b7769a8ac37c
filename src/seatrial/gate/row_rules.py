"""Rules of a row: what a tested row's numbers say of it; the first rule that matches decides."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from seatrial.gate.row import OVERALL
from seatrial.reason import Better, Dropped, NoDrop, NotProven, NotShown, Shown, Thin, Underpowered, Unmeasured
from seatrial.stats.noninferiority import clusters_to_rule_out
from seatrial.stats.power import detectable_drop, needed_n
from seatrial.verdict import MEASUREMENT_FAILURES, State, Verdict

if TYPE_CHECKING:
    from seatrial.gate.plan import Message
    from seatrial.gate.policy import Policy
    from seatrial.gate.row import Row
    from seatrial.reason import Reason
    from seatrial.stats.paired import Method

WATCH_AT = 0.05
"""A row whose p alone is at most this is worth watching, though nothing is proven in its family."""


@dataclass(frozen=True, slots=True)
class Tested:
    """A row with everything its rules ask of it.

    Attributes:
        row: the row, of the look that decides it.
        policy: the rules.
        level: its level at the family's first step; None where it left the family before looking.
        family: what its adjusted p is compared with.
        p: its p at the best case of what is missing; None where it holds no cluster.
        p_adjusted: the same in the family.
        rejected: the family rejects it at the best case of what is missing.
        rejected_worst: at the worst case.
        rules_out: drop that it has to be shown not to have; None where it has to show nothing.
        message: gives the most frequent message of its cells.
    """

    row: Row
    policy: Policy
    level: float | None
    family: float
    p: float | None
    p_adjusted: float | None
    rejected: bool
    rejected_worst: bool
    rules_out: float | None
    message: Message

    @property
    def method(self) -> Method:
        """The test of single binary answers."""
        return "exact" if self.policy.test == "exact" else "mid-p"

    @property
    def measured_detects(self) -> float | None:
        """Smallest drop it would detect with power .8 if nothing were missing."""
        return detectable_drop(self.row.n, self.policy.churn, self.level or 0.0, self.method) if self.level else None

    @property
    def detects(self) -> float | None:
        """Smallest drop it detects with power .8: one can hide in what is missing, as FAIL must hold at its best case."""
        found, r = self.measured_detects, self.row
        if found is None or not r.missing:
            return found
        hidden = found + 2 * r.missing / r.cells
        return hidden if hidden <= 1 else None

    @property
    def needs(self) -> int | None:
        """Clusters it needs to rule out its drop if nothing changed; of a row that shows nothing, to detect `must_detect`."""
        if self.rules_out is not None:
            return clusters_to_rule_out(self.rules_out, self.row.flips)
        return needed_n(self.policy.must_detect, self.policy.churn, self.level, self.method) if self.level else None

    @property
    def shown(self) -> Shown | None:
        """The drop it has to rule out is ruled out, whatever is missing from it."""
        found, r = self.row.largest_drop, self.row
        if self.rules_out is None or found is None or found >= self.rules_out:
            return None
        # From a rate under the drop nothing can fall so far, and a total loss would be shown half the time.
        return Shown(self.rules_out, found) if r.baseline is not None and r.baseline > self.rules_out else None

    @property
    def too_much_missing(self) -> bool:
        """More is missing than is tolerated; of a critical row nothing is."""
        return self.row.missing_share > (0.0 if self.row.critical else self.policy.missing_tolerance)

    @property
    def unsure(self) -> bool:
        """The verdict hangs on what is missing; a drop that is ruled out at the worst case of it hangs on nothing."""
        r = self.row
        if self.shown is not None:
            return False
        hidden = r.segment == OVERALL and self.measured_detects is not None and self.detects is None
        # A row of which no pair was measured says nothing, even where the baseline was too low to drop from.
        nothing = r.n > 0 and r.difference is None
        return hidden or nothing or (self.rejected_worst and not self.rejected and self.too_much_missing)


@dataclass(frozen=True, slots=True)
class Ruling:
    """What a rule says of a row."""

    verdict: Verdict
    state: State
    reasons: tuple[Reason, ...]


Rule = Callable[[Tested], Ruling | None]


def thin(t: Tested) -> Ruling | None:
    """It left the family before looking and decides nothing."""
    if t.level is not None:
        return None
    return Ruling(Verdict.INCONCLUSIVE, State.CANNOT_TELL, (Thin(t.row.n, t.policy.min_n),))


def dropped(t: Tested) -> Ruling | None:
    """A drop beyond chance, at the best case of what is missing."""
    if not t.rejected:
        return None
    return Ruling(Verdict.FAIL, State.BLOCKS, (Dropped(t.p, t.p_adjusted, t.family),))


def unshown(t: Tested) -> Ruling | None:
    """A critical segment that is not shown not worse by `must_detect` or more, at the worst case of what is missing."""
    if t.rules_out is None or t.shown is not None:
        return None
    r, low = t.row, t.row.baseline is not None and t.row.baseline <= t.rules_out
    reason = NotShown(r.n, t.needs, t.rules_out, r.largest_drop, r.baseline if low else None)
    return _cannot_tell(t, reason)


def too_few(t: Tested) -> Ruling | None:
    """An overall row under `min_n`, or one that no drop could move."""
    r, least = t.row, t.policy.min_n
    if r.segment != OVERALL or (r.n >= least and t.measured_detects is not None):
        return None
    return _cannot_tell(t, Underpowered(r.n, least if r.n < least else None, None, t.detects))


def unmeasured(t: Tested) -> Ruling | None:
    """What is missing decides: the row would block at its worst case, and more is missing than is tolerated."""
    return _cannot_tell(t) if t.unsure else None


def suspicious(t: Tested) -> Ruling | None:
    """It looks worse on its own and is not proven worse in the family."""
    if t.p is None or t.p > WATCH_AT:
        return None
    r = t.row
    looks = NotProven(r.difference, r.regressed, r.n, t.p, t.p_adjusted)
    if t.policy.watch == "hold" and (r.critical or r.segment == OVERALL):
        return Ruling(Verdict.INCONCLUSIVE, State.CANNOT_TELL, (looks,))
    return _passes(t, State.WATCH, looks)


def better(t: Tested) -> Ruling | None:
    """A rise beyond chance at the row's own level, at the worst case of what is missing."""
    r, level = t.row, t.level or 0.0
    if r.n == 0 or r.p(-r.worst, t.policy, level) > level:
        return None
    return _passes(t, State.BETTER, Better())


def no_drop(t: Tested) -> Ruling | None:
    """Nothing was found."""
    return _passes(t, State.NO_DROP, NoDrop(t.p))


ROW_RULES: tuple[Rule, ...] = (thin, dropped, unshown, too_few, unmeasured, suspicious, better, no_drop)


def ruling_of(t: Tested) -> Ruling:
    """What the first rule that matches says."""
    return next(found for rule in ROW_RULES if (found := rule(t)) is not None)


def unmeasured_cells(r: Row, message: Message) -> list[Unmeasured]:
    """Planned cells without a score, by version and outcome."""
    return [
        Unmeasured(
            arm, outcome, cells, sum(outcomes.values()), message(r, arm, outcome), outage=r.provider == r.missing
        )
        for arm, outcomes in r.outcomes.items()
        for outcome, cells in outcomes.items()
        if outcome in MEASUREMENT_FAILURES
    ]


def _passes(t: Tested, state: State, reason: Reason) -> Ruling:
    return Ruling(Verdict.PASS, state, (reason, *([t.shown] if t.shown else [])))


def _cannot_tell(t: Tested, *own: Reason) -> Ruling:
    """The row cannot be told; of its reasons the largest comes first and gives the class."""
    reasons: list[Reason] = [*own]
    if t.unsure or (own and t.too_much_missing):
        reasons += unmeasured_cells(t.row, t.message)
    return Ruling(Verdict.INCONCLUSIVE, State.CANNOT_TELL, tuple(sorted(reasons, key=lambda one: -one.share)))
