"""The hub beside a bare SDK: CPU a call at 32 at once against a server of this machine, and the rate it settles at.

The server runs in a process of its own, so its CPU is not counted; the sides alternate, and each has its share of every
round. `python -m benchmarks.hub` prints the rows.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import statistics
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from typing import TYPE_CHECKING, Any

from benchmarks.child import environment, ours, rows_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

AT_ONCE = 32
SERVE = """
import sys, threading
from seatrial.testing import Allowance, OpenAIServer
n, window = int(sys.argv[1]), float(sys.argv[2])
with OpenAIServer(lambda _: "a short answer", keep_alive=True, allowance=Allowance(n, window) if n else None) as server:
    print(server.url, flush=True)
    sys.stdin.read()
"""
PROMPT = "You are a router. " * 40
MODEL = "openai:gpt-x"


@contextlib.contextmanager
def server(allowed: int = 0, window_s: float = 60.0) -> Iterator[str]:
    """The address of a server in a process of its own."""
    command = [ours(), "-c", SERVE, str(allowed), str(window_s)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment()
    ) as child:
        assert child.stdout is not None
        assert child.stdin is not None
        yield child.stdout.readline().strip()
        child.stdin.close()


def measure(say: Callable[[str], None], *, quick: bool = False) -> list[dict[str, Any]]:
    """Rows of CPU a call, ours and bare; and of the rate reached under a server that limits."""
    return rows_of("benchmarks.hub", say, quick=quick)


def overhead(calls: int, rounds: int) -> list[dict[str, Any]]:
    """CPU ms a call: the openai SDK itself, LangChain's chat model, and the hub, by threads and by tasks."""
    import openai  # noqa: PLC0415 - loaded only in the process that measures
    from langchain_core.messages import HumanMessage, SystemMessage  # noqa: PLC0415
    from langchain_openai import ChatOpenAI  # noqa: PLC0415

    from seatrial.model import Hub, Limits  # noqa: PLC0415

    numbers = count()
    with server() as url, ThreadPoolExecutor(AT_ONCE) as threads:
        key: dict[str, Any] = {"base_url": url, "api_key": "k-123456", "max_retries": 0}
        sdk, chat = openai.OpenAI(**key), ChatOpenAI(model="gpt-x", **key)
        asdk = openai.AsyncOpenAI(**key)
        # By another name of the same address: LangChain shares its async client by address, and that belongs to one loop.
        achat = ChatOpenAI(model="gpt-x", **{**key, "base_url": url.replace("127.0.0.1", "localhost")})
        hub = Hub(limits=Limits(concurrency=AT_ONCE, requests_per_minute=10_000_000, tokens_per_minute=10_000_000_000))
        given: dict[str, Any] = {"model": MODEL, "base_url": url, "api_key": "k-123456"}

        def body() -> list[Any]:
            return [{"role": "system", "content": PROMPT}, {"role": "user", "content": f"message {next(numbers)}"}]

        def messages() -> list[Any]:
            return [SystemMessage(PROMPT), HumanMessage(f"message {next(numbers)}")]

        ways: dict[str, Callable[[], object]] = {
            "openai SDK": lambda: sdk.chat.completions.create(model="gpt-x", messages=body()),
            "ChatOpenAI": lambda: chat.invoke(messages()),
            "hub.call": lambda: hub.call(messages(), **given),
        }

        async def many(one: Callable[[], Any]) -> None:
            left = iter(range(calls))

            async def worker() -> None:
                for _ in left:
                    await one()

            await asyncio.gather(*(worker() for _ in range(AT_ONCE)))

        aways: dict[str, Callable[[], Any]] = {
            "openai SDK": lambda: asdk.chat.completions.create(model="gpt-x", messages=body()),
            "ChatOpenAI": lambda: achat.ainvoke(messages()),
            "hub.acall": lambda: hub.acall(messages(), **given),
        }
        spent: dict[str, list[float]] = {}
        with asyncio.Runner() as loop:
            for turn in range(rounds + 1):  # the first round opens connections and is not counted
                for name, way in list(ways.items()) if turn % 2 else list(ways.items())[::-1]:
                    began = time.process_time()
                    list(threads.map(lambda _, way=way: way(), range(calls)))
                    if turn:
                        spent.setdefault(f"threads {name}", []).append(1000 * (time.process_time() - began) / calls)
                for name, away in list(aways.items()) if turn % 2 else list(aways.items())[::-1]:
                    began = time.process_time()
                    loop.run(many(away))
                    if turn:
                        spent.setdefault(f"tasks {name}", []).append(1000 * (time.process_time() - began) / calls)
    middle = {name: statistics.median(values) for name, values in spent.items()}
    return [
        _row("hub over the openai SDK, threads", middle["threads hub.call"], middle["threads openai SDK"], calls),
        _row("hub over ChatOpenAI, threads", middle["threads hub.call"], middle["threads ChatOpenAI"], calls),
        _row("hub over the openai SDK, tasks", middle["tasks hub.acall"], middle["tasks openai SDK"], calls),
        _row("hub over ChatOpenAI, tasks", middle["tasks hub.acall"], middle["tasks ChatOpenAI"], calls),
    ]


def _row(what: str, mine: float, bare: float, calls: int) -> dict[str, Any]:
    return {
        "what": what,
        "ours": mine - bare,
        "floor": bare,
        "ratio": mine / bare,
        "unit": f"ms CPU a call over the bare one, {AT_ONCE} at once",
        "n": calls,
    }


def resolved(allowed: int, window_s: float, seconds: float) -> dict[str, Any]:
    """The rate reached with a server that really limits, of which the hub was told nothing; the first half is for learning."""
    from seatrial.model import Hub, Limits  # noqa: PLC0415 - as above

    hub = Hub(limits=Limits(window_s=window_s, concurrency=AT_ONCE, patience_s=60.0))
    numbers, answered, lock = count(), [], threading.Lock()
    with server(allowed, window_s) as url, ThreadPoolExecutor(AT_ONCE) as threads:
        ends = time.monotonic() + seconds

        def work(_: int) -> None:
            while time.monotonic() < ends:
                hub.call(f"message {next(numbers)}", model=MODEL, base_url=url, api_key="k-123456")
                with lock:
                    answered.append(time.monotonic())

        list(threads.map(work, range(AT_ONCE)))
    rate = sum(ends - seconds / 2 <= at < ends for at in answered) / (seconds / 2)
    allowed_rate = allowed / window_s
    return {
        "what": "hub, rate under a server that limits",
        "ours": rate,
        "floor": allowed_rate,
        "ratio": rate / allowed_rate,
        "unit": "calls/s of those allowed",
        "n": len(answered),
    }


def main(quick: bool) -> None:
    """Measure in this process, and print the rows as one line of JSON."""
    os.environ["LANGSMITH_TRACING"] = "false"
    rows = overhead(200 if quick else 500, 3 if quick else 5)
    rows.append(resolved(60, 1.0, 6.0 if quick else 12.0))
    print(json.dumps(rows))


if __name__ == "__main__":
    main("--quick" in sys.argv)
