"""A fresh process and what it took: wall, CPU and peak memory, as the kernel counted them.

Linux counts the parent's memory as its child's until the child starts its own program, so whoever measures stays small:
nothing here, and nothing in `__main__`, imports numpy.
"""

from __future__ import annotations

import json
import os
import signal
import statistics
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Mapping, Sequence

ROOT = Path(__file__).resolve().parents[1]
CLI = "from seatrial.cli import main; main()"
"""What the console script runs."""


@dataclass(frozen=True, slots=True)
class Took:
    """One process, start to end: seconds of wall and CPU (user and system), peak MB, exit code, what it printed."""

    wall_s: float
    cpu_s: float
    peak_mb: float
    code: int
    out: str
    err: str


def environment(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """Ours, with the checkout first on the path and compiled files allowed: without .pyc every import is recompiled."""
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return {**kept, "PYTHONPATH": os.pathsep.join((str(ROOT / "src"), str(ROOT))), **(extra or {})}


def spawn(command: Sequence[str], env: Mapping[str, str], timeout_s: float = 120.0, cwd: Path = ROOT) -> Took:
    """Run `command` to its end, or kill it after `timeout_s` (its code is then that of the signal, below 0)."""
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        # env -C changes the folder without a fork of ours in between.
        argv = ["/usr/bin/env", "-C", str(cwd), *command]
        started = time.perf_counter()
        pid = os.posix_spawn(
            argv[0],
            argv,
            dict(env),
            file_actions=[(os.POSIX_SPAWN_DUP2, out.fileno(), 1), (os.POSIX_SPAWN_DUP2, err.fileno(), 2)],
            setpgroup=0,
        )
        watch = threading.Timer(timeout_s, os.killpg, (pid, signal.SIGKILL))
        watch.start()
        _, status, used = os.wait4(pid, 0)
        wall = time.perf_counter() - started
        watch.cancel()
        reported = []
        for file in (out, err):
            file.seek(0)
            reported.append(file.read().decode(errors="replace"))
    cpu = used.ru_utime + used.ru_stime
    return Took(wall, cpu, used.ru_maxrss / 1024, os.waitstatus_to_exitcode(status), reported[0], reported[1])


def shuffled(
    ways: Mapping[str, Callable[[], Took]], rounds: int, order: random.Random, say: Callable[[str], None]
) -> dict[str, list[Took]]:
    """Every way once a round, the order drawn anew each round, so that no way always runs on a warm or a tired machine."""
    took: dict[str, list[Took]] = {name: [] for name in ways}
    for turn in range(rounds):
        names = list(ways)
        order.shuffle(names)
        for name in names:
            took[name].append(ways[name]())
            say(f"  {turn + 1}/{rounds} {name}: {took[name][-1].cpu_s:.3f} s CPU")
    return took


def expect(took: Took, code: int = 0) -> Took:
    """The same process, if it ended as it should; a benchmark of a failure measures nothing."""
    if took.code != code:
        raise RuntimeError(f"the measured process ended with {took.code}, not {code}:\n{took.err[-2000:]}")
    return took


def middle(values: Sequence[float]) -> float:
    """The median."""
    return statistics.median(values)


def compile_all(python: str, *folders: Path) -> None:
    """Write the .pyc files of what is about to be timed, and of the whole environment behind `python`."""
    code = "import compileall, sys, sysconfig; [compileall.compile_dir(f, quiet=2) for f in (sysconfig.get_paths()['purelib'], *sys.argv[1:])]"
    spawn([python, "-c", code, *map(str, folders)], environment(), timeout_s=600)


def ours() -> str:
    """The Python that runs us."""
    return sys.executable


def rows_of(module: str, say: Callable[[str], None], *, quick: bool) -> list[dict[str, Any]]:
    """The rows that a module prints when it measures in a process of its own; none, and a word about it, where it cannot."""
    command = [ours(), "-m", module, "--quick" if quick else "--full"]
    took = spawn(command, environment(), timeout_s=600)
    if took.code != 0:
        say(f"  could not run: {(took.err.strip().splitlines() or ['killed'])[-1]}")
        return []
    rows: list[dict[str, Any]] = json.loads(took.out.splitlines()[-1])
    return rows
