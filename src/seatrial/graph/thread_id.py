"""Thread ids: every run has one of its own, and who plans the run knows it even when the run never comes back.

assign(thread_id)              # the runner, before it calls a target
thread_id = take()             # the target: the assigned one, once; else a new one
"""

from __future__ import annotations

import uuid
from contextvars import ContextVar

_ASSIGNED: ContextVar[str] = ContextVar("seatrial_thread_id", default="")

assign = _ASSIGNED.set
"""Name the thread of the run that begins next in this context."""


def new() -> str:
    """32 hex digits nobody else has."""
    return uuid.uuid4().hex


def take() -> str:
    """The assigned id; a new one for whatever else runs in this context, a graph inside a node say."""
    assigned = _ASSIGNED.get()
    if not assigned:
        return new()
    _ASSIGNED.set("")
    return assigned


class ThreadIds:
    """Ids of one evaluation's runs, made from a prefix of its own: `position` and how often it was begun are the rest."""

    __slots__ = ("_begun", "_prefix")

    def __init__(self) -> None:
        self._prefix = new()[:20]
        self._begun: dict[int, int] = {}

    def of(self, position: int) -> str:
        """The id of planned run number `position`."""
        if not self._begun:  # nearly always, and each row is given one
            return "%s%010x00" % (self._prefix, position)  # noqa: UP031 - a third of what an f-string takes
        return f"{self._prefix}{position:010x}{self._begun.get(position, 0) & 0xFF:02x}"

    def renew(self, position: int) -> None:
        """It is run again from its beginning: what its first thread holds is not its own."""
        self._begun[position] = self._begun.get(position, 0) + 1
