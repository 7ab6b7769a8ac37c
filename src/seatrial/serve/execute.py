"""Execute: runs of graphs in threads, a fixed number for each pool, so that a pool that is stuck holds up no other.

A graph is stopped between two of its steps. A run that is out of time answers its client at once and keeps its place in the
pool until its step ends: nothing can stop a step from outside.
"""

from __future__ import annotations

import asyncio
import contextvars
import copy
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from langgraph.types import Command

from seatrial.graph.run_config import make_store, run_config, sent
from seatrial.graph.target import CRASHES
from seatrial.model.context import Calls, listen, silence
from seatrial.pool import wait_for
from seatrial.serve.errors import RequestFailed, failure_of
from seatrial.serve.meter import Meter

if TYPE_CHECKING:
    from collections.abc import Callable

    from seatrial.graph.runtime import Compiled
    from seatrial.serve.fields import RunRequest
    from seatrial.serve.settings import ServeSettings

MODE_OF = {"messages-tuple": "messages"}
"""What LangGraph calls a mode of the protocol, where it has another name for it."""


@dataclass(slots=True)
class Execution:
    """One run under way, and what came of it.

    Attributes:
        compiled: the version that answers.
        request: what was asked.
        thread_id: of the run.
        event: called in the worker with (mode, namespace, data) of everything streamed.
        recursion_limit: steps it may take.
        stop: set it to stop the run.
        state: last state that was streamed.
        interrupts: what it stopped at.
        meter: its model calls.
        heard: what its model calls came to, whatever the graph made of it.
    """

    compiled: Compiled
    request: RunRequest
    thread_id: str
    event: Callable[[str, tuple[str, ...], Any], None] | None = None
    recursion_limit: int = 25
    stop: threading.Event = field(default_factory=threading.Event)
    state: Any = None
    interrupts: list[Any] = field(default_factory=list)
    meter: Meter = field(default_factory=Meter)
    heard: Calls = field(default_factory=Calls)

    def cancel(self) -> None:
        """Stop it before its next step."""
        self.stop.set()

    def run(self) -> None:
        """Run to the end, in this thread.

        Raises:
            RequestFailed: the graph failed, or the run was stopped.
        """
        self._refuse_stopped()
        self.heard, token = listen()
        try:
            if self.compiled.asynchronous:
                wait_for(self._awaited())
            else:
                for part in self.compiled.graph.stream(self._given(), **self._how()):
                    self._take(part)
        except CRASHES as error:
            raise failure_of(error, self.heard) from error
        finally:
            silence(token)
        contract = self.compiled.contract
        if contract is not None and not self.interrupts and isinstance(self.state, dict):
            from seatrial.graph.state import plain  # noqa: PLC0415 - small

            refused = contract.refused_outputs(self.state) and contract.refused_outputs(plain(self.state))
            if refused:
                raise RequestFailed("invalid_output", refused)

    def _refuse_stopped(self) -> None:
        if self.stop.is_set():
            raise RequestFailed("cancelled", "the run was stopped")

    async def _awaited(self) -> None:
        async for part in self.compiled.graph.astream(self._given(), **self._how()):
            self._take(part)

    def _take(self, part: tuple[Any, ...]) -> None:
        self._refuse_stopped()
        namespace, mode, data = part if self.request.subgraphs else ((), *part)
        if mode == "values" and not namespace:
            self.state = data
        elif mode == "updates" and not namespace and "__interrupt__" in data:
            self.interrupts.extend(data["__interrupt__"])
        if self.event is not None:
            self.event(mode, namespace, data)

    def _given(self) -> Any:
        command = {name: value for name, value in self.request.command.items() if value is not None}
        return Command(**command) if command else copy.deepcopy(self.request.input)

    def _how(self) -> dict[str, Any]:
        graph, request = self.compiled.graph, self.request
        base = run_config(self.compiled.spec, self.compiled.version)
        merged = type(base)({**base.context, **request.context}, {**base.configurable, **request.configurable})
        context, configurable = sent(merged, getattr(graph, "context_schema", None))
        configurable["thread_id"] = self.thread_id
        if request.checkpoint_id is not None:
            configurable["checkpoint_id"] = request.checkpoint_id
        modes = {"values", "updates", *(MODE_OF.get(mode, mode) for mode in request.modes if self.event is not None)}
        how: dict[str, Any] = {
            "config": {
                "recursion_limit": request.recursion_limit or self.recursion_limit,
                "configurable": configurable,
                "callbacks": [self.meter],
                "tags": list(request.tags),
            },
            "context": context,
            "stream_mode": sorted(modes),
            "output_keys": graph.output_channels,
            "subgraphs": request.subgraphs,
        }
        for name in ("interrupt_before", "interrupt_after"):
            nodes = getattr(request, name)
            if nodes:
                how[name] = nodes if nodes == "*" else list(nodes)
        if request.durability is not None:
            how["durability"] = request.durability
        return how

    @property
    def answer(self) -> Any:
        """The final state as the protocol has it; what it stopped at stands under `__interrupt__`."""
        if not self.interrupts:
            return self.state
        found = [{"value": one.value, "id": one.id} for one in self.interrupts]
        return {**(self.state if isinstance(self.state, dict) else {}), "__interrupt__": found}


class Stores:
    """One store for each version of a graph, shared by its runs; a graph compiled with a store keeps its own."""

    def __init__(self) -> None:
        self._ready: dict[tuple[str, str], Compiled] = {}
        self._lock = threading.Lock()

    def with_store(self, compiled: Compiled) -> Compiled:
        """The same graph with its store."""
        if getattr(compiled.graph, "store", None) is not None:
            return compiled
        key = (compiled.spec.assistant_id, compiled.version.name)
        with self._lock:
            if key not in self._ready:
                graph = copy.copy(compiled.graph)
                graph.store = make_store(run_config(compiled.spec, compiled.version), compiled.store_factory)
                self._ready[key] = type(compiled)(
                    compiled.spec, compiled.version, graph, compiled.asynchronous, None, compiled.contract
                )
            return self._ready[key]


class Pools:
    """The places of every pool.

    Args:
        settings: how many there are, and how many may wait.
    """

    def __init__(self, settings: ServeSettings) -> None:
        self._settings = settings
        self._executors: dict[str, ThreadPoolExecutor] = {}
        self.running: Counter[str] = Counter()
        self._admin = ThreadPoolExecutor(4, thread_name_prefix="seatrial-admin")

    async def run(self, pool: str, work: Callable[[], Any], timeout_s: float, stop: Callable[[], None]) -> Any:
        """Do work in a place of the pool.

        Raises:
            RequestFailed: the pool is full, or the time is over; then `stop` was called.
        """
        places = self._settings.places_of(pool)
        if self.running[pool] >= places + self._settings.waiting:
            raise RequestFailed(
                "busy", f"pool {pool!r} has {places} runs under way and {self._settings.waiting} waiting", retry_after=1
            )
        executor = self._executors.get(pool)
        if executor is None:
            executor = self._executors[pool] = ThreadPoolExecutor(places, thread_name_prefix=f"seatrial-{pool}")
        self.running[pool] += 1
        context = contextvars.copy_context()
        future = asyncio.get_running_loop().run_in_executor(executor, context.run, work)
        future.add_done_callback(lambda _: self._left(pool))
        try:
            async with asyncio.timeout(timeout_s) as limit:
                return await asyncio.shield(future)
        except TimeoutError:
            stop()
            future.add_done_callback(_heard)
            if limit.expired():
                raise RequestFailed("timeout", f"no answer within {timeout_s:g} s") from None
            raise
        except asyncio.CancelledError:
            stop()
            future.add_done_callback(_heard)
            raise

    async def aside(self, work: Callable[[], Any]) -> Any:
        """Do what may block, a look into a database say, in a thread of its own."""
        return await asyncio.get_running_loop().run_in_executor(self._admin, work)

    def _left(self, pool: str) -> None:
        self.running[pool] -= 1

    def close(self) -> None:
        """Begin nothing more."""
        for executor in (*self._executors.values(), self._admin):
            executor.shutdown(wait=False, cancel_futures=True)


def _heard(future: asyncio.Future[Any]) -> None:
    """A run nobody waits for may fail."""
    if not future.cancelled():
        future.exception()
