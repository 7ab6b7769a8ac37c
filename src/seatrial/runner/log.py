"""RowLog: rows.jsonl, appended while running in groups of at most 50 ms, so that a kill loses no more than those.

Appending is one list.append. Whoever appends many in a row flushes them; what nobody flushed a background thread writes.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path
    from types import TracebackType

GROUP_S = 0.05
"""Longest a finished row waits to be written."""


class RowLog:
    """An open rows.jsonl.

    Args:
        path: appended to; a torn last line is cut off first.
        on_group: called from the background thread after each group (progress).
    """

    def __init__(self, path: Path, on_group: Callable[[], None] | None = None) -> None:
        _cut_torn_line(path)
        self._file = path.open("ab")
        self._waiting: list[bytes] = []
        self._on_group = on_group
        self._lock = threading.Lock()
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
        self._thread.join()
        try:
            self.flush()
        finally:
            self._file.close()
        if self._failure is not None and error is None:
            raise self._failure

    def append(self, text: bytes) -> None:
        """Add one line; it is on its way to the disk within `GROUP_S`.

        Raises:
            OSError: the disk refused an earlier group.
        """
        if self._failure is not None:
            raise self._failure
        self._waiting.append(text)

    def _keep_writing(self) -> None:
        try:
            while not self._closing.wait(GROUP_S):
                self.flush()
                if self._on_group is not None:
                    self._on_group()
        except BaseException as error:  # noqa: BLE001 - raised where the run can hear it, on leaving the block
            self._failure = error

    def flush(self) -> None:
        """Give what has gathered to the operating system."""
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
