"""`seatrial fleet serve`: the fleet over HTTP."""

from __future__ import annotations

import os
from pathlib import Path

import click

from seatrial.cli.web import run_app
from seatrial.errors import UsageError
from seatrial.wording import count


@click.command("serve")
@click.option(
    "--host", default="127.0.0.1", show_default=True, help="Address to listen on; others than loopback need a key."
)
@click.option(
    "--port", type=click.IntRange(0, 65535), default=2024, show_default=True, help="Port; 0 takes a free one."
)
@click.option("--pool", default="", help="Only the graphs of this pool.")
@click.option(
    "--compile",
    "compile_",
    multiple=True,
    metavar="GRAPH",
    help="Compile it at the start; /ready waits for it. 'all' names every graph.",
)
@click.option(
    "--checkpoints",
    default="sqlite:///.seatrial/threads.db",
    show_default=True,
    metavar="URL",
    help="Where the state of resumable graphs is kept: sqlite:///PATH or postgresql://USER@HOST/DATABASE.",
)
def command(host: str, port: int, pool: str, compile_: tuple[str, ...], checkpoints: str) -> int:
    """Serve the registry's graphs with the protocol of LangGraph's server; langgraph_sdk and RemoteGraph work unmodified.

    A running rollout decides which version answers, and its exposures are recorded. POST /feedback takes outcomes. A key is
    asked for by SEATRIAL_API_KEY_SHA256, the SHA-256 of one or more keys joined by commas.

    \b
    Examples:
      seatrial fleet serve
      seatrial fleet serve --port 8080 --compile all --checkpoints postgresql://app@db/threads
    """
    from seatrial.errors import MissingExtra  # noqa: PLC0415
    from seatrial.project import open_project  # noqa: PLC0415

    try:
        import fastapi  # noqa: F401, PLC0415 - said before anything is opened
        import uvicorn  # noqa: F401, PLC0415
    except ImportError as error:
        raise MissingExtra(str(error.name), "serve", "the server") from None
    from seatrial.serve.app import make_app  # noqa: PLC0415
    from seatrial.serve.checkpoints import open_checkpoints  # noqa: PLC0415
    from seatrial.serve.server import Server  # noqa: PLC0415
    from seatrial.serve.settings import api_keys, read_serve_settings  # noqa: PLC0415
    from seatrial.store.engine import open_store  # noqa: PLC0415

    project = open_project(Path.cwd())
    pools = tuple(dict.fromkeys(spec.pool for spec in project.graphs))
    if pool and pool not in pools:
        raise UsageError(f"no graph is in pool {pool!r}; the registry has: {', '.join(pools)}")
    graphs = tuple(spec.assistant_id for spec in project.graphs if not pool or spec.pool == pool)
    wanted = graphs if "all" in compile_ else compile_
    for graph in wanted:
        if graph not in graphs:
            raise UsageError(f"--compile {graph!r}: no such graph here; there are: {', '.join(graphs)}")
    digests = api_keys(os.environ, host)
    settings = read_serve_settings(project.root, tuple(spec.assistant_id for spec in project.graphs), pools)
    saver, close = open_checkpoints(checkpoints, project.root)
    with open_store(os.environ.get("SEATRIAL_STORE") or project.settings.store, root=project.root) as store:
        server = Server(project, store, settings, digests, saver, pool, wanted)
        keys = f"keys: {len(digests)}" if digests else "no key, loopback only"
        try:
            run_app(
                make_app(server), host, port, lambda at: f"{count(len(graphs), 'graph')} on http://{host}:{at}, {keys}"
            )
        finally:
            close()
    return 0
