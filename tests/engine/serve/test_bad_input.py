"""What a client, a file or a network may do wrong: each is refused with its reason, and the server goes on."""

from __future__ import annotations

import os
import shutil
import socket
import sqlite3
import threading
import time
import uuid
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn

from seatrial.errors import ConfigError
from seatrial.serve import protocol
from seatrial.serve.checkpoints import open_checkpoints

POSTGRES = os.environ.get("SEATRIAL_TEST_POSTGRES", "postgresql://postgres@127.0.0.1:5432/test")
TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"


def raw(address: str, request: bytes) -> bytes:
    host, port = address.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=20) as connection:
        connection.sendall(request)
        return connection.recv(4096)


@pytest.mark.parametrize(
    ("body", "length", "status", "type_"),
    [
        (b"", b"0", 422, "invalid_request"),
        (b"", b"999999999999", 413, "body_too_large"),
        (b"[" * 100_000, b"100000", 422, "invalid_request"),
        (b"\xff\xfe", b"2", 422, "invalid_request"),
        (b"null", b"4", 422, "invalid_request"),
        (b'{"assistant_id":"echo","metadata":' + b'{"a":' * 900 + b"1" + b"}" * 901, b"5436", 422, "levels deep"),
        (b'{"assistant_id": "echo", "assistant_id": 1}', b"43", 422, "invalid_request"),
    ],
)
def test_a_body_that_is_none_is_refused(served: Any, body: bytes, length: bytes, status: int, type_: str) -> None:
    head = b"POST /runs/wait HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: " + length
    found = raw(served[1], head + b"\r\n\r\n" + body)
    assert found.startswith(f"HTTP/1.1 {status}".encode())
    assert type_.encode() in found or b"\r\n\r\n" in found


@pytest.mark.parametrize(
    "assistant",
    ["../echo", "echo/../../etc/passwd", "echo\x00", "echo@v1@v2", "ECHO", "e" * 10_000, "graphs.all:echo", "@v1"],
)
def test_a_path_in_an_assistant_id_is_an_unknown_graph(http: Any, assistant: str) -> None:
    found = http.post("/runs/wait", json={"assistant_id": assistant, "input": {"text": "x"}})
    assert (found.status_code, found.json()["type"]) in ((404, "unknown_assistant"), (422, "invalid_request"))
    assert len(found.content) < 1_000
    for name in ("..%2fecho", "%2e%2e%2fpyproject.toml", "echo%00"):
        assert http.get(f"/assistants/{name}").status_code in (404, 405)


@pytest.mark.parametrize("thread", ["../x", "a b", "x" * 129, "%00", "t'; DROP TABLE server_threads; --"])
def test_a_thread_id_that_is_none_is_refused(http: Any, thread: str) -> None:
    assert http.post("/threads", json={"thread_id": thread}).status_code == 422
    body = {"assistant_id": "echo", "input": {"text": "x"}, "if_not_exists": "create"}
    assert http.post(f"/threads/{httpx.URL(path=thread).raw_path.decode()}/runs/wait", json=body).status_code in (
        404,
        405,
        422,
    )


@pytest.mark.parametrize(
    ("traceparent", "echoed"),
    [
        (f"00-{TRACE}-00f067aa0ba902b7-01", TRACE),
        (f"00-{TRACE}-00f067aa0ba902b7", None),
        (f"00-{'0' * 32}-00f067aa0ba902b7-01", None),
        (f"ff-{TRACE}-00f067aa0ba902b7-01", None),
        ("x" * 10_000, None),
        ("", None),
    ],
)
def test_a_malformed_trace_header_is_left_out(http: Any, traceparent: str, echoed: str | None) -> None:
    found = http.post(
        "/runs/wait", json={"assistant_id": "echo", "input": {"text": "x"}}, headers={"traceparent": traceparent}
    )
    assert (found.status_code, found.headers.get("x-trace-id")) == (200, echoed)


def test_headers_that_come_slowly_close_the_connection_and_others_are_answered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(protocol, "HEADERS_S", 0.3)

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
        await send({"type": "http.response.body", "body": b"ok"})

    config = uvicorn.Config(app, port=0, http=protocol.TimedProtocol, lifespan="off", log_level="warning")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.005)
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        slow = [socket.create_connection(("127.0.0.1", port), timeout=20) for _ in range(20)]
        for one in slow[1:]:
            one.sendall(b"GET / HTTP/1.1\r\nhost: ")
        with httpx.Client(base_url=f"http://127.0.0.1:{port}") as client:
            assert client.get("/").text == "ok"
            assert [one.recv(10) for one in slow] == [b""] * 20
            assert client.get("/").text == "ok"  # the connection that was kept alive, or a new one
        with socket.create_connection(("127.0.0.1", port), timeout=20) as second:
            second.sendall(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n")
            assert b"ok" in second.recv(4096)
            second.sendall(b"GET / HTTP/1.1\r\nhost: ")  # a second request, slowly
            assert second.recv(10) == b""
        for one in slow:
            one.close()
    finally:
        server.should_exit = True
        thread.join()


@pytest.mark.parametrize("kind", ["other tables", "no database"])
def test_checkpoints_of_another_schema_are_refused_at_the_start(tmp_path: Path, kind: str) -> None:
    if kind == "no database":
        (tmp_path / "c.db").write_bytes(b"not a database " * 100)
    else:
        with sqlite3.connect(tmp_path / "c.db") as connection:
            connection.execute("CREATE TABLE checkpoints (id TEXT, state TEXT)")
    with pytest.raises(ConfigError, match=r"c\.db are of another schema than this LangGraph's: .*--checkpoints"):
        open_checkpoints("sqlite:///c.db", tmp_path)


def test_threads_are_kept_in_postgresql(tmp_path: Path) -> None:
    psycopg = pytest.importorskip("psycopg")
    pytest.importorskip("langgraph.checkpoint.postgres")
    from langgraph.graph import START, StateGraph  # noqa: PLC0415
    from langgraph.types import Command, interrupt  # noqa: PLC0415

    try:
        admin = psycopg.connect(POSTGRES, autocommit=True, connect_timeout=3)
    except psycopg.OperationalError:
        pytest.skip("no PostgreSQL on this machine")
    schema = f"threads_{uuid.uuid4().hex[:8]}"
    admin.execute(f"CREATE SCHEMA {schema}")
    url = f"{POSTGRES}?options=-csearch_path%3D{schema}"

    def node(state: Any) -> Any:
        return {"said": interrupt("sure?")}

    try:
        graph: Any = StateGraph(dict).add_node("node", node).add_edge(START, "node")
        config = {"configurable": {"thread_id": "t1"}}
        saver, close = open_checkpoints(url, tmp_path)
        assert graph.compile(checkpointer=saver).invoke({"text": "x"}, config)["__interrupt__"]
        close()
        saver, close = open_checkpoints(url, tmp_path)  # another process
        assert graph.compile(checkpointer=saver).invoke(Command(resume="yes"), config)["said"] == "yes"
        close()
        admin.execute(f"ALTER TABLE {schema}.checkpoints DROP COLUMN metadata")
        with pytest.raises(ConfigError, match="of another schema"):
            open_checkpoints(url, tmp_path)
    finally:
        admin.execute(f"DROP SCHEMA {schema} CASCADE")
        admin.close()


def test_a_thread_whose_state_has_another_schema_is_refused_with_what_it_holds(tmp_path: Path, serving: Any) -> None:
    def ask(client: Any, **body: Any) -> Any:
        return client.post("/threads/old/runs/wait", json={"assistant_id": "asks", **body})

    old, new = tmp_path / "old", tmp_path / "new"
    with serving(old) as (_, address), httpx.Client(base_url=address, timeout=60) as client:
        assert "__interrupt__" in ask(client, input={"text": "x"}, if_not_exists="create").json()
    shutil.copytree(old, new)  # another folder, since a process reads a project's modules once
    file = new / "graphs/all.py"
    file.write_text(file.read_text().replace("steps", "footsteps"))  # the same version, another state
    with serving(new) as (_, address), httpx.Client(base_url=address, timeout=60) as client:
        found = ask(client, command={"resume": "y"})
        assert (found.status_code, found.json()["type"]) == (409, "conflict")
        assert "it holds steps, which asks@v1 no longer has" in found.json()["message"]
        body = {"assistant_id": "asks", "input": {"text": "x"}, "if_not_exists": "create"}
        assert client.post("/threads/new/runs/wait", json=body).json()["footsteps"] == ["first 1"]
        done = {"assistant_id": "asks", "command": {"resume": "y"}}
        assert client.post("/threads/new/runs/wait", json=done).json()["said"] == "x: y"
