"""Score family: reasons of a row of the tested keys; sealed types that hold numbers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from seatrial.reason_kind import Kind, Short


@dataclass(frozen=True, slots=True)
class Unchanged(Kind):
    """Every output of the candidate is the baseline's."""

    kind: ClassVar[str] = "unchanged"


@dataclass(frozen=True, slots=True)
class Thin(Kind):
    """A non-critical row that left the family before any score was looked at.

    Attributes:
        n: clusters it has.
        min_n: clusters a row of the family has at least.
    """

    kind: ClassVar[str] = "thin"
    n: int
    min_n: int


@dataclass(frozen=True, slots=True)
class OnlyReported(Kind):
    """A critical row with too few clusters that its dimension lets be reported (`thin = "report"`): only a proven drop counts.

    Attributes:
        n: clusters it has.
        min_n: clusters it is decided on at least.
    """

    kind: ClassVar[str] = "only_reported"
    n: int
    min_n: int


@dataclass(frozen=True, slots=True)
class Dropped(Kind):
    """The row dropped beyond chance.

    Attributes:
        p: its p on its own.
        p_adjusted: its p in the family.
        alpha: what the adjusted p is compared with.
    """

    kind: ClassVar[str] = "dropped"
    p: float | None
    p_adjusted: float | None
    alpha: float


@dataclass(frozen=True, slots=True)
class SmallDrop(Kind):
    """The row dropped beyond chance, by less than a drop has to be to block.

    Attributes:
        p_adjusted: its p in the family.
        alpha: what the adjusted p is compared with.
        drop: how much it dropped.
        min_drop: the smallest drop that blocks.
    """

    kind: ClassVar[str] = "small_drop"
    p_adjusted: float | None
    alpha: float
    drop: float
    min_drop: float


@dataclass(frozen=True, slots=True)
class BelowFloor(Kind):
    """The candidate's own rate is below its floor.

    Attributes:
        rate: its rate, what is missing counted for it where that proves it.
        floor: least rate it must reach.
        at_most: upper bound of its rate; None where the observed rate decides.
        proven: the bound, or by its rule the observed rate, is below the floor, whatever is missing.
        level: one-sided level of the bound: .05 shared by all floors; None where the observed rate decides.
        baseline: the baseline's rate, where it is below the floor too; None elsewhere.
    """

    kind: ClassVar[str] = "below_floor"
    rate: float
    floor: float
    at_most: float | None
    proven: bool
    level: float | None
    baseline: float | None = None


@dataclass(frozen=True, slots=True)
class Underpowered(Short):
    """The row has too few clusters for what it must detect.

    Attributes:
        n: clusters it has.
        needs: clusters it needs; None where no number of them is enough.
        must_detect: drop it must detect; None where it only has to reach a least number of clusters.
        detects: smallest drop it detects with power .8; None where there is none.
    """

    kind: ClassVar[str] = "underpowered"
    n: int
    needs: int | None
    must_detect: float | None
    detects: float | None


@dataclass(frozen=True, slots=True)
class NotShown(Short):
    """A drop that must be ruled out is not.

    Attributes:
        n: clusters it has.
        needs: clusters on which an unchanged candidate of this flip rate is shown with probability .8; None where there
            are none such.
        rules_out: the drop.
        at_most: one-sided .05 upper bound of the drop, at the worst case of what is missing; None without any cluster.
        baseline: its pass rate, where that is too low to fall so far; None elsewhere.
        planned: clusters as in `needs`, at the policy's churn or at all that moved in the row, whichever is more; never
            fewer than it has.
        planned_at: the rate that `planned` counts with.
        own: that rate is what moved in the row, as it is more than the policy's churn.
    """

    kind: ClassVar[str] = "not_shown"
    n: int
    needs: int | None
    rules_out: float
    at_most: float | None
    baseline: float | None = None
    planned: int | None = None
    planned_at: float | None = None
    own: bool = False

    @property
    def in_all(self) -> int:
        """The examples that are planned in all, those it has among them."""
        return max(self.planned or self.needs or 0, self.n)


@dataclass(frozen=True, slots=True)
class NotBetter(Kind):
    """The goal is a better candidate, and the row is not shown to have risen.

    Attributes:
        p: its one-sided p against "not better", at the worst case of what is missing; .05 shows it.
    """

    kind: ClassVar[str] = "not_better"
    p: float


@dataclass(frozen=True, slots=True)
class Shown(Kind):
    """A drop that must be ruled out is ruled out, at one-sided .05.

    Attributes:
        rules_out: the drop.
        at_most: upper bound of the drop, at the worst case of what is missing.
    """

    kind: ClassVar[str] = "shown"
    rules_out: float
    at_most: float


@dataclass(frozen=True, slots=True)
class Unmeasured(Kind):
    """Planned cells of one version that have no score.

    Attributes:
        arm: `baseline` or `candidate`.
        outcome: what became of them.
        cells: how many.
        planned: planned cells of the same version.
        message: the most frequent message among them; empty where none says anything.
        outage: everything the row lacks was kept from it by an outage, a budget or the kill switch.
        provider: how many of the cells that the row lacks, in both versions, were.
    """

    kind: ClassVar[str] = "unmeasured"
    arm: str
    outcome: str
    cells: int
    planned: int
    message: str = ""
    outage: bool = False
    provider: int = 0

    @property
    def share(self) -> float:
        """Share of this version's planned cells."""
        return self.cells / max(self.planned, 1)

    @property
    def count(self) -> int:
        """Cells without a score."""
        return self.cells


@dataclass(frozen=True, slots=True)
class NotProven(Kind):
    """The row looks worse on its own and is not proven worse in its family.

    Attributes:
        difference: candidate minus baseline.
        regressed: clusters that scored lower with the candidate.
        n: clusters.
        p: its p on its own.
        p_adjusted: its p in the family.
    """

    kind: ClassVar[str] = "not_proven"
    difference: float | None
    regressed: int
    n: int
    p: float | None
    p_adjusted: float | None


@dataclass(frozen=True, slots=True)
class Better(Kind):
    """The row rose beyond chance, at its own level."""

    kind: ClassVar[str] = "better"


@dataclass(frozen=True, slots=True)
class NoDrop(Kind):
    """No drop was found.

    Attributes:
        p: its p on its own; None where it holds no cluster.
    """

    kind: ClassVar[str] = "no_drop"
    p: float | None


@dataclass(frozen=True, slots=True)
class Reported(Kind):
    """The row's key does not gate."""

    kind: ClassVar[str] = "reported"


ScoreReason = (
    Unchanged
    | Thin
    | OnlyReported
    | Dropped
    | SmallDrop
    | BelowFloor
    | Underpowered
    | NotShown
    | NotBetter
    | Shown
    | Unmeasured
    | NotProven
    | Better
    | NoDrop
    | Reported
)
