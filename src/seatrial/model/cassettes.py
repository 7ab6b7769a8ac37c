"""Cassettes: the folder of recordings; read on first use, merged on write, safe between threads and processes."""

from __future__ import annotations

import os
import re
import tempfile
import threading
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from seatrial.errors import UsageError
from seatrial.model.cassette import REPEAT, Recording, belongs, read, text
from seatrial.model.outcome import CassetteError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from seatrial.model.question import Question

EVERY = 25
"""Recordings that may wait to be written: a kill loses at most so many, and a large file is not rewritten for each."""

_UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")


class Cassettes:
    """Recordings in one folder, a file a name.

    Args:
        folder: usually `tests/cassettes`; made on the first write.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._lock = threading.RLock()
        self._known: dict[str, dict[str, Recording]] = {}
        self._fresh: dict[str, dict[str, Recording]] = {}
        self._used: dict[str, set[str]] = {}

    def path(self, name: str) -> Path:
        """Where a cassette lies: what a file name cannot hold becomes a hyphen."""
        return self.folder / f"{_UNSAFE.sub('-', name).strip('-.') or 'cassette'}.jsonl"

    def load(self, name: str) -> int:
        """Read and check a cassette now, not in the middle of a run; says how many recordings it has.

        Raises:
            CassetteError: it is none, or a line of it was changed.
        """
        with self._lock:
            return len(self._of(name))

    def find(self, name: str, question: Question) -> Recording | None:
        """The recording that answers the question, or None.

        Raises:
            CassetteError: the cassette cannot be trusted, or the recording is of another prompt.
        """
        with self._lock:
            found = self._of(name).get(question.id)
            if found is None:
                return None
            self._used.setdefault(name, set()).add(found.id)
        if not belongs(found, question):
            raise CassetteError(
                f"{self.path(name)}: recording {found.id} is of another prompt than the one asked; {REPEAT}"
            )
        return found

    def others(self, name: str, question: Question) -> int:
        """How many recordings of the same model there are that answer something else."""
        with self._lock:
            return sum(one.content["model"] == question.model for one in self._of(name).values())

    def keep(self, name: str, one: Recording) -> None:
        """Record; on disk at the next `flush`, or after some more."""
        with self._lock:
            self._fresh.setdefault(name, {})[one.id] = one
            self._used.setdefault(name, set()).add(one.id)
            self._of(name)[one.id] = one
            full = len(self._fresh[name]) >= EVERY
        if full:
            self._write(name)

    def flush(self) -> None:
        """Write what has not been written."""
        for name in tuple(self._fresh):
            self._write(name)

    def unused(self, name: str) -> tuple[str, ...]:
        """Ids of recordings that nobody asked for since this object was made; run every version and repetition first."""
        with self._lock:
            return tuple(sorted(self._of(name).keys() - self._used.get(name, set())))

    def prune(self, name: str) -> int:
        """Remove the unused ones from the file; says how many."""
        missing = set(self.unused(name))
        with self._lock:
            self._known[name] = {id_: one for id_, one in self._of(name).items() if id_ not in missing}
        self._write(name, without=missing)
        return len(missing)

    def _of(self, name: str) -> dict[str, Recording]:
        if name not in self._known:
            self._known[name] = read(self.path(name))
        return self._known[name]

    def _write(self, name: str, without: set[str] | None = None) -> None:
        with self._lock:
            fresh = self._fresh.pop(name, {})
            if not fresh and without is None:
                return
            path = self.path(name)
            try:
                self.folder.mkdir(parents=True, exist_ok=True)
                with _alone(self.folder):
                    # Read again under the lock: another process may have written since.
                    merged = {id_: one for id_, one in read(path).items() if id_ not in (without or ())} | fresh
                    _replace(path, text(name, merged.values()))
            except BaseException as error:
                self._fresh[name] = fresh | self._fresh.get(name, {})
                if isinstance(error, OSError):
                    raise CassetteError(f"{path} cannot be written: {error}") from error
                raise


def _replace(path: Path, content: str) -> None:
    """All of it or nothing: a reader never sees half a file."""
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
            file.write(content)
        Path(temporary).chmod(0o644)
        Path(temporary).replace(path)
    except BaseException:
        with suppress(FileNotFoundError):
            Path(temporary).unlink()
        raise


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """One process at a time; the kernel lets go of the lock when a process dies."""
    try:
        import fcntl  # noqa: PLC0415 - POSIX only, and only who records needs it
    except ImportError as error:
        raise UsageError("cassettes can be replayed here, but not recorded: that needs a POSIX system") from error
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)
