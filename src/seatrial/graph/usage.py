"""Usage: tokens and names of the models that answered in one run, heard only where a model is called.

A callback handed down from the graph would travel to every node, and each node would make two events, a manager and a
list of it: a twentieth of what a small async graph costs. LangChain asks the context for handlers wherever something
configures its own callbacks; under a LangGraph graph the models do, and the nodes do not.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, cast

from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.tracers.context import register_configure_hook

from seatrial.graph.runtime import steps
from seatrial.graph.stdout import heard_here

if TYPE_CHECKING:
    from collections.abc import Mapping
    from contextvars import ContextVar

    from langchain_core.outputs import LLMResult


class Told(NamedTuple):
    """What the models of one run came to; None where none of them said.

    Attributes:
        read: input tokens.
        written: output tokens.
        model: every name once, in order, joined by `+`.
    """

    read: int | None
    written: int | None
    model: str | None


SILENT = Told(None, None, None)


class Usage(BaseCallbackHandler):
    """What the models of one run said of themselves; deaf to everything else, which is what keeps it cheap.

    Args:
        asked_before: whoever asks for it gets it; else the first who does is the graph, and goes without.
    """

    run_inline = True
    ignore_chain = True
    ignore_agent = True
    ignore_retriever = True
    ignore_chat_model = True  # its start; the end of a chat model is an `llm_end`
    ignore_retry = True
    ignore_custom_event = True

    def __init__(self, *, asked_before: bool = False) -> None:
        self.asked_before = asked_before
        self._names: list[str] = []
        self._counts: list[Mapping[str, Any]] = []

    def on_llm_end(self, response: LLMResult, **_: Any) -> None:
        """A model, of chat or not, has answered."""
        for generations in response.generations:
            message = getattr(generations[0], "message", None) if generations else None
            name = getattr(message, "response_metadata", {}).get("model_name")
            if name:
                self._names.append(str(name))
            usage = getattr(message, "usage_metadata", None)
            if usage:
                self._counts.append(usage)

    def told(self) -> Told:
        """All of it, added up."""
        if not self._names and not self._counts:
            return SILENT
        read, written = (
            sum(count[side] for count in self._counts) if self._counts else None
            for side in ("input_tokens", "output_tokens")
        )
        return Told(read, written, "+".join(dict.fromkeys(self._names)) or None)


class _Hook:
    """Stands for the context where LangChain asks: the first to ask is the graph itself, which has nothing to tell."""

    def get(self) -> Usage | None:
        heard = heard_here()
        usage: Usage | None = None if heard is None else heard.models
        if usage is None or usage.asked_before:
            return usage
        usage.asked_before = True
        return None


# Not inheritable: what the graph configures for itself would otherwise travel to every node after all.
register_configure_hook(cast("ContextVar[Any]", _Hook()), inheritable=False)


def takes_config(graph: Any) -> bool:
    """Whether some node of a compiled graph, or of a graph inside it, is given its config.

    Such a node can call a model where our context does not reach, in a bare thread, and hand it that config.
    """
    return any("config" in getattr(step, "func_accepts", ()) for step in steps(graph))
