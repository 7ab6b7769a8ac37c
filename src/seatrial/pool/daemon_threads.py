"""DaemonThreads: an executor whose threads hold up nobody's exit, however long what they do takes."""

from __future__ import annotations

import queue
import threading
from concurrent.futures import Executor, Future
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

from seatrial.pool.threads import CEILING

if TYPE_CHECKING:
    from collections.abc import Callable

Value = TypeVar("Value")
Given = ParamSpec("Given")


class DaemonThreads(Executor):
    """At most `most` threads, started when there is work that no idle one takes; they live as long as the process."""

    def __init__(self, most: int = CEILING) -> None:
        self._most = most
        self._work: queue.SimpleQueue[tuple[Future[Any], Callable[[], Any]]] = queue.SimpleQueue()
        self._idle = threading.Semaphore(0)
        self._started = 0
        self._lock = threading.Lock()

    def submit(self, fn: Callable[Given, Value], /, *args: Given.args, **kwargs: Given.kwargs) -> Future[Value]:
        """Call it in one of the threads."""
        future: Future[Value] = Future()
        self._work.put((future, lambda: fn(*args, **kwargs)))
        if not self._idle.acquire(blocking=False):
            with self._lock:
                if self._started < self._most:
                    self._started += 1
                    threading.Thread(target=self._toil, name="seatrial-blocking", daemon=True).start()
        return future

    def _toil(self) -> None:
        while True:
            try:
                future, call = self._work.get_nowait()
            except queue.Empty:
                self._idle.release()
                future, call = self._work.get()
            if future.set_running_or_notify_cancel():
                try:
                    value = call()
                except BaseException as error:  # noqa: BLE001 - whoever asked for it hears it
                    future.set_exception(error)
                else:
                    future.set_result(value)
                    del value
            del future, call
