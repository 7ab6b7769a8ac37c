"""Who tries to get in, or to get more than an answer: pages of other sites, guessed keys, LangGraph's own fields."""

from __future__ import annotations

import hashlib
import time
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from seatrial.serve import auth
from seatrial.serve.errors import RequestFailed

BODY = {"assistant_id": "echo", "input": {"text": "hi"}}


@pytest.mark.parametrize(
    ("name", "value", "status"),
    [
        ("origin", "https://evil.example", 403),
        ("origin", "null", 403),
        ("origin", "http://localhost:3000", 200),
        ("origin", "http://127.0.0.1.evil.example", 403),
        ("host", "evil.example", 403),
        ("host", "evil.example:2024", 403),
        ("host", "[", 403),
        ("host", "localhost:2024", 200),
        ("host", "[::1]:2024", 200),
    ],
)
def test_without_a_key_a_page_of_another_site_is_refused(http: Any, name: str, value: str, status: int) -> None:
    for path in ("/runs/wait", "/feedback", "/threads/search"):
        found = http.post(path, json=BODY, headers={name: value, "content-type": "text/plain"})
        assert (found.status_code == 403) is (status == 403)
    assert http.get("/metrics", headers={name: value}).status_code == status
    assert http.get("/health", headers={name: value}).status_code == 200


@pytest.fixture(scope="module")
def locked(tmp_path_factory: pytest.TempPathFactory, serving: Any) -> Any:
    digests = tuple(hashlib.sha256(key).hexdigest() for key in (b"first-key", b"second-key"))
    with serving(tmp_path_factory.mktemp("locked"), digests=digests) as (_, address):
        yield address


def test_with_a_key_every_path_but_two_asks_for_it(locked: str) -> None:
    with httpx.Client(base_url=locked) as client:
        routes = client.get("/openapi.json", headers={"x-api-key": "second-key"}).json()["paths"]
        paths = [path.replace("{", "").replace("}", "") for path in routes]
        for path in (*paths, "/openapi.json", "/docs", "/redoc", "/", "/x", "//ok", "/ok/../metrics", "/OK"):
            for method in ("GET", "POST", "HEAD", "OPTIONS", "DELETE"):
                found = client.request(method, path)
                assert found.status_code == (200 if path in auth.OPEN and method == "GET" else 401), (method, path)
        for key in ("", "FIRST-KEY", hashlib.sha256(b"first-key").hexdigest(), "\u00e9" * 10):
            assert client.get("/info", headers={"x-api-key": key.encode()}).status_code == 401
        assert client.get("/info", headers={"authorization": "bearer first-key"}).status_code == 200


def test_every_digest_is_compared_whichever_fits(monkeypatch: pytest.MonkeyPatch) -> None:
    """The number of comparisons, and so the time, says nothing about which key fits, or whether one does."""
    compared: list[str] = []
    monkeypatch.setattr(auth.hmac, "compare_digest", lambda a, b: compared.append(b) or a == b)
    digests = tuple(hashlib.sha256(key).hexdigest() for key in (b"a", b"b", b"c"))
    counts = []
    for key in ("a", "c", "wrong"):
        compared.clear()
        try:
            auth.check_key({"x-api-key": key}, digests)
        except RequestFailed:
            assert key == "wrong"
        counts.append(len(compared))
    assert counts == [3, 3, 3]


@pytest.mark.parametrize("name", ["__pregel_checkpointer", "__pregel_runtime", "checkpoint_map"])
def test_langgraphs_own_configurable_cannot_be_sent(http: Any, name: str) -> None:
    found = http.post("/runs/wait", json={**BODY, "config": {"configurable": {name: "x"}}})
    assert (found.status_code, found.json()["param"]) == (422, f"config.configurable.{name}")


def test_what_a_graph_raises_leaves_no_secret_in_the_answer_the_store_or_the_log(
    tmp_path: Path, serving: Any, capfd: Any, caplog: Any
) -> None:
    with serving(tmp_path) as (server, address), httpx.Client(base_url=address, timeout=60) as client:
        body = {"assistant_id": "fails", "input": {"text": "own"}, "metadata": {"tenant": "ada@corp.de"}}
        answers = [client.post("/runs/wait", json=body).text, client.post("/runs/stream", json=body).text]
        answers.append(client.post("/threads/t1/runs/wait", json={**body, "if_not_exists": "create"}).text)
        answers.append(client.get("/metrics").text)
        with server.store.read() as connection:
            answers += [str(connection.execute(text("SELECT error FROM server_runs")).all())]
    assert "ValueError: write to" in answers[0]
    told = capfd.readouterr()
    for one in (*answers, told.out, told.err, caplog.text):
        assert "ada@corp.de" not in one


def test_a_run_without_a_thread_leaves_no_metadata_and_its_tenant_as_a_hash(http: Any, served: Any) -> None:
    run = http.post("/runs/wait", json={**BODY, "metadata": {"tenant": "acme", "unit": "u"}}).headers[
        "x-seatrial-run-id"
    ]
    with served[0].store.read() as connection:
        given = {"id": run}
        (metadata,) = connection.execute(text("SELECT metadata FROM server_runs WHERE run_id = :id"), given).one()
        (segments,) = connection.execute(text("SELECT segments FROM model_calls WHERE run_id = :id"), given).one()
    assert metadata == "{}"
    assert hashlib.sha256(b"acme").hexdigest()[:12] in segments
    assert "acme" not in segments


def test_a_client_that_leaves_a_stream_stops_its_run(tmp_path: Path, serving: Any) -> None:
    with serving(tmp_path) as (_, address), httpx.Client(base_url=address, timeout=60) as client:
        body = {"assistant_id": "slow", "input": {"text": "0.5"}}
        with client.stream("POST", "/runs/stream", json=body) as answer:
            assert next(answer.iter_lines()) == "event: metadata"
        end, line = time.monotonic() + 20, 'seatrial_runs_total{graph="slow",version="0",status="interrupted"} 1'
        while line not in client.get("/metrics").text:
            assert time.monotonic() < end
            time.sleep(0.02)
