"""One event loop for every awaited model call of the process.

Async clients keep connections that belong to the loop they were opened on, and LangChain shares one client between all
models of an address. Called from a second loop (each worker's own, say) every other call fails with "Event loop is
closed". So the calls themselves always run here, whoever awaits them.
"""

from __future__ import annotations

import asyncio
import os
import threading
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar, TypeVarTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from concurrent.futures import Executor

Value = TypeVar("Value")
Given = TypeVarTuple("Given")

PARSING = "_create_chat_result"
"""The method with which LangChain's OpenAI clients read a reply that has come."""

_lock = threading.Lock()
_running: list[asyncio.AbstractEventLoop] = []
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_running.clear)  # a forked child has the loop, but not the thread that runs it


async def there(coroutine: Coroutine[Any, Any, Value]) -> Value:
    """Await a coroutine on the models' loop; whoever cancels the wait cancels the call."""
    here, loop = asyncio.get_running_loop(), _loop()
    answer: asyncio.Future[Value] = here.create_future()
    task: list[asyncio.Task[Value]] = []

    # By hand, not by run_coroutine_threadsafe and wrap_future, whose two further futures cost a third as much again.
    def start() -> None:
        task.append(loop.create_task(coroutine))
        task[0].add_done_callback(finish)

    def finish(done: asyncio.Task[Value]) -> None:
        with suppress(RuntimeError):  # the loop that asked has closed: nobody is left to hear it
            here.call_soon_threadsafe(deliver, done)

    def deliver(done: asyncio.Task[Value]) -> None:
        if done.cancelled():
            answer.cancel()
            return
        error = done.exception()  # asked for in any case, or asyncio complains that nobody did
        if answer.done():
            return
        if error is not None:
            answer.set_exception(error)
        else:
            answer.set_result(done.result())

    loop.call_soon_threadsafe(start)
    try:
        return await answer
    except asyncio.CancelledError:
        loop.call_soon_threadsafe(lambda: task[0].cancel())  # noqa: PLW0108 - it begins only there, after `start`
        raise


def _loop() -> asyncio.AbstractEventLoop:
    if not _running:
        with _lock:
            if not _running:
                loop = _ModelsLoop()
                threading.Thread(target=loop.run_forever, name="seatrial-models", daemon=True).start()
                _running.append(loop)
    return _running[0]


class _ModelsLoop(asyncio.SelectorEventLoop):
    """Reads replies itself. LangChain sends that to a thread: under the GIL nothing is gained, and the way costs 0.4 ms."""

    def run_in_executor(
        self, executor: Executor | None, func: Callable[[*Given], Value], *args: *Given
    ) -> asyncio.Future[Value]:
        if executor is not None or not _parses(func):
            return super().run_in_executor(executor, func, *args)
        done = self.create_future()
        try:
            done.set_result(func(*args))
        except Exception as error:  # noqa: BLE001 - whoever awaits it hears it, as from a thread
            done.set_exception(error)
        return done


def _parses(func: Callable[..., Any]) -> bool:
    """Whether it is LangChain's wrapper around the reading of a reply. What is not recognised may block, and gets a thread."""
    wrapped = func.args[0] if isinstance(func, partial) and len(func.args) == 1 else None
    cells = getattr(wrapped, "__closure__", None) or ()
    return any(getattr(cell.cell_contents, "__name__", None) == PARSING for cell in cells)
