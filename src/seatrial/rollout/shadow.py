"""Shadow: copies of live requests go through the candidate afterwards, and nothing it does reaches anything live.

shadow = Shadow(candidate, side_effects="none", keep=rows.append)
answer = shadow.around(graph.invoke)(inputs, config)    # the live answer, unchanged; the candidate runs later

The request is copied before the live call, of each thread the first one only: the candidate has no history of a thread. The
candidate runs in threads of its own, under `use_store(None)` and without tracing, so that what it emits is discarded. A full
queue drops and counts, and never waits.
"""

from __future__ import annotations

import inspect
import os
import queue
import random
import threading
import time
import uuid
from collections import OrderedDict
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from seatrial.errors import ConfigError
from seatrial.graph.example_protocol import copied
from seatrial.rollout.shadow_request import Compared, Counts, Place, Request, copy_of, view_of
from seatrial.rollout.throttle import Throttle
from seatrial.store.current import use_store

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from contextlib import AbstractContextManager

REMEMBERED = 65_536
"""Threads of which is known that their first request has passed."""
SWITCH = "SEATRIAL_SHADOW"
"""Environment variable that stops every shadow of a process at its next request: `off`."""


def switched_off() -> bool:
    """Whether the environment stops every shadow of this process."""
    return os.environ.get(SWITCH, "").lower() == "off"


class LiveFailed(Exception):
    """The live call failed, and not by the live version's doing: there is nothing to compare with."""


@dataclass(frozen=True, slots=True)
class _Taken:
    request: Request
    place: Place
    rate: float


class Shadow:
    """Runs the candidate on a sample of live requests.

    Args:
        candidate: request -> answer, isolated from everything live.
        side_effects: what the graph's registry row declares; only "none" is run.
        keep: called with every `Compared`, in the shadow's own threads; what it raises is counted and kept in `problem`.
        place: where a request belongs; None: it is not copied.
        workers: candidates that run at once.
        waiting: requests that may wait; further ones are dropped.
        killed: read at every request; true: nothing is copied. Default: the environment says SEATRIAL_SHADOW=off.
        spent: told of every pair once the candidate has answered, before it is kept: what that cost is spent in any case.
        seed: of the sampling.
        clock: seconds, monotonic.
        within: entered around every thread's work: the server's limits of model calls, say.

    Raises:
        ConfigError: the graph does not declare that it has no side effects.
    """

    def __init__(
        self,
        candidate: Callable[[Request], Any],
        *,
        side_effects: str | None,
        keep: Callable[[Compared], object],
        place: Callable[[Request], Place | None] = lambda _: Place(),
        workers: int = 1,
        waiting: int = 100,
        killed: Callable[[], bool] = switched_off,
        spent: Callable[[Compared], object] = lambda _: None,
        seed: int | None = None,
        clock: Callable[[], float] = time.perf_counter,
        within: Callable[[], AbstractContextManager[object]] = nullcontext,
    ) -> None:
        refuse_side_effects(side_effects)
        self._candidate, self._keep, self._place, self._killed = candidate, keep, place, killed
        self._within, self._spent = within, spent
        self._clock, self._random = clock, random.Random(seed)  # noqa: S311 - a sample, not a secret
        self._throttle, self._lock = Throttle(), threading.Lock()
        self._counts = dict.fromkeys(Counts.__dataclass_fields__, 0)
        self._seen: OrderedDict[str, None] = OrderedDict()
        self._queue: queue.Queue[tuple[_Taken, Any, str, float] | None] = queue.Queue(waiting)
        self.problem = ""
        self._threads = [
            threading.Thread(target=self._run, name="seatrial-shadow", daemon=True) for _ in range(workers)
        ]
        for thread in self._threads:
            thread.start()

    @property
    def factor(self) -> float:
        """The part of the planned sample that is taken now."""
        return self._throttle.factor

    @property
    def counts(self) -> Counts:
        """What became of the live calls so far."""
        with self._lock:
            return Counts(**self._counts)

    def around(self, live: Callable[..., Any]) -> Callable[..., Any]:
        """The same call, whose requests are also given to the candidate once it has answered.

        Args:
            live: `graph.invoke`, `graph.ainvoke` or any function (inputs, config).

        Raises:
            ConfigError: it is a stream, which has no one answer.
        """
        if inspect.isgeneratorfunction(live) or inspect.isasyncgenfunction(live):
            raise ConfigError("a shadow goes around invoke or ainvoke: a stream has no one answer to compare")
        if inspect.iscoroutinefunction(live):

            async def awaited(inputs: Any, *more: Any, **named: Any) -> Any:
                taken, began = self._take(inputs, more, named), self._clock()
                try:
                    answer = await live(inputs, *more, **named)
                except BaseException as error:
                    self._answered(taken, None, error, self._clock() - began)
                    raise
                self._answered(taken, answer, None, self._clock() - began)
                return answer

            return awaited

        def call(inputs: Any, *more: Any, **named: Any) -> Any:
            taken, began = self._take(inputs, more, named), self._clock()
            try:
                answer = live(inputs, *more, **named)
            except BaseException as error:
                self._answered(taken, None, error, self._clock() - began)
                raise
            self._answered(taken, answer, None, self._clock() - began)
            return answer

        return call

    def trouble(self) -> None:
        """The live side is short of capacity: halve the sample; it grows again slowly."""
        with self._lock:
            self._throttle.trouble()

    def close(self) -> None:
        """Compare what waits, then end the threads."""
        for _ in self._threads:
            self._queue.put(None)
        for thread in self._threads:
            thread.join()

    def _take(self, inputs: Any, more: tuple[Any, ...], named: Mapping[str, Any]) -> _Taken | None:
        """A copy of the request, where it is sampled; whatever goes wrong here, the live call never notices."""
        self._note("live")
        try:
            config = named.get("config", more[0] if more else None) or {}
            thread = str((config.get("configurable") or {}).get("thread_id") or uuid.uuid4())
            place = None if self._killed() else self._place(view_of(inputs, config, named, thread))
            with self._lock:
                first = self._is_first(thread)
                rate = 0.0 if place is None else place.sample * self._throttle.factor
                if place is None or not first or self._random.random() >= rate:
                    return None
                self._counts["sampled"] += 1
            return _Taken(copy_of(inputs, config, named, thread), place, rate)
        except Exception as error:  # noqa: BLE001 - an answer must go out whatever became of the shadow
            self._note("uncopied", error)
            return None

    def _is_first(self, thread: str) -> bool:
        first = thread not in self._seen
        self._seen[thread] = None
        self._seen.move_to_end(thread)
        if len(self._seen) > REMEMBERED:
            self._seen.popitem(last=False)
        return first

    def _answered(self, taken: _Taken | None, answer: Any, error: BaseException | None, seconds: float) -> None:
        try:
            overloaded = error is not None and _is_overload(error)
            with self._lock:
                self._throttle.observe(seconds, overloaded=overloaded)
                if taken is None:
                    return
                if overloaded or (error is not None and not isinstance(error, Exception)):
                    self._counts["overloaded"] += 1
                    return
            wording = "" if error is None else f"{type(error).__name__}: {error}"
            self._queue.put_nowait((taken, copied(answer), wording, seconds * 1000))
        except queue.Full:
            self._note("dropped")
        except Exception as broken:  # noqa: BLE001 - as above
            self._note("uncopied", broken)

    def _note(self, count: str, error: Exception | None = None) -> None:
        with self._lock:
            self._counts[count] += 1
            if error is not None:
                self.problem = f"{type(error).__name__}: {error}"

    def _run(self) -> None:
        with use_store(None), untraced(), self._within():
            while (one := self._queue.get()) is not None:
                taken, live, live_error, live_ms = one
                error, answer, began = "", None, self._clock()
                try:
                    answer = self._candidate(taken.request)
                except Exception as raised:  # noqa: BLE001 - whatever the candidate raises is its own
                    error = f"{type(raised).__name__}: {raised}"
                spent = (self._clock() - began) * 1000
                self._note("compared")
                if error or getattr(answer, "error", None):  # a `Run` carries what the candidate raised
                    self._note("failed")
                pair = Compared(taken.request, taken.place, live, live_error, live_ms, answer, error, spent, taken.rate)
                try:
                    self._spent(pair)
                    self._keep(pair)
                except Exception as error:  # noqa: BLE001 - a store that is down must not end the thread
                    self._note("unrecorded", error)


def refuse_side_effects(declared: str | None) -> None:
    """Raise a ConfigError unless the graph declares that it changes nothing in the world."""
    if declared != "none":
        wording = "does not declare its side effects" if declared is None else f"declares {declared!r}"
        raise ConfigError(f'the graph {wording}; a shadow runs what has none: side_effects="none" in its registry row')


def isolated(graph: Any) -> Callable[[Request], Any]:
    """An uncompiled LangGraph graph as a candidate: compiled with a checkpointer and a store that nothing else knows.

    Every request runs in a new thread id, whatever the live one is called.
    """
    from langgraph.checkpoint.memory import InMemorySaver  # noqa: PLC0415 - only where a graph is shadowed
    from langgraph.store.memory import InMemoryStore  # noqa: PLC0415

    def call(request: Request) -> Any:
        compiled = graph.compile(checkpointer=InMemorySaver(), store=InMemoryStore())
        configurable = {**request.configurable, "thread_id": f"shadow-{uuid.uuid4()}"}
        named = {} if request.context is None else {"context": request.context}
        return compiled.invoke(request.inputs, {"configurable": configurable}, **named)

    return call


def _is_overload(error: BaseException) -> bool:
    """Whether a live call failed for want of capacity: 429, 5xx, no answer in time, no connection."""
    from seatrial.model.failure import Kind, failure_of  # noqa: PLC0415 - only where a live call failed

    if isinstance(error, LiveFailed):
        return True
    return failure_of(error, time.time()).kind in (Kind.THROTTLED, Kind.FAILED)


@contextmanager
def untraced() -> Iterator[None]:
    """No trace of a shadow goes to where live runs are traced."""
    try:
        from langsmith.run_helpers import tracing_context  # noqa: PLC0415 - only where it is installed
    except ImportError:
        yield
        return
    with tracing_context(enabled=False):
        yield
