"""Reasons of a row's verdict as numbers; `gate.sentence` writes them out."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Underpowered:
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
class Unmeasured:
    """Planned cells of one version that have no score.

    Attributes:
        arm: `baseline` or `candidate`.
        outcome: what became of them.
        cells: how many.
        planned: planned cells of the same version.
        message: the most frequent message among them; empty where none says anything.
    """

    kind: ClassVar[str] = "unmeasured"
    arm: str
    outcome: str
    cells: int
    planned: int
    message: str = ""

    @property
    def share(self) -> float:
        """Share of this version's planned cells."""
        return self.cells / max(self.planned, 1)

    @property
    def count(self) -> int:
        """Cells without a score."""
        return self.cells


@dataclass(frozen=True, slots=True)
class NotProven:
    """The row looks worse on its own and is not proven worse in its family.

    Attributes:
        difference: candidate minus baseline.
        regressed: clusters that scored lower with the candidate.
        n: clusters.
        p: its p on its own.
        p_adjusted: its p in the family.
    """

    kind: ClassVar[str] = "not_proven"
    share: ClassVar[float] = 0.0
    count: ClassVar[int] = 0
    difference: float | None
    regressed: int
    n: int
    p: float | None
    p_adjusted: float | None


Reason = Underpowered | Unmeasured | NotProven
KINDS: Mapping[str, type[Underpowered | Unmeasured | NotProven]] = {
    one.kind: one for one in (Underpowered, Unmeasured, NotProven)
}


def reason_data(reason: Reason) -> dict[str, Any]:
    """The reason as plain data."""
    return {"kind": reason.kind, **asdict(reason)}


def reason_of(data: Mapping[str, Any]) -> Reason:
    """The reason that `reason_data` wrote.

    Raises:
        KeyError, TypeError: it is none.
    """
    return KINDS[data["kind"]](**{name: value for name, value in data.items() if name != "kind"})
