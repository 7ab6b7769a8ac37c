"""AnthropicServer: a loopback server that speaks Anthropic's messages protocol, for tests of graphs on real clients.

    with AnthropicServer(lambda messages: "billing") as server:
        model = ChatAnthropic(model="claude-x", base_url=server.url, api_key="test", max_retries=0)
        model.invoke("My invoice is wrong")
    assert server.requests[0].body["max_tokens"] > 0

Nothing leaves the machine: it listens on 127.0.0.1, on a port the system picks. It answers `POST /v1/messages` without
streaming and refuses what the real service would refuse: no key (`x-api-key`, or a bearer token), no
`anthropic-version`, no `max_tokens`, a system prompt among the messages, an empty text. `reply` gets the messages; the
system prompt stands in the request. Tokens are words, since it has no tokenizer.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from seatrial.testing.play import ToolCall
from seatrial.testing.server import LoopbackServer, Refusal, words

if TYPE_CHECKING:
    from collections.abc import Mapping

ROLES = ("user", "assistant")
TYPES = {
    400: "invalid_request_error",
    401: "authentication_error",
    404: "not_found_error",
    429: "rate_limit_error",
    500: "api_error",
    529: "overloaded_error",
}
STOPS = {"cut_short": "max_tokens", "refusal": "refusal"}


class AnthropicServer(LoopbackServer):
    """Speaks `POST /v1/messages`; `url` has no path, as Anthropic's client adds it."""

    path: ClassVar[str] = "/v1/messages"
    overloaded: ClassVar[int] = 529

    def refusal_of(self, body: Mapping[str, Any] | None, headers: Mapping[str, str]) -> Refusal | None:
        """401 without a key, 400 for what is no request."""
        scheme, _, token = headers.get("authorization", "").partition(" ")
        bearer = token.strip() if scheme.lower() == "bearer" else ""
        if not (headers.get("x-api-key", "").strip() or bearer):
            return 401, self.error(401, "x-api-key header is required")
        if not headers.get("anthropic-version"):
            return 400, self.error(400, "anthropic-version: header is required")
        wrong = "the request body is not valid JSON" if body is None else _wrong(body)
        return (400, self.error(400, wrong)) if wrong else None

    def error(self, status: int, message: str) -> dict[str, Any]:
        """Anthropic's envelope: `{"type": "error", "error": {"type", "message"}}`."""
        return {"type": "error", "error": {"type": TYPES.get(status, "api_error"), "message": message}}

    def completion(self, body: Mapping[str, Any], reported: str | ToolCall, mode: str, number: int) -> dict[str, Any]:
        """A `message` with one block."""
        stop = STOPS.get(mode, "end_turn")
        if isinstance(reported, ToolCall):
            block = {
                "type": "tool_use",
                "id": f"toolu_{number}",
                "name": reported.name,
                "input": dict(reported.arguments),
            }
            written, stop = words(str(reported.arguments)), "tool_use"
        else:
            block, written = {"type": "text", "text": reported}, words(reported)
        read = words(body.get("system")) + sum(words(message.get("content")) for message in body["messages"])
        return {
            "id": f"msg_{number}",
            "type": "message",
            "role": "assistant",
            "model": body["model"],
            "content": [block],
            "stop_reason": stop,
            "stop_sequence": None,
            "usage": {"input_tokens": read, "output_tokens": written},
        }


def _wrong(body: Mapping[str, Any]) -> str | None:
    if not isinstance(body.get("model"), str) or not body["model"]:
        return "model: field required"
    most = body.get("max_tokens")
    if not isinstance(most, int) or isinstance(most, bool) or most < 1:
        return "max_tokens: a whole number of 1 or more is required"
    if body.get("stream"):
        return "stream: this server does not stream; leave it out"
    messages = body.get("messages")
    if not isinstance(messages, list) or not messages:
        return "messages: at least one message is required"
    for place, message in enumerate(messages):
        if not isinstance(message, dict) or message.get("role") not in ROLES:
            return f"messages.{place}.role: must be one of: {', '.join(ROLES)}; a system prompt goes into `system`"
        content = message.get("content")
        if not isinstance(content, (str, list)) or not content:
            return f"messages.{place}.content: must be a text or a list of blocks, and not empty"
    return None
