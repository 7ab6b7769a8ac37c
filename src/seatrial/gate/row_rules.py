"""Rules of a row: what a tested row's numbers say of it; the first rule that matches decides."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from seatrial.gate.not_worse import shown
from seatrial.gate.row import OVERALL
from seatrial.reason import (
    Better,
    Dropped,
    NoDrop,
    NotBetter,
    NotProven,
    NotShown,
    OnlyReported,
    SmallDrop,
    Thin,
    Underpowered,
    Unmeasured,
)
from seatrial.stats.noninferiority import clusters_to_rule_out
from seatrial.stats.power import detectable_drop, needed_n
from seatrial.verdict import MEASUREMENT_FAILURES, State, Verdict

if TYPE_CHECKING:
    from seatrial.gate.plan import Message
    from seatrial.gate.policy import Policy
    from seatrial.gate.row import Row
    from seatrial.gate.thresholds import Limits
    from seatrial.reason import BelowFloor, JointLevel, Reason, Shown
    from seatrial.stats.paired import Method

WATCH_AT = 0.05
"""A row whose p alone is at most this is worth watching, though nothing is proven in its family."""


@dataclass(frozen=True, slots=True)
class Tested:
    """A row with everything its rules ask of it.

    Attributes:
        row: the row, of the look that decides it.
        judged: the row that what it has to show is asked of: of the first look, or of both looks pooled.
        limits: its thresholds.
        floor: what its floor says; None where nothing lies below one.
        floor_open: what is missing decides whether its floor fails it.
        policy: the rules.
        level: its level at the family's first step; None where it left the family before looking.
        family: what its adjusted p is compared with.
        p: its p at the best case of what is missing; None where it holds no cluster.
        p_adjusted: the same in the family.
        rejected: the family rejects it at the best case of what is missing.
        rejected_worst: at the worst case.
        rules_out: drop that it has to be shown not to have; None where it has to show nothing.
        joint: what the family's joint level took, told once a decision; None on every other row.
        message: gives the most frequent message of its cells.
    """

    row: Row
    judged: Row
    limits: Limits
    floor: BelowFloor | None
    floor_open: bool
    policy: Policy
    level: float | None
    family: float
    p: float | None
    p_adjusted: float | None
    rejected: bool
    rejected_worst: bool
    rules_out: float | None
    joint: JointLevel | None
    message: Message

    @property
    def method(self) -> Method:
        """The test of single binary answers."""
        return "exact" if self.policy.test == "exact" else "mid-p"

    @property
    def churn(self) -> float:
        """What power is computed with: the policy's, or the row's own flips where these are more."""
        return max(self.policy.churn, self.row.flips)

    @property
    def measured_detects(self) -> float | None:
        """Smallest drop it would detect with power .8 if nothing were missing."""
        return detectable_drop(self.row.n, self.churn, self.level or 0.0, self.method) if self.level else None

    @property
    def detects(self) -> float | None:
        """Smallest drop it detects with power .8: one can hide in what is missing, as FAIL must hold at its best case."""
        found, r = self.measured_detects, self.row
        if found is None or not r.missing:
            return found
        hidden = found + 2 * r.missing / r.cells
        return hidden if hidden <= 1 else None

    @property
    def planned_at(self) -> float:
        """What is planned with where a drop has to be ruled out: the policy's churn, or all that moved in the row where this is more."""
        return max(self.policy.churn, self.judged.moved)

    @property
    def needs(self) -> int | None:
        """Clusters that four of five times rule out its drop if nothing changed; of a row that shows nothing, to detect `must_detect`.

        An unchanged candidate's losses are flips as well, so what is planned counts all that moved.
        """
        if self.rules_out is not None:
            return clusters_to_rule_out(self.rules_out, self.planned_at)
        return needed_n(self.policy.must_detect, self.churn, self.level, self.method) if self.level else None

    @property
    def shown(self) -> Shown | None:
        """The drop it has to rule out is ruled out, whatever is missing from it."""
        return shown(self.judged, self.rules_out)

    @property
    def let_off(self) -> OnlyReported | None:
        """It is critical, has too few clusters, and its dimension lets it be reported."""
        r = self.judged
        found = r.critical and self.policy.only_reports(r.segment, r.n)
        return OnlyReported(r.n, self.policy.least(r.segment)) if found else None

    @property
    def drop(self) -> float:
        """Its observed drop, at the best case of what is missing."""
        return -float(self.row.best.mean()) if self.row.n else 0.0

    @property
    def blocks(self) -> bool:
        """It dropped beyond chance and far enough to block, at the best case of what is missing."""
        return self.rejected and self._far_enough(self.drop)

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
        # A row of which no pair was measured says nothing, even where the baseline was too low to drop from.
        if r.n > 0 and r.difference is None:
            return True
        blocks_worst = self.rejected_worst and self._far_enough(-float(r.worst.mean()))
        return blocks_worst and not self.blocks and self.too_much_missing

    def _far_enough(self, drop: float) -> bool:
        return drop >= self.limits.min_drop - 1e-12


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
    return Ruling(Verdict.INCONCLUSIVE, State.CANNOT_TELL, (Thin(t.row.n, t.policy.least(t.row.segment)),))


def dropped(t: Tested) -> Ruling | None:
    """A drop beyond chance, at the best case of what is missing, and no smaller than what blocks."""
    if not t.blocks:
        return None
    also = [one for one in (t.floor, t.shown) if one]
    return Ruling(Verdict.FAIL, State.BLOCKS, (Dropped(t.p, t.p_adjusted, t.family), *also))


def under_floor(t: Tested) -> Ruling | None:
    """The candidate's own rate is shown to lie below its floor; asked of every row that has one, thin ones too."""
    if not (t.floor and t.floor.proven):
        return None
    return Ruling(Verdict.FAIL, State.BLOCKS, (t.floor, *([t.shown] if t.shown else [])))


def floor_unmeasured(t: Tested) -> Ruling | None:
    """Its floor would fail it at the worst case of what is missing; asked of thin rows too, as nothing unknown passes a floor."""
    if not t.floor_open or not (t.too_much_missing or t.limits.floor_rule == "observed"):
        return None
    return Ruling(Verdict.INCONCLUSIVE, State.CANNOT_TELL, tuple(unmeasured_cells(t.row, t.message)))


def too_few_critical(t: Tested) -> Ruling | None:
    """A critical segment under the least number of clusters that its own dimension asks for."""
    r = t.judged
    if not r.critical or not t.policy.too_few(r.segment, r.n):
        return None
    return _cannot_tell(t, Underpowered(r.n, t.policy.least(r.segment), None, t.detects))


def only_reported(t: Tested) -> Ruling | None:
    """A critical segment with too few clusters that its dimension lets be reported, and nothing looks worse in it."""
    if t.let_off is None:
        return None
    return Ruling(Verdict.INCONCLUSIVE, State.CANNOT_TELL, (t.let_off,))


def unshown(t: Tested) -> Ruling | None:
    """A drop that is not ruled out: of a critical segment or of all examples, at the worst case of what is missing."""
    if t.rules_out is None or t.shown is not None:
        return None
    r, low = t.judged, t.judged.baseline is not None and t.judged.baseline <= t.rules_out
    needs, planned = clusters_to_rule_out(t.rules_out, r.flips), t.needs
    planned = None if planned is None else max(planned, r.n)
    found = NotShown(
        r.n,
        needs,
        t.rules_out,
        r.largest_drop,
        r.baseline if low else None,
        planned,
        planned_at=t.planned_at,
        own=t.planned_at > t.policy.churn,
    )
    return _cannot_tell(t, found)


def too_few(t: Tested) -> Ruling | None:
    """An overall row that has nothing to show and is under `min_n`, or that no drop could move."""
    r, least = t.row, t.policy.min_n
    if r.segment != OVERALL or t.rules_out is not None or (r.n >= least and t.measured_detects is not None):
        return None
    return _cannot_tell(t, Underpowered(r.n, least if r.n < least else None, None, t.detects))


def unmeasured(t: Tested) -> Ruling | None:
    """What is missing decides: the row would block at its worst case, and more is missing than is tolerated."""
    return _cannot_tell(t) if t.unsure else None


def small_drop(t: Tested) -> Ruling | None:
    """A drop beyond chance that is too small to block."""
    if not t.rejected:
        return None
    return _watched(t, SmallDrop(t.p_adjusted, t.family, t.drop, t.limits.min_drop))


def near_floor(t: Tested) -> Ruling | None:
    """The candidate's observed rate lies below its floor, which is not proven."""
    return _watched(t, t.floor) if t.floor else None


def suspicious(t: Tested) -> Ruling | None:
    """It looks worse on its own and is not proven worse in the family."""
    if t.p is None or t.p > WATCH_AT:
        return None
    r = t.row
    return _watched(t, NotProven(r.difference, r.regressed, r.n, t.p, t.p_adjusted))


def unshown_better(t: Tested) -> Ruling | None:
    """Where the goal is a better candidate: all examples of a key that has to show something, not shown to have risen.

    Asked once, as what it has to rule out is: on fresh repetitions alone it would be a further try at .05.
    """
    r = t.judged
    if t.policy.goal != "superior" or r.segment != OVERALL or t.rules_out is None:
        return None
    p = r.p(-r.worst, t.policy, WATCH_AT) if r.n else 1.0
    return _cannot_tell(t, NotBetter(p)) if p > WATCH_AT else None


def better(t: Tested) -> Ruling | None:
    """A rise beyond chance at the row's own level, at the worst case of what is missing."""
    r, level = t.row, t.level or 0.0
    if r.n == 0 or r.p(-r.worst, t.policy, level) > level:
        return None
    return _passes(t, State.BETTER, Better())


def no_drop(t: Tested) -> Ruling | None:
    """Nothing was found."""
    return _passes(t, State.NO_DROP, NoDrop(t.p))


ROW_RULES: tuple[Rule, ...] = (
    dropped,
    under_floor,
    floor_unmeasured,
    thin,
    too_few_critical,
    unshown,
    too_few,
    unmeasured,
    unshown_better,
    small_drop,
    near_floor,
    suspicious,
    only_reported,
    better,
    no_drop,
)


def ruling_of(t: Tested) -> Ruling:
    """What the first rule that matches says."""
    return next(found for rule in ROW_RULES if (found := rule(t)) is not None)


def unmeasured_cells(r: Row, message: Message) -> list[Unmeasured]:
    """Planned cells without a score, by version and outcome."""
    return [
        Unmeasured(
            arm,
            outcome,
            cells,
            sum(outcomes.values()),
            message(r, arm, outcome),
            outage=r.provider == r.missing,
            provider=r.provider,
        )
        for arm, outcomes in r.outcomes.items()
        for outcome, cells in outcomes.items()
        if outcome in MEASUREMENT_FAILURES
    ]


def _watched(t: Tested, reason: Reason) -> Ruling:
    """It passes and looks worse; where the policy says so, a critical or overall row holds the verdict instead."""
    if t.policy.watch == "hold" and (t.row.critical or t.row.segment == OVERALL):
        return Ruling(Verdict.INCONCLUSIVE, State.CANNOT_TELL, (reason,))
    return _passes(t, State.WATCH, reason)


def _passes(t: Tested, state: State, reason: Reason) -> Ruling:
    also = [one for one in (t.shown, t.let_off) if one]
    return Ruling(Verdict.PASS, state, (reason, *also))


def _cannot_tell(t: Tested, *own: Reason) -> Ruling:
    """The row cannot be told; of its reasons the largest comes first and gives the class."""
    reasons: list[Reason] = [*own]
    if t.unsure or not own or t.too_much_missing:
        reasons += unmeasured_cells(t.row, t.message)
    return Ruling(Verdict.INCONCLUSIVE, State.CANNOT_TELL, tuple(sorted(reasons, key=lambda one: -one.share)))
