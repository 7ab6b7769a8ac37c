"""Reasons of a row's verdict: sealed types that hold numbers; `gate.sentence` writes them out.

The first reason of a row decides it. Types under "what was looked at" say what the row rests on and decide nothing.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, ClassVar, get_args

from seatrial.reason_kind import Kind as _Kind
from seatrial.vote import Bar
from seatrial.win_rate import Judged

if TYPE_CHECKING:
    from collections.abc import Mapping


# ---------------------------------------------------------------- rows of the score family


@dataclass(frozen=True, slots=True)
class Unchanged(_Kind):
    """Every output of the candidate is the baseline's."""

    kind: ClassVar[str] = "unchanged"


@dataclass(frozen=True, slots=True)
class Thin(_Kind):
    """A non-critical row that left the family before any score was looked at.

    Attributes:
        n: clusters it has.
        min_n: clusters a row of the family has at least.
    """

    kind: ClassVar[str] = "thin"
    n: int
    min_n: int


@dataclass(frozen=True, slots=True)
class Dropped(_Kind):
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
class SmallDrop(_Kind):
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
class BelowFloor(_Kind):
    """The candidate's own rate lies below its floor.

    Attributes:
        rate: its rate, what is missing counted for it where that proves it.
        floor: least rate it must reach.
        at_most: upper bound of its rate; None where the observed rate decides.
        proven: the bound, or by its rule the observed rate, lies below the floor, whatever is missing.
        level: one-sided level of the bound: .05 shared by all floors; None where the observed rate decides.
        baseline: the baseline's rate, where it lies below the floor too; None elsewhere.
    """

    kind: ClassVar[str] = "below_floor"
    rate: float
    floor: float
    at_most: float | None
    proven: bool
    level: float | None
    baseline: float | None = None


@dataclass(frozen=True, slots=True)
class Underpowered(_Kind):
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

    @property
    def share(self) -> float:
        """Share of the needed clusters that it lacks."""
        return 1.0 if self.needs is None else max(0.0, 1 - self.n / max(self.needs, 1))

    @property
    def count(self) -> int:
        """Clusters it lacks."""
        return 0 if self.needs is None else max(0, self.needs - self.n)


@dataclass(frozen=True, slots=True)
class NotShown(_Kind):
    """A drop that must be ruled out is not.

    Attributes:
        n: clusters it has.
        needs: clusters on which an unchanged candidate of this flip rate is shown with probability .8; None where there
            are none such.
        rules_out: the drop.
        at_most: one-sided .05 upper bound of the drop, at the worst case of what is missing; None without any cluster.
        baseline: its pass rate, where that is too low to fall so far; None elsewhere.
    """

    kind: ClassVar[str] = "not_shown"
    n: int
    needs: int | None
    rules_out: float
    at_most: float | None
    baseline: float | None = None

    @property
    def share(self) -> float:
        """Share of the needed clusters that it lacks."""
        return 1.0 if self.needs is None else max(0.0, 1 - self.n / max(self.needs, 1))

    @property
    def count(self) -> int:
        """Clusters it lacks."""
        return 0 if self.needs is None else max(0, self.needs - self.n)


@dataclass(frozen=True, slots=True)
class NotBetter(_Kind):
    """The goal is a better candidate, and the row is not shown to have risen.

    Attributes:
        p: its one-sided p against "not better", at the worst case of what is missing; .05 shows it.
    """

    kind: ClassVar[str] = "not_better"
    p: float


@dataclass(frozen=True, slots=True)
class Shown(_Kind):
    """A drop that must be ruled out is ruled out, at one-sided .05.

    Attributes:
        rules_out: the drop.
        at_most: upper bound of the drop, at the worst case of what is missing.
    """

    kind: ClassVar[str] = "shown"
    rules_out: float
    at_most: float


@dataclass(frozen=True, slots=True)
class Unmeasured(_Kind):
    """Planned cells of one version that have no score.

    Attributes:
        arm: `baseline` or `candidate`.
        outcome: what became of them.
        cells: how many.
        planned: planned cells of the same version.
        message: the most frequent message among them; empty where none says anything.
        outage: everything the row lacks was kept from it by an outage, a budget or the kill switch.
    """

    kind: ClassVar[str] = "unmeasured"
    arm: str
    outcome: str
    cells: int
    planned: int
    message: str = ""
    outage: bool = False

    @property
    def share(self) -> float:
        """Share of this version's planned cells."""
        return self.cells / max(self.planned, 1)

    @property
    def count(self) -> int:
        """Cells without a score."""
        return self.cells


@dataclass(frozen=True, slots=True)
class NotProven(_Kind):
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
class Better(_Kind):
    """The row rose beyond chance, at its own level."""

    kind: ClassVar[str] = "better"


@dataclass(frozen=True, slots=True)
class NoDrop(_Kind):
    """No drop was found.

    Attributes:
        p: its p on its own; None where it holds no cluster.
    """

    kind: ClassVar[str] = "no_drop"
    p: float | None


@dataclass(frozen=True, slots=True)
class Reported(_Kind):
    """The row's key does not gate."""

    kind: ClassVar[str] = "reported"


# ---------------------------------------------------------------- zero tolerance


@dataclass(frozen=True, slots=True)
class NewHit(_Kind):
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
class UnclearHit(_Kind):
    """Hits where the baseline has no score: old or new cannot be told.

    Attributes:
        hits: examples with such a hit.
    """

    kind: ClassVar[str] = "unclear_hit"
    hits: int


@dataclass(frozen=True, slots=True)
class UnseenHit(_Kind):
    """Answers of the candidate that were not measured in full may hide a hit.

    Attributes:
        examples: how many examples have such an answer.
    """

    kind: ClassVar[str] = "unseen_hit"
    examples: int


@dataclass(frozen=True, slots=True)
class NothingScored(_Kind):
    """No answer of the candidate has a score."""

    kind: ClassVar[str] = "nothing_scored"


@dataclass(frozen=True, slots=True)
class NoNewHit(_Kind):
    """Every answer was scored and none is a new hit."""

    kind: ClassVar[str] = "no_new_hit"


# ---------------------------------------------------------------- measurements


@dataclass(frozen=True, slots=True)
class Grew(_Kind):
    """The measurement grew beyond its margin.

    Attributes:
        p: its p against the margin.
        alpha: what p is compared with.
    """

    kind: ClassVar[str] = "grew"
    p: float
    alpha: float


@dataclass(frozen=True, slots=True)
class WithinMargin(_Kind):
    """The measurement is not shown to have grown beyond its margin.

    Attributes:
        p: its p against the margin.
        alpha: what p is compared with.
    """

    kind: ClassVar[str] = "within_margin"
    p: float
    alpha: float


@dataclass(frozen=True, slots=True)
class OverCeiling(_Kind):
    """The candidate's own measurement lies over its ceiling.

    Attributes:
        statistic: `median`, `mean` or `p95` of its runs.
        value: what it came to.
        ceiling: the most it may be.
        at_least: one-sided lower bound of it.
        proven: the bound lies over the ceiling.
        level: of the bound: .05 shared by all ceilings.
    """

    kind: ClassVar[str] = "over_ceiling"
    statistic: str
    value: float
    ceiling: float
    at_least: float
    proven: bool
    level: float


@dataclass(frozen=True, slots=True)
class FewRatios(_Kind):
    """Too few clusters, or too few of the planned runs, have a number in both arms.

    Attributes:
        left: clusters that have one.
        missing: share of the planned runs without one.
    """

    kind: ClassVar[str] = "few_ratios"
    left: int
    missing: float


@dataclass(frozen=True, slots=True)
class NotInterleaved(_Kind):
    """A latency is reported only: the two versions did not run interleaved in one job."""

    kind: ClassVar[str] = "not_interleaved"


# ---------------------------------------------------------------- contract tests


@dataclass(frozen=True, slots=True)
class ContractBroken(_Kind):
    """The baseline passed every run and the candidate none."""

    kind: ClassVar[str] = "contract_broken"


@dataclass(frozen=True, slots=True)
class ContractHolds(_Kind):
    """The candidate passed every run."""

    kind: ClassVar[str] = "contract_holds"


@dataclass(frozen=True, slots=True)
class ContractUnsteady(_Kind):
    """One version does not pass every run.

    Attributes:
        arm: `baseline`, and so it proves no regression, or `candidate`.
    """

    kind: ClassVar[str] = "contract_unsteady"
    arm: str


@dataclass(frozen=True, slots=True)
class FewRuns(_Kind):
    """Versions with fewer measured runs than a contract test takes.

    Attributes:
        arms: which.
        needs: runs it takes.
    """

    kind: ClassVar[str] = "few_runs"
    arms: tuple[str, ...]
    needs: int


@dataclass(frozen=True, slots=True)
class NewContract(_Kind):
    """The baseline has no run of this example.

    Attributes:
        passed: the candidate passes it.
    """

    kind: ClassVar[str] = "new_contract"
    passed: bool


# ---------------------------------------------------------------- what was looked at


@dataclass(frozen=True, slots=True)
class TippingPoint(_Kind):
    """So many of the uncertain clusters would have to go against the candidate for the row to block.

    Attributes:
        clusters: how many.
        of: uncertain clusters.
    """

    kind: ClassVar[str] = "tipping_point"
    clusters: int
    of: int


@dataclass(frozen=True, slots=True)
class Fresh(_Kind):
    """The row was decided on repetitions made after the first look.

    Attributes:
        repetitions: how many, per example and version; None where a single one decided.
        p: the row's p at the first look; None where it had none.
    """

    kind: ClassVar[str] = "fresh"
    repetitions: int | None
    p: float | None


@dataclass(frozen=True, slots=True)
class Pooled(_Kind):
    """What the row has to show was asked of both looks pooled.

    Attributes:
        repetitions: fresh ones, per example and version.
    """

    kind: ClassVar[str] = "pooled"
    repetitions: int


@dataclass(frozen=True, slots=True)
class JointLevel(_Kind):
    """What the joint level of the family took: clusters' signs flipped, the same in every row a cluster belongs to.

    Attributes:
        draws: how many; 0 where none was needed: the row with the smallest p / weight is not under alpha alone.
        too_large: there were too many to draw, so weighted Holm alone decided.
    """

    kind: ClassVar[str] = "joint_level"
    draws: int
    too_large: bool


@dataclass(frozen=True, slots=True)
class Answers(_Kind):
    """What a zero-tolerance key looked at.

    Attributes:
        scored: examples of the candidate with a score.
        n: planned examples.
    """

    kind: ClassVar[str] = "answers"
    scored: int
    n: int


@dataclass(frozen=True, slots=True)
class Increase(_Kind):
    """What a measurement came to.

    Attributes:
        statistic: `median` or `mean` of the clusters' ratios, or the ratio of `p95`.
        ratio: the candidate over the baseline, minus 1; None where nothing has a number.
        allowed: the margin; None where only a ceiling stands.
        runs: planned runs.
        without: of these, runs without a number above 0 in both arms.
    """

    kind: ClassVar[str] = "increase"
    statistic: str
    ratio: float | None
    allowed: float | None
    runs: int
    without: int


@dataclass(frozen=True, slots=True)
class Passes(_Kind):
    """Passed and measured runs of a contract test.

    Attributes:
        baseline: (passed, measured) of the baseline.
        candidate: of the candidate.
    """

    kind: ClassVar[str] = "passes"
    baseline: tuple[int, int]
    candidate: tuple[int, int]


Reason = (
    Unchanged
    | Thin
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
    | NewHit
    | UnclearHit
    | UnseenHit
    | NothingScored
    | NoNewHit
    | Grew
    | WithinMargin
    | OverCeiling
    | FewRatios
    | NotInterleaved
    | ContractBroken
    | ContractHolds
    | ContractUnsteady
    | FewRuns
    | NewContract
    | TippingPoint
    | Fresh
    | Pooled
    | JointLevel
    | Answers
    | Increase
    | Passes
    | Bar
    | Judged
)
KINDS: Mapping[str, type[Reason]] = {one.kind: one for one in get_args(Reason)}


def reason_data(reason: Reason) -> dict[str, Any]:
    """The reason as plain data."""
    return {"kind": reason.kind, **{name: _plain(value) for name, value in asdict(reason).items()}}


def reason_of(data: Mapping[str, Any]) -> Reason:
    """The reason that `reason_data` wrote.

    Raises:
        KeyError, TypeError: it is none.
    """
    return KINDS[data["kind"]](**{name: _frozen(value) for name, value in data.items() if name != "kind"})


def _plain(value: Any) -> Any:
    return [_plain(one) for one in value] if isinstance(value, tuple) else value


def _frozen(value: Any) -> Any:
    return tuple(_frozen(one) for one in value) if isinstance(value, list) else value
