"""Turn: one process at a time, so that of several workers one evaluates and the others find it done."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@contextmanager
def turn(file: Path) -> Iterator[None]:
    """Hold the lock `file` while inside; released by the system when the process ends, however it ends."""
    try:
        import fcntl  # noqa: PLC0415 - POSIX only
    except ModuleNotFoundError:
        # Where there is no such lock each worker evaluates for itself: slower, and the same verdict.
        yield
        return
    with file.open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
