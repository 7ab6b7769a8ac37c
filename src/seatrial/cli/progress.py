"""Progress on stderr: a bar on a terminal, a plain line now and then in CI."""

from __future__ import annotations

import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rich.progress import Progress

EVERY_S = 10.0
_bars: list[Progress] = []


@contextmanager
def progress(*, quiet: bool = False) -> Iterator[Callable[[str, int, int], None]]:
    """Yield `tell(what, done, planned)`."""
    if quiet:
        yield lambda _what, _done, _planned: None
    elif sys.stderr.isatty():
        with _bar() as tell:
            yield tell
    else:
        yield _lines()


@contextmanager
def aside() -> Iterator[None]:
    """Take the bar, if there is one, off the terminal while something is printed there."""
    for bar in _bars:
        bar.stop()
    try:
        yield
    finally:
        for bar in _bars:
            bar.start()


@contextmanager
def _shown(bar: Progress) -> Iterator[None]:
    _bars.append(bar)
    try:
        yield
    finally:
        _bars.remove(bar)


@contextmanager
def _bar() -> Iterator[Callable[[str, int, int], None]]:
    from rich.console import Console  # noqa: PLC0415 - only a terminal pays for it
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn  # noqa: PLC0415

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    # Left alone, rich would send what is printed meanwhile to stderr, even where stdout is a file.
    console = Console(stderr=True)
    with (
        Progress(*columns, console=console, transient=True, redirect_stdout=False, redirect_stderr=False) as bar,
        _shown(bar),
    ):
        tasks = {}

        def tell(what: str, done: int, planned: int) -> None:
            if what not in tasks:
                tasks[what] = bar.add_task(what, total=planned)
            bar.update(tasks[what], completed=done)

        yield tell


def _lines() -> Callable[[str, int, int], None]:
    last: dict[str, float] = {}
    finished: set[str] = set()

    def tell(what: str, done: int, planned: int) -> None:
        now = time.monotonic()
        due = now - last.setdefault(what, now) >= EVERY_S
        if what in finished or not (due or done == planned):
            return
        print(f"{what}: {done} of {planned}", file=sys.stderr, flush=True)  # noqa: T201 - progress is this file's output
        last[what] = now
        if done == planned:
            finished.add(what)

    return tell
