"""The dispatcher in front of two of our servers: each graph by its pool, threads where they ran, bytes as they are."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import threading
import time
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn
from langgraph.pregel.remote import RemoteGraph
from langgraph_sdk import get_sync_client

from seatrial.cli.app import run as command
from seatrial.graph.route import Route
from seatrial.project.routing import Routing
from seatrial.serve.dispatch import Dispatcher, make_dispatch

from .served import GRAPH_IDS

TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


@contextmanager
def dispatching(*routing: Any, **options: Any) -> Any:
    app = make_dispatch(Dispatcher(Routing(*routing), **options))
    http = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=0, log_level="warning"))
    thread = threading.Thread(target=http.run, daemon=True)
    thread.start()
    while not http.started:
        time.sleep(0.005)
    try:
        yield f"http://127.0.0.1:{http.servers[0].sockets[0].getsockname()[1]}"
    finally:
        http.should_exit = True
        thread.join()


@pytest.fixture(scope="module")
def pools(tmp_path_factory: pytest.TempPathFactory, serving: Any) -> Any:
    """Addresses of two servers: (one, two)."""
    with serving(tmp_path_factory.mktemp("one")) as one, serving(tmp_path_factory.mktemp("two")) as two:
        yield one, two


@pytest.fixture(scope="module")
def address(pools: Any) -> Any:
    (_, one), (_, two) = pools
    with dispatching(one, (Route("second", two, frozenset({"asks", "later"})),)) as found:
        yield found


def runs_of(server: Any, graph: str) -> int:
    told = server.metrics.text({}, 0, 0)
    return sum(
        int(line.rpartition(" ")[2]) for line in told.splitlines() if f'seatrial_runs_total{{graph="{graph}"' in line
    )


def test_each_graph_is_answered_by_its_pool_with_the_bytes_of_the_pool(pools: Any, address: str) -> None:
    (one, direct), (two, _) = pools
    body = {"assistant_id": "echo", "input": {"text": "grüße"}}
    through, straight = (
        httpx.post(f"{base}/runs/wait", json=body, headers={"traceparent": TRACE}) for base in (address, direct)
    )
    assert through.content == straight.content
    own = {"content-location", "x-seatrial-run-id", "x-seatrial-thread-id", "date", "server", "transfer-encoding"}
    assert {k: v for k, v in through.headers.items() if k not in own} == {
        k: v for k, v in straight.headers.items() if k not in own
    }
    assert through.headers["x-trace-id"] == TRACE[3:35]
    httpx.post(f"{address}/runs/wait", json={"assistant_id": "later", "input": {"text": "abc"}})
    assert (runs_of(one, "echo"), runs_of(two, "echo"), runs_of(one, "later"), runs_of(two, "later")) == (2, 0, 0, 1)


def test_langgraphs_clients_work_through_it(pools: Any, address: str) -> None:
    with get_sync_client(url=address) as sdk:
        assert [part.event for part in sdk.runs.stream(None, "later", input={"text": "abc"})][-1] == "end"
        assert {one["graph_id"] for one in sdk.assistants.search(limit=100)} == GRAPH_IDS
        thread = sdk.threads.create()["thread_id"]  # no graph is named, so every pool knows it
        assert "__interrupt__" in sdk.runs.wait(thread, "asks", input={"text": "send"})
        assert sdk.threads.get_state(thread)["next"] == ["second"]
        assert sdk.runs.wait(thread, "asks", command={"resume": "yes"})["said"] == "send: yes"
        assert RemoteGraph("echo", sync_client=sdk).invoke({"text": "hi"})["said"] == "hi 1"


def test_a_thread_is_found_by_a_dispatcher_that_has_just_started(pools: Any) -> None:
    (_, one), (_, two) = pools
    routes = (Route("second", two, frozenset({"asks"})),)
    with dispatching(one, routes) as address:
        sent = {"assistant_id": "asks", "input": {"text": "x"}, "if_not_exists": "create"}
        assert httpx.post(f"{address}/threads/kept-1/runs/wait", json=sent).status_code == 200
    with dispatching(one, routes) as address:
        assert httpx.get(f"{address}/threads/kept-1/state").json()["next"] == ["second"]
        assert httpx.get(f"{address}/threads/nobody/state").status_code == 404


def test_a_pool_that_is_down_is_502_for_its_graphs_alone(pools: Any) -> None:
    (_, one), _ = pools
    with dispatching(one, (Route("gone", "http://127.0.0.1:9", frozenset({"later"})),)) as address:
        lost = httpx.post(f"{address}/runs/wait", json={"assistant_id": "later", "input": {"text": "x"}})
        assert (lost.status_code, lost.json()["message"]) == (502, "pool 'gone' cannot be reached: ConnectError")
        assert (
            httpx.post(f"{address}/runs/wait", json={"assistant_id": "echo", "input": {"text": "x"}}).status_code == 200
        )
        assert httpx.post(f"{address}/runs/wait", content=b"{").status_code == 422
    with dispatching("", (Route("second", one, frozenset({"later"})),)) as address:
        nowhere = httpx.post(f"{address}/runs/wait", json={"assistant_id": "echo", "input": {}})
        assert (nowhere.status_code, nowhere.json()["type"]) == (404, "unknown_assistant")


def test_a_key_is_asked_for_at_the_front(pools: Any) -> None:
    (_, one), _ = pools
    with dispatching(one, (), digests=("0" * 64,)) as address:
        assert httpx.post(f"{address}/runs/wait", json={"assistant_id": "echo"}).status_code == 401
        assert httpx.get(f"{address}/ok").status_code == 200


def test_the_command_says_where_each_graph_goes_and_check_asks_the_pools(
    root: Path, served: Any, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    monkeypatch.chdir(root)
    monkeypatch.setenv("SEATRIAL_POOL_DEFAULT_URL", served[1])
    assert command(["fleet", "dispatch", "--routes"]) == 0
    said = capsys.readouterr()
    assert f"echo    default  {served[1]}" in said.out
    assert "note: echo is on no pool's list and goes to the default" in said.err
    assert command(["fleet", "check"]) == 2  # no datasets, and one graph that cannot be imported
    said = capsys.readouterr()
    assert f"✓ pool default: {served[1]} answers" in said.out
    assert "· echo: on no pool's list" in said.out
    monkeypatch.setenv("SEATRIAL_POOL_DEFAULT_URL", "http://127.0.0.1:9")
    command(["fleet", "check"])
    assert "✕ pool default: http://127.0.0.1:9 does not answer: ConnectError" in capsys.readouterr().out
    monkeypatch.setenv("SEATRIAL_POOL_DEFAULT_URL", "")
    assert command(["fleet", "dispatch"]) == 3


AGENT = """
from typing import TypedDict
from langgraph.graph import START, StateGraph
from langgraph.types import interrupt

class State(TypedDict, total=False):
    text: str
    said: str

graph = StateGraph(State).add_node("ask", lambda s: {"said": s["text"] + interrupt("sure?")}).add_edge(START, "ask").compile()
"""


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("langgraph") is None, reason="langgraph-cli[inmem] is not installed")
def test_it_stands_in_front_of_a_real_langgraph_server(tmp_path: Path) -> None:
    (tmp_path / "agent.py").write_text(AGENT, encoding="utf-8")
    listed = {"dependencies": ["."], "graphs": {"real": "./agent.py:graph"}, "python_version": "3.11"}
    (tmp_path / "langgraph.json").write_text(json.dumps(listed), encoding="utf-8")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environ = {**os.environ, "LANGSMITH_TRACING": "false", "LANGGRAPH_CLI_NO_ANALYTICS": "1"}
    words = ["langgraph", "dev", "--no-browser", "--no-reload", "--port", str(port)]
    with subprocess.Popen(
        words, cwd=tmp_path, env=environ, stdout=subprocess.DEVNULL, stderr=subprocess.STDOUT
    ) as real:
        try:
            with dispatching(f"http://127.0.0.1:{port}", ()) as address, get_sync_client(url=address) as sdk:
                for _ in range(300):
                    try:
                        thread = sdk.threads.create()["thread_id"]
                    except httpx.HTTPError:
                        time.sleep(0.2)
                    else:
                        break
                assert sdk.runs.wait(thread, "real", input={"text": "go: "})["__interrupt__"][0]["value"] == "sure?"
                assert sdk.threads.get_state(thread)["next"] == ["ask"]
                assert RemoteGraph("real", sync_client=sdk).get_graph().nodes
                parts = list(sdk.runs.stream(thread, "real", command={"resume": "yes"}))
                assert parts[-1].data["said"] == "go: yes"
        finally:
            real.terminate()


ENDS = {
    "pyproject.toml": "[tool.seatrial]\n",
    "graphs/__init__.py": "",
    "graphs/registry.py": 'from seatrial.graph.spec import GraphSpec\nGRAPHS = (GraphSpec("ends", module="graphs.ends"),)\n',
    "graphs/ends.py": "import ctypes\nctypes.CDLL(None)._exit(0)\n",  # not even Python notices
}


def test_a_check_that_a_graph_ends_is_exit_2(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    for name, text in ENDS.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    assert command(["fleet", "check", "--isolated"]) == 2
    assert "✕ the check was ended (exit 0)" in capsys.readouterr().out
