"""Web: how the commands that serve listen: the port is known, and printed, before the first request."""

from __future__ import annotations

import socket
import sys
from typing import TYPE_CHECKING, Any

import click

from seatrial.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

SWITCH_S = 0.001
"""Seconds a thread may keep Python to itself, a fifth of the default: /health is answered sooner while a graph compiles."""
STOP_S = 10
"""Seconds that requests under way may take once the process is asked to end."""


def run_app(app: Any, host: str, port: int, line: Callable[[int], str]) -> None:
    """Serve an application until the process is asked to end.

    Args:
        app: ASGI.
        host: address.
        port: 0 takes a free one.
        line: given the port, what is printed once it listens.

    Raises:
        UsageError: the address cannot be listened on.
    """
    import uvicorn  # noqa: PLC0415 - for those who serve

    from seatrial.serve.protocol import TimedProtocol  # noqa: PLC0415 - likewise

    sys.setswitchinterval(SWITCH_S)
    listener = _listener(host, port)
    click.echo(line(listener.getsockname()[1]), err=True)
    limits: dict[str, Any] = {"http": TimedProtocol, "access_log": False, "timeout_graceful_shutdown": STOP_S}
    config = uvicorn.Config(app, host=host, port=port, log_level="warning", **limits)
    uvicorn.Server(config).run(sockets=[listener])


def _listener(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=2048)
    except OSError as error:
        raise UsageError(f"cannot listen on {host}:{port}: {error.strerror or error}; choose another --port") from None
