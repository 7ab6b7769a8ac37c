"""`seatrial compare`: two versions side by side, with every row; it shows and never blocks."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import click

from seatrial.cli.output import check_targets, show

if TYPE_CHECKING:
    from seatrial.gate.report import Report
    from seatrial.project import Project


@click.command("compare")
@click.argument("a", metavar="A")
@click.argument("b", metavar="B")
@click.option("--mlflow", "mlflow", is_flag=True, help="A and B are runs logged to MLflow; their evidence is fetched.")
@click.option("--json", "as_json", is_flag=True, help="Print seatrial/gate/1 on stdout.")
@click.option(
    "-o",
    "--output",
    "files",
    multiple=True,
    type=click.Path(path_type=Path),
    help="Also write FILE: .json, .md, .xml (JUnit) or .txt.",
)
def command(a: str, b: str, mlflow: bool, as_json: bool, files: tuple[Path, ...]) -> int:
    """Show two versions side by side; never blocks.

    A and B are GRAPH@VERSION (its latest finished run) or a run id; with --mlflow an MLflow run id, or the id of a run
    that was logged there, from whatever machine. Exits 0 whatever it shows, 2 when it cannot show it.

    \b
    Examples:
      seatrial compare triage@v1 triage@v2
      seatrial compare --mlflow 20261120-174502-triage-v1-3f9a 5b1de3b4c6f74c2d9a0e8f7766554433
    """
    from dataclasses import replace  # noqa: PLC0415

    from seatrial.project import open_project  # noqa: PLC0415 - numbers are for those who compare
    from seatrial.trial.gating import gate_runs  # noqa: PLC0415

    check_targets(files)
    project = open_project(Path.cwd())
    report = _fetched(project, a, b) if mlflow else gate_runs(project, a, b)
    show(replace(report, mode="observe"), as_json=as_json, files=files, every=True)
    return 0


def _fetched(project: Project, a: str, b: str) -> Report:
    """What `gate_runs` shows, of evidence that MLflow keeps."""
    from seatrial.adapters.mlflow import fetch, place, session  # noqa: PLC0415
    from seatrial.errors import UsageError  # noqa: PLC0415
    from seatrial.evidence.combine import combine  # noqa: PLC0415
    from seatrial.evidence.read import read_evidence  # noqa: PLC0415
    from seatrial.gate.merge import check  # noqa: PLC0415
    from seatrial.segment import critical_segments, for_graph  # noqa: PLC0415
    from seatrial.trial.policies import policy_of  # noqa: PLC0415

    with tempfile.TemporaryDirectory() as folder:
        with session(place(os.environ, project.root)) as client:
            arms = [fetch(client, name, project.settings.fleet, Path(folder)) for name in dict.fromkeys((a, b))]
        if len({arm.run_id for arm in arms}) == 1:
            raise UsageError(f"{a} and {b} are both run {arms[0].run_id}; a run is not compared with itself")
        first, second = arms
        if first.graph != second.graph:
            raise UsageError(
                f"{a} is a run of {first.graph!r} and {b} of {second.graph!r}; two graphs are not compared"
            )
        names = [arm.run_id if first.version == second.version else arm.version for arm in arms]
        parts = [read_evidence(arm.evidence).named(name) for arm, name in zip(arms, names, strict=True)]
        return check(
            combine(parts, f"runs {first.run_id} and {second.run_id}"),
            policy_of(project, first.graph),
            baseline=names[0],
            candidate=names[1],
            critical=critical_segments(for_graph(project.dimensions, first.graph)),
            prices=project.settings.model.prices,
        )
