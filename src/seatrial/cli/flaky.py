"""`seatrial flaky`: how often a version contradicts itself, and how many repetitions that asks for."""

from __future__ import annotations

from pathlib import Path

import click

from seatrial.cli.output import say
from seatrial.cli.progress import progress


@click.command("flaky")
@click.argument("graph", metavar="GRAPH[@VERSION]|RUN")
@click.option("--repeat", type=click.IntRange(min=2), default=5, show_default=True, help="Runs per example.")
@click.option(
    "-j",
    "--max-concurrency",
    "concurrency",
    type=click.IntRange(min=1),
    help="Runs at once; default 1 for graphs made of rules, 8 for the rest.",
)
@click.option("--limit", type=click.IntRange(min=1), help="Only the first so many examples.")
@click.option("--json", "as_json", is_flag=True, help="Print seatrial/flaky/1 on stdout.")
def command(graph: str, repeat: int, concurrency: int | None, limit: int | None, as_json: bool) -> int:
    """Run a version against itself: churn per segment, advice on repetitions, the flakiest examples.

    Runs the graph's dataset several times (or reads a run that already has repetitions) and says how often two runs of the
    same example disagree on each gating key. Exits 0 also when something is found, 2 when nothing could be compared.

    \b
    Examples:
      seatrial flaky support_router --repeat 5
      seatrial flaky 20261120-174502-support_router-v1-3f9a
    """
    from seatrial.report.churn import churn_data, churn_lines  # noqa: PLC0415 - numbers are for those who ask
    from seatrial.report.data import gate_json  # noqa: PLC0415
    from seatrial.trial import flaky, open_project  # noqa: PLC0415

    project = open_project(Path.cwd())
    with progress(quiet=as_json) as tell:
        found, policy = flaky(project, graph, repeat=repeat, concurrency=concurrency, limit=limit, progress=tell)
    if as_json:
        click.echo(gate_json(churn_data(found)), nl=False)
        return 0
    for churn in found:
        say(churn_lines(churn, policy))
    return 0
