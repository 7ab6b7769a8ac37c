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
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Coroutine

Value = TypeVar("Value")

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
                loop = asyncio.new_event_loop()
                threading.Thread(target=loop.run_forever, name="seatrial-models", daemon=True).start()
                _running.append(loop)
    return _running[0]
