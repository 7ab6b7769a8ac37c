"""`seatrial anchor`: the last release a candidate is compared with too, moved with a reason."""

from __future__ import annotations

from pathlib import Path

import click


@click.group("anchor")
def command() -> None:
    """Set or show the anchor: the release that many small steps down are measured from.

    A candidate is compared with the last merge and, at a fifth of alpha, with the anchor: on 400 examples twelve
    steps of 0.7 points pass the first unseen 81 times in 100, the second 3 times.

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

    baseline, before = accept(
        open_project(Path.cwd()),
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
    return 0


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
