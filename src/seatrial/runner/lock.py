"""Lock: one writer of a run at a time, around the function that writes it."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from functools import wraps
from typing import TYPE_CHECKING, Any, ParamSpec

from seatrial.pool.lock import run_lock

if TYPE_CHECKING:
    from collections.abc import Callable

    from seatrial.runner.plan import RunResult

FOLDER = 4
"""Place of the folder among the arguments of `run`."""

P = ParamSpec("P")


def one_writer(run: Callable[P, RunResult]) -> Callable[P, RunResult]:
    """Hold the lock of the run's folder, the fifth argument, while `run` writes into it."""

    @wraps(run)
    def locked(*args: P.args, **kwargs: P.kwargs) -> RunResult:
        run_dir: Any = args[FOLDER] if len(args) > FOLDER else kwargs["run_dir"]
        new = not run_dir.is_dir()
        if new and kwargs.get("resume"):
            return run(*args, **kwargs)  # which refuses it: there is no run
        run_dir.mkdir(parents=True, exist_ok=True)
        try:
            with run_lock(run_dir) as stale:
                result = run(*args, **kwargs)
        except BaseException:
            if new:
                with suppress(OSError):  # it holds something
                    run_dir.rmdir()
            raise
        return replace(result, warnings=(stale, *result.warnings)) if stale else result

    return locked
