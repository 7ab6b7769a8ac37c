"""Silence: LangSmith's tracing off for a while, whatever the environment says, and nothing left behind."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from seatrial.adapters.langsmith.service import installed, must_be_installed
from seatrial.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from langsmith import Client

NOWHERE = "http://127.0.0.1:9"
"""The discard port of this machine: an address for a client that must have one."""

SWITCHES = ("LANGSMITH_TRACING_V2", "LANGCHAIN_TRACING_V2", "LANGSMITH_TRACING", "LANGCHAIN_TRACING")
"""Variables that turn LangSmith's tracing on; `true` does, nothing else."""


@contextmanager
def offline() -> Iterator[Client]:
    """Inside, LangSmith sends nothing, whatever the environment says; the environment itself is not touched.

    Threads that copied no context are silenced too, so for this while nothing in this process is traced. What asks a client
    of its own to send, does.

    Yields:
        A client that cannot send: it samples nothing, asks nobody, and refuses every request.

    Raises:
        MissingExtra: langsmith is not installed.
        ConfigError: LangSmith's variables contradict each other.
    """
    must_be_installed("LangSmith offline")
    from langsmith import tracing_context  # noqa: PLC0415 - an optional package

    with _threads_silent(), tracing_context(enabled=False):
        yield _mute()


def _mute() -> Client:
    from langsmith import Client  # noqa: PLC0415 - as above
    from langsmith.utils import LangSmithUserError  # noqa: PLC0415

    try:
        client = Client(
            api_url=NOWHERE,
            api_key="none",
            info={},
            tracing_sampling_rate=0,
            tracing_mode="langsmith",
            auto_batch_tracing=False,
        )
    except LangSmithUserError as error:
        raise ConfigError(f"LangSmith's variables in the environment contradict each other: {error}") from error
    session: Any = client.session
    session.send = _refuse
    return client


def _refuse(*_: Any, **__: Any) -> Any:
    raise ConnectionRefusedError("this client of LangSmith's is offline")


@contextmanager
def untraced(environ: Mapping[str, str]) -> Iterator[None]:
    """Inside, graphs and model calls are not traced, though the environment asks for it.

    Where it does not ask, this does nothing and imports nothing.

    Args:
        environ: the variables of this process.
    """
    if not any(environ.get(name, "").strip() == "true" for name in SWITCHES) or not installed():
        yield
        return
    from langsmith import tracing_context  # noqa: PLC0415 - an optional package

    with _threads_silent(), tracing_context(enabled=False):
        yield


_lock = threading.Lock()
_inside: list[Any] = []
"""One entry a block under way: what LangSmith's process-wide switch said before the first."""


@contextmanager
def _threads_silent() -> Iterator[None]:
    """LangSmith's own process-wide switch off, and as it was when the last block leaves."""
    from langsmith._internal import _context  # noqa: PLC0415 - `configure` sets it and cannot tell what it was

    switch = "_GLOBAL_TRACING_ENABLED"
    with _lock:
        _inside.append(_inside[0] if _inside else getattr(_context, switch, None))
        setattr(_context, switch, False)
    try:
        yield
    finally:
        with _lock:
            before = _inside.pop()
            if not _inside:
                setattr(_context, switch, before)
