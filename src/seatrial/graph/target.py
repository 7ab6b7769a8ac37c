"""Target: whatever is evaluated, as one call `(example, run_id, timeout_s) -> Run` that never raises.

A LangGraph graph becomes one in `invoke.py`; here a plain function `(inputs) -> mapping` does.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from seatrial.graph.example_protocol import own
from seatrial.graph.run import NOTHING, Run
from seatrial.graph.stdout import listen, silence
from seatrial.verdict import ErrorKind, Outcome

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from seatrial.graph.example_protocol import Given

CRASHES = (Exception, SystemExit, KeyboardInterrupt)
"""What code of the project may raise that is an outcome of its run; see `by_user`."""

LONGEST = 500
"""Characters of an exception's message a row keeps."""


class Target(Protocol):
    """What the runner calls: one execution on one example.

    `timeout_s` is for targets that can end themselves; the runner abandons the others. A run that took longer is a
    timeout whoever noticed it.
    """

    def __call__(self, example: Given, run_id: str, timeout_s: float | None, /) -> Run:
        """Execute once."""
        ...


class CallContract(Protocol):
    """The typed inputs and outputs of a graph: `seatrial.dataset.Contract` is one."""

    def check_inputs(self, inputs: Mapping[str, Any], version: str, /) -> None:
        """Raise a ContractError for inputs, or a version of them, that the graph does not take."""
        ...

    def refused_outputs(self, outputs: Mapping[str, Any], /) -> str | None:
        """What is wrong with outputs, as one sentence; None when they are as they should be."""
        ...


class AwaitedTarget(NamedTuple):
    """A target that can be called, and awaited as well: many such runs share one event loop."""

    call: Target
    awaited: Callable[[Given, str, float | None], Awaitable[Run]]

    def __call__(self, example: Given, run_id: str, timeout_s: float | None, /) -> Run:
        """Execute once, and wait for it."""
        return self.call(example, run_id, timeout_s)


def by_user(error: BaseException) -> bool:
    """Whether it is somebody's Ctrl-C: Python raises that in the main thread only; elsewhere the code raised it itself."""
    return isinstance(error, KeyboardInterrupt) and threading.current_thread() is threading.main_thread()


def one_line(error: BaseException) -> str:
    """`TypeName: message` on one line."""
    try:
        message = " ".join(str(error).split())
    except Exception as broken:  # noqa: BLE001 - somebody else's __str__
        message = f"(its message cannot be printed: {type(broken).__name__})"
    if len(message) > LONGEST:
        message = message[: LONGEST - 1] + "…"
    return f"{type(error).__name__}: {message}" if message else type(error).__name__


def unfit(state: object) -> str | None:
    """Why `state` is no final state, as one sentence; None when it is one."""
    if isinstance(state, Mapping):
        return None
    return f"the final state is {'nothing' if state is None else f'a {type(state).__name__}'}, not a mapping"


def too_late(timeout_s: float) -> str:
    """The sentence of a run that outlived its timeout."""
    return f"no answer within {timeout_s:g} s"


def milliseconds(seconds: float) -> float:
    """To the nanosecond: no clock knows more, and digits it does not know take longer to write than to measure."""
    return int(seconds * 1e9) / 1e6


def callable_target(
    function: Callable[[Mapping[str, Any]], Mapping[str, Any]], *, clock: Callable[[], float] = time.perf_counter
) -> Target:
    """Make a target of a plain function from inputs to outputs."""

    def target(example: Given, run_id: str, timeout_s: float | None) -> Run:
        inputs = example.inputs
        heard, token = listen()
        state: Any = None
        error: str | None = None
        kind: ErrorKind | None = None
        started = clock()
        try:
            state = function(own(inputs))
        except CRASHES as caught:
            if by_user(caught):
                raise
            error, kind = one_line(caught), ErrorKind.EXCEPTION
        finally:
            silence(token)
        seconds = clock() - started
        if timeout_s is not None and seconds > timeout_s:
            error, kind = too_late(timeout_s), ErrorKind.TIMEOUT
        elif kind is None and type(state) is not dict and (error := unfit(state)) is not None:
            kind = ErrorKind.INVALID_OUTPUT
        latency_ms, printed = milliseconds(seconds), "".join(heard) if heard else ""
        if kind is None:
            # As Run(...), which would take twice as long to do the same.
            return tuple.__new__(
                Run,
                (
                    run_id,
                    inputs,
                    state,
                    None,
                    "scored",
                    None,
                    latency_ms,
                    None,
                    None,
                    None,
                    (),
                    printed,
                    None,
                    NOTHING,
                    None,
                ),
            )
        return Run(run_id, inputs, None, error, Outcome.TARGET_ERROR, kind, latency_ms, stdout=printed)

    return target
