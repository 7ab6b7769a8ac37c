"""`seatrial fleet`: the registry as a table, and whether every row of it works."""

from __future__ import annotations

from pathlib import Path

import click


@click.group("fleet")
def command() -> None:
    """List and check the graphs of the registry.

    \b
    Examples:
      seatrial fleet list
      seatrial fleet check
    """


@command.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print seatrial/fleet/1 on stdout.")
def list_(as_json: bool) -> int:
    """List the graphs; imports none of them.

    \b
    Example:
      seatrial fleet list --json
    """
    from seatrial.project import open_project  # noqa: PLC0415

    project = open_project(Path.cwd())
    if as_json:
        from seatrial.canonical import canonical_json  # noqa: PLC0415

        rows = [
            {
                "graph": s.assistant_id,
                "module": s.module,
                "versions": [v.name for v in s.versions],
                "current": s.current,
                "family": s.family,
                "resumable": s.resumable,
                "pool": s.pool,
            }
            for s in project.graphs
        ]
        click.echo(canonical_json({"schema": "seatrial/fleet/1", "fleet": project.settings.fleet, "graphs": rows}))
        return 0
    width = max((len(s.assistant_id) for s in project.graphs), default=0)
    for s in project.graphs:
        versions = " ".join(f"[{v.name}]" if v.name == s.current else v.name for v in s.versions)
        click.echo(
            f"{s.assistant_id:<{width}}  {versions}  {s.module}  family {s.family}{'  resumable' if s.resumable else ''}"
        )
    return 0


@command.command("check")
def check() -> int:
    """Import, compile and read everything the registry names; exit 2 when something does not work.

    \b
    Example:
      seatrial fleet check
    """
    from seatrial.errors import SeatrialError  # noqa: PLC0415
    from seatrial.project import open_project  # noqa: PLC0415
    from seatrial.segment import for_graph  # noqa: PLC0415
    from seatrial.trial.trials import preflight  # noqa: PLC0415
    from seatrial.wording import count  # noqa: PLC0415

    project = open_project(Path.cwd())
    broken = 0
    rows = project.settings.trial
    for spec in project.graphs:
        try:
            for version in spec.versions:
                project.runtime.compiled(spec.assistant_id, version.name)
            suite, dataset = project.evaluators(spec.assistant_id), project.dataset(spec.assistant_id)
            dimensions = for_graph(project.dimensions, spec.assistant_id)
            preflight(project, tuple(row for row in rows if row.graph == spec.assistant_id))
        except SeatrialError as error:
            broken += 1
            click.echo(f"✕ {spec.assistant_id}: {error}")
        else:
            names = ", ".join(dimension.name for dimension in dimensions) or "none"
            click.echo(
                f"✓ {spec.assistant_id}: {count(len(spec.versions), 'version')}, {count(len(dataset.examples), 'example')}, {count(len(suite), 'evaluator')}, segments: {names}"
            )
    return 2 if broken else 0
