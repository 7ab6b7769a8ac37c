"""Locate: which line changed something: the calls are made once more, and after every line of the user's it is asked."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from seatrial.purity.place import Origin, origin

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType


def line_that(changes: Callable[[], bool], call: Callable[[], object]) -> tuple[str, int] | None:
    """The first line of the user's after which `changes()` is true while `call()` runs; None when there is none.

    Only this thread is followed. The tracer that was there before is put back.
    """
    search = _Search(changes)
    before = sys.gettrace()
    sys.settrace(search.trace)
    try:
        call()
    finally:
        sys.settrace(before)
    if search.found is None and changes():
        return search.last
    return search.found


class _Search:
    def __init__(self, changes: Callable[[], bool]) -> None:
        self._changes = changes
        self.last: tuple[str, int] | None = None
        self.found: tuple[str, int] | None = None

    def trace(self, frame: FrameType, event: str, arg: Any) -> Any:
        if origin(frame.f_code.co_filename) is not Origin.USER:
            return None
        if self.found is not None:
            return None
        if event != "call" and self.last is not None and self._changes():
            self.found = self.last
            return None
        if event == "return":
            back = frame.f_back
            while back is not None and origin(back.f_code.co_filename) is not Origin.USER:
                back = back.f_back
            self.last = (back.f_code.co_filename, back.f_lineno) if back is not None else self.last
        elif event == "line":
            self.last = (frame.f_code.co_filename, frame.f_lineno)
        return self.trace
