"""The process's one event loop: everything that is awaited runs on it, from the first use to the exit.

What a module makes at import (an async client with its connections, a semaphore, a database pool) belongs to the event
loop it is first used on and fails on any other. So there is one loop, in a daemon thread of its own, that no run of ours
closes. It is replaced only when code that never awaits keeps it for longer than a run may take; `loops_abandoned` counts that.
"""

from __future__ import annotations

import asyncio
import contextvars
import os
import threading
from asyncio import events
from collections import deque
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, TypeVar, TypeVarTuple

from seatrial.errors import ExitCode, SeatrialError, UsageError
from seatrial.pool.daemon_threads import DaemonThreads

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterator
    from concurrent.futures import Executor

Value = TypeVar("Value")
Given = TypeVarTuple("Given")

INLINE: list[Callable[[Callable[..., Any]], bool]] = []
"""Who recognises a function that asks for a thread but is quick and does not block: it is called on the loop itself."""


class OnTheLoop(UsageError):
    """Code that runs on the process's event loop cannot block it to wait for what runs there too."""


class LoopAbandoned(SeatrialError):
    """Code that never awaited kept the event loop: it was replaced, and what failed since may have failed for that."""

    reason_class = "invalid"
    exit_code = ExitCode.COULD_NOT_TELL


class _Loop(asyncio.SelectorEventLoop):
    """Sends blocking calls to daemon threads: asyncio's own are waited for when the interpreter exits, for ever if need be."""

    def __init__(self) -> None:
        super().__init__()
        self.threads = DaemonThreads()

    def run_in_executor(
        self, executor: Executor | None, func: Callable[[*Given], Value], *args: *Given
    ) -> asyncio.Future[Value]:
        if executor is None and any(quick(func) for quick in INLINE):
            done = self.create_future()
            try:
                done.set_result(func(*args))
            except Exception as error:  # noqa: BLE001 - whoever awaits it hears it, as from a thread
                done.set_exception(error)
            return done
        if executor is None:
            return asyncio.wrap_future(self.threads.submit(func, *args), loop=self)
        return super().run_in_executor(executor, func, *args)


class ProcessLoop:
    """An event loop in its own thread that nothing which runs on it can end."""

    def __init__(self) -> None:
        self.loop = _Loop()
        self._thread = threading.Thread(target=self._live, name="seatrial-loop", daemon=True)
        self._thread.start()

    @property
    def ident(self) -> int | None:
        """Number of its thread."""
        return self._thread.ident

    def here(self) -> bool:
        """Whether the asking code runs on it."""
        return threading.get_ident() == self._thread.ident

    def start(
        self,
        coroutine: Coroutine[Any, Any, Value],
        ended: Callable[[asyncio.Task[Value]], None],
        context: contextvars.Context | None = None,
    ) -> deque[asyncio.Task[Value]]:
        """Begin it there; `ended` is called there with its task, which is handed out once there is one."""
        task: deque[asyncio.Task[Value]] = deque(maxlen=1)

        def begin() -> None:
            task.append(self.loop.create_task(coroutine))
            task[0].add_done_callback(ended)

        self.loop.call_soon_threadsafe(begin, context=context)
        return task

    def cancel(self, task: deque[asyncio.Task[Any]]) -> None:
        """Cancel what `start` began; in turn, so it has begun by then."""
        self.loop.call_soon_threadsafe(lambda: task[0].cancel())  # noqa: PLW0108 - there is no task yet

    def _live(self) -> None:
        asyncio.set_event_loop(self.loop)
        while not self.loop.is_closed():
            # SystemExit and KeyboardInterrupt that user code raises come out here once their task has them, too; and
            # whoever stops the loop stops it for everybody.
            with suppress(BaseException):
                self.loop.run_forever()


_lock = threading.Lock()
_running: list[ProcessLoop] = []
_missing: list[ProcessLoop] = []
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_running.clear)  # a forked child has the loop, but not the thread that runs it


def process_loop() -> ProcessLoop:
    """The one; made when it is first asked for."""
    found = _running[-1:]
    if found:
        return found[0]
    with _lock:
        if not _running:
            _running.append(ProcessLoop())
        return _running[-1]


def on_the_loop() -> bool:
    """Whether the asking code runs on the process's loop, which it keeps from all else while it waits."""
    return any(loop.here() for loop in _running)


def give_up(loop: ProcessLoop) -> None:
    """It is blocked for good: whatever is awaited from now on has a new one."""
    with _lock:
        if loop in _running:
            _running.remove(loop)
            _missing.append(loop)


def loops_abandoned() -> int:
    """How many loops of this process were given up."""
    return len(_missing)


def wait_for(coroutine: Coroutine[Any, Any, Value]) -> Value:
    """What `coroutine` returns, or raises, run on the process's loop while this thread waits.

    Raises:
        OnTheLoop: this thread is the loop's own.
    """
    home = process_loop()
    if home.here():
        coroutine.close()
        raise OnTheLoop("this code runs on seatrial's event loop and would wait for itself: await it instead")
    ended = threading.Event()
    task = home.start(coroutine, lambda _: ended.set(), contextvars.copy_context())
    try:
        ended.wait()
    except BaseException:  # Ctrl-C
        home.cancel(task)
        raise
    return task[0].result()


async def in_thread(function: Callable[[*Given], Value], *given: *Given) -> Value:
    """Call what may block in a daemon thread, with this task's context, and await it."""
    context = contextvars.copy_context()
    loop = asyncio.get_running_loop()
    return await loop.run_in_executor(None, context.run, function, *given)


@contextmanager
def as_if_no_loop() -> Iterator[None]:
    """Code inside may use `asyncio.run`, as it could in a thread."""
    loop = asyncio.get_running_loop()
    events._set_running_loop(None)  # noqa: SLF001 - documented for event loops, and this is one
    try:
        yield
    finally:
        events._set_running_loop(loop)  # noqa: SLF001 - as above


async def on_process_loop(coroutine: Coroutine[Any, Any, Value]) -> Value:
    """Await a coroutine on the process's loop, whichever loop asks; whoever cancels the wait cancels the call."""
    here, home = asyncio.get_running_loop(), process_loop()
    if here is home.loop:
        return await coroutine
    answer: asyncio.Future[Value] = here.create_future()

    # By hand, not by run_coroutine_threadsafe and wrap_future, whose two further futures cost a third as much again.
    def ended(task: asyncio.Task[Value]) -> None:
        with suppress(RuntimeError):  # the loop that asked has closed: nobody is left to hear it
            here.call_soon_threadsafe(deliver, task)

    def deliver(task: asyncio.Task[Value]) -> None:
        if task.cancelled():
            answer.cancel()
            return
        error = task.exception()  # asked for in any case, or asyncio complains that nobody did
        if answer.done():
            return
        if error is not None:
            answer.set_exception(error)
        else:
            answer.set_result(task.result())

    task = home.start(coroutine, ended)
    try:
        return await answer
    except asyncio.CancelledError:
        home.cancel(task)
        raise
