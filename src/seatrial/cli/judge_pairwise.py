"""`seatrial judge pairwise`: two stored runs put to a judge in both orders."""

from __future__ import annotations

import os
import time
from contextlib import contextmanager, redirect_stdout
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING

import click

from seatrial.cli.concurrency import calls_at_once
from seatrial.cli.mlflow import option, wanted
from seatrial.cli.output import check_targets, show_decision
from seatrial.cli.progress import progress
from seatrial.errors import SeatrialError
from seatrial.wording import count

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from seatrial.judge.run import Judged
    from seatrial.judge.table import Rows
    from seatrial.project import Project
    from seatrial.trial.judging import Comparison, Plan
    from seatrial.verdict import Decision
    from seatrial.vote import Standing

SCHEMA = "seatrial/judge-pairwise/1"


@click.command("pairwise")
@click.argument("a", metavar="A")
@click.argument("b", metavar="B")
@click.option(
    "--judge", "name", required=True, help="Which judge, judges/NAME.toml, or which panel of judges/panels.toml."
)
@calls_at_once("Calls")
@click.option("--repeat", type=click.IntRange(min=1), default=1, show_default=True, help="Verdicts per pair and order.")
@click.option("--limit", type=click.IntRange(min=1), help="Only the first so many examples.")
@click.option("--resume", is_flag=True, help="Go on with what was judged before; refused where nothing was.")
@click.option("--max-usd", type=click.FloatRange(min=0, min_open=True), help="Never spend more than this in this run.")
@click.option("--dry-run", is_flag=True, help="Print the calls, tokens and price it would take, and call no model.")
@option
@click.option("--json", "as_json", is_flag=True, help="Print seatrial/judge-pairwise/1 on stdout.")
@click.option(
    "-o",
    "--output",
    "outputs",
    multiple=True,
    type=click.Path(path_type=Path),
    help="Also write FILE: .parquet (the verdict table), .html, .json, .md, .xml (JUnit) or .txt.",
)
def command(
    a: str,
    b: str,
    name: str,
    concurrency: int,
    repeat: int,
    limit: int | None,
    resume: bool,
    max_usd: float | None,
    dry_run: bool,
    mlflow: bool | None,
    as_json: bool,
    outputs: tuple[Path, ...],
) -> int:
    """Put two stored runs to a judge, in both orders; A is the baseline, B the candidate. No graph runs.

    A and B are GRAPH@VERSION (its latest finished run) or a run id. Verdicts lie in the candidate's run under
    judged/JUDGE--BASELINE_RUN/; a question that has one is never asked again. Exits 0 when the candidate clears the win
    rate, 1 when it is shown to lose, 2 when that cannot be told.

    \b
    Examples:
      seatrial judge pairwise support_router@v1 support_router@v2 --judge helpful --dry-run
      seatrial judge pairwise support_router@v1 support_router@v2 --judge helpful --max-usd 2
    """
    from seatrial.errors import ConfigError, UsageError  # noqa: PLC0415
    from seatrial.judge.licence import FLOORS  # noqa: PLC0415 - as below
    from seatrial.judge.spend import Purse  # noqa: PLC0415
    from seatrial.project import open_project  # noqa: PLC0415 - models and numbers are for those who judge
    from seatrial.trial.judged import standing_on  # noqa: PLC0415
    from seatrial.trial.judging import VERDICTS  # noqa: PLC0415
    from seatrial.trial.panel import judge_all, of_judge_or_panel, plan_all  # noqa: PLC0415

    tables = [file for file in outputs if file.suffix == ".parquet"]
    files = [file for file in outputs if file.suffix != ".parquet"]
    check_targets(files)
    for file in tables:
        if not file.parent.is_dir():
            raise UsageError(f"-o {file}: the folder {file.parent} does not exist")
    project = open_project(Path.cwd())
    made, members = of_judge_or_panel(project, a, b, name, limit=limit)
    logs = wanted(mlflow, project.settings.mlflow, "judge")
    if dry_run:
        return _planned_text(made, plan_all(members, repeat), as_json=as_json)
    with _reported(made, quiet=as_json) as tell:
        done, rows = judge_all(
            project,
            made,
            members,
            concurrency=concurrency,
            repeat=repeat,
            resume=resume,
            purse=Purse(max_usd),
            progress=tell,
        )
    for file in tables:
        file.write_bytes((made.folder / VERDICTS).read_bytes())
    if done.fatal:
        raise ConfigError(_fatal(made, done))
    runs = (made.baseline_run, made.candidate_run)
    allowed = standing_on(project, made.graph, runs, name, FLOORS.consistency, time.time())
    code, decision = _say(made, done, rows, allowed, as_json=as_json, files=files)
    return _logged(project, made, decision, code, requested=mlflow) if logs else code


@contextmanager
def _reported(made: Comparison, *, quiet: bool) -> Iterator[Callable[[int, int, float | None], None]]:
    with progress(quiet=quiet) as tell:

        def reported(finished: int, planned: int, usd: float | None) -> None:
            tell(f"{made.name} on {made.graph}", finished, planned)

        yield reported


def _fatal(made: Comparison, done: Judged) -> str:
    """The provider's own sentence, and the keys that decide what it is sent."""
    parameters = [name for name in made.judge.parameters if name != "base_url"]
    named = [name for name in parameters if name in done.ended] or parameters
    keys = ", ".join(["model", *(f"parameters.{name}" for name in named)])
    return (
        f"the provider refused every call of judge {made.judge.name!r}: {done.ended}. No further call was made; check {keys} "
        f"in judges/{made.judge.name}.toml"
    )


def _planned_text(made: Comparison, plan: Plan, *, as_json: bool) -> int:
    from dataclasses import asdict  # noqa: PLC0415

    if as_json:
        from seatrial.canonical import canonical_json  # noqa: PLC0415

        wording = {"schema": SCHEMA, "exit_code": 0, "judge": made.identity, "plan": asdict(plan)}
        click.echo(canonical_json(wording))
        return 0
    price = "price unknown" if plan.worst_usd is None else f"at most {plan.worst_usd:.4f} USD"
    click.echo(
        f"{made.identity} on {made.baseline} and {made.candidate} of {made.graph}: {count(plan.pairs, 'pair')}, {plan.resolved} need no "
        f"judge; {count(plan.calls, 'call')} to make, {plan.known} known, about {plan.tokens:,} tokens to read, {price}"
    )
    return 0


def _say(
    made: Comparison, done: Judged, rows: Rows, allowed: Standing, *, as_json: bool, files: Iterable[Path]
) -> tuple[int, Decision]:
    from seatrial.canonical import canonical_json  # noqa: PLC0415
    from seatrial.judge.counts import counts_of  # noqa: PLC0415
    from seatrial.report.decision_data import decision_data  # noqa: PLC0415
    from seatrial.report.winrate import winrate_view  # noqa: PLC0415
    from seatrial.trial.judging import winrate_of  # noqa: PLC0415

    counts, decision = counts_of(rows), winrate_of(made)
    shown = winrate_view(decision, allowed)
    # What is missing for want of an answer is an outage, whatever the rows that are there would say.
    reason = decision.reason_class if counts.judged == counts.pairs else counts.reason_class
    if as_json:
        wording = {
            "schema": SCHEMA,
            "exit_code": decision.exit_code,
            "judge": made.identity,
            "graph": made.graph,
            "baseline_run": made.baseline_run,
            "candidate_run": made.candidate_run,
            "pairs": counts.pairs,
            "judged": counts.judged,
            "outcomes": dict(counts.outcomes),
            "asked": done.requested,
            "known": done.known,
            "usd": done.usd,
            "ended": done.ended,
            "reason_class": reason,
            "warnings": done.warnings,
            "folder": made.folder.name,
            "winrate": decision_data(decision),
        }
        click.echo(canonical_json(wording))
        with redirect_stdout(StringIO()):  # files and the step summary; the terminal has had its JSON
            show_decision(decision, shown, as_json=False, files=files)
        return decision.exit_code, decision
    spent = "" if done.usd is None else f", {done.usd:.4f} USD"
    click.echo(
        f"{made.identity}: {counts.judged} of {counts.pairs} judged, {count(done.requested, 'question')} asked, {done.known} known{spent}"
    )
    for sentence in (*([f"ended early: {done.ended}"] if done.ended else []), *done.warnings):
        click.echo(sentence)
    show_decision(decision, shown, as_json=False, files=files)
    return decision.exit_code, decision


def _logged(project: Project, made: Comparison, decision: Decision, code: int, *, requested: bool | None) -> int:
    """Log to MLflow; the verdict stands whatever becomes of its record, but a record that was asked for and failed is no 0."""
    from seatrial.adapters.mlflow.judged import log_judged  # noqa: PLC0415 - for those who log
    from seatrial.trial.judging import VERDICTS  # noqa: PLC0415

    try:
        log_judged(
            decision,
            judge=made.identity,
            graph=made.graph,
            fleet=project.settings.fleet,
            runs=(made.baseline_run, made.candidate_run),
            files=(made.folder / VERDICTS,),
            environ=os.environ,
            root=project.root,
            now=time.time(),
        )
    except SeatrialError as error:
        click.echo(f"seatrial: not logged to MLflow: {error}", err=True)
        return 2 if requested and code == 0 else code
    return code
