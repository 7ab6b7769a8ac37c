"""LangSmithServer: a stand-in for LangSmith's API on this machine, for datasets, and a witness of everything that is sent.

    with LangSmithServer() as server:
        client = langsmith.Client(api_url=server.url, api_key=server.key)
        ...
    assert server.requests == ()                 # nothing left this process

It speaks what LangSmith's own SDK sends: JSON or multipart examples, pages of a hundred, splits kept in the metadata.
Experiments, runs and feedback that are sent are only recorded, or with `keeps=True` answered as they were sent; runs and feedback set
on it are answered in pages. It keeps no versions, and what is deleted is gone.
"""

from __future__ import annotations

import email
import email.policy
import json
import threading
import uuid
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, NamedTuple, Self
from urllib.parse import parse_qs, urlsplit

from seatrial.errors import one_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

MODES = ("normal", "rate_limited", "server_error")
STATUS = {"rate_limited": 429, "server_error": 500}
NOW = "2026-01-01T00:00:00+00:00"
TENANT = "00000000-0000-0000-0000-000000000001"
DEFAULT: dict[str, Any] = {"id": TENANT, "tenant_id": TENANT, "name": "default", "reference_dataset_id": None}
PAGE = 100
SPLIT = "dataset_split"
ATTACHMENTS = "attachment_urls"


class Sent(NamedTuple):
    """One request: the method, the address with its query, the headers in lower case, the bytes, the status it got."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes
    status: int


class Refused(Exception):
    """The real service would refuse this."""

    def __init__(self, status: int, detail: str) -> None:
        super().__init__(detail)
        self.status = status


class LangSmithServer:
    """A context manager: inside it the server answers at `url`, after it the port is closed and `requests` remain.

    Attributes:
        url: the `api_url` a client needs, or `LANGSMITH_ENDPOINT`.
        key: the only API key it knows.
        mode: how it answers from now on, one of MODES.
        datasets: id -> dataset, as it would send them.
        examples: id -> example, likewise.
        sessions: id -> experiment or project, likewise; a project named default is there from the beginning.
        runs, feedback: what queries are answered with, in order.
        cursors: whether a full page of runs names the next one, as the real service does.
    """

    def __init__(
        self, *, key: str = "test-key", mode: str = "normal", multipart: bool = True, keeps: bool = False
    ) -> None:
        """Prepare a server.

        Args:
            key: the API key it knows; any other is 401.
            mode: one of MODES.
            keeps: whether runs and feedback that are sent are answered from then on.
            multipart: whether it says that it takes examples as multipart, as the hosted service does; else as JSON.
        """
        self.key = key
        self.mode = one_of(mode, MODES, "LangSmithServer mode")
        self.datasets: dict[str, dict[str, Any]] = {}
        self.examples: dict[str, dict[str, Any]] = {}
        self.sessions = {DEFAULT["id"]: DEFAULT}
        self.runs: list[dict[str, Any]] = []
        self.feedback: list[dict[str, Any]] = []
        self.cursors = True
        self._multipart, self._keeps = multipart, keeps
        self._requests: list[Sent] = []
        self._lock = threading.Lock()
        self._http: ThreadingHTTPServer | None = None
        self.url = ""

    @property
    def requests(self) -> tuple[Sent, ...]:
        """Every request so far, in the order they came in."""
        with self._lock:
            return tuple(self._requests)

    def __enter__(self) -> Self:
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._http.daemon_threads, self._http.block_on_close = True, False
        self.url = f"http://127.0.0.1:{self._http.server_address[1]}"
        threading.Thread(target=self._http.serve_forever, args=(0.01,), name="LangSmithServer", daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._http is not None:
            self._http.shutdown()
            self._http.server_close()

    def answer(self, method: str, target: str, headers: Mapping[str, str], body: bytes) -> tuple[int, bytes]:
        """Status and body of the answer to one request, which is recorded."""
        with self._lock:
            try:
                status, wording = 200, self._stated(method, target, headers, body)
            except Refused as error:
                status, wording = error.status, {"detail": str(error)}
            self._requests.append(Sent(method, target, headers, body, status))
        return status, json.dumps(wording).encode()

    def _stated(self, method: str, target: str, headers: Mapping[str, str], body: bytes) -> Any:
        split = urlsplit(target)
        path, query = split.path.removeprefix("/api").removeprefix("/v1").strip("/"), parse_qs(split.query)
        if path == "info":  # the one thing it says to everybody
            return {"version": "0", "instance_flags": {"dataset_examples_multipart_enabled": self._multipart}}
        if headers.get("x-api-key") != self.key:
            raise Refused(401, "Invalid token")
        if self.mode in STATUS:
            raise Refused(STATUS[self.mode], f"the server plays {self.mode}")
        room, *rest = path.split("/")
        if room == "platform" and rest[:1] == ["datasets"] and rest[2:] == ["examples"]:
            given = _parts(headers["content-type"], body)
            made = self._put(given, rest[1]) if method == "POST" else self._change(given)
            return {"example_ids": [one["id"] for one in made], "count": len(made), "as_of": NOW}
        known: dict[tuple[str, str], Callable[[list[str], dict[str, list[str]], bytes], Any]] = {
            ("GET", "datasets"): self._get_datasets,
            ("POST", "datasets"): self._post_dataset,
            ("DELETE", "datasets"): self._delete_dataset,
            ("GET", "examples"): self._get_examples,
            ("POST", "examples"): lambda rest, query, body: self._put(json.loads(body)),
            ("PATCH", "examples"): lambda rest, query, body: {"count": len(self._change(json.loads(body)))},
            ("DELETE", "examples"): self._delete_examples,
            ("GET", "sessions"): self._get_sessions,
            ("POST", "sessions"): self._put_session,
            ("PATCH", "sessions"): self._put_session,
            ("GET", "feedback"): self._get_feedback,
        }
        if (method, room, rest) == ("POST", "runs", ["query"]):
            return self._query_runs(json.loads(body))
        does = known.get((method, room))
        if does is not None:
            return does(rest, query, body)
        if room in {"runs", "feedback"} and method in {"POST", "PATCH"}:
            return self._keep(room, rest, json.loads(body)) if self._keeps else {}  # recorded, no more
        raise Refused(404, f"this server does not know {method} /{path}")

    def _get_sessions(self, rest: list[str], query: dict[str, list[str]], _: bytes) -> Any:
        names = query.get("name")
        return _page([one for one in self.sessions.values() if names is None or one["name"] in names], query)

    # ---- runs and feedback

    def _keep(self, room: str, rest: list[str], given: dict[str, Any]) -> Any:
        kept = self.runs if room == "runs" else self.feedback
        number = rest[0] if rest else str(given["id"])
        one = next((one for one in kept if one["id"] == number), None)
        if rest:
            if one is None:
                raise Refused(404, "Not found")
            one |= given | {"modified_at": NOW}
            return one
        if one is not None:
            raise Refused(409, "This id is taken")
        if room == "runs" and all(one["name"] != given["session_name"] for one in self.sessions.values()):
            made = str(uuid.uuid4())
            self.sessions[made] = {**DEFAULT, "id": made, "name": given["session_name"]}
        kept.append({**given, "created_at": NOW, "modified_at": NOW})
        return kept[-1]

    def _query_runs(self, requested: dict[str, Any]) -> Any:
        start, limit = int(requested.get("cursor") or 0), min(PAGE, requested.get("limit") or PAGE)
        end = start + limit
        return {
            "runs": self.runs[start:end],
            "cursors": {"next": str(end) if self.cursors and end < len(self.runs) else None},
        }

    def _get_feedback(self, rest: list[str], query: dict[str, list[str]], _: bytes) -> Any:
        return _page([one for one in self.feedback if one["run_id"] in query.get("run", [])], query)

    # ---- datasets

    def _get_datasets(self, rest: list[str], query: dict[str, list[str]], _: bytes) -> Any:
        if rest:
            if rest[0] not in self.datasets:
                raise Refused(404, "Dataset not found")
            return self.datasets[rest[0]]
        names = query.get("name")
        return _page([one for one in self.datasets.values() if names is None or one["name"] in names], query)

    def _post_dataset(self, rest: list[str], query: dict[str, list[str]], body: bytes) -> Any:
        given = json.loads(body)
        if any(one["name"] == given["name"] for one in self.datasets.values()):
            raise Refused(409, "Dataset with this name already exists.")
        number = str(given.get("id") or uuid.uuid4())
        self.datasets[number] = {
            "id": number,
            "name": given["name"],
            "description": given.get("description"),
            "data_type": given.get("data_type", "kv"),
            "metadata": (given.get("extra") or {}).get("metadata"),
            "tenant_id": TENANT,
            "created_at": NOW,
            "modified_at": NOW,
        }
        return self.datasets[number]

    def _delete_dataset(self, rest: list[str], query: dict[str, list[str]], _: bytes) -> Any:
        if self.datasets.pop(rest[0], None) is None:
            raise Refused(404, "Dataset not found")
        self.examples = {name: one for name, one in self.examples.items() if one["dataset_id"] != rest[0]}
        return {}

    # ---- experiments

    def _put_session(self, rest: list[str], query: dict[str, list[str]], body: bytes) -> Any:
        given = {name: value for name, value in json.loads(body).items() if value is not None}
        number = rest[0] if rest else str(given.get("id") or uuid.uuid4())
        before = self.sessions.get(number, {"tenant_id": TENANT, "reference_dataset_id": None})
        self.sessions[number] = {**before, **given, "id": number}
        return self.sessions[number]

    # ---- examples

    def _get_examples(self, rest: list[str], query: dict[str, list[str]], _: bytes) -> Any:
        if rest:
            if rest[0] not in self.examples:
                raise Refused(404, "Example not found")
            return self.examples[rest[0]]
        found = [one for one in self.examples.values() if one["dataset_id"] in query.get("dataset", [])]
        if splits := query.get("splits"):
            found = [one for one in found if set(splits) & set(one["metadata"].get(SPLIT, ()))]
        kept = ATTACHMENTS in query.get("select", ())  # as the service does: they are sent to who asks for them
        return _page([{k: v for k, v in one.items() if kept or k != ATTACHMENTS} for one in found], query)

    def _put(self, given: list[dict[str, Any]], dataset_id: str | None = None) -> list[dict[str, Any]]:
        made = []
        for row in given:
            owner = dataset_id or str(row["dataset_id"])
            number = str(row.get("id") or uuid.uuid4())
            if owner not in self.datasets:
                raise Refused(404, "Dataset not found")
            if number in self.examples:
                raise Refused(409, f"Example {number} already exists.")
            made.append(
                {
                    "id": number,
                    "dataset_id": owner,
                    "inputs": row.get("inputs") or {},
                    "outputs": row.get("outputs"),
                    "metadata": _with_split(row.get("metadata") or {}, row.get("split") or "base"),
                    "created_at": row.get("created_at", NOW),
                    "modified_at": NOW,
                }
            )
        self.examples |= {one["id"]: one for one in made}  # all of a request or nothing
        return made

    def _change(self, given: list[dict[str, Any]]) -> list[dict[str, Any]]:
        for row in given:
            if str(row["id"]) not in self.examples:
                raise Refused(404, f"Example {row['id']} not found")
        for row in given:
            one = self.examples[str(row["id"])]
            one |= {name: row[name] for name in ("inputs", "outputs") if row.get(name) is not None}
            split = row.get("split") or one["metadata"].get(SPLIT, "base")
            metadata = one["metadata"] if row.get("metadata") is None else row["metadata"]
            one["metadata"] = _with_split(metadata, split)
        return given

    def _delete_examples(self, rest: list[str], query: dict[str, list[str]], _: bytes) -> Any:
        for number in rest or query.get("example_ids", []):
            if self.examples.pop(number, None) is None:
                raise Refused(404, f"Example {number} not found")
        return {}


def _with_split(metadata: dict[str, Any], split: Any) -> dict[str, Any]:
    return {**metadata, SPLIT: [split] if isinstance(split, str) else list(split)}


def _page(found: list[dict[str, Any]], query: dict[str, list[str]]) -> list[dict[str, Any]]:
    offset, limit = int(query.get("offset", ["0"])[0]), min(PAGE, int(query.get("limit", [str(PAGE)])[0]))
    return found[offset : offset + limit]


def _parts(content_type: str, body: bytes) -> list[dict[str, Any]]:
    """The examples of a multipart body: a part named by the id, and parts ID.inputs and ID.outputs."""
    head = f"Content-Type: {content_type}\r\n\r\n".encode()
    found: dict[str, dict[str, Any]] = {}
    for part in email.message_from_bytes(head + body, policy=email.policy.HTTP).iter_parts():
        number, _, field = str(part.get_param("name", header="content-disposition")).partition(".")
        content: Any = part.get_payload(decode=True)
        value = json.loads(content)
        found.setdefault(number, {"id": number}).update({field: value} if field else value)
    return list(found.values())


def _handler(server: LangSmithServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True  # head and body are two writes: with Nagle every answer waits 40 ms for an ACK

        def _do(self) -> None:
            length = self.headers.get("Content-Length", "")
            chunked = self.headers.get("Transfer-Encoding", "").lower() == "chunked"
            body = self._chunks() if chunked else self.rfile.read(int(length)) if length.isdigit() else b""
            headers = {name.lower(): value for name, value in self.headers.items()}
            status, wording = server.answer(self.command, self.path, headers, body)
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(wording)))
            self.send_header("Connection", "close")
            self.end_headers()
            self.close_connection = True
            with suppress(ConnectionError):
                self.wfile.write(wording)

        def _chunks(self) -> bytes:
            found = b""
            while size := int(self.rfile.readline().split(b";")[0], 16):
                found += self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
            return found

        do_GET = do_POST = do_PATCH = do_DELETE = _do  # noqa: N815 - the names http.server looks for

        def log_message(self, *_: object) -> None:
            """Tests stay quiet; `requests` holds what came in."""

    return Handler
