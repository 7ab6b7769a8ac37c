"""The command line: `main` is the console script; every verb lives in a file of its own, imported when it is called."""

from __future__ import annotations

import os
import sys


def main() -> None:
    """Run the command line; a user's mistake prints a sentence and exits 2 or 3, our own bug keeps its traceback."""
    from seatrial.cli.app import run  # noqa: PLC0415 - `import seatrial.cli` alone costs nothing

    _leave(run(sys.argv[1:]))


def feedback_gate() -> None:
    """`feedback_gate`, the console script: the same as `seatrial feedback-gate`."""
    from seatrial.cli.app import run  # noqa: PLC0415

    _leave(run(["feedback-gate", *sys.argv[1:]]))


def _leave(code: int) -> None:
    """Exit with `code`; output that nobody took is "could not tell", never Python's own 1 or 120."""
    try:
        sys.stdout.flush()
    except (OSError, ValueError, AttributeError):
        code = 2
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    sys.exit(code)


__all__ = ["feedback_gate", "main"]
