"""OpenAIServer: a loopback server that speaks OpenAI's chat-completions protocol, for tests of graphs on real clients.

    def reply(messages):                                # what the model says; messages are the request's own dicts
        return '{"route": "billing", "confidence": 0.9}'

    with OpenAIServer(reply) as server:
        model = ChatOpenAI(model="gpt-x", base_url=server.url, api_key="test", max_retries=0)
        model.invoke("My invoice is wrong")
    assert server.requests[0].body["model"] == "gpt-x"

Nothing leaves the machine: it listens on 127.0.0.1, on a port the system picks. It answers
`POST /v1/chat/completions` without streaming and refuses what the real service would refuse: no `Authorization: Bearer`
header, no model, no messages, an unknown role. `server.mode` may be changed between calls; MODES lists what it plays.
Tokens are words, since it has no tokenizer; tools, `n` and other parameters are recorded and change nothing.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, ClassVar

from seatrial.testing.play import MODES, Request, ToolCall
from seatrial.testing.server import LoopbackServer, Refusal, words

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["MODES", "OpenAIServer", "Request"]

ROLES = ("system", "developer", "user", "assistant", "tool")
CREATED = 1_700_000_000
"""`created` of every completion, seconds since 1970: a fixed one keeps recorded replies equal."""
TYPES = {429: "requests", 500: "server_error", 503: "server_error"}
CODES = {429: "rate_limit_exceeded", 401: "invalid_api_key"}


class OpenAIServer(LoopbackServer):
    """Speaks `POST /v1/chat/completions`; `url` ends in `/v1`."""

    base: ClassVar[str] = "/v1"
    path: ClassVar[str] = "/v1/chat/completions"
    overloaded: ClassVar[int] = 503

    def refusal_of(self, body: Mapping[str, Any] | None, headers: Mapping[str, str]) -> Refusal | None:
        """401 without a bearer key, 400 for what is no request."""
        scheme, _, key = headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not key.strip():
            return 401, _error("You didn't provide an API key in an Authorization: Bearer header")
        if body is None:
            return 400, _error("We could not parse the JSON body of your request; a JSON object is expected")
        wrong = _wrong(body)
        return (400, _error(wrong[1], param=wrong[0])) if wrong else None

    def error(self, status: int, message: str) -> dict[str, Any]:
        """OpenAI's envelope: `{"error": {"message", "type", "param", "code"}}`."""
        return _error(message, TYPES.get(status, "invalid_request_error"), code=CODES.get(status))

    def completion(self, body: Mapping[str, Any], reported: str | ToolCall, mode: str, number: int) -> dict[str, Any]:
        """A `chat.completion` with one choice."""
        message: dict[str, Any] = {"role": "assistant", "content": None, "refusal": None}
        stop = "length" if mode == "cut_short" else "stop"
        if isinstance(reported, ToolCall):
            arguments, stop = json.dumps(reported.arguments), "tool_calls"
            called = {"name": reported.name, "arguments": arguments}
            message["tool_calls"] = [{"id": f"call_{number}", "type": "function", "function": called}]
            written = words(arguments)
        else:
            message["refusal" if mode == "refusal" else "content"] = reported
            written = words(reported)
        read = sum(words(message.get("content")) for message in body["messages"])
        return {
            "id": f"chatcmpl-{number}",
            "object": "chat.completion",
            "created": CREATED,
            "model": body["model"],
            "choices": [{"index": 0, "message": message, "logprobs": None, "finish_reason": stop}],
            "usage": {"prompt_tokens": read, "completion_tokens": written, "total_tokens": read + written},
        }


def _wrong(body: Mapping[str, Any]) -> tuple[str, str] | None:
    """Name of the parameter that is wrong, and what is wrong with it."""
    if not isinstance(body.get("model"), str) or not body["model"]:
        return "model", "you must provide a model parameter"
    if body.get("stream"):
        return "stream", "this server does not stream; leave stream out"
    messages = body.get("messages")
    if not isinstance(messages, list) or not messages:
        return "messages", "messages must be a list of at least one message"
    for place, message in enumerate(messages):
        param = f"messages[{place}]"
        if not isinstance(message, dict) or message.get("role") not in ROLES:
            return f"{param}.role", f"role must be one of: {', '.join(ROLES)}"
        content = message.get("content")
        called = message["role"] == "assistant" and message.get("tool_calls")
        if not isinstance(content, (str, list)) and not (content is None and called):
            return f"{param}.content", "content must be a text or a list of parts"
    return None


def _error(
    message: str, kind: str = "invalid_request_error", *, param: str | None = None, code: str | None = None
) -> dict[str, Any]:
    return {"error": {"message": message, "type": kind, "param": param, "code": code}}
