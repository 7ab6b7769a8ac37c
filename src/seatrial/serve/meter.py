"""Meter: what each model call of a run used, by node, as the call reports it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from langchain_core.callbacks import BaseCallbackHandler

from seatrial.model.counts import details_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from uuid import UUID

    from langchain_core.outputs import LLMResult


class ModelCall(NamedTuple):
    """One call of a model; a count is None where the call did not report it, the tool empty where it was made in none."""

    node: str
    tool: str
    model: str
    input_tokens: int | None
    output_tokens: int | None
    cache_read_tokens: int | None
    cache_write_tokens: int | None
    reasoning_tokens: int | None


class Meter(BaseCallbackHandler):
    """Hears the models of one run, and may refuse a call before it is made.

    Args:
        admit: called with the tokens of the run so far before each call; raises to refuse it.
        settle: called with each call that has ended.

    Attributes:
        calls: those that have ended, failed ones without counts.
    """

    run_inline = True
    raise_error = True
    ignore_retriever = True
    ignore_retry = True
    ignore_custom_event = True

    def __init__(
        self, admit: Callable[[int], None] | None = None, settle: Callable[[ModelCall], None] | None = None
    ) -> None:
        self._admit, self._settle = admit, settle
        self.calls: list[ModelCall] = []
        self._places: dict[UUID, tuple[str, str]] = {}
        self._tools: dict[UUID, str] = {}

    def on_llm_start(self, serialized: Any, prompts: Any, *, run_id: UUID, **more: Any) -> None:
        """A model is called."""
        if self._admit is not None:
            self._admit(sum((one.input_tokens or 0) + (one.output_tokens or 0) for one in self.calls))
        node = str((more.get("metadata") or {}).get("langgraph_node", ""))
        self._places[run_id] = (node, self._tool_of(more.get("parent_run_id")))

    def on_chat_model_start(self, serialized: Any, messages: Any, *, run_id: UUID, **more: Any) -> None:
        """A chat model is called."""
        self.on_llm_start(serialized, None, run_id=run_id, **more)

    def on_llm_end(self, response: LLMResult, *, run_id: UUID, **_: Any) -> None:
        """It has answered."""
        place = self._places.pop(run_id, ("", ""))
        for generations in response.generations:
            message = getattr(generations[0], "message", None) if generations else None
            model = str((getattr(message, "response_metadata", None) or {}).get("model_name") or "")
            self._ended(_call(place, model, getattr(message, "usage_metadata", None)))

    def on_llm_error(self, error: BaseException, *, run_id: UUID, **_: Any) -> None:
        """It failed: nobody says what it used."""
        if run_id in self._places:  # one that was refused never began
            self._ended(_call(self._places.pop(run_id), "", None))

    def on_tool_start(self, serialized: Any, input_str: str, *, run_id: UUID, **more: Any) -> None:
        """A tool is called: the models it calls are its own."""
        self._tools[run_id] = str((serialized or {}).get("name") or more.get("name") or "")

    @property
    def ignore_chain(self) -> bool:
        """Chains are heard only once a tool has begun: a graph without tools pays nothing for them."""
        return not self._tools

    def on_chain_start(
        self, serialized: Any, inputs: Any, *, run_id: UUID, parent_run_id: UUID | None = None, **_: Any
    ) -> None:
        """A chain inside a tool belongs to the tool; others need no note."""
        if self._tools and (tool := self._tool_of(parent_run_id)):
            self._tools[run_id] = tool

    def _tool_of(self, run_id: UUID | None) -> str:
        return self._tools.get(run_id, "") if run_id is not None else ""

    def _ended(self, call: ModelCall) -> None:
        self.calls.append(call)
        if self._settle is not None:
            self._settle(call)


def _call(place: tuple[str, str], model: str, usage: Mapping[str, Any] | None) -> ModelCall:
    given = usage or {}
    return ModelCall(*place, model, given.get("input_tokens"), given.get("output_tokens"), *details_of(usage))
