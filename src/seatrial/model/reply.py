"""Reply: what a model answered, who it said it was, what it cost, and where the answer came from."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from langchain_core.messages import AIMessage

if TYPE_CHECKING:
    from collections.abc import Mapping

Source = Literal["live", "cache", "cassette"]

KEPT = ("content", "tool_calls", "invalid_tool_calls", "additional_kwargs", "response_metadata", "usage_metadata")
"""Fields of a message that a recording holds; its id differs each time and says nothing."""
_PASSING = ("id", "headers", "created", "request_id")
_SNAPSHOT = re.compile(r"-(?:\d{4}-?\d\d-?\d\d|\d{4}|latest)$")
_DECLINED = ("refusal", "content_filter")


@dataclass(frozen=True, slots=True)
class Reply:
    """One answer.

    Attributes:
        message: LangChain's message; tool calls stand in it.
        requested: the model asked, `provider:model`.
        reported: the model that says it answered, None where it did not say.
        input_tokens: read; None where the provider did not count.
        output_tokens: written, likewise.
        source: asked live, or known from this process or from a cassette.
        attempts: calls it took; 0 when nobody was asked.
        waited_s: seconds spent waiting for limits and between tries.
        value: what `parse` made of it, None without one.
    """

    message: AIMessage
    requested: str
    reported: str | None
    input_tokens: int | None
    output_tokens: int | None
    source: Source = "live"
    attempts: int = 0
    waited_s: float = 0.0
    value: Any = None

    @property
    def text(self) -> str:
        """The text of the answer, tool calls and thoughts left out."""
        return str(self.message.text)

    @property
    def refusal(self) -> str | None:
        """Why the model declined, in its words or in one of the provider's; None when it did not."""
        wording = self.message.additional_kwargs.get("refusal")
        if wording:
            return str(wording)
        stop = self._stop
        return stop if stop in _DECLINED else None

    @property
    def cut_short(self) -> bool:
        """Whether it ran into its limit of tokens: what there is of it is not all."""
        return self._stop in ("length", "max_tokens")

    @property
    def note(self) -> str | None:
        """One sentence when another model answered than was asked; a dated snapshot of the same is the same."""
        requested = self.requested.partition(":")[2] or self.requested
        if self.reported is None or _undated(requested) == _undated(self.reported):
            return None
        return f"asked {self.requested}, answered by {self.reported}"

    @property
    def _stop(self) -> str | None:
        metadata = self.message.response_metadata
        return metadata.get("finish_reason") or metadata.get("stop_reason")


def _undated(model: str) -> str:
    return _SNAPSHOT.sub("", model.rpartition("/")[2])


def reply_of(message: AIMessage, requested: str, source: Source, attempts: int = 0, waited_s: float = 0.0) -> Reply:
    """Read model and tokens off a message."""
    metadata, usage = message.response_metadata, message.usage_metadata
    return Reply(
        message,
        requested,
        metadata.get("model_name") or metadata.get("model"),
        usage["input_tokens"] if usage else None,
        usage["output_tokens"] if usage else None,
        source,
        attempts,
        waited_s,
    )


def dump(message: AIMessage) -> dict[str, Any]:
    """The message as JSON, without what differs each time; what is empty is left out."""
    kept = {name: _json(getattr(message, name)) for name in KEPT}
    kept["response_metadata"] = {
        name: value for name, value in (kept["response_metadata"] or {}).items() if name not in _PASSING
    }
    return {name: value for name, value in kept.items() if value or name == "content"}


def load(kept: Mapping[str, Any]) -> AIMessage:
    """The message again; only its own fields, never an object named by the recording.

    Raises:
        ValueError: it is none.
    """
    return AIMessage.model_validate({name: kept[name] for name in KEPT if name in kept})


def _json(value: Any) -> Any:
    """JSON in place of what a client parsed for us: ChatOpenAI keeps a pydantic object beside the text."""
    if hasattr(value, "model_dump"):
        return value.model_dump(mode="json")
    if isinstance(value, dict):
        return {str(name): one for name, given in value.items() if (one := _json(given)) is not None}
    if isinstance(value, (list, tuple)):
        return [_json(one) for one in value]
    return value if isinstance(value, (str, int, float, bool)) or value is None else str(value)
