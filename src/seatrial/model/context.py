"""Here: which hub, which cassette, which run and which repetition a model call belongs to; the context knows.

    with use(hub, cassette="text_to_sql"):      # once, around many runs; copied contexts and tasks see it
        at_repetition(2)                        # before each run
        calls, token = listen()
        ...                                     # the graph runs: its model calls are counted in `calls`
        silence(token)

A graph is compiled once and runs in many places at once, so its chat model cannot hold any of this itself.
"""

from __future__ import annotations

import os
from contextlib import contextmanager
from contextvars import ContextVar, Token
from itertools import count
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from seatrial.model.hub import Hub
    from seatrial.model.outcome import Skipped


class Calls:
    """The model calls of one run.

    Attributes:
        made: how many there were, those answered from a cassette or the cache included.
        waited_s: seconds they waited for limits and between tries: not the graph's own time.
        skipped: the first that nobody answered, whatever the graph made of it.
        notes: sentences worth showing: another model than asked for answered, say.
        models: (model asked, name of the one that answered or None, whether they are one) of every reply.
    """

    __slots__ = ("_requested", "made", "models", "notes", "skipped", "waited_s")

    def __init__(self) -> None:
        self.made = 0
        self.waited_s = 0.0
        self.skipped: Skipped | None = None
        self.notes: list[str] = []
        self.models: set[tuple[str, str | None, bool]] = set()
        self._requested: dict[str, count[int]] = {}

    def occurrence(self, question: str) -> int:
        """How often this run has asked the same before: asking again is a new draw, not an echo."""
        return next(self._requested.setdefault(question, count()))


_HUB: ContextVar[Hub | None] = ContextVar("seatrial_hub", default=None)
_CASSETTE: ContextVar[str | None] = ContextVar("seatrial_cassette", default=None)
_CALLS: ContextVar[Calls | None] = ContextVar("seatrial_calls", default=None)
_REPETITION: ContextVar[int] = ContextVar("seatrial_repetition", default=0)

calls_here = _CALLS.get
"""The calls of the run at hand, or None outside of one."""

cassette_here = _CASSETTE.get
"""Name of the cassette at hand, or None: the model's own."""

repetition_here = _REPETITION.get
"""Repetition of the run at hand, 0 outside of one."""

silence = _CALLS.reset
"""Stop counting; takes the token that `listen` gave."""


def listen() -> tuple[Calls, Token[Calls | None]]:
    """Start counting the model calls of a run; hand the token to `silence`."""
    calls = Calls()
    return calls, _CALLS.set(calls)


def at_repetition(repetition: int) -> None:
    """Say which repetition the runs that follow in this context are."""
    if _REPETITION.get() != repetition:  # asking is cheaper than saying it again, once a run
        _REPETITION.set(repetition)


@contextmanager
def use(hub: Hub, *, cassette: str | None = None) -> Iterator[Hub]:
    """Let every model call inside the block pass through `hub`; what it recorded is on disk afterwards.

    Args:
        hub: the hub.
        cassette: name of the file that recordings go to and come from, a graph's id; None = the model's own.
    """
    hub_token, cassette_token = _HUB.set(hub), _CASSETTE.set(cassette)
    _in_use.append(hub)
    try:
        yield hub
    finally:
        _in_use.remove(hub)
        _CASSETTE.reset(cassette_token)
        _HUB.reset(hub_token)
        hub.flush()


@contextmanager
def offer(hub: Hub) -> Iterator[Hub]:
    """`use` for a server: a thread that was started without this context asks through the process's own hub, and is not refused."""
    token = _HUB.set(hub)
    try:
        yield hub
    finally:
        _HUB.reset(token)


def current() -> Hub:
    """The hub at hand; outside of `use` the process's own, which asks live and heeds LLM_KILL_SWITCH."""
    return _HUB.get() or _own_hub()


def calling(model: str) -> Hub:
    """The hub at hand of a call that is about to be made.

    Raises:
        Astray: a hub is in use, but this thread was started without the context that says so. Asked through the process's
            own hub, the call would go round the budget and the cassettes.
    """
    if _in_use and _HUB.get() is None:
        from seatrial.model.outcome import Astray  # noqa: PLC0415 - who only sets a repetition needs no outcomes

        raise Astray(
            f"model {model} was not asked: its thread does not know which run it belongs to; start it with "
            "contextvars.copy_context().run, or use asyncio.to_thread or LangChain's ContextThreadPoolExecutor"
        )
    return current()


_in_use: list[Hub] = []
_own: list[Hub] = []


def _own_hub() -> Hub:
    if not _own:
        from seatrial.model.from_settings import killed_by  # noqa: PLC0415 - made by whoever calls a model outside of a project
        from seatrial.model.hub import Hub  # noqa: PLC0415 - likewise

        # Nobody says where a run begins or ends here, so nothing is kept.
        _own.append(Hub(killed=killed_by(os.environ), environ=os.environ, cache=False))
    return _own[0]
