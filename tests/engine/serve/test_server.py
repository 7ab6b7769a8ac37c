"""Who is let in, what a run may come to, and that one jam is not everybody's."""

from __future__ import annotations

import hashlib
import json
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from seatrial.cli.app import run as command
from seatrial.errors import ConfigError
from seatrial.experiment import parse_rollout_plan
from seatrial.outcome.metric import parse_metrics
from seatrial.rollout import controller, ledger
from seatrial.rollout.rules import rules_of
from seatrial.serve.checkpoints import open_checkpoints
from seatrial.serve.settings import api_keys, read_serve_settings

from .served import PLAN

DIGEST = hashlib.sha256(b"secret").hexdigest()


def wait(http: Any, assistant: str, said: str, **body: Any) -> Any:
    return http.post("/runs/wait", json={"assistant_id": assistant, "input": {"text": said}, **body})


@pytest.mark.parametrize(
    ("assistant", "said", "status", "type_", "message"),
    [
        ("ecco", "hi", 404, "unknown_assistant", "did you mean echo?"),
        ("echo@v9", "hi", 404, "unknown_assistant", "it has: v1, v2"),
        ("broken", "hi", 500, "graph_unavailable", "cannot be imported"),
        ("fails", "kill", 503, "kill_switch", "LLM_KILL_SWITCH"),
        ("fails", "outage", 502, "provider_error", "503 from the provider"),
        ("fails", "own", 500, "graph_error", "ValueError: write to"),
    ],
)
def test_each_failure_has_its_own_status_and_type(
    http: Any, assistant: str, said: str, status: int, type_: str, message: str
) -> None:
    found = wait(http, assistant, said)
    assert (found.status_code, found.json()["type"]) == (status, type_)
    assert message in found.json()["message"]
    assert "ada@corp.de" not in found.text


def test_a_stream_tells_its_failure_as_an_event(http: Any) -> None:
    said = http.post("/runs/stream", json={"assistant_id": "fails", "input": {"text": "own"}}).text
    assert 'event: error\ndata: {"error":"graph_error"' in said
    assert said.endswith("event: end\ndata: null\n\n")


def test_a_thread_runs_once_at_a_time_and_keeps_its_graph_and_version(http: Any) -> None:
    http.post("/threads", json={"thread_id": "own-1"})
    assert http.post("/threads", json={"thread_id": "own-1"}).status_code == 409
    assert http.post("/threads", json={"thread_id": "own-1", "if_exists": "do_nothing"}).status_code == 200
    run = "/threads/own-1/runs/wait"
    assert http.get("/threads/own-1/state").json()["type"] == "conflict"  # no run yet
    assert http.post(run, json={"assistant_id": "asks@v2", "input": {"text": "x"}}).json()["steps"] == ["first 2"]
    assert http.post(run, json={"assistant_id": "asks", "command": {"resume": "y"}}).json()["steps"][-1] == "second 2"
    for body, why in (
        ({"assistant_id": "asks", "command": {"resume": "y"}}, "waits for nothing"),
        ({"assistant_id": "asks"}, "has ended"),
        ({"assistant_id": "echo", "input": {"text": "x"}}, "belongs to graph 'asks'"),
    ):
        found = http.post(run, json=body)
        assert found.status_code == 409
        assert why in found.json()["message"]
    assert (
        http.post("/threads/none/runs/wait", json={"assistant_id": "echo", "input": {"text": "x"}}).status_code == 404
    )


@pytest.fixture
def gate(tmp_path: Path) -> Any:
    """A file that the `slow` graph waits for, where it is its input; it is there at the end in any case."""
    yield tmp_path / "open"
    (tmp_path / "open").touch()


def until(true: Any) -> None:
    end = time.monotonic() + 20
    while not true():
        assert time.monotonic() < end
        time.sleep(0.005)


def running(http: Any, n: int) -> None:
    until(lambda: f'seatrial_running{{pool="slow"}} {n}\n' in http.get("/metrics").text)


def test_a_second_run_of_a_busy_thread_is_refused(http: Any, gate: Path) -> None:
    body = {"assistant_id": "slow", "input": {"text": str(gate)}, "if_not_exists": "create"}
    with ThreadPoolExecutor(1) as pool:
        try:
            first = pool.submit(http.post, "/threads/own-2/runs/wait", json=body)
            until(lambda: http.get("/threads/own-2").json().get("status") == "busy")
            assert http.post("/threads/own-2/runs/wait", json=body).json()["type"] == "conflict"
        finally:
            gate.touch()
        assert first.result().json()["said"] == "second"
    assert http.post("/threads/own-2/runs/wait", json={**body, "input": {"text": "0"}}).status_code == 200


def test_a_pool_that_is_full_refuses_and_the_others_answer(http: Any, gate: Path) -> None:
    with ThreadPoolExecutor(2) as pool:
        try:
            jammed = [pool.submit(wait, http, "slow", str(gate)) for _ in range(2)]  # one runs, one waits
            running(http, 2)
            refused = wait(http, "slow", "0")
            assert (refused.json()["type"], refused.headers["retry-after"]) == ("busy", "1")
            assert wait(http, "echo", "hi").status_code == 200
            assert http.get("/health").json()["status"] == "ok"
            assert not any(one.done() for one in jammed), "they answered while the full pool was still at work"
        finally:
            gate.touch()
        assert [one.result().status_code for one in jammed] == [200, 200]


def test_a_client_that_goes_stops_its_run_before_the_next_step(served: Any, http: Any, tmp_path: Path) -> None:
    host, port = served[1].removeprefix("http://").split(":")
    line = 'seatrial_runs_total{graph="slow",version="0",status="interrupted"} 1'
    gates = (tmp_path / f"open-{i}" for i in range(1000))

    def left() -> bool:
        gate = next(gates)
        body = json.dumps({"assistant_id": "slow", "input": {"text": str(gate)}}).encode()
        head = (
            f"POST /runs/wait HTTP/1.1\r\nhost: {host}\r\ncontent-type: application/json\r\ncontent-length: {len(body)}"
        )
        try:
            with socket.create_connection((host, int(port))) as client:
                client.sendall(head.encode() + b"\r\n\r\n" + body)
                running(http, 1)
            time.sleep(0.05)  # until the server has noticed; where that takes it longer, another client goes
        finally:
            gate.touch()
        running(http, 0)
        return line in http.get("/metrics").text

    until(left)


def test_operators_see_health_readiness_and_counts(http: Any) -> None:
    assert http.get("/ok").json() == {"ok": True}
    assert http.get("/ready").status_code == 200  # echo was compiled at the start
    told = http.get("/ready", params={"graph": "broken"})
    assert (told.status_code, told.json()["missing"]) == (503, ["broken"])
    assert http.get("/health").json()["graphs"] == 7
    assert http.get("/info").json()["metadata"]["host"] == "seatrial"
    assert "seatrial_run_seconds_bucket" in http.get("/metrics").text
    for path in ("/runs", "/runs/crons", "/store/items", "/threads/x/runs/y/cancel"):
        found = http.post(path, json={})
        assert (found.status_code, found.json()["type"]) == (405, "not_allowed")


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory, serving: Any) -> Any:
    root = tmp_path_factory.mktemp("guarded")
    with serving(root, digests=(DIGEST,), max_body=200) as found:
        yield found


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 401),
        ({"x-api-key": "guess"}, 401),
        ({"authorization": "Basic secret"}, 401),
        ({"x-api-key": "secret"}, 200),
        ({"authorization": "Bearer secret"}, 200),
    ],
)
def test_a_key_lets_in_and_health_needs_none(guarded: Any, headers: dict[str, str], status: int) -> None:
    with httpx.Client(base_url=guarded[1], headers=headers) as client:
        assert wait(client, "echo", "hi").status_code == status
        assert client.get("/health").status_code == 200
        assert client.get("/no-such").status_code == (401 if status == 401 else 405)


def test_a_body_is_limited_in_size(guarded: Any) -> None:
    with httpx.Client(base_url=guarded[1], headers={"x-api-key": "secret"}) as client:
        assert wait(client, "echo", "x" * 300).status_code == 413
        assert client.post("/runs/wait", content=iter([b"x" * 150] * 2)).status_code == 413
        assert client.post("/runs/wait", content=b"{").json()["type"] == "invalid_request"


def test_a_body_and_a_run_are_limited_in_time(tmp_path: Path, serving: Any) -> None:
    with serving(tmp_path, body_timeout_s=0.05, timeout_s=0.05) as (_, address):
        host, port = address.removeprefix("http://").split(":")
        body = b'{"assistant_id": "slow", "input": {"text": "0.2"}}'
        head = f"POST /runs/wait HTTP/1.1\r\nhost: {host}:{port}\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
        answers = []
        for sent in (body, body[:1]):
            with socket.create_connection((host, int(port)), timeout=20) as client:
                client.sendall(head.encode() + sent)
                answers.append(client.recv(10_000))
        assert answers[0].startswith(b"HTTP/1.1 504")
        assert b"no answer within 0.05 s" in answers[0]
        assert answers[1].startswith(b"HTTP/1.1 408")


def test_without_a_key_only_loopback_is_served() -> None:
    assert api_keys({}, "127.0.0.1") == ()
    assert api_keys({"SEATRIAL_API_KEY_SHA256": f"{DIGEST}, {DIGEST.upper()}"}, "0.0.0.0") == (DIGEST, DIGEST)
    with pytest.raises(ConfigError, match=r"listen on 0\.0\.0\.0 without a key"):
        api_keys({}, "0.0.0.0")
    with pytest.raises(ConfigError, match="64 hex digits"):
        api_keys({"SEATRIAL_API_KEY_SHA256": "secret"}, "127.0.0.1")


def test_settings_are_a_table_and_a_misspelt_word_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "pyproject.toml"
    file.write_text("[tool.seatrial.serve]\ntimeout_s = 9\n[tool.seatrial.serve.timeouts]\necho = 2\n")
    found = read_serve_settings(tmp_path, ("echo", "later"), ("default",))
    assert (found.timeout_of("echo"), found.timeout_of("later"), found.places_of("default")) == (2.0, 9.0, 8)
    file.write_text("[tool.seatrial.serve.timeouts]\necco = 2\n")
    with pytest.raises(ConfigError, match="echo"):
        read_serve_settings(tmp_path, ("echo",), ("default",))
    with pytest.raises(ConfigError, match="write sqlite:///PATH or postgresql"):
        open_checkpoints("mysql://x", tmp_path)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (("--host", "0.0.0.0"), "without a key"),
        (("--pool", "gpu"), "no graph is in pool 'gpu'"),
        (("--compile", "ecco"), "no such graph here"),
    ],
)
def test_a_server_that_must_not_start_is_exit_3_with_a_sentence(
    root: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any, options: tuple[str, ...], says: str
) -> None:
    monkeypatch.chdir(root)
    monkeypatch.delenv("SEATRIAL_API_KEY_SHA256", raising=False)
    assert command(["fleet", "serve", *options]) == 3
    assert says in capsys.readouterr().err


def test_a_rollout_routes_and_its_exposures_and_outcomes_meet_in_the_store(tmp_path: Path, serving: Any) -> None:
    metrics = parse_metrics({"resolved": {"source": "outcome:resolved", "horizon": "1h", "default": "negative"}}, "m")
    plan = {**PLAN, "testers": {"bob": "candidate"}}
    rules = rules_of(parse_rollout_plan(plan, "plan.toml", (), name="echo_v2"), metrics)
    with serving(tmp_path) as (server, address), httpx.Client(base_url=address) as client:
        began = ledger.started(
            rules, time.time(), code="1", author="ada", reason="x", control_hash="", candidate_hash=""
        )
        assert controller.start(server.store, began, rules)
        assert server.router.refresh(), server.router.problem
        found = [wait(client, "echo", "hi") for _ in range(30)]
        versions = [one.headers["x-seatrial-version"] for one in found]
        assert set(versions) == {"v1", "v2"}
        assert [one.json()["said"][-1] for one in found] == [version[-1] for version in versions]
        assert wait(client, "echo@v1", "hi").status_code == 200  # pinned: nobody is exposed
        unit = {"metadata": {"unit": "ada"}}
        assert len({wait(client, "echo", "hi", **unit).headers["x-seatrial-version"] for _ in range(5)}) == 1
        tested = wait(client, "echo", "hi", metadata={"unit": " bob"})
        assert tested.headers["x-seatrial-version"] == "v2"
        assert "exposures_failed" not in client.get("/metrics").text
        with server.store.read() as connection:
            query = "SELECT thread_id, arm, content, unit FROM exposures WHERE forced = {}"
            rows, forced = (connection.execute(text(query.format(n))).all() for n in (0, 1))
        assert [(row[1], row[3]) for row in forced] == [("candidate", "bob")]
        threads = {one.headers["x-seatrial-thread-id"]: version for one, version in zip(found, versions, strict=True)}
        arms = {"v1": "control", "v2": "candidate"}
        assert {row[0]: row[1] for row in rows if row[3] != "ada"} == {
            key: arms[value] for key, value in threads.items()
        }
        assert sum(row[3] == "ada" for row in rows) == 1
        assert len({(row[1], row[2]) for row in rows}) == 2  # each arm says which content answered
        event = {"event_id": "e1", "thread_id": next(iter(threads)), "outcome": "resolved", "label": "yes"}
        assert client.post("/feedback", json=event).json() == {"new": 1, "known": 0}
        assert client.post("/feedback", json=[event]).json() == {"new": 0, "known": 1}
        assert client.post("/feedback", json={**event, "label": "no"}).status_code == 409
        assert client.post("/feedback", json={**event, "when": 1}).json()["param"] == "when"
        assert client.post("/feedback", json={"event_id": "e2"}).json()["param"] == "thread_id"


def test_what_model_calls_used_is_kept_by_node(http: Any, served: Any) -> None:
    run = wait(http, "echo", "hi there", metadata={"tier": "pro"}).headers["x-seatrial-run-id"]
    with served[0].store.read() as connection:
        query = "SELECT graph, feature, owner, node, input_tokens, output_tokens, segments FROM model_calls WHERE run_id = :id"
        row = connection.execute(text(query), {"id": run}).one()
    assert row[:6] == ("echo", "echo", "ada", "node", 2, 3)
    assert json.loads(row[6]) == {"tier": "pro"}
