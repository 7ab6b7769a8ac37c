"""`seatrial rerun`: the golden dataset every night, to find silent changes of a provider."""

from __future__ import annotations

from pathlib import Path

import click

from seatrial.cli.concurrency import runs_at_once
from seatrial.cli.decision_options import output_options
from seatrial.cli.output import check_targets, show_decision
from seatrial.cli.progress import progress
from seatrial.cli.share import Share
from seatrial.cli.times import moment
from seatrial.errors import UsageError


@click.command("rerun")
@click.argument("graph", metavar="GRAPH[@VERSION]")
@click.option(
    "--dataset", "kind", default="golden", show_default=True, help="Which examples: datasets/GRAPH/KIND.jsonl."
)
@click.option("--repeat", type=click.IntRange(min=1), default=1, show_default=True, help="Runs per example.")
@runs_at_once()
@click.option("--stored", is_flag=True, help="Run nothing: judge the runs that are there.")
@click.option("--key", "keys", multiple=True, metavar="KEY", help="Only this key decides; default those of the policy.")
@click.option(
    "--alpha", type=Share(0, 0.5, min_open=True), default=0.05, show_default=True,
    help="Chance that an unchanged system is flagged in a year.",
)  # fmt: skip
@click.option(
    "--year", "begins", default="01-01", show_default=True, metavar="MM-DD", help="Day on which the year begins."
)
@click.option("--now", "clock", metavar="TIME", help="The time to judge at; default the clock.")
@output_options("rerun")
def command(
    graph: str,
    kind: str,
    repeat: int,
    concurrency: int | None,
    keys: tuple[str, ...],
    alpha: float,
    begins: str,
    clock: str | None,
    files: tuple[Path, ...],
    *,
    stored: bool,
    every: bool,
    as_json: bool,
) -> int:
    """Run a version over its dataset again and compare the night with all earlier ones.

    For a nightly job: finds silent changes of a provider, with one error rate a year, however often it is
    run. Exits 0 where the nights are alike, 1 where the version answers worse than it did, 2 where that could not be told
    (fewer than two earlier nights, or too much was not measured). The report names the provider's model id first, then a
    prompt or code that you changed, which begins a new series.

    \b
    Examples:
      seatrial rerun triage
      seatrial rerun triage@v2 --repeat 3 -o rerun.html
      seatrial rerun triage --stored --json
    """
    from seatrial.feedback.rerun import decide_rerun  # noqa: PLC0415 - graphs and numbers are for those who run
    from seatrial.feedback.rules import day_of_year  # noqa: PLC0415
    from seatrial.feedback.year import year_at  # noqa: PLC0415
    from seatrial.project import open_project  # noqa: PLC0415
    from seatrial.report.rerun import rerun_view  # noqa: PLC0415
    from seatrial.trial.evaluate import evaluate  # noqa: PLC0415
    from seatrial.trial.rerun import nights_of  # noqa: PLC0415

    check_targets(files)
    since = year_at(moment(clock, "--now", None), day_of_year(begins, "--year")).begin
    project = open_project(Path.cwd())
    name, _, version = graph.partition("@")
    version = version or project.spec(name).current
    tonight = None
    if not stored:
        with progress(quiet=as_json) as tell:
            made = evaluate(project, name, version, kind=kind, repeat=repeat, concurrency=concurrency, progress=tell)
        tonight = made.run_dir.name
    nights, rules, change = nights_of(project, name, version, kind, alpha=alpha, since=since, keys=keys)
    if not nights and stored:
        raise UsageError(
            f"no complete run of {name}@{version} over its {kind} dataset; make one with seatrial rerun {graph}"
        )
    unknown = [key for key in keys if nights and key not in nights[-1].scores]
    if unknown:
        raise UsageError(f"--key {unknown[0]!r} is unknown; choose one of: {', '.join(sorted(nights[-1].scores))}")
    decision = decide_rerun(nights, rules, subject=f"{name}@{version}", change=change, tonight=tonight)
    show_decision(decision, rerun_view(decision), as_json=as_json, files=files, every=every)
    return decision.exit_code
