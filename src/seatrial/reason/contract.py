"""Contract tests: reasons of a `must_pass` example."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from seatrial.reason_kind import Kind


@dataclass(frozen=True, slots=True)
class ContractBroken(Kind):
    """The baseline passed every run and the candidate none."""

    kind: ClassVar[str] = "contract_broken"


@dataclass(frozen=True, slots=True)
class ContractHolds(Kind):
    """The candidate passed every run."""

    kind: ClassVar[str] = "contract_holds"


@dataclass(frozen=True, slots=True)
class ContractUnsteady(Kind):
    """One version does not pass every run.

    Attributes:
        arm: `baseline`, and so it proves no regression, or `candidate`.
    """

    kind: ClassVar[str] = "contract_unsteady"
    arm: str


@dataclass(frozen=True, slots=True)
class FewRuns(Kind):
    """Versions with fewer measured runs than a contract test takes.

    Attributes:
        arms: which.
        needs: runs it takes.
    """

    kind: ClassVar[str] = "few_runs"
    arms: tuple[str, ...]
    needs: int


@dataclass(frozen=True, slots=True)
class NewContract(Kind):
    """The baseline has no run of this example.

    Attributes:
        passed: the candidate passes it.
    """

    kind: ClassVar[str] = "new_contract"
    passed: bool


@dataclass(frozen=True, slots=True)
class Passes(Kind):
    """Passed and measured runs of a contract test.

    Attributes:
        baseline: (passed, measured) of the baseline.
        candidate: of the candidate.
    """

    kind: ClassVar[str] = "passes"
    baseline: tuple[int, int]
    candidate: tuple[int, int]


ContractReason = ContractBroken | ContractHolds | ContractUnsteady | FewRuns | NewContract | Passes
