"""The server beside a bare Starlette handler around the same graph: CPU a request, and who waits for whom.

Servers run in processes of their own, whose CPU the kernel counts; the client's is not counted. `python -m benchmarks.serve`
prints the rows.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.child import CLI, environment, ours, rows_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

AT_ONCE = 8
TICKS = os.sysconf("SC_CLK_TCK")
FILES = {
    "pyproject.toml": '[tool.seatrial]\nstore = "sqlite:///store.db"\n',
    "graphs/__init__.py": "",
    "graphs/registry.py": """
from seatrial.graph.spec import GraphSpec, fleet

GRAPHS = fleet(
    GraphSpec("echo", module="graphs.echo"),
    GraphSpec("stuck", module="graphs.stuck", pool="stuck"),
    *(GraphSpec(f"heavy_{n}", module="graphs.heavy", builder=f"build_{n}") for n in range(4)),
)
""",
    "graphs/echo.py": """
from typing import TypedDict

from langgraph.graph import START, StateGraph


class State(TypedDict, total=False):
    text: str
    said: str


def build():
    return StateGraph(State).add_node("node", lambda state: {"said": state["text"]}).add_edge(START, "node")
""",
    "graphs/stuck.py": """
import time

from .echo import State, StateGraph, START


def build():
    return StateGraph(State).add_node("node", lambda state: time.sleep(60)).add_edge(START, "node")
""",
    "graphs/heavy.py": """
import time

from .echo import build


def heavy():
    end = time.thread_time() + 1.0  # a second of Python code under the GIL, as imports are
    while time.thread_time() < end:
        sum(range(1000))
    return build()


build_0 = build_1 = build_2 = build_3 = heavy
""",
}
BARE = """
import sys

import uvicorn
from graphs.echo import build
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse
from starlette.routing import Route

graph = build().compile()


async def wait(request):
    body = await request.json()
    return JSONResponse(await run_in_threadpool(graph.invoke, body["input"]))


app = Starlette(routes=[Route("/runs/wait", wait, methods=["POST"])])
config = uvicorn.Config(app, log_level="warning", access_log=False)
listener = __import__("socket").create_server(("127.0.0.1", 0))
print(f"http://127.0.0.1:{listener.getsockname()[1]}", file=sys.stderr, flush=True)
uvicorn.Server(config).run(sockets=[listener])
"""


def measure(say: Callable[[str], None], *, quick: bool = False) -> list[dict[str, Any]]:
    """Rows of CPU a request, of /health while graphs compile, and of a pool beside one that is stuck."""
    return rows_of("benchmarks.serve", say, quick=quick)


@contextlib.contextmanager
def server(root: Path, *command: str) -> Iterator[tuple[str, int]]:
    """(host:port, process id) of a server in a process of its own."""
    env = environment({"LANGSMITH_TRACING": "false"})
    env["PYTHONPATH"] = os.pathsep.join((str(root), env["PYTHONPATH"]))
    with subprocess.Popen([ours(), *command], stderr=subprocess.PIPE, text=True, env=env, cwd=root) as child:
        assert child.stderr is not None
        line = child.stderr.readline()
        found = re.search(r"http://(\S+?:\d+)", line)
        if found is None:
            raise RuntimeError(f"no server: {line}{child.communicate()[1]}")
        try:
            yield found[1], child.pid
        finally:
            child.kill()


def fleet(root: Path, *more: str) -> Any:
    """Our server over the project."""
    return server(root, "-c", CLI, "fleet", "serve", "--port", "0", *more)


def cpu_s(pid: int) -> float:
    """User and system CPU of a process so far."""
    words = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(words[11]) + int(words[12])) / TICKS


def requests(address: str, n: int, path: str = "/runs/wait", at_once: int = AT_ONCE) -> list[float]:
    """Milliseconds of each of n requests."""
    body = None if path == "/health" else json.dumps({"assistant_id": "echo", "input": {"text": "hello"}})

    def some(share: int) -> list[float]:
        connection, found = http.client.HTTPConnection(address, timeout=60), []
        for _ in range(share):
            began = time.perf_counter()
            connection.request("GET" if body is None else "POST", path, body, {"content-type": "application/json"})
            answer = connection.getresponse()
            answer.read()
            found.append(1000 * (time.perf_counter() - began))
            assert answer.status == 200, answer.status
        return found

    with ThreadPoolExecutor(at_once) as threads:
        return [one for part in threads.map(some, [n // at_once] * at_once) for one in part]


def p99(values: list[float]) -> float:
    """The 99th percentile."""
    return sorted(values)[int(0.99 * (len(values) - 1))]


def overhead(root: Path, n: int, rounds: int) -> dict[str, Any]:
    """CPU of the server for one request, ours over the bare handler's; the sides alternate."""
    with fleet(root) as ours_, server(root, "-c", BARE) as bare:
        spent: dict[str, list[float]] = {"ours": [], "bare": []}
        for turn in range(rounds + 1):  # the first round compiles, opens connections, and is not counted
            for name, (address, pid) in (("ours", ours_), ("bare", bare)):
                began = cpu_s(pid)
                requests(address, n)
                if turn:
                    spent[name].append(1000 * (cpu_s(pid) - began) / n)
    mine, floor = statistics.median(spent["ours"]), statistics.median(spent["bare"])
    unit = f"ms CPU of the server a request, {AT_ONCE} at once; ratio = share of the bare throughput"
    return {"what": "server, bare Starlette", "ours": mine, "floor": floor, "ratio": floor / mine, "unit": unit, "n": n}


def compiling(root: Path, n: int) -> dict[str, Any]:
    """p99 of /health while four graphs compile, a second of CPU each, and when nothing does."""
    heavy = [word for number in range(4) for word in ("--compile", f"heavy_{number}")]
    with fleet(root, *heavy) as (address, _):
        during: list[float] = []
        while not _ready(address):
            during += requests(address, 20, "/health", 1)
        idle = requests(address, n, "/health", 1)
    row = {"ours": p99(during), "floor": p99(idle), "ratio": p99(during) / p99(idle), "n": len(during)}
    return {"what": "/health p99 while graphs compile", **row, "unit": "ms; floor = idle"}


def wedged(root: Path, n: int, rounds: int) -> dict[str, Any]:
    """p99 of a pool while another has every place taken and a queue, over its p99 alone."""
    alone, beside = [], []
    for _ in range(rounds):
        with fleet(root) as (address, _):
            requests(address, 200)
            alone.append(p99(requests(address, n, at_once=2)))
            stuck = {"assistant_id": "stuck", "input": {"text": "x"}, "on_disconnect": "continue"}
            for _ in range(20):  # eight run, the others wait
                connection = http.client.HTTPConnection(address)
                connection.request("POST", "/runs/wait", json.dumps(stuck), {"content-type": "application/json"})
            time.sleep(0.5)
            beside.append(p99(requests(address, n, at_once=2)))
    mine, floor = statistics.median(beside), statistics.median(alone)
    row = {"ours": mine, "floor": floor, "ratio": mine / floor, "n": n * rounds}
    return {"what": "p99 beside a pool that is stuck", **row, "unit": "ms; floor = alone"}


def _ready(address: str) -> bool:
    connection = http.client.HTTPConnection(address, timeout=60)
    connection.request("GET", "/ready")
    return connection.getresponse().status == 200


def main(quick: bool) -> None:
    """Measure in this process, and print the rows as one line of JSON."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        for name, text in FILES.items():
            (root / name).parent.mkdir(exist_ok=True)
            (root / name).write_text(text, encoding="utf-8")
        rows = [
            overhead(root, 400 if quick else 2000, 3 if quick else 5),
            compiling(root, 200 if quick else 1000),
            wedged(root, 400 if quick else 2000, 1 if quick else 3),
        ]
    print(json.dumps(rows))


if __name__ == "__main__":
    main("--quick" in sys.argv)
