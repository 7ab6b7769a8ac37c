"""Evidence: everything one source says, ready to be decided on."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from seatrial.canonical import content_hash
from seatrial.feedback.cells import cells_of, histograms
from seatrial.feedback.problem import Problem, ProblemKind
from seatrial.feedback.units import Ledger
from seatrial.verdict import ReasonClass

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from seatrial.feedback.cells import Cell, Histogram, Year
    from seatrial.feedback.rules import FeedbackRules
    from seatrial.feedback.units import Units, UnknownLabel


@dataclass(frozen=True, slots=True)
class Evidence:
    """One source.

    Attributes:
        source: its name.
        cells: counts and sums of every row.
        histograms: one per classifier.
        problems: why it could not be fully evaluated.
        unknown: labels that no table names.
        ledger: what was counted and changes no rate.
        horizons: outcome type -> (seconds, default), as applied.
    """

    source: str
    cells: tuple[Cell, ...] = ()
    histograms: tuple[Histogram, ...] = ()
    problems: tuple[Problem, ...] = ()
    unknown: tuple[UnknownLabel, ...] = ()
    ledger: Ledger = field(default_factory=Ledger)
    horizons: Mapping[str, tuple[float, str]] = field(default_factory=dict)

    @property
    def hash(self) -> str:
        """Hash of its counts and sums."""
        return content_hash(
            [self.source]
            + [
                [
                    *(cell.key.classifier, cell.key.segment, cell.n, cell.positive, cell.neutral, cell.missing),
                    *(cell.immature, float(f"{cell.stated:.9g}"), float(f"{cell.shortfall:.9g}")),
                ]
                for cell in self.cells
            ]
        )


def collect(units: Units, rules: FeedbackRules, year: Year | None) -> Evidence:
    """Counts and sums of a source's units; of the current year, or of everything where `year` is None."""
    return evidence_from(
        units.source,
        cells_of(units, rules, year),
        histograms(units, year),
        units.problems,
        units.unknown,
        units.ledger,
        units.horizons,
        units.state.size,
    )


def evidence_from(
    source: str,
    cells: Sequence[Cell],
    histograms: Sequence[Histogram],
    problems: Sequence[Problem],
    unknown: Sequence[UnknownLabel],
    ledger: Ledger,
    horizons: Mapping[str, tuple[float, str]],
    decisions: int,
) -> Evidence:
    """The same from counts and sums; where none of the `decisions` has an answer this year, that is a problem."""
    found = list(problems)
    if not found and not any(cell.n for cell in cells):
        found.append(Problem(ProblemKind.NOTHING_MATURE, source, of=decisions))
    return Evidence(
        source, tuple(cells), tuple(histograms), tuple(found), tuple(unknown), ledger, dict(sorted(horizons.items()))
    )


def failed(source: str, message: str, cause: ReasonClass = ReasonClass.OUTAGE) -> Evidence:
    """Evidence of a source that could not be read."""
    return Evidence(source, problems=(Problem(ProblemKind.SOURCE_FAILED, source, names=(message,), cause=cause),))
