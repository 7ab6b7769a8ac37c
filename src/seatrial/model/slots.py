"""Slots: at most so many calls at once, for threads and for tasks of any event loop alike, first come first served."""

from __future__ import annotations

import threading
from collections import deque
from concurrent.futures import Future


class Slots:
    """Places for calls under way; a waiter gets a future that a thread waits for and a task awaits."""

    def __init__(self, number: int) -> None:
        self._free = number
        self._waiting: deque[Future[None]] = deque()
        self._lock = threading.Lock()

    def enter(self) -> Future[None] | None:
        """None: the place is yours. Otherwise wait for the future; then it is."""
        with self._lock:
            if self._free > 0:
                self._free -= 1
                return None
            place: Future[None] = Future()
            self._waiting.append(place)
            return place

    def leave(self) -> None:
        """Give the place back: to the first who still waits."""
        with self._lock:
            self._pass_on()

    def give_up(self, place: Future[None]) -> None:
        """Stop waiting; a place that was given in the same moment goes to the next."""
        with self._lock:
            if not place.cancel() and not place.cancelled():
                self._pass_on()

    def _pass_on(self) -> None:
        while self._waiting:
            place = self._waiting.popleft()
            if place.set_running_or_notify_cancel():  # False: its waiter has gone
                place.set_result(None)
                return
        self._free += 1
