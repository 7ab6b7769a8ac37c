"""RowLog: rows.jsonl, appended while running, so that a kill loses no more than the last 50 ms.

A row is written as it comes, unless another has just been; what nobody has written after 50 ms a background thread writes.
So rows of a graph never wait, and those of a plain function, a hundred to a millisecond, do. The thread sleeps as long as it
can: each time it wakes it takes Python's lock from who works, and from an event loop it can only beg it, call after call.
"""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path
    from types import TracebackType

GROUP_S = 0.05
"""Longest a finished row waits to be written."""

GAP_S, SHARE = 0.0003, 10
"""After writing a row the next is left to wait for so long, or for so many times what the writing took."""


class RowLog:
    """An open rows.jsonl.

    Args:
        path: appended to; a torn last line is cut off first.
        on_group: called from the background thread every `GROUP_S` (progress).
    """

    def __init__(self, path: Path, on_group: Callable[[], None] | None = None) -> None:
        _cut_torn_line(path)
        self._file = path.open("ab")
        self._waiting: list[bytes] = []
        self._on_group = on_group
        self._due = 0.0
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
        began = time.perf_counter()
        if began < self._due:
            self._waiting.append(text)
            if not self._some_wait.is_set():
                self._some_wait.set()
            return
        with self._lock:
            # Taken out first: an interrupt after the writing would have them written again.
            waiting, self._waiting = self._waiting, []
            self._file.write(b"".join((*waiting, text)) if waiting else text)
            self._file.flush()
        ended = time.perf_counter()
        self._due = ended + max(GAP_S, SHARE * (ended - began))

    def _keep_writing(self) -> None:
        try:
            while self._on_group is not None or self._some_wait.wait():
                self._some_wait.clear()
                if self._closing.wait(GROUP_S):
                    return
                self._flush()
                if self._on_group is not None:
                    self._on_group()
        except BaseException as error:  # noqa: BLE001 - raised where the run can hear it, on leaving the block
            self._failure = error

    def _flush(self) -> None:
        with self._lock:
            count = len(self._waiting)
            if count:
                self._file.write(b"".join(self._waiting[:count]))
                self._file.flush()
                # Others append meanwhile, always behind `count`.
                del self._waiting[:count]


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
