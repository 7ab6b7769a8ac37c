"""`seatrial fleet check`: whether every row of the registry works, and whether every pool answers."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import Iterator

    from seatrial.project import Project

ASK_S = 2.0
END = "seatrial: the check has ended"
"""Last line of the child: a child that was ended by a graph does not print it."""


def check_fleet() -> int:
    """Check everything here; 2 when something does not work."""
    from seatrial.errors import SeatrialError  # noqa: PLC0415
    from seatrial.project import open_project  # noqa: PLC0415
    from seatrial.segment import for_graph  # noqa: PLC0415
    from seatrial.trial.trials import preflight, too_few_examples  # noqa: PLC0415
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
            mine = tuple(row for row in rows if row.graph == spec.assistant_id)
            preflight(project, mine)
            few = too_few_examples(project, mine)
        except SeatrialError as error:
            broken += 1
            click.echo(f"✕ {spec.assistant_id}: {error}")
        else:
            names = ", ".join(dimension.name for dimension in dimensions) or "none"
            contract = "" if project.contract(spec.assistant_id) else ", no contract"
            click.echo(
                f"✓ {spec.assistant_id}: {count(len(spec.versions), 'version')}, {count(len(dataset.examples), 'example')}, {count(len(suite), 'evaluator')}, segments: {names}{contract}"
            )
            for line in few:
                click.echo(f"· {spec.assistant_id}: {line}")
    for line in _pools(project):
        broken += line.startswith("✕")
        click.echo(line)
    for line in _never_called(project):
        click.echo(line)
    if os.environ.get("SEATRIAL_CHECK_CHILD"):
        click.echo(END)
    return 2 if broken else 0


def check_isolated() -> int:
    """The same in a child process; 2 when the child was ended by what it imported."""
    command = [sys.executable, "-m", "seatrial", "fleet", "check"]
    environ = {**os.environ, "SEATRIAL_CHECK_CHILD": "1"}
    done = subprocess.run(command, capture_output=True, text=True, env=environ, check=False)  # noqa: S603 - ourselves
    lines = done.stdout.splitlines()
    ended = bool(lines) and lines[-1] == END
    for line in lines[: -1 if ended else None]:
        click.echo(line)
    if done.stderr:
        click.echo(done.stderr.rstrip(), err=True)
    if ended or done.returncode == 3:
        return done.returncode
    click.echo(f"✕ the check was ended (exit {done.returncode}) by the graph behind the last line above")
    return 2


def _pools(project: Project) -> Iterator[str]:
    from seatrial.graph.route import unlisted  # noqa: PLC0415
    from seatrial.project.routing import read_routing  # noqa: PLC0415

    routing = read_routing(project.root, project.graphs, os.environ)
    if not routing.routes and not routing.default:
        return
    for graph in unlisted([spec.assistant_id for spec in project.graphs], routing.routes):
        where = f"the default, {routing.default}" if routing.default else "nowhere: there is no default"
        yield f"{'·' if routing.default else '✕'} {graph}: on no pool's list, so it goes to {where}"
    for pool, url in routing.urls.items():
        problem = _unreachable(url)
        yield f"✕ pool {pool}: {url} does not answer: {problem}" if problem else f"✓ pool {pool}: {url} answers"


def _unreachable(url: str) -> str:
    import httpx  # noqa: PLC0415 - only where pools are named

    try:
        found = httpx.get(f"{url}/ok", timeout=ASK_S)
    except httpx.HTTPError as error:
        return type(error).__name__
    return "" if found.status_code == 200 else f"status {found.status_code}"


def _never_called(project: Project) -> Iterator[str]:
    """Graphs that no request has named, where a server has kept any run at all."""
    file = project.settings.store.removeprefix("sqlite:///")
    if file != project.settings.store and not (project.root / file).is_file():
        return
    from seatrial.errors import SeatrialError  # noqa: PLC0415
    from seatrial.store.engine import open_store  # noqa: PLC0415
    from seatrial.store.threads import called_graphs  # noqa: PLC0415

    try:
        with open_store(project.settings.store, root=project.root) as store:
            called = called_graphs(store)
    except SeatrialError as error:
        yield f"· the store cannot be read, so nobody knows which graphs are called: {error}"
        return
    if called:
        for spec in project.graphs:
            if spec.assistant_id not in called:
                yield f"· {spec.assistant_id}: no server run is on record"
