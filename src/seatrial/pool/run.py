"""run: the one entrance of the pool."""

from __future__ import annotations

import threading
from itertools import chain
from typing import TYPE_CHECKING, TypeVar

from seatrial.errors import UsageError
from seatrial.pool.shared_loop import SharedLoop
from seatrial.pool.threads import CEILING, END, Crew, in_this_thread

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Iterator

Item = TypeVar("Item")
Value = TypeVar("Value")


def run(
    items: Iterable[Item],
    work: Callable[[Item], Value],
    on_result: Callable[[Item, Value | None, BaseException | None], None],
    *,
    concurrency: int = 1,
    timeout_s: float | None = None,
    stop: threading.Event | None = None,
    awaited: Callable[[Item], Awaitable[Value]] | None = None,
) -> None:
    """Do `work` on every item and hand each result to `on_result(item, value, error)`, one at a time, before this returns.

    Exactly one result per item that was begun and not interrupted: a value, or the exception that `work` raised, or
    `TimedOut`. Order is that of completion.

    Args:
        items: drawn one by one as workers come free.
        work: called in worker threads; in this one when `concurrency` is 1 and there is no timeout.
        on_result: called in whichever thread has the result; what it raises ends the run and passes through.
        concurrency: items at once, 1 to `CEILING`.
        timeout_s: seconds an item may take before it is abandoned; `restart_clock` starts them anew.
        stop: once set, no further item begins; those under way are waited for.
        awaited: the same work, to be awaited instead of `work`: items share the process's event loop, and each ends itself
            in time. An item whose neighbours took the loop from it is done a second time, with the loop to itself.

    Raises:
        UsageError: `concurrency` or `timeout_s` is out of range.
        KeyboardInterrupt: passed on; every result that was ready has been delivered.
    """
    if not 1 <= concurrency <= CEILING:
        raise UsageError(f"concurrency {concurrency} is out of range; choose 1 to {CEILING}")
    if timeout_s is not None and not timeout_s > 0:
        raise UsageError(f"timeout {timeout_s} s is out of range; choose more than 0, or none")
    stop = stop or threading.Event()
    left = iter(items)
    if awaited is not None:
        _share(left, awaited, on_result, concurrency=concurrency, timeout_s=timeout_s, stop=stop)
        return
    if concurrency == 1 and timeout_s is None:
        in_this_thread(left, work, on_result, stop)
    else:
        Crew(left, work, on_result, timeout_s, stop).run(concurrency)


def _share(
    left: Iterator[Item],
    awaited: Callable[[Item], Awaitable[Value]],
    on_result: Callable[[Item, Value | None, BaseException | None], None],
    *,
    concurrency: int,
    timeout_s: float | None,
    stop: threading.Event,
) -> None:
    """On the process's loop, many at once; then, one at a time, whatever was starved and what was not reached."""
    while True:
        shared = SharedLoop(left, awaited, on_result, timeout_s, stop)
        shared.run(concurrency)
        left = chain(shared.to_repeat, left)
        first = next(left, END)
        if first is END or stop.is_set():
            return
        left, concurrency = chain((first,), left), 1
