"""invoke: one example through one compiled LangGraph graph, and what became of it, told apart.

Other harnesses score a graph that stopped at `interrupt()` as if it had finished, and fail every row of a graph with
a checkpointer. Here every run has a fresh thread, an interrupt is answered by the example's script or is an outcome of
its own, and the nodes it passed are known for free (`invoke` itself is a stream of updates and values).
"""

from __future__ import annotations

import asyncio
import copy
import re
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from langgraph.checkpoint.memory import InMemorySaver
from langgraph.errors import GraphRecursionError
from langgraph.pregel import Pregel

from seatrial.errors import DataError
from seatrial.graph.example_protocol import own
from seatrial.graph.interrupts import Script
from seatrial.graph.run import NOTHING, Run
from seatrial.graph.run_config import make_store, run_config, sent
from seatrial.graph.state import plain
from seatrial.graph.stdout import Heard, listen, silence
from seatrial.graph.stream import MODES, Play
from seatrial.graph.target import CRASHES, AwaitedTarget, Target, by_user, milliseconds, one_line, too_late, unfit
from seatrial.graph.thread_id import take
from seatrial.graph.usage import Usage, takes_config
from seatrial.model.context import Calls
from seatrial.model.context import listen as listen_to_calls
from seatrial.model.context import silence as leave_calls
from seatrial.model.outcome import outcome_of
from seatrial.pool import wait_for
from seatrial.verdict import ErrorKind, Outcome

if TYPE_CHECKING:
    from collections.abc import Callable

    from seatrial.graph.example_protocol import Given
    from seatrial.graph.runtime import Compiled

RETURNED = "output"
"""The field that holds what an `@entrypoint` returned where it is no mapping: a text, a list, a model."""
_STEPS = re.compile(r"limit of (\d+)")
"""How LangGraph says which limit was reached."""

NO_CALLS = Calls()
"""Of a run that has not begun."""

UNCOUNTED = "a model call reported no tokens, so the tokens of the run are unknown"
"""The same sentence for every such run: they are counted by it."""

OF_LANGGRAPH = (Pregel.stream, Pregel.astream)
"""They ask LangChain for handlers before anything else does; what another class does first nobody knows."""

FAILURES = (*CRASHES, asyncio.CancelledError)
"""A crash is an outcome; a KeyboardInterrupt in the main thread is the user's."""


def graph_target(
    compiled: Compiled, *, recursion_limit: int | None = None, clock: Callable[[], float] = time.perf_counter
) -> Target:
    """Make a target of a compiled graph; one that is async can be awaited, too."""
    caller = _Caller(compiled, recursion_limit, clock)
    if not compiled.asynchronous:
        return caller.made
    return AwaitedTarget(caller.waited_for, caller.awaited)


def invoke(
    compiled: Compiled,
    example: Given,
    *,
    run_id: str,
    timeout_s: float | None = None,
    recursion_limit: int | None = None,
    clock: Callable[[], float] = time.perf_counter,
) -> Run:
    """Run the graph on the example to its end, answering scripted interrupts.

    Args:
        compiled: from `Runtime.compiled`.
        example: its inputs, and its script of interrupts.
        run_id: name of the run.
        timeout_s: an async graph is cancelled after so many seconds; a sync one cannot be stopped from inside (the pool
            abandons its thread), but is a timeout all the same if it comes back later than that.
        recursion_limit: steps it may take; None = what the example, the registry or the graph itself says.
        clock: seconds, monotonic.

    Raises:
        DataError: the example's script is none, or its `metadata.config`.
        ContractError: its inputs break the graph's contract.
    """
    return graph_target(compiled, recursion_limit=recursion_limit, clock=clock)(example, run_id, timeout_s)


class _Caller:
    """How one graph is called: all that is the same for every example."""

    def __init__(self, compiled: Compiled, recursion_limit: int | None, clock: Callable[[], float]) -> None:
        self.graph = compiled.graph
        self.recursion_limit, self.clock = recursion_limit, clock
        self.hand_usage_down = takes_config(compiled.graph)
        self.compiled = compiled
        self.contract = compiled.contract
        self.config = run_config(compiled.spec, compiled.version)
        self.has_store = getattr(compiled.graph, "store", None) is not None
        kind = type(compiled.graph)
        self.asks_first = (getattr(kind, "stream", None), getattr(kind, "astream", None)) == OF_LANGGRAPH

    def made(self, example: Given, run_id: str, timeout_s: float | None) -> Run:
        """Called and waited for."""
        call = _Call(self, example)
        graph, play = call.graph, call.play
        given: Any = own(example.inputs)
        heard, token = listen(call.usage)
        call.calls, calls = listen_to_calls()
        started = self.clock()
        try:
            while given is not None:
                for mode, payload in graph.stream(
                    given, call.config, context=call.context, stream_mode=MODES, output_keys=graph.output_channels
                ):
                    play.take(mode, payload)
                given = play.reply()
        except FAILURES as caught:
            if by_user(caught):
                raise
            call.failed(caught)
        finally:
            leave_calls(calls)
            silence(token)
        return call.run(run_id, timeout_s, self.clock() - started, heard)

    async def awaited(self, example: Given, run_id: str, timeout_s: float | None) -> Run:
        """Awaited."""
        call = _Call(self, example)
        graph, play = call.graph, call.play
        given: Any = own(example.inputs)
        heard, token = listen(call.usage)
        call.calls, calls = listen_to_calls()
        started = self.clock()
        try:
            async with asyncio.timeout(timeout_s) as limit:
                while given is not None:
                    async for mode, payload in graph.astream(
                        given, call.config, context=call.context, stream_mode=MODES, output_keys=graph.output_channels
                    ):
                        play.take(mode, payload)
                    given = play.reply()
        except TimeoutError as caught:
            if limit.expired():
                call.kind = ErrorKind.TIMEOUT
            else:  # the graph's own
                call.failed(caught)
        except FAILURES as caught:
            if by_user(caught):
                raise
            call.failed(caught)
        finally:
            leave_calls(calls)
            silence(token)
        return call.run(run_id, timeout_s, self.clock() - started, heard)

    def waited_for(self, example: Given, run_id: str, timeout_s: float | None) -> Run:
        """An async graph, where nobody can await it."""
        return wait_for(self.awaited(example, run_id, timeout_s))


class _Call:
    """One call of a graph: what it is given, what is heard of it, and what became of it."""

    __slots__ = (
        "_caught",
        "_contract",
        "_error",
        "_example",
        "_script",
        "_thread_id",
        "calls",
        "config",
        "context",
        "graph",
        "kind",
        "play",
        "usage",
    )

    def __init__(self, caller: _Caller, example: Given) -> None:
        self._example = example
        self._contract = caller.contract
        if self._contract is not None:
            self._contract.check_inputs(example.inputs, example.contract)
        self._script = Script(example)
        self._thread_id = take()
        self._error: str | None = None
        self._caught: BaseException | None = None
        self.calls = NO_CALLS
        self.kind: ErrorKind | None = None
        self.usage = Usage(requested_before=not caller.asks_first)
        self.play = Play(self._script)
        self.graph = caller.graph
        given = caller.config
        if "config" in example.metadata:
            given = run_config(caller.compiled.spec, caller.compiled.version, example)
        if not caller.has_store:
            self.graph = copy.copy(self.graph)  # a tenth of what LangGraph's own `copy` takes
            self.graph.store = make_store(given, caller.compiled.store_factory)
        elif given.store:
            raise DataError(f"example {example.id!r}: the graph has a store of its own, which every run would share")
        if self._script and not self.graph.checkpointer:
            self.graph = self.graph.copy({"checkpointer": InMemorySaver()})
        self.context, configurable = sent(given, getattr(self.graph, "context_schema", None))
        configurable["thread_id"] = self._thread_id
        self.config: dict[str, Any] = {"configurable": configurable}
        limit = given.recursion_limit if caller.recursion_limit is None else caller.recursion_limit
        if limit is not None:  # else a limit of the graph's own, or of the environment, counts
            self.config["recursion_limit"] = limit
        if caller.hand_usage_down:
            self.config["callbacks"] = [self.usage]

    def failed(self, caught: BaseException) -> None:
        """It raised."""
        self._caught = caught
        if isinstance(caught, GraphRecursionError):
            steps = _STEPS.search(str(caught))
            self._error, self.kind = (
                f"no end within {steps[1] if steps else 'its limit of'} steps",
                ErrorKind.RECURSION_LIMIT,
            )
        else:
            self._error, self.kind = one_line(caught), ErrorKind.EXCEPTION

    def _breach(self, state: Mapping[str, Any]) -> str | None:
        """What of the contract the final state breaks: as it is, and in the plain form that evidence keeps."""
        if self._contract is None or self._contract.refused_outputs(state) is None:
            return None
        return self._contract.refused_outputs(plain(state))

    def run(self, run_id: str, timeout_s: float | None, seconds: float, heard: Heard) -> Run:
        """What became of it."""
        play, error, kind = self.play, self._error, self.kind
        if isinstance(self.graph.checkpointer, InMemorySaver):
            # Nobody resumes it: memory stays flat over a million rows.
            self.graph.checkpointer.delete_thread(self._thread_id)
        seconds -= self.calls.waited_s  # for a model's limits, and between tries: not the graph's own
        if timeout_s is not None and (kind is ErrorKind.TIMEOUT or seconds > timeout_s):
            error, kind = too_late(timeout_s), ErrorKind.TIMEOUT
        if kind is None and play.unanswered is None:
            state: Any = play.state
            if state is not None and not isinstance(state, Mapping):
                state = play.state = {RETURNED: state}
            error = unfit(state) or self._breach(state)
            kind = ErrorKind.INVALID_OUTPUT if error else None
        outcome = Outcome.SCORED if kind is None else Outcome.TARGET_ERROR
        if kind is None and play.unanswered is not None:
            outcome, error = Outcome.INTERRUPTED, play.unanswered
        unanswered = outcome_of(self._caught, self.calls)
        if unanswered is not None:
            outcome, kind, error = unanswered
        notes = (*(self._script.unused() if self._script and kind is None else ()), *self.calls.notes)
        if outcome is Outcome.SCORED and self.calls.skipped is not None:
            notes = (*notes, f"answered without a model call that came to nothing: {self.calls.skipped}")
        read, written, model, uncounted, known, counts = self.usage.reported()
        extra: dict[str, Any] = {}
        if uncounted:
            notes, extra = (*notes, UNCOUNTED), {"uncounted_calls": uncounted, "known_tokens": known}
        return Run(
            id=run_id,
            inputs=self._example.inputs,
            outputs=play.state if outcome is Outcome.SCORED else None,
            error=error,
            outcome=outcome,
            error_kind=kind,
            latency_ms=milliseconds(seconds),
            input_tokens=read,
            output_tokens=written,
            model=model,
            path=tuple(play.path),
            stdout="".join(heard),
            thread_id=self._thread_id,
            extra={"warnings": notes, **extra} if notes else NOTHING,
            counts=counts,
        )
