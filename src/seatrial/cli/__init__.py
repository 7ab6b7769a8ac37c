"""The command line: `main` is the console script; every verb lives in a file of its own, imported when it is called."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command line; a user's mistake prints a sentence and exits 2, our own bug keeps its traceback."""
    from seatrial.cli.app import run  # noqa: PLC0415 - `import seatrial.cli` alone costs nothing

    sys.exit(run(sys.argv[1:]))


def feedback_gate() -> None:
    """`feedback_gate`, the console script: the same as `seatrial feedback-gate`."""
    from seatrial.cli.app import run  # noqa: PLC0415

    sys.exit(run(["feedback-gate", *sys.argv[1:]]))


__all__ = ["feedback_gate", "main"]
