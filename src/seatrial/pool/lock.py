"""Lock: one writer of a run at a time; the system frees the lock of a process that has died, however it died."""

from __future__ import annotations

import json
import os
import socket
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from seatrial.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NAME = "run.lock"


@contextmanager
def run_lock(run_dir: Path) -> Iterator[str]:
    """Hold the lock of the run in `run_dir`; yields a sentence on the stale lock that it replaces, else an empty text.

    The file `run.lock` names the holder (pid, host, since) and is removed at the end. What decides is the system's lock on
    it (flock), not its text: where the holder has died the text is stale and the lock is free.

    Raises:
        UsageError: another process holds it.
    """
    try:
        import fcntl  # noqa: PLC0415 - POSIX only
    except ModuleNotFoundError:
        yield ""  # no such lock on this system
        return
    path = run_dir / NAME
    while True:
        file = path.open("a+", encoding="utf-8")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            kept = _read(path)
            file.close()
            raise UsageError(_refusal(run_dir, kept)) from None
        # Another holder may have removed the file between our opening it and locking it.
        with suppress(FileNotFoundError):
            if os.fstat(file.fileno()).st_ino == path.stat().st_ino:
                break
        file.close()
    with file:
        stale = _read(path)
        file.truncate(0)
        file.write(json.dumps(_mine()))
        file.flush()
        try:
            yield _taken_over(stale) if stale else ""
        finally:
            path.unlink(missing_ok=True)


def _mine() -> dict[str, Any]:
    return {
        "pid": os.getpid(),
        "host": socket.gethostname(),
        "since": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def _read(path: Path) -> dict[str, Any]:
    """Who the file names; nothing where it is empty or no JSON object."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _holder(found: dict[str, Any]) -> str:
    return f"process {found.get('pid', 'unknown')} on {found.get('host', 'an unknown host')}, since {found.get('since', 'an unknown time')}"


def _refusal(run_dir: Path, kept: dict[str, Any]) -> str:
    wording = f"{run_dir.name} is being written by another process ({_holder(kept)})"
    if kept.get("host") == socket.gethostname() and isinstance(kept.get("pid"), int) and not _alive(kept["pid"]):
        return f"{wording}, which has ended: a process that it started still holds {run_dir / NAME}; end that one, then resume again"
    return f"{wording}; two would run and pay for every example twice. Wait for it or stop it, then resume"


def _taken_over(stale: dict[str, Any]) -> str:
    return f"a stale lock was replaced: {_holder(stale)}, ended without finishing the run"


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True  # it is there, and somebody else's
    return True
