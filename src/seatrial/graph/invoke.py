"""invoke: one example through one compiled LangGraph graph, and what became of it, told apart.

Other harnesses score a graph that stopped at `interrupt()` as if it had finished, and fail every row of a graph with
a checkpointer. Here every run has a fresh thread, an interrupt is answered by the example's script or is an outcome of
its own, and the nodes it passed are known for free (`invoke` itself is a stream of updates and values).
"""

from __future__ import annotations

import asyncio
import contextvars
import threading
import time
import uuid
from typing import TYPE_CHECKING, Any

from langchain_core.callbacks import BaseCallbackHandler
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.errors import GraphRecursionError
from langgraph.types import Command

from seatrial import pool
from seatrial.graph.interrupts import Script
from seatrial.graph.run import Run
from seatrial.graph.stdout import Heard, listen, silence
from seatrial.graph.target import AwaitedTarget, Target, milliseconds, one_line, too_late, unfit
from seatrial.verdict import ErrorKind, Outcome

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Mapping

    from langchain_core.outputs import LLMResult

    from seatrial.graph.given import Given
    from seatrial.graph.runtime import Compiled

RECURSION_LIMIT = 25
"""Steps a graph may take, LangGraph's own default."""

MODES = ["updates", "values"]

FAILURES = (Exception, SystemExit, asyncio.CancelledError)
"""A crash is an outcome; a KeyboardInterrupt is the user's."""


def graph_target(
    compiled: Compiled, *, recursion_limit: int = RECURSION_LIMIT, clock: Callable[[], float] = time.perf_counter
) -> Target:
    """Make a target of a compiled graph; one that is async can be awaited, too."""

    def target(example: Given, run_id: str, timeout_s: float | None) -> Run:
        return invoke(
            compiled, example, run_id=run_id, timeout_s=timeout_s, recursion_limit=recursion_limit, clock=clock
        )

    async def awaited(example: Given, run_id: str, timeout_s: float | None) -> Run:
        return await _Call(compiled, example, recursion_limit).awaited(run_id, timeout_s, clock)

    return AwaitedTarget(target, awaited) if compiled.asynchronous else target


def invoke(
    compiled: Compiled,
    example: Given,
    *,
    run_id: str,
    timeout_s: float | None = None,
    recursion_limit: int = RECURSION_LIMIT,
    clock: Callable[[], float] = time.perf_counter,
) -> Run:
    """Run the graph on the example to its end, answering scripted interrupts.

    Args:
        compiled: from `Runtime.compiled`.
        example: its inputs, and its script of interrupts.
        run_id: name of the run.
        timeout_s: an async graph is cancelled after so many seconds; a sync one cannot be stopped from inside (the pool
            abandons its thread), but is a timeout all the same if it comes back later than that.
        recursion_limit: steps it may take.
        clock: seconds, monotonic.

    Raises:
        DataError: the example's script is none.
    """
    call = _Call(compiled, example, recursion_limit)
    if compiled.asynchronous:
        return _await(call.awaited(run_id, timeout_s, clock))
    return call.made(run_id, timeout_s, clock)


class _Call:
    """One call of a graph: what it is given, what is heard of it, and what became of it."""

    def __init__(self, compiled: Compiled, example: Given, recursion_limit: int) -> None:
        self._example, self._recursion_limit = example, recursion_limit
        self._script = Script(example)
        self._usage = _Usage()
        self._play = _Play(self._script)
        self._thread_id: str | None = None
        self._error: str | None = None
        self._kind: ErrorKind | None = None
        graph = compiled.graph
        if self._script and not graph.checkpointer:
            graph = graph.copy({"checkpointer": InMemorySaver()})
        self._graph = graph
        self._config: dict[str, Any] = {"callbacks": [self._usage], "recursion_limit": recursion_limit}
        if graph.checkpointer:
            self._thread_id = uuid.uuid4().hex
            self._config["configurable"] = {"thread_id": self._thread_id}

    def made(self, run_id: str, timeout_s: float | None, clock: Callable[[], float]) -> Run:
        """Called and waited for."""
        heard, token = listen()
        started = clock()
        try:
            self._play.through(self._graph, self._example.inputs, self._config)
        except FAILURES as caught:
            self._failed(caught)
        finally:
            silence(token)
        return self._run(run_id, timeout_s, clock() - started, heard)

    async def awaited(self, run_id: str, timeout_s: float | None, clock: Callable[[], float]) -> Run:
        """Awaited."""
        heard, token = listen()
        started = clock()
        try:
            if not await self._play.through_async(self._graph, self._example.inputs, self._config, timeout_s):
                self._kind = ErrorKind.TIMEOUT
        except FAILURES as caught:
            self._failed(caught)
        finally:
            silence(token)
        return self._run(run_id, timeout_s, clock() - started, heard)

    def _failed(self, caught: BaseException) -> None:
        if isinstance(caught, GraphRecursionError):
            self._error, self._kind = f"no end within {self._recursion_limit} steps", ErrorKind.RECURSION_LIMIT
        else:
            self._error, self._kind = one_line(caught), ErrorKind.EXCEPTION

    def _run(self, run_id: str, timeout_s: float | None, seconds: float, heard: Heard) -> Run:
        play, usage, error, kind = self._play, self._usage, self._error, self._kind
        if self._thread_id is not None and isinstance(self._graph.checkpointer, InMemorySaver):
            # Nobody resumes it: memory stays flat over a million rows.
            self._graph.checkpointer.delete_thread(self._thread_id)
        if timeout_s is not None and (kind is ErrorKind.TIMEOUT or seconds > timeout_s):
            error, kind = too_late(timeout_s), ErrorKind.TIMEOUT
        if kind is None and play.unanswered is None:
            error = unfit(play.state)
            kind = ErrorKind.INVALID_OUTPUT if error else None
        outcome = Outcome.SCORED if kind is None else Outcome.TARGET_ERROR
        if kind is None and play.unanswered is not None:
            outcome, error = Outcome.INTERRUPTED, play.unanswered
        unused = self._script.unused() if self._script and kind is None else ()
        return Run(
            id=run_id,
            inputs=self._example.inputs,
            outputs=play.state if outcome is Outcome.SCORED else None,
            error=error,
            outcome=outcome,
            error_kind=kind,
            latency_ms=milliseconds(seconds),
            input_tokens=usage.read,
            output_tokens=usage.written,
            model=usage.model,
            path=tuple(play.path),
            stdout="".join(heard),
            thread_id=self._thread_id,
            extra={"warnings": unused} if unused else {},
        )


class _Play:
    """One run as it streams by: the last state, the nodes passed, the questions asked."""

    __slots__ = ("_asked", "_questions", "_script", "path", "state", "unanswered")

    def __init__(self, script: Script) -> None:
        self._script = script
        self._questions: list[Any] = []
        self._asked = False
        self.path: list[str] = []
        self.state: Any = None
        self.unanswered: str | None = None

    def through(self, graph: Any, given: Any, config: dict[str, Any]) -> None:
        while given is not None:
            for mode, payload in graph.stream(given, config, stream_mode=MODES, output_keys=graph.output_channels):
                self._take(mode, payload)
            given = self._reply()

    async def through_async(self, graph: Any, given: Any, config: dict[str, Any], timeout_s: float | None) -> bool:
        """The same, awaited; False when the time was up (a TimeoutError of the graph's own is raised as such)."""
        try:
            async with asyncio.timeout(timeout_s) as limit:
                while given is not None:
                    async for mode, payload in graph.astream(
                        given, config, stream_mode=MODES, output_keys=graph.output_channels
                    ):
                        self._take(mode, payload)
                    given = self._reply()
        except TimeoutError:
            if limit.expired():
                return False
            raise
        return True

    def _take(self, mode: str, payload: Any) -> None:
        if mode == "values":
            self.state = payload
            return
        for name in payload:
            if name == "__interrupt__":
                self._asked = True
                self._questions.extend(payload[name])
            elif name != "__metadata__":
                self.path.append(name)

    def _reply(self) -> Command[Any] | None:
        if not self._asked:
            return None
        if not self._questions:
            self.unanswered = (
                "it stopped at a breakpoint (interrupt_before or interrupt_after), which no script answers"
            )
            return None
        answers, missing = self._script.answer(self._questions)
        if missing is not None:
            self.unanswered = f"it asked {missing[:200]!r}, which metadata.resume of the example does not answer"
            return None
        self._asked, self._questions = False, []
        return Command(resume=answers)


class _Usage(BaseCallbackHandler):
    """Tokens and names of the models that answered; deaf to everything else, which is what keeps it cheap."""

    run_inline = True
    ignore_chain = True
    ignore_agent = True
    ignore_retriever = True
    ignore_chat_model = True  # its start; the end of a chat model is an `llm_end`
    ignore_retry = True
    ignore_custom_event = True

    def __init__(self) -> None:
        self._names: list[str] = []
        self._counts: list[Mapping[str, Any]] = []

    def on_llm_end(self, response: LLMResult, **_: Any) -> None:
        for generations in response.generations:
            message = getattr(generations[0], "message", None) if generations else None
            name = getattr(message, "response_metadata", {}).get("model_name")
            if name:
                self._names.append(str(name))
            usage = getattr(message, "usage_metadata", None)
            if usage:
                self._counts.append(usage)

    @property
    def read(self) -> int | None:
        return sum(count["input_tokens"] for count in self._counts) if self._counts else None

    @property
    def written(self) -> int | None:
        return sum(count["output_tokens"] for count in self._counts) if self._counts else None

    @property
    def model(self) -> str | None:
        return "+".join(dict.fromkeys(self._names)) or None


def _await(coroutine: Coroutine[Any, Any, Run]) -> Run:
    """Run to the end on this worker's own event loop."""
    context = contextvars.copy_context()
    if _loop_is_running():
        return _elsewhere(coroutine, context)
    runner = pool.own(asyncio.Runner)
    if runner is not None:
        return runner.run(coroutine, context=context)
    with asyncio.Runner() as fresh:
        return fresh.run(coroutine, context=context)


def _loop_is_running() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


def _elsewhere(coroutine: Coroutine[Any, Any, Run], context: contextvars.Context) -> Run:
    """The same in a thread of its own: in a notebook this thread's loop is already running."""
    ended: list[Run | BaseException] = []

    def await_it() -> None:
        try:
            ended.append(asyncio.run(coroutine))
        except BaseException as error:  # noqa: BLE001 - raised again below, in the caller's thread
            ended.append(error)

    thread = threading.Thread(target=context.run, args=(await_it,), daemon=True)
    thread.start()
    thread.join()
    if isinstance(ended[0], BaseException):
        raise ended[0]
    return ended[0]
