"""`seatrial trial`: the main job, on every trial row of the project or on the graphs named."""

from __future__ import annotations

import os
import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from seatrial.cli.certified import certified_for
from seatrial.cli.concurrency import runs_at_once
from seatrial.cli.mlflow import Record, option, record, wanted
from seatrial.cli.progress import aside, progress
from seatrial.cli.unjudged import report_name, show_unjudged, unjudged_data, write_unjudged
from seatrial.errors import UsageError, one_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from seatrial.adapters.mlflow import Entry
    from seatrial.project import Project, TrialRow
    from seatrial.trial.trials import Trial, Unjudged


@click.command("trial")
@click.argument("graphs", nargs=-1, metavar="[GRAPH]...")
@click.option("--check-expect", is_flag=True, help="Exit 0 if and only if every verdict is what its row expects.")
@runs_at_once()
@click.option(
    "--confirm/--no-confirm",
    "confirm",
    default=None,
    help="Decide suspicious rows on fresh repetitions; default for graphs not made of rules.",
)
@click.option(
    "--confirm-repeat",
    type=click.IntRange(min=1),
    default=3,
    show_default=True,
    help="Fresh repetitions of each suspicious example, with both versions.",
)
@click.option(
    "--max-usd",
    type=click.FloatRange(min=0, min_open=True),
    help="What all judges together may spend under EVAL=1; never exceeded.",
)
@click.option("--all", "every", is_flag=True, help="Show every row, not only those that decide.")
@option
@click.option("--json", "as_json", is_flag=True, help="Print seatrial/trial/1 on stdout.")
def command(
    graphs: tuple[str, ...],
    check_expect: bool,
    concurrency: int | None,
    confirm: bool | None,
    confirm_repeat: int,
    max_usd: float | None,
    every: bool,
    mlflow: bool | None,
    as_json: bool,
) -> int:
    """Put the fleet through its trials.

    For every [[tool.seatrial.trial]] row of pyproject.toml: evaluate baseline and candidate on their dataset, gate the
    candidate with the row's policy, write the report to reports/, log both runs to MLflow where it is installed. A row
    that cannot be judged (a graph that cannot be imported, a broken dataset) is named, and the others are judged. Exits
    1 when a row is blocked, else 2 when one could not be judged; MLflow never changes a verdict, but where --mlflow was
    asked for and failed, 0 becomes 2.

    \b
    Examples:
      seatrial trial
      seatrial trial text_to_sql --all
      seatrial trial --check-expect
      EVAL=1 seatrial trial --max-usd 2
    """
    from seatrial.gate.reruns import with_attempt  # noqa: PLC0415
    from seatrial.judge.spend import Purse  # noqa: PLC0415
    from seatrial.project import open_project  # noqa: PLC0415 - graphs and numbers are for those who run
    from seatrial.switch import EVAL, switched_on  # noqa: PLC0415
    from seatrial.trial.confirm import Confirming  # noqa: PLC0415
    from seatrial.trial.trials import Unjudged, trials  # noqa: PLC0415

    project = open_project(Path.cwd())
    known = [row.graph for row in project.settings.trial]
    for graph in graphs:
        one_of(graph, known, "a trial row of graph")
    logs = wanted(mlflow, project.settings.mlflow, "trial")
    rows = tuple(row for row in project.settings.trial if not graphs or row.graph in graphs)
    folder = project.root / "reports" / f"{datetime.now(UTC):%Y%m%d-%H%M%S}"
    began, done, unjudged = time.monotonic(), [], []
    with progress(quiet=as_json) as tell:
        how = Confirming(confirm, confirm_repeat, concurrency, tell)
        asks = Purse(max_usd) if switched_on(os.environ, EVAL) else None
        for trial in trials(project, rows, concurrency=concurrency, confirming=how, judges=asks, progress=tell):
            with aside():
                if isinstance(trial, Unjudged):
                    unjudged.append(trial)
                    show_unjudged(trial, as_json=as_json)
                else:
                    fixed = project.spec(trial.row.graph).deterministic
                    looked = with_attempt(trial.report, os.environ, deterministic=fixed)
                    trial = replace(trial, report=looked)  # noqa: PLW2901 - the same trial, with its look
                    done.append(trial)
                    if not as_json:
                        _show(trial, every=every, check_expect=check_expect)
    folder = _write(done, folder, rows)
    write_unjudged(unjudged, folder, rows)
    logged = (
        record(project, lambda: _entries(project, done, folder, rows), requested=mlflow) if logs and done else Record()
    )
    begun = len(done) + len(unjudged)
    return _end(
        done,
        unjudged,
        folder,
        logged,
        time.monotonic() - began,
        check_expect=check_expect,
        as_json=as_json,
        left=len(rows) - begun,
    )


def _show(trial: Trial, *, every: bool, check_expect: bool) -> None:
    from seatrial.cli.output import show  # noqa: PLC0415

    show(trial.report, as_json=False, every=every, certified=certified_for(trial.report))
    if check_expect:
        click.echo(f"  {trial.surprise or 'as expected'}")
    click.echo("")


def _made(folder: Path) -> Path:
    """A folder of this trial's own: another may have begun in the same second."""
    began, number = folder.name, 1
    while True:
        try:
            folder.mkdir()
        except FileExistsError:
            number += 1
            folder = folder.with_name(f"{began}.{number}")
        else:
            return folder


def _write(done: Sequence[Trial], folder: Path, rows: Sequence[TrialRow]) -> Path:
    from seatrial.cli.output import FORMATS, write  # noqa: PLC0415

    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        folder = _made(folder)
    except OSError as error:
        raise UsageError(f"reports cannot be written to {folder}: {error.strerror}") from error
    for trial in done:
        for suffix in FORMATS:
            write(folder / f"{report_name(trial.row, rows)}{suffix}", trial.report)
    return folder


def _entries(project: Project, done: Sequence[Trial], folder: Path, rows: Sequence[TrialRow]) -> list[Entry]:
    """Both runs of every trial, the candidate's with its report."""
    from seatrial.adapters.mlflow import Entry  # noqa: PLC0415 - for those who log
    from seatrial.trial.runs import RUNS  # noqa: PLC0415

    entries = []
    for trial in done:
        runs = [project.root / RUNS / word for word in trial.report.source.replace(",", " ").split()]
        baseline, candidate, *others = [run for run in runs if (run / "evidence.parquet").is_file()]
        reports = tuple(file for file in sorted(folder.iterdir()) if file.stem == report_name(trial.row, rows))
        entries += [Entry(baseline), Entry(candidate, trial.report, baseline, reports), *map(Entry, others)]
    return entries


def _end(
    done: Sequence[Trial],
    unjudged: Sequence[Unjudged],
    folder: Path,
    logged: Record,
    seconds: float,
    *,
    check_expect: bool,
    as_json: bool,
    left: int,
) -> int:
    from seatrial.wording import count  # noqa: PLC0415

    surprises = [trial for trial in done if trial.surprise]
    codes = [trial.report.exit_code for trial in done]
    code = (1 if surprises else 0) if check_expect else (1 if 1 in codes else max(codes, default=0))
    nothing = not done and not left and {row.exit_code for row in unjudged} == {3}
    code = logged.exit_code(code or (3 if nothing else 2 if unjudged or left else 0))
    if as_json:
        from seatrial.cli.output import beside  # noqa: PLC0415
        from seatrial.report.data import gate_data, gate_json  # noqa: PLC0415

        rows = [
            {
                "graph": t.row.graph,
                "expect": t.row.expect,
                "as_expected": not t.surprise,
                "report": gate_data(t.report),
                **beside(certified_for(t.report)),
            }
            for t in done
        ] + [unjudged_data(row) for row in unjudged]
        click.echo(
            gate_json(
                {
                    "schema": "seatrial/trial/1",
                    "exit_code": code,
                    "reports": str(folder),
                    "trials": rows,
                    **({"mlflow": logged.data} if logged.data else {}),
                }
            ),
            nl=False,
        )
        return code
    from seatrial.cli.output import say  # noqa: PLC0415
    from seatrial.report.console import Line  # noqa: PLC0415
    from seatrial.report.headline import but  # noqa: PLC0415

    words = {"pass": "ship", "fail": "stopped", "inconclusive": "cannot tell"}
    ends = " · ".join(
        f"{t.row.graph} {t.row.candidate} {'let through' if t.report.overridden else words[t.report.verdict]}{but(t.report)}"
        for t in done
    )
    say([Line(f"{count(len(done), 'trial')} in {seconds:.1f} s{f': {ends}' if ends else ''}", "plain")])
    if unjudged:
        more = f"; {count(left, 'row')} not begun" if left else ""
        say([Line(f"could not be judged: {', '.join(t.row.graph for t in unjudged)}{more}", "unsure")])
    click.echo(f"reports: {folder}/ (.html .md .json .xml .txt)")
    for line in logged.lines:
        click.echo(line)
    if check_expect:
        unexpected = [t.row.graph for t in surprises] + [t.row.graph for t in unjudged]
        click.echo("every verdict is as expected" if not unexpected else f"not as expected: {', '.join(unexpected)}")
    return code
