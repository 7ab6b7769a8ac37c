"""Face: a provider's own chat model whose every call passes through the hub.

It is of the provider's class (a `ChatOpenAI` stays one), so `bind_tools`, `with_structured_output`, `stream` and profiles
are the provider's; only the methods that would reach the network ask the hub first.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from langchain_core.language_models.chat_models import BaseChatModel
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from pydantic import PrivateAttr

from seatrial.errors import UsageError
from seatrial.model.context import calling
from seatrial.model.event_loop import there
from seatrial.model.question import canonical

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Mapping

    from seatrial.model.hub import Hub
    from seatrial.model.reply import Reply


class _Face:
    """Mixed in before the provider's class."""

    # A native event stream would go round the hub; without one LangChain falls back on `_stream`.
    _stream_chat_model_events = None
    _astream_chat_model_events = None

    def _generate(self, messages: list[BaseMessage], stop: Any = None, run_manager: Any = None, **given: Any) -> Any:
        return _result(_hub(self).through(cast("BaseChatModel", self), messages, _given(stop, given)))

    async def _agenerate(
        self, messages: list[BaseMessage], stop: Any = None, run_manager: Any = None, **given: Any
    ) -> Any:
        return _result(await _hub(self).through_async(cast("BaseChatModel", self), messages, _given(stop, given)))

    def _stream(
        self, messages: list[BaseMessage], stop: Any = None, run_manager: Any = None, **given: Any
    ) -> Iterator[ChatGenerationChunk]:
        yield _chunk(_hub(self).through(cast("BaseChatModel", self), messages, _given(stop, given)))

    async def _astream(
        self, messages: list[BaseMessage], stop: Any = None, run_manager: Any = None, **given: Any
    ) -> AsyncIterator[ChatGenerationChunk]:
        yield _chunk(await _hub(self).through_async(cast("BaseChatModel", self), messages, _given(stop, given)))


class Requested(NamedTuple):
    """What a face was made from.

    Attributes:
        model: `provider:model`.
        options: what it was set up with.
        timeout_s: seconds one try may take.
        hub: the one it belongs to; None = whichever is at hand when it is called.
    """

    model: str
    options: Mapping[str, Any]
    timeout_s: float
    hub: Hub | None


def face(inner: BaseChatModel, requested: Requested) -> BaseChatModel:
    """A copy of `inner` whose calls pass through the hub at hand when they are made."""
    made = inner.model_copy(update={"cache": False})
    object.__setattr__(made, "__class__", _class(type(inner)))
    object.__setattr__(made, "__pydantic_private__", {**(inner.__pydantic_private__ or {}), "_requested": requested})
    return made


def requested_of(model: BaseChatModel) -> Requested:
    """What a face was made from.

    Raises:
        UsageError: it was built from the class alone.
    """
    requested: Requested | None = cast("Any", model)._requested  # noqa: SLF001 - ours, kept where pydantic leaves it alone
    if requested is None:
        raise UsageError(
            f"this {type(model).__name__} was built anew from one that seatrial made, as configurable_fields does, and knows "
            "no hub; make one with chat_model for each setting"
        )
    return requested


def straight(model: BaseChatModel, messages: list[BaseMessage], given: Mapping[str, Any]) -> AIMessage:
    """Ask the provider itself; the hub's business and nobody else's."""
    base = cast("Any", super(_Face, cast("Any", model)))
    return _only(base._generate(messages, **given))  # noqa: SLF001 - the method that providers implement


async def straight_async(model: BaseChatModel, messages: list[BaseMessage], given: Mapping[str, Any]) -> AIMessage:
    """The same, awaited."""
    base = cast("Any", super(_Face, cast("Any", model)))
    return _only(await there(base._agenerate(messages, **given)))  # noqa: SLF001 - likewise


@cache
def _class(base: type[BaseChatModel]) -> type[BaseChatModel]:
    # Of the same name: LangChain reads the provider off it.
    body = {
        "__module__": base.__module__,
        "__annotations__": {"_requested": Any},
        "_requested": PrivateAttr(default=None),
    }
    metaclass: Any = type(base)
    made: type[BaseChatModel] = metaclass(base.__name__, (_Face, base), body)
    return made


def _hub(model: Any) -> Hub:
    requested = requested_of(model)
    return requested.hub or calling(requested.model)


def _given(stop: Any, given: dict[str, Any]) -> dict[str, Any]:
    if given.get("n", 1) not in (1, None):
        raise UsageError(
            f"n={given['n']} asks for several replies at once; ask once per repetition, so each is counted"
        )
    kept = {name: value for name, value in given.items() if name not in ("stream", "ls_structured_output_format")}
    return kept if stop is None else {**kept, "stop": stop}


def _only(result: ChatResult) -> AIMessage:
    generation = result.generations[0]
    message = generation.message
    if not isinstance(message, AIMessage):
        raise TypeError(f"a chat model answered with a {type(message).__name__}")
    # As LangChain's own invoke does after `_generate`: why it stopped stands beside the message, not in it.
    given = {**(result.llm_output or {}), **(generation.generation_info or {})}
    message.response_metadata = {**given, **message.response_metadata}
    return message


def _result(reply: Reply) -> ChatResult:
    # A copy: LangChain writes ids and metadata into it, and the cache keeps the original.
    return ChatResult(generations=[ChatGeneration(message=reply.message.model_copy())])


def _chunk(reply: Reply) -> ChatGenerationChunk:
    message = reply.message
    calls = [
        {
            "name": call["name"],
            "args": canonical(call["args"]),
            "id": call["id"],
            "index": place,
            "type": "tool_call_chunk",
        }
        for place, call in enumerate(message.tool_calls)
    ]
    chunk = AIMessageChunk(
        content=message.content,
        additional_kwargs=message.additional_kwargs,
        response_metadata=message.response_metadata,
        usage_metadata=message.usage_metadata,
        tool_call_chunks=cast("Any", calls),
        chunk_position="last",
    )
    return ChatGenerationChunk(message=chunk)
