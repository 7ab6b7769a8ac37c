"""RowLog: rows.jsonl, appended while running, so that a kill loses no more than the last 50 ms.

Rows may wait for each other: a line written by itself costs what thirty do. Who lets them wait depends on who appends, for
whoever writes, or wakes, lets go of Python's lock or asks for it. One thread writes its own groups. Several would queue up
behind the one that writes, so they leave it to a thread in the background while that gets its turn. An event loop writes each
row at once: a second thread that wakes begs it for the lock turn after turn, a millisecond and more each time. The background
thread writes what nobody has written after 50 ms, and where nothing waits it sleeps.
"""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, NamedTuple, Self

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path
    from types import TracebackType

GROUP_S = 0.05
"""Longest a finished row waits to be written."""


class Patience(NamedTuple):
    """How long after the last writing rows are left to wait, seconds.

    Attributes:
        own_s: by who appends one more; then it writes them all.
        background_s: by the thread in the background.
    """

    own_s: float
    background_s: float


EACH = Patience(0.0, GROUP_S)
"""For an event loop: nothing waits."""

OWN_GROUPS = Patience(GROUP_S / 2, GROUP_S)
"""For one thread: the background writes what nothing comes after."""

BACKGROUND = Patience(GROUP_S, GROUP_S / 2)
"""For several threads: they write themselves where the background does not get Python's lock in time."""


class RowLog:
    """An open rows.jsonl.

    Args:
        path: appended to; a torn last line is cut off first.
        on_group: called from the background thread, twenty to forty times a second (progress).
        patience: `EACH`, `OWN_GROUPS` or `BACKGROUND`.
    """

    def __init__(self, path: Path, on_group: Callable[[], None] | None = None, *, patience: Patience) -> None:
        _cut_torn_line(path)
        self._file = path.open("ab")
        self._waiting: list[bytes] = []
        self._on_group = on_group
        self._own_s, self._background_s = patience
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
            if self._failure is None:  # else part of what waits may be written; the file itself knows which
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
        if now - self._written < self._own_s:
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
                elif time.perf_counter() - self._written >= self._background_s:
                    self._flush()
        except BaseException as error:  # noqa: BLE001 - raised where the run can hear it, on leaving the block
            self._failure = error

    def _nap(self) -> float:
        """Seconds until a row can have waited long enough; returns once there is one."""
        if self._on_group is not None:
            return self._background_s
        self._some_wait.clear()
        if not self._waiting and not self._closing.is_set():  # asked in this order: neither is overheard
            self._some_wait.wait()
        # Whoever waits came after the last writing.
        return max(0.0, self._written + self._background_s - time.perf_counter())

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
        complete = end
        while complete > 0:
            start = max(0, complete - 65536)
            file.seek(start)
            at = file.read(complete - start).rfind(b"\n")
            if at >= 0:
                complete = start + at + 1
                break
            complete = start
        if complete != end:
            file.truncate(complete)
