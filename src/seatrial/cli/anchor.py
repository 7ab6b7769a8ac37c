"""`seatrial anchor`: the last release a candidate is compared with too, moved with a reason."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from seatrial.cli.group import Group

if TYPE_CHECKING:
    from collections.abc import Iterator

    from seatrial.project import Project


@click.group("anchor", cls=Group)
def command() -> None:
    """Set or show the anchor: the release that many small steps down are measured from.

    A candidate is compared with the last merge and, at a fifth of alpha, with the anchor: on 400 examples twelve
    steps of 0.7 points pass the first unseen 81 times in 100, the second 3 times. It costs .01 of an alpha of .05, and each
    critical segment must be shown not worse than the anchor too.

    \b
    Examples:
      seatrial anchor set triage --reason "release 2.4"
      seatrial anchor show
    """


@command.command("set")
@click.argument("name", metavar="GRAPH[@VERSION]|RUN")
@click.option("--reason", required=True, help="Why it is moved: 'release 2.4'.")
@click.option("--author", help="Who moves it; default: the user of this machine.")
def moved(name: str, reason: str, author: str | None) -> int:
    """Make a run the anchor of its graph: its latest finished run, or the one named by its id.

    \b
    Examples:
      seatrial anchor set triage --reason "release 2.4"
      seatrial anchor set triage@v1 --reason "back to what customers have"
    """
    import getpass  # noqa: PLC0415
    from datetime import UTC, datetime  # noqa: PLC0415

    from seatrial.project import open_project  # noqa: PLC0415
    from seatrial.trial.baselines import ANCHOR, FOLDER, accept  # noqa: PLC0415

    project = open_project(Path.cwd())
    baseline, before = accept(
        project,
        name,
        ANCHOR,
        reason=reason,
        author=author or getpass.getuser(),
        today=datetime.now(UTC).date(),
    )
    header = baseline.header
    click.echo(
        f"{header.graph}: the anchor is now {baseline.name} ({header.version}, measured {header.date}; {f'was {before}' if before else 'the first'}). Commit {FOLDER}/{header.graph}/"
    )
    for line in _cost(project, header.graph):
        click.echo(line)
    return 0


def _cost(project: Project, graph: str) -> Iterator[str]:
    """What the comparison with the anchor takes of the policy's alpha, and what it asks of critical segments."""
    from seatrial.gate.budget import Budget  # noqa: PLC0415
    from seatrial.segment import critical_segments, for_graph  # noqa: PLC0415
    from seatrial.trial.policies import policy_of  # noqa: PLC0415
    from seatrial.wording import drop  # noqa: PLC0415

    policy = policy_of(project, graph)
    budget = Budget.of(policy, anchored=True)
    yield f"  cost: {budget.anchor:g} of alpha {budget.total:g} is for drops from the anchor, {budget.total - budget.anchor:g} is left for the baseline"
    critical = sorted(critical_segments(for_graph(project.dimensions, graph)))
    if critical:
        yield f"  PASS also needs {', '.join(critical)} shown to be less than {drop(policy.must_detect)} worse than the anchor"


@command.command("show")
@click.option("--json", "as_json", is_flag=True, help="Print seatrial/anchor/1 on stdout.")
def shown(*, as_json: bool) -> int:
    """Show what each graph of the project is compared with: its baseline and its anchor.

    \b
    Example:
      seatrial anchor show
    """
    from seatrial.project import open_project  # noqa: PLC0415
    from seatrial.report.data import gate_json  # noqa: PLC0415
    from seatrial.trial.baselines import ANCHOR, CURRENT, accepted  # noqa: PLC0415

    project = open_project(Path.cwd())
    rows = []
    for graph in dict.fromkeys(row.graph for row in project.settings.trial):
        for pointer in (CURRENT, ANCHOR):
            found = accepted(project, graph, pointer)
            rows.append(
                {
                    "graph": graph,
                    "pointer": pointer,
                    "baseline": found.name if found else None,
                    "version": found.header.version if found else None,
                    "measured": found.header.date if found else None,
                }
            )
    if as_json:
        click.echo(gate_json({"schema": "seatrial/anchor/1", "pointers": rows}), nl=False)
        return 0
    for row in rows:
        wording = f"{row['baseline']}  {row['version']}, measured {row['measured']}" if row["baseline"] else "none"
        click.echo(f"{row['graph']:<20} {row['pointer']:<8} {wording}")
    return 0
