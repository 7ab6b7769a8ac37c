"""LoopbackServer: what the fakes of every provider share: a port of the system's choosing, a record, and how it behaves.

A provider's own file says only what is on its wire: the address, what it refuses, the form of answers and errors.
"""

from __future__ import annotations

import json
import sys
import threading
import time
from abc import ABC, abstractmethod
from collections import deque
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, ClassVar, Self

from seatrial.errors import one_of
from seatrial.testing.play import MODES, OTHER_MODEL, REFUSAL, Allowance, Reply, Request, ToolCall

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

MAX_BODY_BYTES = 10_000_000
STATUS = {"rate_limited": 429, "server_error": 500, "wrong_key": 401}
"""Modes that are an HTTP status and nothing else; `overloaded` is the provider's own."""

Refusal = tuple[int, dict[str, Any]]


class LoopbackServer(ABC):
    """A context manager: inside it the server answers at `url`, after it the port is closed and `requests` remain.

    Attributes:
        url: the `base_url` a client needs.
        keep_alive: whether a connection serves several requests.
    """

    base: ClassVar[str] = ""
    """What follows the port in `url`."""
    path: ClassVar[str]
    """The one address it answers."""
    overloaded: ClassVar[int]
    """Status of an overload."""

    def __init__(
        self,
        reply: Reply,
        *,
        mode: str = "normal",
        script: Iterable[str] = (),
        delay_s: float = 1.0,
        retry_after: str | None = None,
        allowance: Allowance | None = None,
        keep_alive: bool = False,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Prepare a server.

        Args:
            reply: what the model says to a request's messages, a text or a ToolCall; if it raises, the client gets a 500.
            mode: one of MODES.
            script: modes of the first requests, one each; then `mode`.
            delay_s: seconds a `slow` answer takes; leaving the context ends the wait.
            retry_after: sent with every 429 and overload: seconds, or an HTTP date.
            allowance: answers it gives in a window at most; beyond it sends 429, with the seconds left as `Retry-After`.
            keep_alive: whether a connection serves several requests, as the real services' do. Without it nothing is left
                open: LangChain never closes its async clients, and Python warns of that at the oddest moments.
            clock: seconds, monotonic.

        Raises:
            UsageError: a mode is unknown; the message lists the modes.
        """
        self.mode = mode
        self._script = deque(one_of(one, MODES, self._mode_of()) for one in script)
        self._reply, self._delay_s = reply, delay_s
        self._retry_after, self._allowance, self._clock = retry_after, allowance, clock
        self.keep_alive = keep_alive
        self._requests: list[Request] = []
        self._lock = threading.Lock()
        self._closing = threading.Event()
        self._http: ThreadingHTTPServer | None = None
        self.url = ""

    # ---- a provider's own wire

    @abstractmethod
    def refusal_of(self, body: Mapping[str, Any] | None, headers: Mapping[str, str]) -> Refusal | None:
        """The refusal the real service would send to this request, if it would send one."""

    @abstractmethod
    def completion(self, body: Mapping[str, Any], reported: str | ToolCall, mode: str, number: int) -> dict[str, Any]:
        """The answer to request `number` in which the model says this."""

    @abstractmethod
    def error(self, status: int, message: str) -> dict[str, Any]:
        """The body of an error."""

    # ---- how it behaves

    @property
    def mode(self) -> str:
        """How the next request is answered, once the script is over."""
        return self._mode

    @mode.setter
    def mode(self, mode: str) -> None:
        self._mode = one_of(mode, MODES, self._mode_of())

    @property
    def requests(self) -> tuple[Request, ...]:
        """Every request so far, in the order they came in."""
        with self._lock:
            return tuple(self._requests)

    def __enter__(self) -> Self:
        self._closing.clear()
        self._http = _Http(("127.0.0.1", 0), _handler(self))
        self.url = f"http://127.0.0.1:{self._http.server_address[1]}{self.base}"
        name = f"seatrial-{type(self).__name__}"
        threading.Thread(target=self._http.serve_forever, args=(0.01,), name=name, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._closing.set()
        if self._http is not None:
            self._http.shutdown()
            self._http.server_close()

    def answer(self, path: str, headers: Mapping[str, str], raw: bytes) -> Answer:
        """The answer to one POST, by the script or the mode; the request is recorded first."""
        now = self._clock()
        body = _object(raw)
        with self._lock:
            mode = self._script.popleft() if self._script else self._mode
        refused = self._refused(path, headers, body)
        wait_s = None if refused or self._allowance is None else self._allowance.ask(now)
        if wait_s is not None:
            mode = "rate_limited"
        status, payload = refused or self._play(mode, body or {})
        with self._lock:
            self._requests.append(Request(path, headers, body, status, now))
            number = len(self._requests)
        if not refused and mode == "slow":
            self._closing.wait(self._delay_s)
        if status == 200:
            payload = self._finish(payload, body or {}, mode, number)
        data = json.dumps(payload).encode()
        given = self._retry_after if wait_s is None else f"{wait_s:.3f}"
        throttled = not refused and status in (429, self.overloaded)
        extra = {"Retry-After": given} if throttled and given is not None else {}
        if status == 200 and mode == "truncated":
            return Answer(status, data[: len(data) // 2], extra)
        return Answer(status, data, extra, broken=status == 200 and mode == "dropped")

    def _refused(self, path: str, headers: Mapping[str, str], body: Mapping[str, Any] | None) -> Refusal | None:
        if path.partition("?")[0] != self.path:
            return 404, self.error(404, f"Invalid URL (POST {path}); this server knows POST {self.path}")
        return self.refusal_of(body, headers)

    def _play(self, mode: str, body: Mapping[str, Any]) -> tuple[int, dict[str, Any]]:
        """Status, and the error or (under `said`) what the model says."""
        status = self.overloaded if mode == "overloaded" else STATUS.get(mode)
        if status is not None:
            return status, self.error(status, f"the server plays {mode}")
        if mode == "refusal":
            return 200, {"said": REFUSAL}
        try:
            wording = self._reply(body["messages"])
        except Exception as error:  # noqa: BLE001 - the test's own function: its error belongs in the test's client
            return 500, self.error(500, f"the reply function raised {type(error).__name__}: {error}")
        if mode == "cut_short" and isinstance(wording, str):
            wording = wording[: len(wording) // 2]
        return 200, {"said": wording}

    def _finish(self, payload: dict[str, Any], body: Mapping[str, Any], mode: str, number: int) -> dict[str, Any]:
        done = self.completion(body, payload["said"], mode, number)
        return done | {"model": OTHER_MODEL} if mode == "other_model" else done

    def _mode_of(self) -> str:
        return f"{type(self).__name__} mode"


class Answer:
    """What goes back: status, bytes, headers, and whether the connection breaks off in the middle of the bytes."""

    __slots__ = ("broken", "data", "headers", "status")

    def __init__(self, status: int, data: bytes, headers: Mapping[str, str], *, broken: bool = False) -> None:
        self.status, self.data, self.headers, self.broken = status, data, headers, broken


class _Http(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 256  # 5 by default: callers at once beyond it wait a second for another try of their kernel

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hung up (its timeout) is no news; anything else is, and prints."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


def _handler(server: LoopbackServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True  # head and body are two writes: with Nagle every answer waits 40 ms for an ACK

        def do_POST(self) -> None:
            length = self.headers.get("Content-Length", "")
            readable = length.isdigit() and int(length) <= MAX_BODY_BYTES
            self.close_connection = not readable
            raw = self.rfile.read(int(length)) if readable else b""
            headers = {name.lower(): value for name, value in self.headers.items()}
            self._send(server.answer(self.path, headers, raw))

        def do_GET(self) -> None:
            message = f"Invalid URL (GET {self.path}); this server knows POST {server.path}"
            self._send(Answer(404, json.dumps(server.error(404, message)).encode(), {}))

        def _send(self, answer: Answer) -> None:
            self.send_response(answer.status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(answer.data)))
            for name, value in answer.headers.items():
                self.send_header(name, value)
            if not server.keep_alive:
                self.send_header("Connection", "close")
            self.end_headers()
            self.close_connection = self.close_connection or answer.broken or not server.keep_alive
            self.wfile.write(answer.data[: len(answer.data) // 2] if answer.broken else answer.data)

        def log_message(self, *_: object) -> None:
            """Tests stay quiet; `requests` holds what came in."""

    return Handler


def words(content: Any) -> int:
    """Words of a text, or of the texts among a list of parts: what these servers count as tokens."""
    parts = content if isinstance(content, list) else [{"text": content}]
    return sum(len(str(part.get("text") or "").split()) for part in parts if isinstance(part, dict))


def _object(raw: bytes) -> dict[str, Any] | None:
    try:
        body = json.loads(raw)
    except ValueError:
        return None
    return body if isinstance(body, dict) else None
