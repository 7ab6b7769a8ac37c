"""`seatrial judge winrate`: does a candidate win, by a verdict table from anywhere?"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from seatrial.cli.evidence import parse_maps
from seatrial.cli.output import check_targets, show_decision
from seatrial.cli.share import Share
from seatrial.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from seatrial.table import Table

SHIP_RULES = ("superior", "superior_overall_noninferior_critical")


@click.command("winrate")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--candidate", metavar="VERSION", help="Whose win rate; needed where the table holds several versions.")
@click.option("--baseline", metavar="VERSION", help="Against whom; needed where the table holds several baselines.")
@click.option("--judge", metavar="IDENTITY", help="Only this judge; default the panel of all judges in the table.")
@click.option("--map", "maps", multiple=True, metavar="COLUMN=FOREIGN", help="A column and what the file calls it.")
@click.option("--segment", "segments", multiple=True, metavar="COLUMN", help="A column that is a segment dimension.")
@click.option("--critical", multiple=True, metavar="SEGMENT", help="A segment that must be shown: VALUE or NAME=VALUE.")
@click.option(
    "--preference-scale",
    "scale",
    default="0:1",
    show_default=True,
    metavar="LOW:HIGH",
    help="The preference that says baseline, and the one that says candidate.",
)
@click.option(
    "--ship-rule", type=click.Choice(SHIP_RULES), default=SHIP_RULES[0], show_default=True, help="What must be shown."
)
@click.option(
    "--margin",
    type=Share(0, 0.5, min_open=True, max_open=True),
    default=0.10,
    show_default=True,
    help="How far under .5 a critical segment may lie with superior_overall_noninferior_critical.",
)
@click.option("--all", "every", is_flag=True, help="Show every row, not only those that decide.")
@click.option("--json", "as_json", is_flag=True, help="Print seatrial/winrate/1 on stdout.")
@click.option(
    "-o",
    "--output",
    "files",
    multiple=True,
    type=click.Path(path_type=Path),
    help="Also write FILE: .html, .json, .md, .xml (JUnit) or .txt.",
)
def command(
    file: Path,
    candidate: str | None,
    baseline: str | None,
    judge: str | None,
    maps: tuple[str, ...],
    segments: tuple[str, ...],
    critical: tuple[str, ...],
    scale: str,
    ship_rule: str,
    margin: float,
    files: tuple[Path, ...],
    *,
    every: bool,
    as_json: bool,
) -> int:
    """Judge a table of verdicts as given: a .csv, .parquet or .jsonl file with one row per example, judge and order.

    Exits 0 when the candidate clears (lower bound over .5 overall and on every critical segment, exact test, enough decided), 1
    when it is shown to lose there, 2 else. Says what keeps the verdicts from deciding in a gate.

    \b
    Examples:
      seatrial judge winrate verdicts.parquet --critical tier=enterprise
      seatrial judge winrate annotations.csv --map example_id=index --map version=model --segment segment \\
                             --preference-scale 1:2 --candidate my-model
    """
    from seatrial.adapters.feedback.drift import file_hash  # noqa: PLC0415 - numpy is for those who judge
    from seatrial.evidence.against_half import Rules  # noqa: PLC0415
    from seatrial.judge.admissible import inadmissible  # noqa: PLC0415
    from seatrial.judge.decide import find, winrate_decision  # noqa: PLC0415
    from seatrial.judge.length import length_adjusted  # noqa: PLC0415
    from seatrial.judge.scores import scores_of  # noqa: PLC0415
    from seatrial.judge.verdicts import VERDICT_COLUMNS  # noqa: PLC0415
    from seatrial.report.winrate import winrate_view  # noqa: PLC0415
    from seatrial.table import read_table  # noqa: PLC0415
    from seatrial.vote import ShipRule  # noqa: PLC0415

    check_targets(files)
    ends = _scale(scale)
    table = read_table(file, VERDICT_COLUMNS, mapping=parse_maps(maps), segments=segments)
    table = _only(_only(table, "baseline", baseline, "--baseline"), "judge", judge, "--judge", panel=True)
    versions = _versions(table, ends)
    mine = _only(table, "version", candidate, "--candidate")
    scores = scores_of(mine, ends)
    rules = Rules(ShipRule(ship_rule), margin)
    known = mine.has("length_candidate") and mine.has("length_baseline")
    decision = winrate_decision(
        find(scores, critical, rules),
        scores,
        rules,
        _subject(mine),
        evidence_hash=file_hash(file),
        inadmissible=inadmissible(mine, scores),
        adjusted=length_adjusted(scores.score, scores.longer) if known else None,
        versions=versions,
    )
    show_decision(decision, winrate_view(decision), as_json=as_json, files=files, every=every)
    return decision.exit_code


def _scale(text: str) -> tuple[float, float]:
    low, sign, high = text.partition(":")
    try:
        ends = float(low), float(high)
    except ValueError:
        ends = (0.0, 0.0)
    if not sign or ends[0] == ends[1] or not all(abs(end) < 1e9 for end in ends):
        raise UsageError(f"--preference-scale {text!r}: write LOW:HIGH, two different numbers, e.g. 1:2")
    return ends


def _only(table: Table, column: str, wanted: str | None, flag: str, *, panel: bool = False) -> Table:
    """The rows of one value of a column; without a wish all of them, where they are of one value or a panel."""
    if not table.has(column):
        if wanted is not None:
            raise UsageError(
                f"{flag} {wanted!r}: {table.source} has no column {column}; name it with --map {column}=COLUMN"
            )
        return table
    codes = table.codes(column)
    if wanted is None:
        if len(codes.values) > 1 and not panel:
            raise UsageError(
                f"{table.source} holds several; say which one with {flag}: {', '.join(sorted(codes.values)[:20])}"
            )
        return table
    if wanted not in codes.values:
        raise UsageError(
            f"{flag} {wanted!r} is not in {table.source}; choose one of: {', '.join(sorted(codes.values)[:20])}"
        )
    return table.where(codes.index == codes.values.index(wanted))


def _versions(table: Table, ends: tuple[float, float]) -> Sequence[dict[str, Any]]:
    """Rate and standard error of every version, to compare with what others published."""
    from seatrial.judge.scores import scores_of  # noqa: PLC0415
    from seatrial.stats.interval import CannotTell  # noqa: PLC0415
    from seatrial.stats.winrate import score_rate  # noqa: PLC0415

    if not table.has("version"):
        return ()
    codes = table.codes("version")
    made = []
    for place, name in enumerate(codes.values):
        scores = scores_of(table.where(codes.index == place), ends).score
        found = score_rate(scores[scores == scores])  # noqa: PLR0124 - only NaN differs from itself
        n, rate, error = (
            (0, None, None) if isinstance(found, CannotTell) else (found.n, found.rate, found.standard_error)
        )
        made.append({"version": name, "planned": int(scores.size), "n": n, "rate": rate, "standard_error": error})
    return made


def _subject(table: Table) -> str:
    def one(column: str, otherwise: str) -> str:
        return table.codes(column).values[0] if table.has(column) and table.codes(column).values else otherwise

    return f"{one('version', 'candidate')} against {one('baseline', 'baseline')}"
