"""user_code: while a project's code runs, and ever after, it can neither end the process unseen nor keep the console.

`os._exit(0)` in a graph would leave exit code 0 and no verdict. So `os._exit` and the `exec` calls raise `ExitRefused`, a
SystemExit: what the code then came to is a crash like any other. Processes that it forks end as they like. Out of reach
are native code that exits, and files closed or redirected below Python (`os.dup2` on 1).
"""

from __future__ import annotations

import functools
import os
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NoReturn

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ENDS = ("_exit", "execv", "execve")
"""Functions of `os` that leave the process without a word; its other `exec` functions call the last two."""

ALLOWED = ("pytest_timeout", "execnet", "multiprocessing")
"""Packages that end a process by contract, and never with 0 where something failed."""


class ExitRefused(SystemExit):
    """Code of the project wanted to end the process that judges it."""


@contextmanager
def user_code() -> Iterator[None]:
    """Run code of the project inside: afterwards the program's output is its own again."""
    _install()
    out, err = sys.stdout, sys.stderr
    try:
        yield
    finally:
        sys.stdout, sys.stderr = out, err


def _install() -> None:
    global _home  # noqa: PLW0603 - one process, one guard
    if _home == os.getpid():
        return
    _home = os.getpid()
    for name in ENDS:
        real = getattr(os, name)
        if not isinstance(getattr(real, "refused_in", None), int):
            guarded = _guarded(name, real)
            for module in (os, sys.modules.get("posix"), sys.modules.get("nt")):
                if module is not None and hasattr(module, name):
                    setattr(module, name, guarded)


_home = 0


def _guarded(name: str, real: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(real)
    def guarded(*given: Any, **named: Any) -> Any:
        caller = sys._getframe(1).f_globals.get("__name__", "")  # noqa: SLF001 - who asks decides
        if os.getpid() != _home or caller.partition(".")[0] in ALLOWED:
            return real(*given, **named)
        _refuse(name, given)

    guarded.refused_in = 1  # type: ignore[attr-defined]  # so that it is put in place once
    return guarded


def _refuse(name: str, given: tuple[Any, ...]) -> NoReturn:
    shown = repr(given[0]) if given else ""
    raise ExitRefused(f"os.{name}({shown}) was refused: it would end the process that judges this code")
