"""Where decisions and outcomes are: options that verbs over production outcomes share, and the tables they name."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from seatrial.cli.decision_options import together
from seatrial.cli.evidence import parse_maps
from seatrial.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import tzinfo

    from seatrial.adapters.feedback.source import Tables
    from seatrial.feedback.rules import FeedbackRules
    from seatrial.outcome import Metric

RULES, METRICS = Path("gates/feedback.toml"), Path("gates/metrics.toml")


def source_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """`--decisions`, `--outcomes`, `--source`, `--map`, `--segment`, `--classifier`, `--rules` and `--metrics`."""
    return together(
        click.option(
            "--decisions",
            help="Decisions: a file (.csv, .parquet, .jsonl), FILE.db#TABLE, FILE.duckdb#TABLE, a PostgreSQL URL or 'store'.",
        ),
        click.option(
            "--outcomes",
            help="Outcomes, at the same kinds of place; alone, a table with the outcome beside the decision.",
        ),
        click.option(
            "--source",
            "sources",
            multiple=True,
            metavar="NAME",
            help="Only these sources of the rules file; default all.",
        ),
        click.option(
            "--map",
            "maps",
            multiple=True,
            metavar="COLUMN=FOREIGN[,FOREIGN]",
            help="A column of decisions or outcomes and the table's columns it is made of; 'outcomes.COLUMN=...' for one table only.",
        ),
        click.option(
            "--segment",
            "segments",
            multiple=True,
            metavar="COLUMN",
            help="A column of the decisions that is a segment dimension.",
        ),
        click.option("--classifier", "only", multiple=True, metavar="NAME", help="Only this classifier; default all."),
        click.option(
            "--rules",
            "rules_file",
            type=click.Path(path_type=Path),
            help=f"Rules of the gate; default {RULES} where it exists.",
        ),
        click.option(
            "--metrics",
            "metrics_file",
            type=click.Path(path_type=Path),
            help=f"Horizons and defaults; default {METRICS} where it exists.",
        ),
    )(command)


def rules_of(file: Path | None) -> FeedbackRules:
    """The rules file, the project's where none is named, the defaults where there is none."""
    from seatrial.feedback.rules import FeedbackRules, load_rules  # noqa: PLC0415

    if file is None and not RULES.exists():
        return FeedbackRules()
    return load_rules(file or RULES)


def metrics_of(file: Path | None) -> dict[str, Metric]:
    """The metrics file, the project's where none is named; no metrics where there is none."""
    from seatrial.outcome import load_metrics  # noqa: PLC0415

    if file is None and not METRICS.exists():
        return {}
    return load_metrics(file or METRICS)


def tables_from(
    decisions: str | None,
    outcomes: str | None,
    names: Sequence[str],
    maps: tuple[str, ...],
    segments: tuple[str, ...],
    zone: tzinfo | None,
    rules: FeedbackRules,
) -> list[Tables]:
    """The tables that a command line names, else those of the rules file.

    Raises:
        UsageError: they are named by halves, or a name is unknown.
    """
    from seatrial.adapters.feedback.location import locate  # noqa: PLC0415
    from seatrial.adapters.feedback.project import tables_of  # noqa: PLC0415
    from seatrial.adapters.feedback.source import Tables  # noqa: PLC0415

    if decisions or outcomes:
        if names:
            raise UsageError(
                "--source names sources of the rules file; --decisions and --outcomes are a source of their own"
            )
        if not outcomes:
            raise UsageError("--outcomes is missing; decisions alone say nothing about what came of them")
        mapping, outcomes_mapping = _maps(maps, joined=decisions is None)
        where = locate(decisions, Path.cwd()) if decisions else None
        return [
            Tables(
                Path(outcomes.partition("#")[0]).name if "://" not in outcomes else "outcomes",
                where,
                locate(outcomes, Path.cwd()),
                mapping,
                outcomes_mapping,
                segments,
                zone,
            )
        ]
    if maps or segments:
        raise UsageError("--map and --segment go with --outcomes; sources of the rules file say it there")
    if not rules.sources:
        raise UsageError(
            f"name the tables: --decisions FILE --outcomes FILE, --outcomes FILE alone for a joined one, or [source.NAME] in {RULES}"
        )
    known = {one.name: one for one in rules.sources}
    for name in names:
        if name not in known:
            raise UsageError(f"--source {name!r} is unknown; choose one of: {', '.join(known)}")
    return [tables_of(known[name], Path.cwd(), zone) for name in names or known]


def _maps(maps: tuple[str, ...], *, joined: bool) -> tuple[dict[str, tuple[str, ...]], dict[str, tuple[str, ...]]]:
    """--map of the decisions (or joined) table, and of the outcomes table; a name that both have is mapped in both."""
    from seatrial.feedback.columns import DECISIONS, OUTCOMES  # noqa: PLC0415

    mapping = parse_maps(maps)
    if joined:
        return mapping, {}
    in_decisions = {column.name for column in DECISIONS}
    in_outcomes = {column.name for column in OUTCOMES}
    first: dict[str, tuple[str, ...]] = {}
    second: dict[str, tuple[str, ...]] = {}
    for target, columns in mapping.items():
        table, _, name = target.rpartition(".")
        if table == "outcomes":
            second[name] = columns
        elif table == "decisions":
            first[name] = columns
        else:
            if target in in_outcomes:
                second.setdefault(target, columns)
            if target in in_decisions or target not in in_outcomes:
                first.setdefault(target, columns)
    return first, second
