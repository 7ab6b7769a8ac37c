"""Usage: tokens and names of the models that answered in one run, heard only where a model is called.

A callback handed down from the graph would travel to every node, and each node would make two events, a manager and a
list of it: a twentieth of what a small async graph costs. LangChain asks the context for handlers wherever something
configures its own callbacks; under a LangGraph graph the models do, and the nodes do not.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.tracers.context import register_configure_hook

from seatrial.graph.runtime import steps
from seatrial.graph.stdout import heard_here
from seatrial.model.counts import counts_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from contextvars import ContextVar
    from uuid import UUID

    from langchain_core.outputs import LLMResult

    from seatrial.model.counts import Counts


class Reported(NamedTuple):
    """What the models of one run came to.

    Attributes:
        read: input tokens of all calls; None when a call did not report them, and when there was no call.
        written: output tokens, likewise.
        model: every name once, in order, joined by `+`.
        uncounted: calls whose tokens are unknown: they reported none, failed, or were not heard to their end.
        known: tokens of the others, read and written; less than the run used when `uncounted`.
        counts: the calls and what they tell apart; None when `uncounted`, and when there was no call.
    """

    read: int | None
    written: int | None
    model: str | None
    uncounted: int = 0
    known: int = 0
    counts: Counts | None = None


SILENT = Reported(None, None, None)


class _Starts(BaseCallbackHandler):
    """Deaf to everything but models, which is what keeps it cheap."""

    run_inline = True
    ignore_chain = True
    ignore_agent = True
    ignore_retriever = True
    ignore_retry = True
    ignore_custom_event = True

    def on_llm_start(self, serialized: Any, prompts: Any, *, run_id: UUID, **_: Any) -> None:
        """A model is called."""
        self.begins(run_id)

    def on_chat_model_start(self, serialized: Any, messages: Any, *, run_id: UUID, **_: Any) -> None:
        """A chat model is called."""
        self.begins(run_id)

    def begins(self, call: UUID) -> None:
        """A call begins."""
        raise NotImplementedError


class Usage(_Starts):
    """What the models of one run said of themselves, and which of their calls said nothing.

    Args:
        asked_before: whoever asks for it gets it; else the first who does is the graph, and goes without.
    """

    def __init__(self, *, requested_before: bool = False) -> None:
        self.requested_before = requested_before
        self._names: list[str] = []
        self._counts: list[Mapping[str, Any]] = []
        self._open: set[UUID] = set()
        self._uncounted: list[UUID] = []
        _thread.has_runs = True
        _live.add(self)

    def begins(self, call: UUID) -> None:
        """A call whose tokens are unknown until it has ended."""
        self._open.add(call)

    def hears(self, call: UUID) -> bool:
        """Whether the call is one of this run's."""
        return call in self._open

    def misses(self, call: UUID) -> None:
        """A call that may be this run's, and that nobody counts."""
        self._uncounted.append(call)

    def on_llm_end(self, response: LLMResult, *, run_id: UUID, **_: Any) -> None:
        """A model, of chat or not, has answered."""
        self._open.discard(run_id)
        counted = False
        for generations in response.generations:
            message = getattr(generations[0], "message", None) if generations else None
            name = getattr(message, "response_metadata", {}).get("model_name")
            if name:
                self._names.append(str(name))
            usage = getattr(message, "usage_metadata", None)
            if usage and (usage.get("input_tokens") or usage.get("output_tokens")):  # no call reads and writes nothing
                self._counts.append(usage)
                counted = True
        if not counted:
            self._uncounted.append(run_id)

    def on_llm_error(self, error: BaseException, *, run_id: UUID, **_: Any) -> None:
        """A call failed, or its stream was abandoned: what it used until then nobody says."""
        self._open.discard(run_id)
        self._uncounted.append(run_id)

    def reported(self) -> Reported:
        """All of it, added up; the run has ended."""
        _live.discard(self)
        uncounted = len(self._uncounted) + len(self._open)
        if not self._names and not self._counts and not uncounted:
            return SILENT
        model = "+".join(dict.fromkeys(self._names)) or None
        read, written = (
            sum(count.get(side, 0) for count in self._counts) for side in ("input_tokens", "output_tokens")
        )
        if uncounted:
            return Reported(None, None, model, uncounted, read + written)
        return Reported(read, written, model, 0, read + written, counts_of(self._counts))


class _Here(threading.local):
    """Whether this thread runs graphs: a model called in it outside of a run, by an evaluator, is of no run."""

    has_runs = False


_thread = _Here()
_live: set[Usage] = set()
"""Of the runs under way."""


class _Stray(_Starts):
    """Hears a model called in a bare thread while runs are under way: whose call it is nobody knows, so it may be of each."""

    def begins(self, call: UUID) -> None:
        """A call; a run that was handed its config hears it as well, and then it is no stray."""
        runs = tuple(_live)
        if not any(run.hears(call) for run in runs):
            for run in runs:
                run.misses(call)


_stray = _Stray()


class _Hook:
    """Stands for the context where LangChain asks: the first to ask is the graph itself, which has nothing to tell."""

    def get(self) -> _Starts | None:
        heard = heard_here()
        if heard is None:
            return _stray if _live and not _thread.has_runs else None
        usage: Usage | None = heard.models
        if usage is None or usage.requested_before:
            return usage
        usage.requested_before = True
        return None


# Not inheritable: what the graph configures for itself would otherwise travel to every node after all.
register_configure_hook(cast("ContextVar[Any]", _Hook()), inheritable=False)


def takes_config(graph: Any) -> bool:
    """Whether some node of a compiled graph, or of a graph inside it, is given its config.

    Such a node can call a model where our context does not reach, in a bare thread, and hand it that config.
    """
    return any("config" in getattr(step, "func_accepts", ()) for step in steps(graph))
