"""wait_for: a coroutine run to its end from code that cannot await, on the worker's own event loop."""

from __future__ import annotations

import asyncio
import contextvars
import threading
from typing import TYPE_CHECKING, Any, TypeVar

from seatrial import pool

if TYPE_CHECKING:
    from collections.abc import Coroutine

Value = TypeVar("Value")


def wait_for(coroutine: Coroutine[Any, Any, Value]) -> Value:
    """What `coroutine` returns, or raises; a worker of the pool keeps one loop for all its items."""
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


def _elsewhere(coroutine: Coroutine[Any, Any, Value], context: contextvars.Context) -> Value:
    """The same in a thread of its own: in a notebook this thread's loop is already running."""
    ended: list[tuple[Value | None, BaseException | None]] = []

    def await_it() -> None:
        try:
            ended.append((asyncio.run(coroutine), None))
        except BaseException as error:  # noqa: BLE001 - raised again below, in the caller's thread
            ended.append((None, error))

    thread = threading.Thread(target=context.run, args=(await_it,), daemon=True)
    thread.start()
    thread.join()
    value, error = ended[0]
    if error is not None:
        raise error
    return value  # type: ignore[return-value]  # no error: it is the value
