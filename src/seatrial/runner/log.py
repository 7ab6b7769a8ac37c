"""RowLog: rows.jsonl, appended while running, so that a kill loses no more than the last 50 ms.

Rows may wait for each other: a line written by itself costs what thirty do. Who lets them wait depends on who appends, for
whoever writes, or wakes, lets go of Python's lock or asks for it. One thread writes its own groups. Several would queue up
behind the one that writes, so they leave it to a thread in the background. An event loop writes each row at once: a second
thread that wakes begs it for the lock turn after turn, a millisecond and more each time. The background thread writes what
nobody has written after 50 ms, and where nothing waits it sleeps.
"""

from __future__ import annotations

import math
import threading
import time
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path
    from types import TracebackType

GROUP_S = 0.05
"""Longest a finished row waits to be written."""

EACH, OWN_GROUPS, BACKGROUND = 0.0, GROUP_S / 2, math.inf
"""Who appends rows lets them wait for so many seconds after it wrote the last ones: an event loop, one thread, several."""


class RowLog:
    """An open rows.jsonl.

    Args:
        path: appended to; a torn last line is cut off first.
        on_group: called from the background thread every `GROUP_S` (progress).
        patience_s: `EACH`, `OWN_GROUPS` or `BACKGROUND`.
    """

    def __init__(self, path: Path, on_group: Callable[[], None] | None = None, *, patience_s: float) -> None:
        _cut_torn_line(path)
        self._file = path.open("ab")
        self._waiting: list[bytes] = []
        self._on_group = on_group
        self._patience_s = patience_s
        self._written = 0.0
        self._lock = threading.Lock()
        self._some_wait = threading.Event()
        self._closing = threading.Event()
        self._failure: BaseException | None = None
        self._thread = threading.Thread(target=self._keep_writing, name="seatrial-rows", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._closing.set()
        self._some_wait.set()
        self._thread.join()
        try:
            self._flush()
        finally:
            self._file.close()
        if self._failure is not None and error is None:
            raise self._failure

    def append(self, text: bytes) -> None:
        """Add one line; it is on its way to the disk within `GROUP_S`.

        Raises:
            OSError: the disk refused this group, or an earlier one.
        """
        if self._failure is not None:
            raise self._failure
        now = time.perf_counter()
        if now - self._written < self._patience_s:
            self._waiting.append(text)
            if not self._some_wait.is_set():
                self._some_wait.set()
            return
        with self._lock:
            # Taken out first: an interrupt after the writing would have them written again.
            waiting, self._waiting = self._waiting, []
            self._file.write(b"".join((*waiting, text)) if waiting else text)
            self._file.flush()
            self._written = now

    def _keep_writing(self) -> None:
        try:
            while not self._closing.wait(self._nap()):
                if self._on_group is not None:
                    self._flush()
                    self._on_group()
                elif time.perf_counter() - self._written >= GROUP_S:
                    self._flush()
        except BaseException as error:  # noqa: BLE001 - raised where the run can hear it, on leaving the block
            self._failure = error

    def _nap(self) -> float:
        """Seconds until a row can have waited for `GROUP_S`; returns once there is one."""
        if self._on_group is not None:
            return GROUP_S
        self._some_wait.clear()
        if not self._waiting and not self._closing.is_set():  # asked in this order: neither is overheard
            self._some_wait.wait()
        return max(0.0, self._written + GROUP_S - time.perf_counter())  # whoever waits came after the last writing

    def _flush(self) -> None:
        with self._lock:
            count = len(self._waiting)
            if count:
                self._file.write(b"".join(self._waiting[:count]))
                self._file.flush()
                # Others append meanwhile, always behind `count`.
                del self._waiting[:count]
            self._written = time.perf_counter()


def read_lines(path: Path) -> Iterator[bytes]:
    """Whole lines of rows.jsonl; a torn last one is left out."""
    if path.exists():
        with path.open("rb") as file:
            for text in file:
                if text.endswith(b"\n"):
                    yield text


def _cut_torn_line(path: Path) -> None:
    if not path.exists():
        return
    with path.open("rb+") as file:
        end = file.seek(0, 2)
        whole = end
        while whole > 0:
            start = max(0, whole - 65536)
            file.seek(start)
            at = file.read(whole - start).rfind(b"\n")
            if at >= 0:
                whole = start + at + 1
                break
            whole = start
        if whole != end:
            file.truncate(whole)
