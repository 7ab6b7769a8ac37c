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
    from collections.abc import Mapping

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
    cells = tuple(cells_of(units, rules, year))
    problems = list(units.problems)
    if not problems and not any(cell.n for cell in cells):
        problems.append(Problem(ProblemKind.NOTHING_MATURE, units.source, of=units.state.size))
    return Evidence(
        units.source,
        cells,
        tuple(histograms(units, year)),
        tuple(problems),
        units.unknown,
        units.ledger,
        units.horizons,
    )


def failed(source: str, message: str, cause: ReasonClass = ReasonClass.OUTAGE) -> Evidence:
    """Evidence of a source that could not be read."""
    return Evidence(source, problems=(Problem(ProblemKind.SOURCE_FAILED, source, names=(message,), cause=cause),))
