"""Question: what identifies a model call, so that the same call finds the same answer again.

Model, parameters, messages, repetition, and how often the run at hand has asked the same before. Its key and its patience
change nothing about the answer and are left out. A gateway's address stays: who answers there may be somebody else.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from seatrial.errors import UsageError
from seatrial.privacy import strip_pii

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from langchain_core.messages import BaseMessage

TRANSPORT = frozenset(
    {
        *("api_key", "openai_api_key", "anthropic_api_key"),
        *("organization", "openai_organization", "openai_proxy", "anthropic_proxy", "default_headers", "default_query"),
        *("timeout", "request_timeout", "default_request_timeout", "max_retries", "http_client", "http_async_client"),
        *("http_socket_options", "cache", "callbacks", "tags", "metadata", "verbose", "rate_limiter", "stream"),
        *("streaming", "stream_usage", "disable_streaming", "ls_structured_output_format", "extra_headers"),
    }
)
"""Parameters that change how a call travels, never what is answered."""

ADDRESSES = ("base_url", "openai_api_base", "anthropic_api_url", "azure_endpoint", "endpoint_url")
LOOPBACK = ("127.0.0.1", "localhost", "::1")
"""A test's server, on another port each time."""

ROUNDS = 100_000
"""A telephone number has so few digits that its plain hash gives it away; this many rounds cost a guess 30 ms."""

SENT = ("function_call", "audio", "__openai_role__")
"""Of a message's further arguments those that clients send on."""

SALT = b"seatrial/cassette/1"


@dataclass(frozen=True, slots=True)
class Question:
    """One call, identified.

    Attributes:
        model: `provider:model`.
        parameters: what else shapes the answer: temperature, tools, a schema.
        messages: as JSON, roles and contents.
        messages_hash: of the messages before anything was redacted; 32 hex digits.
        repetition: of the run.
        occurrence: how often the run had asked the same before.
    """

    model: str
    parameters: Mapping[str, Any]
    messages: Sequence[Mapping[str, Any]]
    messages_hash: str
    repetition: int = 0
    occurrence: int = 0

    @property
    def id(self) -> str:
        """16 hex digits that stand for all of it."""
        return identity(self.model, self.parameters, self.messages_hash, self.repetition, self.occurrence)


def identity(model: str, parameters: Any, messages_hash: str, repetition: int, occurrence: int) -> str:
    """16 hex digits of model, parameters, messages, repetition and occurrence."""
    return digest(canonical([model, parameters, messages_hash, repetition, occurrence]))[:16]


def canonical(value: Any) -> str:
    """JSON with sorted keys and no spaces: equal values are equal text.

    Raises:
        ValueError: it holds NaN or an infinity.
    """
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def digest(text: str) -> str:
    """32 hex digits of its sha256."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def guarded(text: str) -> str:
    """32 hex digits that stay hard to guess from, though the text's few unknown digits are all that was redacted."""
    return hashlib.pbkdf2_hmac("sha256", text.encode("utf-8", "surrogatepass"), SALT, ROUNDS).hex()[:32]


def messages_hash(messages: Sequence[Mapping[str, Any]], *, kept: bool) -> str:
    """Hash of messages; where it is `kept` on disk and they hold personal data, one that is slow to guess from."""
    text = canonical(messages)
    if kept and strip_pii(messages) != list(messages):
        return guarded(text)
    return digest(text)


def reported(message: BaseMessage) -> dict[str, Any]:
    """What a message says, as JSON; ids, counts and metadata are no part of it."""
    from langchain_core.messages import AIMessage, ChatMessage  # noqa: PLC0415 - who only replays a name loads no LangChain

    found: dict[str, Any] = {"role": message.type, "content": plain(message.content, "content")}
    if message.name:
        found["name"] = message.name
    if isinstance(message, AIMessage) and message.tool_calls:
        found["tool_calls"] = [
            {"name": call["name"], "args": plain(call["args"], "tool_calls"), "id": call["id"]}
            for call in message.tool_calls
        ]
    if isinstance(message, AIMessage) and message.invalid_tool_calls:
        found["invalid_tool_calls"] = [
            {"name": call["name"], "args": call["args"], "id": call["id"]} for call in message.invalid_tool_calls
        ]
    if isinstance(message, ChatMessage):
        found["role"] = f"chat:{message.role}"
    called = getattr(message, "tool_call_id", None)
    if called:
        found["tool_call_id"] = called
    if getattr(message, "status", None) == "error":
        found["status"] = "error"
    further = {
        name: plain(message.additional_kwargs[name], name) for name in SENT if message.additional_kwargs.get(name)
    }
    return {**found, "further": further} if further else found


def shaping(*given: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters that shape an answer, as JSON; what is None was not given.

    Raises:
        UsageError: one of them is nothing that a recording could name.
    """
    found = {
        name: plain(value, name)
        for parameters in given
        for name, value in parameters.items()
        if name not in TRANSPORT and name not in ADDRESSES and value is not None
    }
    for parameters in given:
        for name in ADDRESSES:
            address = _address(parameters.get(name))
            if address:
                found["address"] = address
    return found


def _address(given: object) -> str | None:
    """Host, port and path; what stands before an @ or after a question mark may be a secret."""
    if not given:
        return None
    parts = urlsplit(str(given))
    if parts.hostname in LOOPBACK:
        return None
    return f"{parts.netloc.rpartition('@')[2]}{parts.path}".rstrip("/")


def plain(value: Any, name: str) -> Any:
    """As JSON: a schema class as its schema.

    Raises:
        UsageError: it is nothing that a recording could name.
    """
    if value is None or isinstance(value, (str, bool, int, float)):
        return value
    if isinstance(value, dict):
        return {str(key): plain(one, name) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(one, name) for one in value]
    if isinstance(value, type) and hasattr(value, "model_json_schema"):
        return value.model_json_schema()
    raise UsageError(
        f"the model parameter {name!r} is a {type(value).__name__}, which no recording can name; write it as JSON"
    )
