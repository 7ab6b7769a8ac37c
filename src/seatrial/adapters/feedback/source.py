"""Source: read one source's tables, judge them, and give the evidence of the feedback gate."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from math import inf
from pathlib import Path
from typing import TYPE_CHECKING

from seatrial.adapters.feedback.location import Location, LocationKind
from seatrial.errors import DataError, MissingExtra, UsageError
from seatrial.feedback.columns import DECISIONS, JOINED, OUTCOMES
from seatrial.feedback.evidence import Evidence, collect, failed
from seatrial.feedback.joined import split, untimed
from seatrial.feedback.judge import judge
from seatrial.table import read_table
from seatrial.verdict import ReasonClass

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import tzinfo

    from seatrial.feedback.cells import Year
    from seatrial.feedback.rules import FeedbackRules
    from seatrial.feedback.units import Units
    from seatrial.outcome import Metric
    from seatrial.table import Column, Table


@dataclass(frozen=True, slots=True)
class Tables:
    """Where one source's tables are, and how their columns are called.

    Attributes:
        name: of the source.
        decisions: where decisions are; None for a joined table.
        outcomes: where outcomes, or both joined, are.
        mapping: canonical name -> columns of the decisions (or joined) table.
        outcomes_mapping: the same of the outcomes table.
        segments: columns that are dimensions.
        zone: time zone of instants that name none.
        classifier: name of the classifier where a joined table has none.
    """

    name: str
    decisions: Location | None
    outcomes: Location | None
    mapping: Mapping[str, Sequence[str]] = field(default_factory=dict)
    outcomes_mapping: Mapping[str, Sequence[str]] = field(default_factory=dict)
    segments: tuple[str, ...] = ()
    zone: tzinfo | None = None
    classifier: str = "classifier"


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked of every source.

    Attributes:
        rules: fixed before looking.
        metrics: horizon and default by name.
        year: the year's days; None for a fixed window.
        now: the clock, seconds since 1970.
        only: classifiers asked for; empty = all.
        window: decisions decided from .. before.
    """

    rules: FeedbackRules
    metrics: Mapping[str, Metric]
    year: Year | None
    now: float
    only: tuple[str, ...] = ()
    window: tuple[float, float] = (-inf, inf)


def evidence_of(tables: Tables, question: Question) -> Evidence:
    """The evidence of one source; where it cannot be read, evidence that says so, so that other sources are judged.

    Raises:
        UsageError, ConfigError: a name on the command line or in a file is wrong.
    """
    try:
        return collect(units_of(tables, question), question.rules, question.year)
    except (DataError, MissingExtra) as error:
        return failed(tables.name, str(error), ReasonClass(error.reason_class))


def units_of(tables: Tables, question: Question) -> Units:
    """Read and judge one source."""
    metrics, timeless = question.metrics, False
    if tables.outcomes is None:
        raise UsageError(
            f"{tables.name}: outcomes are missing; give --outcomes, beside --decisions or joined in one table"
        )
    if tables.decisions is None:
        table = read(tables.outcomes, JOINED, "outcomes", tables, tables.mapping)
        metrics, timeless = untimed(table, metrics), not table.has("decided_at")
        decisions, outcomes = split(
            table,
            classifier=tables.classifier,
            pick=question.rules.pick,
            one_shot=question.year is None,
        )
    else:
        decisions = read(tables.decisions, DECISIONS, "decisions", tables, tables.mapping, tables.segments)
        outcomes = read(tables.outcomes, OUTCOMES, "outcomes", tables, tables.outcomes_mapping, ())
    units = judge(
        decisions,
        outcomes,
        question.rules,
        metrics,
        source=tables.name,
        now=question.now,
        only=question.only,
        window=question.window,
    )
    # Without times there is no horizon to speak of.
    return replace(units, horizons={}) if timeless else units


def read(
    location: Location,
    columns: Sequence[Column],
    what: str,
    tables: Tables,
    mapping: Mapping[str, Sequence[str]],
    segments: Sequence[str] | None = None,
) -> Table:
    """The table at a location."""
    chosen = tables.segments if segments is None else segments
    if location.kind is LocationKind.FILE:
        return read_table(Path(location.place), columns, mapping=mapping, segments=chosen, zone=tables.zone)
    if location.kind in (LocationKind.LANGSMITH, LocationKind.MLFLOW):
        raise UsageError(f"{location}: {what} are not read from {location.kind.value} yet")
    from seatrial.adapters.feedback.database import read_database  # noqa: PLC0415 - only where one is read

    return read_database(location, what, columns, mapping=mapping, segments=chosen, zone=tables.zone)
