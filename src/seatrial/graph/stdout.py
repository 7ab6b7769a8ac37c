"""What a graph prints belongs to its run: one dispatcher on sys.stdout asks the context whose text it is.

    with captured_stdout():                       # once, around many runs
        heard, token = listen()
        ...                                       # print() here, in copied contexts and in tasks lands in `heard`
        silence(token)

Replacing sys.stdout per run could not tell two threads apart; a context variable can. Text printed where no run is
listening (a bare thread that copied no context, the program itself) goes where it always went.
"""

from __future__ import annotations

import sys
import threading
from contextlib import contextmanager
from contextvars import ContextVar, Token
from typing import TYPE_CHECKING, Any, TextIO, cast

if TYPE_CHECKING:
    from collections.abc import Iterator

CAP = 10_000
"""Characters of printed text one run keeps."""


class Heard(list[str]):
    """What is heard of one run while it runs: text it prints, up to `CAP` characters, piece by piece.

    Attributes:
        models: who else wants to hear, of the models it calls; see usage.py.
    """

    room = CAP
    models: Any = None

    def write(self, text: str) -> None:
        """Keep what there is room for."""
        if self.room > 0:
            self.append(text[: self.room])
            self.room -= len(text)


_LISTENER: ContextVar[Heard | None] = ContextVar("seatrial_stdout", default=None)

heard_here = _LISTENER.get
"""What is heard of the run at hand, or None outside of one."""

silence = _LISTENER.reset
"""Stop hearing; takes the token that `listen` gave."""


def listen(models: Any = None) -> tuple[Heard, Token[Heard | None]]:
    """Start hearing this context; hand the token to `silence`."""
    heard, outer = Heard(), _LISTENER.get()
    if models is None and outer is not None:
        models = outer.models  # a plain function inside of a graph's node: the models it calls are the graph's
    if models is not None:
        heard.models = models
    return heard, _LISTENER.set(heard)


class _Dispatcher:
    """Stands for sys.stdout: a listening context gets its own text, everything else passes through."""

    def __init__(self, beneath: TextIO) -> None:
        self.beneath = beneath
        self.users = 0

    def write(self, text: str) -> int:
        heard = _LISTENER.get()
        if heard is None:
            return self.beneath.write(text)
        heard.write(text)
        return len(text)

    def close(self) -> None:
        """What a graph closes is not the program's."""
        if _LISTENER.get() is None:
            self.beneath.close()

    def writelines(self, lines: list[str]) -> None:
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.beneath, name)


_lock = threading.Lock()


def dispatching() -> bool:
    """Whether a block of `captured_stdout` is open in this process."""
    return isinstance(sys.stdout, _Dispatcher)


@contextmanager
def captured_stdout() -> Iterator[None]:
    """Dispatch sys.stdout by context inside the block; nested and concurrent blocks share one dispatcher."""
    with _lock:
        mine: Any = sys.stdout
        if not isinstance(mine, _Dispatcher):
            mine = _Dispatcher(sys.stdout)
            sys.stdout = cast("TextIO", mine)
        mine.users += 1
    try:
        yield
    finally:
        with _lock:
            mine.users -= 1
            if mine.users == 0 and cast("Any", sys.stdout) is mine:
                sys.stdout = mine.beneath
