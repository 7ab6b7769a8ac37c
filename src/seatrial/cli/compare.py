"""`seatrial compare`: two versions side by side, with every row; it shows and never blocks."""

from __future__ import annotations

from pathlib import Path

import click

from seatrial.cli.output import check_targets, show


@click.command("compare")
@click.argument("a", metavar="A")
@click.argument("b", metavar="B")
@click.option("--json", "as_json", is_flag=True, help="Print seatrial/gate/1 on stdout.")
@click.option(
    "-o",
    "--output",
    "files",
    multiple=True,
    type=click.Path(path_type=Path),
    help="Also write FILE: .json, .md, .xml (JUnit) or .txt.",
)
def command(a: str, b: str, as_json: bool, files: tuple[Path, ...]) -> int:
    """Show two versions side by side; never blocks.

    A and B are GRAPH@VERSION (its latest complete run) or a run id. Exits 0 whatever it shows, 2 when it cannot show it.

    \b
    Example:
      seatrial compare text_to_sql@v1 text_to_sql@v2
    """
    from dataclasses import replace  # noqa: PLC0415

    from seatrial.trial import gate_runs, open_project  # noqa: PLC0415 - numbers are for those who compare

    check_targets(files)
    report = gate_runs(open_project(Path.cwd()), a, b)
    show(replace(report, mode="observe"), as_json=as_json, files=files, every=True)
    return 0
