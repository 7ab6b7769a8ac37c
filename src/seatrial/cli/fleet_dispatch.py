"""`seatrial fleet dispatch`: one address in front of the pools."""

from __future__ import annotations

import os
from pathlib import Path

import click

from seatrial.cli.web import run_app


@click.command("dispatch")
@click.option(
    "--host", default="127.0.0.1", show_default=True, help="Address to listen on; others than loopback need a key."
)
@click.option(
    "--port", type=click.IntRange(0, 65535), default=2025, show_default=True, help="Port; 0 takes a free one."
)
@click.option(
    "--timeout",
    type=click.FloatRange(min=0, min_open=True),
    default=300.0,
    show_default=True,
    help="Seconds a pool may take to answer.",
)
@click.option("--routes", "only_routes", is_flag=True, help="Print where each graph goes, and exit.")
def command(host: str, port: int, timeout: float, only_routes: bool) -> int:
    """Pass requests on to the pool that serves their graph: our server, LangGraph's or any that speaks its protocol.

    Pools stand in [tool.seatrial.dispatch] of pyproject.toml; SEATRIAL_POOL_<NAME>_URL moves one, empty takes it out.

    \b
    Examples:
      seatrial fleet dispatch --routes
      SEATRIAL_POOL_GPU_URL=http://gpu:2024 seatrial fleet dispatch --port 8080
    """
    from seatrial.errors import ConfigError, MissingExtra  # noqa: PLC0415
    from seatrial.graph.route import route_for, unlisted  # noqa: PLC0415
    from seatrial.project import open_project  # noqa: PLC0415
    from seatrial.project.routing import read_routing, variable  # noqa: PLC0415

    project = open_project(Path.cwd())
    routing = read_routing(project.root, project.graphs, os.environ)
    graphs = [spec.assistant_id for spec in project.graphs]
    for graph in unlisted(graphs, routing.routes):
        click.echo(f"note: {graph} is on no pool's list and goes to the default", err=True)
    if only_routes:
        width = max(map(len, graphs), default=0)
        for graph in graphs:
            found = route_for(graph, routing.default, routing.routes)
            click.echo(f"{graph:<{width}}  {found.pool}  {found.url or 'nowhere: no URL is set'}")
        return 0
    if not routing.urls:
        raise ConfigError(
            f'no pool has a URL: say default = "http://127.0.0.1:2024" in [tool.seatrial.dispatch] of {project.root / "pyproject.toml"}, or set {variable("default")}'
        )
    try:
        import httpx  # noqa: F401, PLC0415 - said before anything is opened
        import uvicorn  # noqa: F401, PLC0415
    except ImportError as error:
        raise MissingExtra(str(error.name), "serve", "the dispatcher") from None
    from seatrial.serve.dispatch import Dispatcher, make_dispatch  # noqa: PLC0415
    from seatrial.serve.settings import api_keys  # noqa: PLC0415

    app = make_dispatch(Dispatcher(routing, api_keys(os.environ, host), timeout_s=timeout))
    run_app(app, host, port, lambda at: f"{len(routing.urls)} pools behind http://{host}:{at}")
    return 0
