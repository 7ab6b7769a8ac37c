"""Crew: a thread a worker, and a watch over them.

Worker threads pull items in a loop and hand on their results themselves, so an item costs no thread hop; the thread that
called `run` sleeps until an item may be overdue. One that hangs is abandoned with its thread (a daemon: it cannot hold up
the interpreter's exit) and a new worker takes its place. With one worker and no timeout there is no thread at all, only
a loop.
"""

from __future__ import annotations

import contextvars
import threading
import time
from contextlib import suppress
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

Item = TypeVar("Item")
Value = TypeVar("Value")

CEILING = 64
"""Most items at once, whatever was asked for: more threads than this only wait for each other."""

TICK_S, NAP_S = 0.02, 1.0
"""Shortest and longest that the watch sleeps. Waking takes Python's lock from who works: a third of a millisecond each time."""

END: Any = object()
"""Instead of an item where there is none."""


class TimedOut(Exception):
    """An item was abandoned; `seconds` is how long it had been waited for."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"no answer after {seconds:.3g} s")
        self.seconds = seconds


class _Worker:
    """One thread's place: what it is on, since when, whether it was given up."""

    __slots__ = ("abandoned", "ended", "item", "started")

    def __init__(self) -> None:
        self.item: Any = END
        self.started = 0.0
        self.abandoned = False
        self.ended = False


class _Here(threading.local):
    worker: _Worker | None = None


_here = _Here()


def restart_clock() -> None:
    """Give the item at hand its whole timeout again: it has entered its next phase."""
    worker, turn = _here.worker, shared_turn.get()
    if worker is not None:
        worker.started = time.monotonic()
    elif turn is not None:
        turn.started, turn.late = time.monotonic(), turn.loop.late


class Turn:
    """One item on a shared loop: since when it is there, how late the loop then was, whether it was given up."""

    __slots__ = ("abandoned", "item", "late", "loop", "started")

    def __init__(self, loop: Any, item: Any = END, started: float = 0.0) -> None:
        self.loop, self.item, self.started = loop, item, started
        self.late: float = loop.late
        self.abandoned = False


shared_turn: ContextVar[Turn | None] = ContextVar("seatrial_turn", default=None)
"""The item on whose behalf the asking code runs; None where there is no shared loop."""


def in_this_thread(items: Iterable[Any], work: Any, on_result: Any, stop: threading.Event) -> None:
    """One item after the other, right here."""
    worker, outer = _Worker(), _here.worker
    _here.worker = worker
    try:
        for item in items:
            if stop.is_set():
                return
            try:
                value = work(item)
            except Exception as error:  # noqa: BLE001 - one crash never loses the run
                on_result(item, None, error)
            else:
                on_result(item, value, None)
    finally:
        _here.worker = outer


def patience(places: Iterable[_Worker | Turn], timeout_s: float | None) -> float:
    """Seconds until an item at one of the `places` can be overdue, within what the watch may sleep.

    An item that begins later has its whole timeout, and a clock that is started anew only puts the end off.
    """
    if timeout_s is None:
        return NAP_S
    now = time.monotonic()
    left = min(timeout_s if place.item is END else place.started + timeout_s - now for place in places)
    return min(max(left, TICK_S), NAP_S)


def settle(lock: threading.Lock) -> None:
    """Wait for whoever is handing on a result; an impatient second interrupt does not end the wait, a third does."""
    for _ in range(2):
        with suppress(KeyboardInterrupt), lock:
            return


class Crew(Generic[Item, Value]):
    """The workers of one run, and the watch over them."""

    def __init__(
        self,
        items: Iterator[Item],
        work: Callable[[Item], Value],
        on_result: Callable[[Item, Value | None, BaseException | None], None],
        timeout_s: float | None,
        stop: threading.Event,
    ) -> None:
        self._items = items
        self._work, self._on_result = work, on_result
        self._timeout_s = timeout_s
        self._stop = stop
        self._closed = False
        self._lock = threading.Lock()
        self._idle = threading.Event()
        self._workers: list[_Worker] = []
        self._broken: BaseException | None = None

    def run(self, concurrency: int) -> None:
        """Until every item has had its result."""
        try:
            for _ in range(concurrency):
                self._hire()
            while self._workers and not self._closed:
                self._idle.wait(patience(self._workers, self._timeout_s))
                self._idle.clear()
                self._workers = [worker for worker in self._workers if not worker.ended]
                if self._timeout_s is not None:
                    self._abandon_hung(self._timeout_s)
        finally:
            self._closed = True
            settle(self._lock)
        if self._broken is not None:
            raise self._broken

    def _hire(self) -> None:
        worker = _Worker()
        self._workers.append(worker)
        # The caller's context goes along, so that what it set (tracing, say) holds in the workers too.
        context = contextvars.copy_context()
        threading.Thread(target=context.run, args=(self._toil, worker), name="seatrial-worker", daemon=True).start()

    def _abandon_hung(self, timeout_s: float) -> None:
        for worker in tuple(self._workers):
            with self._lock:
                waited = time.monotonic() - worker.started
                if worker.item is END or waited <= timeout_s:
                    continue
                worker.abandoned = True
                self._on_result(worker.item, None, TimedOut(waited))
            self._workers.remove(worker)
            self._hire()

    def _toil(self, worker: _Worker) -> None:
        _here.worker = worker
        try:
            with self._lock:
                more = self._draw(worker)
            while more:
                try:
                    value, error = self._work(worker.item), None
                except BaseException as caught:  # noqa: BLE001 - a thread has nobody above it to tell
                    value, error = None, caught
                with self._lock:
                    if worker.abandoned or self._closed:  # its item has had its result, or nobody listens any more
                        return
                    try:
                        self._on_result(worker.item, value, error)
                    except BaseException as caught:  # noqa: BLE001 - the caller hears of it, and first of all why
                        self._broken, self._closed = caught, True
                        return
                    # The lock is had once an item: a worker that asks for it twice waits twice for all the others.
                    more = self._draw(worker)
        except BaseException as caught:  # noqa: BLE001 - `items` broke: the caller hears of it
            self._broken = caught
        finally:
            worker.ended = True
            self._idle.set()

    def _draw(self, worker: _Worker) -> bool:
        worker.item = END
        if self._closed or self._stop.is_set() or self._broken is not None:
            return False
        item = next(self._items, END)
        worker.started = time.monotonic()
        worker.item = item
        return item is not END
