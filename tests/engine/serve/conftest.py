"""A server over loopback, in this process, around a small project."""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn

from seatrial.project import open_project
from seatrial.serve.app import make_app
from seatrial.serve.checkpoints import open_checkpoints
from seatrial.serve.server import Server
from seatrial.serve.settings import ServeSettings
from seatrial.store.engine import open_store

REGISTRY = """
from seatrial.graph.spec import GraphSpec, Version, fleet

BOTH = (Version("v1", {"mark": "1"}), Version("v2", {"mark": "2"}))
GRAPHS = fleet(
    GraphSpec("echo", module="graphs.all", builder="echo", owner="ada", side_effects="none", versions=BOTH, current="v1"),
    GraphSpec("later", module="graphs.all", builder="later"),
    GraphSpec("asks", module="graphs.all", builder="asks", resumable=True, versions=BOTH, current="v1"),
    GraphSpec("slow", module="graphs.all", builder="slow", pool="slow"),
    GraphSpec("fails", module="graphs.all", builder="fails"),
    GraphSpec("calls", module="graphs.all", builder="calls"),
    GraphSpec("broken", module="graphs.no_such"),
)
"""
GRAPHS = """
import time
from pathlib import Path
from typing import Annotated, TypedDict
from operator import add

from langchain_core.messages import AIMessage
from langgraph.graph import START, StateGraph
from langgraph.types import interrupt

from seatrial.model import chat_model
from seatrial.model.outcome import KillSwitch, Outage


class State(TypedDict, total=False):
    text: str
    said: str
    steps: Annotated[list[str], add]


def one(node):
    return StateGraph(State).add_node("node", node).add_edge(START, "node")


def echo(mark="1"):
    model = chat_model("builtin", lambda system, user: f"{user} {mark}")

    def node(state):
        return {"said": str(model.invoke(state["text"]).text), "steps": [mark]}

    return one(node)


def later():
    async def node(state):
        return {"said": state["text"][::-1]}

    return one(node)


def asks(mark="1"):
    def first(state):
        return {"steps": ["first " + mark]}

    def second(state):
        return {"said": f"{state['text']}: {interrupt({'question': 'sure?'})}", "steps": ["second " + mark]}

    return StateGraph(State).add_node("first", first).add_node("second", second).add_edge(START, "first").add_edge("first", "second")


def slow():
    ran = []

    def node(state):
        if state["text"].startswith("/"):
            while not Path(state["text"]).exists():
                time.sleep(0.005)
        else:
            time.sleep(float(state["text"]))
        return {"said": "first"}

    def never(state):
        ran.append(1)
        return {"said": "second"}

    graph = StateGraph(State).add_node("node", node).add_node("never", never).add_edge(START, "node").add_edge("node", "never")
    slow.ran = ran
    return graph


def fails():
    errors = {"kill": KillSwitch("off"), "outage": Outage("503 from the provider"), "own": ValueError("write to ada@corp.de")}

    def node(state):
        raise errors[state["text"]]

    return one(node)


def calls():
    def node(state):
        made = [
            chat_model("openai:gpt-x", lambda *_: "", base_url=url, api_key="k-123456") for url in state["text"].split()
        ]
        return {"said": str(made[0].with_fallbacks(made[1:]).invoke("hi").text)}

    return one(node)
"""
CONTRACT = """
from pydantic import BaseModel


class Input(BaseModel):
    text: str


class Output(BaseModel):
    said: str
"""
FILES = {
    "pyproject.toml": '[tool.seatrial]\nsegments = "datasets/segments.toml"\n',
    "graphs/__init__.py": "",
    "graphs/registry.py": REGISTRY,
    "graphs/all.py": GRAPHS,
    "graphs/contract.py": CONTRACT,
    "datasets/segments.toml": 'version = 1\n[dimension.tier]\nfield = "metadata.tier"\nvalues = ["free", "pro"]\n',
    "datasets/echo/dataset.toml": 'version = 1\nkind = "golden"\ncontract = "graphs.contract:Input,Output"\n',
}


def write_project(root: Path) -> None:
    """What a test has written before stays."""
    for name, text in FILES.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        if not (root / name).exists():
            (root / name).write_text(text, encoding="utf-8")


@contextmanager
def _serving(root: Path, *, digests: tuple[str, ...] = (), **settings: Any) -> Any:
    """(server, address) of a server that runs in a thread."""
    write_project(root)
    project = open_project(root)
    saver, close = open_checkpoints("sqlite:///threads.db", root)
    with open_store("sqlite:///store.db", root=root) as store:
        server = Server(
            project, store, ServeSettings(**{"timeout_s": 60.0, **settings}), digests, saver, to_compile=("echo",)
        )
        config = uvicorn.Config(make_app(server), host="127.0.0.1", port=0, log_level="warning", lifespan="on")
        http = uvicorn.Server(config)
        thread = threading.Thread(target=http.run, daemon=True)
        thread.start()
        # A graph that is imported in another thread puts standard output back where it was: not in the middle of a test.
        while not (http.started and server.runtime.ready):
            time.sleep(0.005)
        try:
            yield server, f"http://127.0.0.1:{http.servers[0].sockets[0].getsockname()[1]}"
        finally:
            http.should_exit = True
            thread.join()
            close()


@pytest.fixture(scope="session")
def serving() -> Any:
    """`with serving(folder, timeout_s=1) as (server, address)`."""
    return _serving


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("served")
    write_project(folder)
    return folder


@pytest.fixture(scope="module")
def served(root: Path, serving: Any) -> Any:
    with serving(root, concurrency={"slow": 1}, waiting=1) as found:
        yield found


@pytest.fixture
def http(served: Any) -> Any:
    with httpx.Client(base_url=served[1], timeout=20) as client:
        yield client
