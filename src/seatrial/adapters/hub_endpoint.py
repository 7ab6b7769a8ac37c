"""HubEndpoint: an address on this machine that speaks OpenAI's chat completions and asks the hub at hand.

For frameworks that take an address in place of a model: what they ask has the hub's budget, kill switch, limits and cassettes.
"""

from __future__ import annotations

import contextvars
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, Self

from seatrial.model.context import current

if TYPE_CHECKING:
    from collections.abc import Mapping

PASSED_ON = ("temperature", "max_tokens", "top_p", "seed", "stop")
"""Parameters of a request that the provider is sent, where the settings of the judge do not say otherwise."""


class HubEndpoint:
    """A context manager: inside it `url` answers, by the model it was made for, whatever model a request names.

    Attributes:
        url: of the chat completions.
        error: what the hub raised, the first time; the framework that asked knows only that it got no answer.
    """

    def __init__(self, model: str, parameters: Mapping[str, Any]) -> None:
        self.model, self.parameters = model, dict(parameters)
        self.url = ""
        self.error: BaseException | None = None
        self._hub = current()
        self._here = contextvars.copy_context()
        self._http: ThreadingHTTPServer | None = None

    def __enter__(self) -> Self:
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._http.daemon_threads, self._http.block_on_close = True, False
        self.url = f"http://127.0.0.1:{self._http.server_address[1]}/v1/chat/completions"
        threading.Thread(target=self._http.serve_forever, args=(0.01,), name="HubEndpoint", daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._http is not None:
            self._http.shutdown()
            self._http.server_close()

    def answer(self, body: bytes) -> tuple[int, dict[str, Any]]:
        """Status and body of the answer to one request; what the hub raises is kept, and is no status that is tried again."""
        try:
            return 200, self._here.copy().run(self._ask, json.loads(body))
        except Exception as error:  # noqa: BLE001 - raised again where the evaluator was called
            self.error = self.error or error
            return 400, {"error": {"message": f"{type(error).__name__}: {error}", "type": "seatrial"}}

    def _ask(self, requested: dict[str, Any]) -> dict[str, Any]:
        form = (requested.get("response_format") or {}).get("json_schema") or {}
        given = {name: requested[name] for name in PASSED_ON if requested.get(name) is not None}
        messages = [(one["role"], one["content"]) for one in requested["messages"]]
        reply = self._hub.call(messages, model=self.model, schema=form.get("schema"), **{**given, **self.parameters})
        message = reply.message
        text = json.dumps(message.tool_calls[0]["args"]) if message.tool_calls else _text(message)
        usage = {"prompt_tokens": reply.input_tokens or 0, "completion_tokens": reply.output_tokens or 0}
        return {
            "id": "chatcmpl-seatrial",
            "object": "chat.completion",
            "created": 0,
            "model": reply.reported or self.model,
            "choices": [{"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}],
            "usage": {**usage, "total_tokens": sum(usage.values())},
        }


def _text(message: Any) -> str:
    return message.content if isinstance(message.content, str) else str(message.text())


def _handler(endpoint: HubEndpoint) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        """One request, one question to the hub."""

        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length") or 0))
            status, wording = endpoint.answer(body)
            data = json.dumps(wording).encode()
            self.send_response(status)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_: object) -> None:
            return

    return Handler
