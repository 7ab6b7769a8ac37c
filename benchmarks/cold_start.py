"""Cold start: what a person waits for before anything happens, in CPU over an empty Python."""

from __future__ import annotations

import random
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.child import CLI, Took, compile_all, environment, expect, middle, ours, shuffled, spawn
from benchmarks.gate import write_evidence

if TYPE_CHECKING:
    from collections.abc import Callable

FLOOR = "python -c pass"
SMALL = 2_000
"""Rows of the small gate: a golden dataset of 1,000 examples in two versions."""


def measure(say: Callable[[str], None], *, quick: bool = False) -> list[dict[str, Any]]:
    """One row per command: `ours` is CPU ms over the floor, `floor` the CPU ms of an empty Python."""
    python, env = ours(), environment()
    compile_all(python, Path(env["PYTHONPATH"].split(":")[0]))
    with tempfile.TemporaryDirectory() as folder:
        evidence = Path(folder) / "small.parquet"
        write_evidence(SMALL, evidence)
        gate = ["gate", "--evidence", str(evidence), "--baseline", "v1", "--candidate", "v2"]
        commands = {
            FLOOR: [python, "-c", "pass"],
            "import seatrial": [python, "-c", "import seatrial"],
            "seatrial --help": [python, "-c", CLI, "--help"],
            "seatrial gate --help": [python, "-c", CLI, "gate", "--help"],
            f"seatrial gate, {SMALL:,} rows": [python, "-c", CLI, *gate],
        }
        ways: dict[str, Callable[[], Took]] = {
            name: lambda command=command: expect(spawn(command, env))  # type: ignore[misc]  # bound now
            for name, command in commands.items()
        }
        took = shuffled(ways, 3 if quick else 9, random.Random(20), say)
    cpu_ms = {name: 1000 * middle([one.cpu_s for one in mine]) for name, mine in took.items()}
    floor = cpu_ms.pop(FLOOR)
    return [
        {"what": what, "ours": ms - floor, "floor": floor, "ratio": ms / floor, "unit": "ms CPU over the floor", "n": 1}
        for what, ms in cpu_ms.items()
    ]
