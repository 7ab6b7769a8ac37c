"""Place: whose line did it: the nearest frame that is neither Python's, nor a library's, nor ours."""

from __future__ import annotations

import logging
import os
from enum import Enum
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import CodeType, FrameType

_ENGINE = str(Path(__file__).resolve().parent.parent) + os.sep
_TEMPLATE = os.path.join(_ENGINE, "template") + os.sep  # noqa: PTH118 - compared with names, not used as a path
_STDLIB = str(Path(os.__file__).parent) + os.sep
_LOGGING = logging.__file__


class Origin(Enum):
    """Who wrote a file."""

    USER = "user"
    ENGINE = "engine"
    LIBRARY = "library"
    PYTHON = "python"
    IMPORT = "import"


class Place(NamedTuple):
    """A line, and the function it called that in the end did it (None when the line did it itself)."""

    file: str
    line: int
    through: str | None


@lru_cache(maxsize=4096)
def origin(file: str) -> Origin:
    """Who wrote the file of a code object."""
    if file.startswith("<frozen importlib"):
        return Origin.IMPORT
    if file.startswith("<"):
        return Origin.PYTHON  # generated: a dataclass's __init__, a named tuple
    if f"{os.sep}site-packages{os.sep}" in file or f"{os.sep}dist-packages{os.sep}" in file:
        return Origin.LIBRARY
    if file.startswith(_STDLIB):
        return Origin.PYTHON
    if file.startswith(_ENGINE) and not file.startswith(_TEMPLATE):
        return Origin.ENGINE
    return Origin.USER


def place_of(start: FrameType | None, floors: Sequence[CodeType], *, loading: bool) -> Place | None:
    """Whose line an act belongs to; None where nobody is to blame.

    Nobody is: while a module is being imported, where `logging` stamps a record, and, while `loading`, where a library
    stands between the user's line and the act, because libraries set themselves up on their first call.

    Args:
        start: frame the act was done in.
        floors: code of the frames that called the evaluator, or its thread; what lies above one does not count.
        loading: this is the evaluator's first call.
    """
    frame, last = start, None
    user: Place | None = None
    foreign: FrameType | None = None
    library = False
    while frame is not None and frame.f_code not in floors:
        file = frame.f_code.co_filename
        who = origin(file)
        if who is Origin.IMPORT:
            return None
        if user is None:
            if who is Origin.USER:
                user = Place(file, frame.f_lineno, _name(last))
            elif file == _LOGGING:
                return None
            else:
                library = library or who is Origin.LIBRARY
                if foreign is None and who is not Origin.PYTHON:
                    foreign = frame
                last = frame
        frame = frame.f_back
    if library and loading:
        return None
    if user is None and foreign is not None:
        return Place(foreign.f_code.co_filename, foreign.f_lineno, None)
    return user or Place("", 0, _name(last))


def _name(frame: FrameType | None) -> str | None:
    if frame is None:
        return None
    return f"{frame.f_globals.get('__name__', '?')}.{frame.f_code.co_qualname}"
