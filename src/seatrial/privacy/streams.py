"""Standard output and error without secrets: every line that is printed while a verb runs passes the redactor.

A library's warning, a traceback of a thread and a graph's own print come this way too, so nothing has to be remembered by
whoever prints.
"""

from __future__ import annotations

import contextlib
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from seatrial.privacy.exits import redacted

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


class RedactedStream:
    """Stands for a text stream. Text waits until its line ends or somebody flushes: a key may come in two pieces."""

    def __init__(self, beneath: Any) -> None:
        self.beneath = beneath
        self._waiting = ""

    def write(self, text: str) -> int:
        """Take text; what ends with a line is written now."""
        if not isinstance(text, str):
            raise TypeError(f"write() argument must be str, not {type(text).__name__}")
        lines, stop, rest = text.rpartition("\n")
        if stop:
            self.beneath.write(redacted(self._waiting + lines + stop))
            self._waiting = rest
        else:
            self._waiting += rest
        return len(text)

    def writelines(self, lines: Iterable[str]) -> None:
        """Write them all."""
        for line in lines:
            self.write(line)

    def flush(self) -> None:
        """Write what waits, too."""
        waiting, self._waiting = self._waiting, ""
        if waiting:
            self.beneath.write(redacted(waiting))
        self.beneath.flush()

    @property
    def buffer(self) -> Any:
        """The same for bytes, where the stream has one."""
        return _Bytes(self, self.beneath.buffer)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.beneath, name)


class _Bytes:
    def __init__(self, text: RedactedStream, beneath: Any) -> None:
        self._text, self._beneath = text, beneath

    def write(self, data: bytes) -> int:
        if not isinstance(data, (bytes, bytearray, memoryview)):
            raise TypeError(f"a bytes-like object is required, not {type(data).__name__}")
        self._text.flush()
        raw = bytes(data)
        text = raw.decode("utf-8", "surrogateescape")
        clean = redacted(text)
        self._beneath.write(raw if clean == text else clean.encode("utf-8", "surrogateescape"))
        return len(raw)

    def flush(self) -> None:
        self._beneath.flush()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._beneath, name)


@contextmanager
def redacted_streams() -> Iterator[None]:
    """Standard output and error pass the redactor inside the block."""
    before = sys.stdout, sys.stderr
    ours = [None if stream is None else RedactedStream(stream) for stream in before]
    sys.stdout, sys.stderr = ours
    try:
        yield
    finally:
        for stream, own, name in zip(before, ours, ("stdout", "stderr"), strict=True):
            if own is not None:
                with contextlib.suppress(OSError, ValueError):
                    own.flush()
            if getattr(sys, name) is own:
                setattr(sys, name, stream)
