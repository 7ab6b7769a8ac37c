"""Source: read one source's tables, judge them, and give the evidence of the feedback gate."""

from __future__ import annotations

import os
from dataclasses import dataclass, field, replace
from math import inf
from pathlib import Path
from typing import TYPE_CHECKING

from seatrial.adapters.feedback.location import Location, LocationKind
from seatrial.errors import ConfigError, DataError, NotFound, SeatrialError, UsageError
from seatrial.feedback.columns import DECISIONS, JOINED, OUTCOMES
from seatrial.feedback.evidence import Evidence, collect, failed
from seatrial.feedback.joined import split, untimed
from seatrial.feedback.judge import judge
from seatrial.table import read_table
from seatrial.table.read import table_of
from seatrial.verdict import ReasonClass

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import tzinfo

    from seatrial.feedback.cells import Year
    from seatrial.feedback.rules import FeedbackRules
    from seatrial.feedback.units import Units
    from seatrial.outcome import Metric
    from seatrial.table import Column, Table
    from seatrial.table.raw import Raw


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


def evidence_of(tables: Tables, question: Question, keep: Callable[[Units], None] | None = None) -> Evidence:
    """The evidence of one source; where it cannot be read, evidence that says so, so that other sources are judged.

    Args:
        tables: where its tables are.
        question: what is asked.
        keep: called with its units, for whoever needs more than counts.

    Raises:
        UsageError, ConfigError: a name on the command line, in a file or in the environment is wrong.
    """
    try:
        if keep is None:
            from seatrial.adapters.feedback.sql.aggregate import by_sql  # noqa: PLC0415 - it knows this module's types

            added = by_sql(tables, question)
            if added is not None:
                return added
        units = units_of(tables, question)
        if keep is not None:
            keep(units)
        return collect(units, question.rules, question.year)
    except (UsageError, ConfigError):
        raise
    except NotFound as error:
        return failed(tables.name, str(error), ReasonClass.MISSING)  # a source that is not there: could not tell
    except SeatrialError as error:
        return failed(tables.name, str(error), ReasonClass(error.reason_class))


def units_of(tables: Tables, question: Question) -> Units:
    """Read and judge one source."""
    metrics, timeless = question.metrics, False
    if tables.outcomes is None:
        raise UsageError(
            f"{tables.name}: outcomes are missing; give --outcomes, beside --decisions or joined in one table"
        )
    if tables.decisions is None:
        # A column that is mapped as the label is no type of outcome, whatever its own name is.
        is_label = "outcome" in tables.mapping.get("label", ()) and "outcome" not in tables.mapping
        columns = [one for one in JOINED if one.name != "outcome"] if is_label else JOINED
        table = read(tables.outcomes, columns, "outcomes", tables, tables.mapping)
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
        raw, rows = _traced(location, what)
        if rows == 0:
            raise DataError(f"{location} holds no {what}: there is nothing to judge")
        return table_of(raw, rows, columns, str(location), mapping=mapping, segments=chosen, zone=tables.zone)
    from seatrial.adapters.feedback.database import read_database  # noqa: PLC0415 - only where one is read

    return read_database(location, what, columns, mapping=mapping, segments=chosen, zone=tables.zone)


def _traced(location: Location, what: str) -> tuple[Mapping[str, Raw], int]:
    """Decisions or outcomes of a tracing service."""
    from seatrial.adapters.feedback.traced import decision_columns, outcome_columns  # noqa: PLC0415

    if location.kind is LocationKind.LANGSMITH:
        from seatrial.adapters.feedback.langsmith import langsmith_labels, langsmith_runs  # noqa: PLC0415 - an extra

        runs = langsmith_runs(location.place, os.environ)
        labels = langsmith_labels(runs, os.environ) if what == "outcomes" else []
    else:
        from seatrial.adapters.feedback.mlflow import mlflow_traces  # noqa: PLC0415 - an extra

        runs, labels = mlflow_traces(location.place, os.environ, Path.cwd())
    raw = decision_columns(runs) if what == "decisions" else outcome_columns(runs, labels)
    return raw, len(next(iter(raw.values())))
