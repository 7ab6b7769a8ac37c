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
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

from seatrial.errors import one_of

MODES = ("normal", "slow", "rate_limited", "server_error", "truncated", "refusal")
"""normal; slow: the answer comes after `delay_s`; rate_limited: 429; server_error: 500; truncated: half of a JSON body;
refusal: the model declines, `content` is null."""

PATH = "/v1/chat/completions"
ROLES = ("system", "developer", "user", "assistant", "tool")
CREATED = 1_700_000_000
"""`created` of every completion, seconds since 1970: a fixed one keeps recorded replies equal."""
REFUSAL = "I'm sorry, but I can't help with that."
MAX_BODY_BYTES = 10_000_000

Message = Mapping[str, Any]
Reply = Callable[[Sequence[Message]], str]


@dataclass(frozen=True, slots=True)
class Request:
    """One request as it came in, whatever became of it.

    Attributes:
        path: what was asked for, with its query.
        headers: by lower-case name; a key that was sent stands in `authorization`.
        body: the JSON object, or None where it was none.
        status: what the server answered.
    """

    path: str
    headers: Mapping[str, str]
    body: Mapping[str, Any] | None
    status: int


class OpenAIServer:
    """A context manager: inside it the server answers at `url`, after it the port is closed and `requests` remain.

    Attributes:
        url: the `base_url` a client needs, `http://127.0.0.1:PORT/v1`.
    """

    def __init__(self, reply: Reply, *, mode: str = "normal", delay_s: float = 1.0) -> None:
        """Prepare a server.

        Args:
            reply: what the model says to a request's messages; if it raises, the client gets a 500.
            mode: one of MODES.
            delay_s: seconds a `slow` answer takes; leaving the context ends the wait.

        Raises:
            UsageError: the mode is unknown; the message lists the modes.
        """
        self.mode = mode
        self._reply = reply
        self._delay_s = delay_s
        self._requests: list[Request] = []
        self._lock = threading.Lock()
        self._closing = threading.Event()
        self._http: ThreadingHTTPServer | None = None
        self.url = ""

    @property
    def mode(self) -> str:
        """How the next request is answered."""
        return self._mode

    @mode.setter
    def mode(self, mode: str) -> None:
        self._mode = one_of(mode, MODES, "OpenAIServer mode")

    @property
    def requests(self) -> tuple[Request, ...]:
        """Every request so far, in the order they came in."""
        with self._lock:
            return tuple(self._requests)

    def __enter__(self) -> Self:
        self._closing.clear()
        self._http = _Http(("127.0.0.1", 0), _handler(self))
        self.url = f"http://127.0.0.1:{self._http.server_address[1]}/v1"
        threading.Thread(target=self._http.serve_forever, args=(0.01,), name="seatrial-openai", daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._closing.set()
        if self._http is not None:
            self._http.shutdown()
            self._http.server_close()

    def answer(self, path: str, headers: Mapping[str, str], raw: bytes) -> tuple[int, bytes]:
        """Status and body of the answer to one POST, by the current mode; the request is recorded first."""
        mode = self._mode
        body, refused = _read(path, headers, raw)
        status, payload = refused or self._play(mode, body or {})
        with self._lock:
            self._requests.append(Request(path, headers, body, status))
            number = len(self._requests)
        if status == 200:
            payload["id"] = f"chatcmpl-{number}"
        if mode == "slow":
            self._closing.wait(self._delay_s)
        data = json.dumps(payload).encode()
        return status, data[: len(data) // 2] if mode == "truncated" and status == 200 else data

    def _play(self, mode: str, body: Mapping[str, Any]) -> tuple[int, dict[str, Any]]:
        if mode == "rate_limited":
            return 429, _error("Rate limit reached for requests", "requests", code="rate_limit_exceeded")
        if mode == "server_error":
            return 500, _error("The server had an error while processing your request", "server_error")
        if mode == "refusal":
            return 200, _completion(body, REFUSAL, refused=True)
        try:
            text = self._reply(body["messages"])
        except Exception as error:  # noqa: BLE001 - the test's own function: its error belongs in the test's client
            return 500, _error(f"the reply function raised {type(error).__name__}: {error}", "server_error")
        return 200, _completion(body, text, refused=False)


class _Http(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hung up (its timeout) is no news; anything else is, and prints."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


def _handler(server: OpenAIServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True  # head and body are two writes: with Nagle every answer waits 40 ms for an ACK

        def do_POST(self) -> None:
            length = self.headers.get("Content-Length", "")
            readable = length.isdigit() and int(length) <= MAX_BODY_BYTES
            self.close_connection = not readable
            raw = self.rfile.read(int(length)) if readable else b""
            headers = {name.lower(): value for name, value in self.headers.items()}
            self._send(*server.answer(self.path, headers, raw))

        def do_GET(self) -> None:
            self._send(404, json.dumps(_unknown("GET", self.path)).encode())

        def _send(self, status: int, data: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_: object) -> None:
            """Tests stay quiet; `requests` holds what came in."""

    return Handler


def _read(
    path: str, headers: Mapping[str, str], raw: bytes
) -> tuple[Mapping[str, Any] | None, tuple[int, dict[str, Any]] | None]:
    """The request's JSON object, and the refusal the real service would send, if it would send one."""
    try:
        body = json.loads(raw)
    except ValueError:
        body = None
    if not isinstance(body, dict):
        body = None
    if path.partition("?")[0] != PATH:
        return body, (404, _unknown("POST", path))
    scheme, _, key = headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not key.strip():
        return body, (401, _error("You didn't provide an API key in an Authorization: Bearer header"))
    if body is None:
        return None, (400, _error("We could not parse the JSON body of your request; a JSON object is expected"))
    wrong = _wrong(body)
    return body, (400, _error(wrong[1], param=wrong[0])) if wrong else None


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


def _completion(body: Mapping[str, Any], text: str, *, refused: bool) -> dict[str, Any]:
    read, written = sum(_words(message.get("content")) for message in body["messages"]), _words(text)
    message = {"role": "assistant", "content": None if refused else text, "refusal": text if refused else None}
    return {
        "id": "",
        "object": "chat.completion",
        "created": CREATED,
        "model": body["model"],
        "choices": [{"index": 0, "message": message, "logprobs": None, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": read, "completion_tokens": written, "total_tokens": read + written},
    }


def _words(content: Any) -> int:
    parts = content if isinstance(content, list) else [{"text": content}]
    return sum(len(str(part.get("text") or "").split()) for part in parts if isinstance(part, dict))


def _error(
    message: str, kind: str = "invalid_request_error", *, param: str | None = None, code: str | None = None
) -> dict[str, Any]:
    return {"error": {"message": message, "type": kind, "param": param, "code": code}}


def _unknown(method: str, path: str) -> dict[str, Any]:
    return _error(f"Invalid URL ({method} {path}); this server knows POST {PATH}")
