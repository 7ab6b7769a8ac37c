"""Shadow: copies of live requests go through the candidate afterwards, and nothing it does reaches anything live.

shadow = Shadow(candidate, side_effects="none", keep=rows.append, sample=0.1)
answer = shadow.around(live)(request)      # the live answer, unchanged; the candidate runs later, in a thread of its own

The request is copied before the live call. The candidate runs under `use_store(None)`, so that what it emits is discarded;
it must be compiled with a checkpointer and a store of its own (`isolated`). A full queue drops and counts, and never waits.
"""

from __future__ import annotations

import copy
import queue
import random
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from seatrial.errors import ConfigError
from seatrial.store.current import use_store

if TYPE_CHECKING:
    from collections.abc import Callable

UNDISTURBED = 50
"""Live calls without trouble after which the sample grows by a tenth of the planned one."""


@dataclass(frozen=True, slots=True)
class Compared:
    """One request that both versions answered.

    Attributes:
        request: as it came.
        live: the live answer.
        candidate: the candidate's; None where it raised.
        error: what it raised; empty where it answered.
        rate: the share of requests that were sampled at that time, by which a comparison is stratified.
    """

    request: Any
    live: Any
    candidate: Any
    error: str
    rate: float


@dataclass(frozen=True, slots=True)
class Counts:
    """What became of the live calls: sampled ones were compared, dropped, or are waiting."""

    live: int
    sampled: int
    dropped: int
    compared: int
    failed: int


class Shadow:
    """Runs the candidate on a sample of live requests.

    Args:
        candidate: request -> answer, isolated from everything live.
        side_effects: what the graph's registry row declares; only "none" is run.
        keep: called with every `Compared`, in the shadow's own threads.
        sample: share of requests that are copied, above 0 and at most 1.
        workers: candidates that run at once.
        waiting: requests that may wait; further ones are dropped.
        killed: read at every request; true: nothing is sampled.
        seed: of the sampling.

    Raises:
        ConfigError: the graph does not declare that it has no side effects, or the sample is no share.
    """

    def __init__(
        self,
        candidate: Callable[[Any], Any],
        *,
        side_effects: str | None,
        keep: Callable[[Compared], None],
        sample: float = 0.1,
        workers: int = 1,
        waiting: int = 100,
        killed: Callable[[], bool] = lambda: False,
        seed: int | None = None,
    ) -> None:
        if side_effects != "none":
            said = "does not declare its side effects" if side_effects is None else f"declares {side_effects!r}"
            raise ConfigError(f'the graph {said}; a shadow runs what has none: side_effects="none" in its registry row')
        if not 0 < sample <= 1:
            raise ConfigError(f"sample must lie above 0 and not above 1, got {sample!r}")
        self._candidate, self._keep, self._killed = candidate, keep, killed
        self._planned = self._rate = sample
        self._calm = 0
        self._random = random.Random(seed)  # noqa: S311 - a sample, not a secret
        self._queue: queue.Queue[tuple[Any, Any, float] | None] = queue.Queue(waiting)
        self._lock = threading.Lock()
        self._counts = {"live": 0, "sampled": 0, "dropped": 0, "compared": 0, "failed": 0}
        self._threads = [
            threading.Thread(target=self._run, name="seatrial-shadow", daemon=True) for _ in range(workers)
        ]
        for thread in self._threads:
            thread.start()

    @property
    def rate(self) -> float:
        """The share of requests that is sampled now."""
        return self._rate

    @property
    def counts(self) -> Counts:
        """What became of the live calls so far."""
        with self._lock:
            return Counts(**self._counts)

    def around(self, live: Callable[[Any], Any]) -> Callable[[Any], Any]:
        """The live call, whose requests are also given to the candidate once it has answered."""

        def call(request: Any) -> Any:
            taken = self._take()
            mine = copy.deepcopy(request) if taken else None
            answer = live(request)
            if taken:
                self._offer(mine, copy.deepcopy(answer))
            return answer

        return call

    def trouble(self) -> None:
        """The live side is short of capacity (429, 5xx, latency): halve the sample; it grows again slowly."""
        with self._lock:
            self._rate, self._calm = self._rate / 2, 0

    def close(self) -> None:
        """Compare what waits, then end the threads."""
        for _ in self._threads:
            self._queue.put(None)
        for thread in self._threads:
            thread.join()

    def _take(self) -> bool:
        with self._lock:
            self._counts["live"] += 1
            self._calm += 1
            if self._calm >= UNDISTURBED and self._rate < self._planned:
                self._rate, self._calm = min(self._planned, self._rate + self._planned / 10), 0
            taken = self._random.random() < self._rate and not self._killed()
            self._counts["sampled"] += taken
            return taken

    def _offer(self, request: Any, answer: Any) -> None:
        try:
            self._queue.put_nowait((request, answer, self._rate))
        except queue.Full:
            with self._lock:
                self._counts["dropped"] += 1

    def _run(self) -> None:
        with use_store(None):
            while (one := self._queue.get()) is not None:
                request, live, rate = one
                error, answer = "", None
                try:
                    answer = self._candidate(copy.deepcopy(request))
                except Exception as raised:  # noqa: BLE001 - whatever the candidate raises is its own
                    error = f"{type(raised).__name__}: {raised}"
                self._keep(Compared(request, live, answer, error, rate))
                with self._lock:
                    self._counts["compared"] += 1
                    self._counts["failed"] += bool(error)


def isolated(graph: Any, *, name: str = "shadow") -> Callable[[Any], Any]:
    """An uncompiled LangGraph graph as a candidate: compiled with a checkpointer and a store that nothing else knows.

    Every request runs in a thread id of its own, whatever the live one is called.
    """
    from langgraph.checkpoint.memory import InMemorySaver  # noqa: PLC0415 - only where a graph is shadowed
    from langgraph.store.memory import InMemoryStore  # noqa: PLC0415

    lock, count = threading.Lock(), [0]

    def call(request: Any) -> Any:
        with lock:
            count[0] += 1
            thread = f"{name}-{count[0]}"
        compiled = graph.compile(checkpointer=InMemorySaver(), store=InMemoryStore())
        return compiled.invoke(request, {"configurable": {"thread_id": thread}})

    return call
