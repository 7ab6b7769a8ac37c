"""The gate on a million rows of evidence, command line included, beside a bare script that reads and counts the same file."""

from __future__ import annotations

import random
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from benchmarks.child import CLI, Took, environment, expect, middle, ours, shuffled, spawn

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

SIZES = (1_000, 100_000, 300_000, 1_000_000, 3_000_000)
"""The first costs little but the start of the command; growth is between two pairs of different sizes after it."""
QUICK_SIZES = (1_000, 10_000, 30_000, 100_000)
RECORD = 1_000_000
UNWANTED = ("pandas", "scipy")

# Each snippet runs in a process of its own: the one that measures must stay small.
WRITE = """
import sys
import numpy as np, pyarrow as pa, pyarrow.parquet as pq
rows, path = int(sys.argv[1]), sys.argv[2]
n = rows // 2
rng = np.random.default_rng(20)
desk = rng.integers(0, 50, n)
before = rng.random(n) < .8
# As many broke as fixed: nothing is found, so every row is judged to its end.
after = np.where(rng.random(n) < np.where(before, .03, .12), ~before, before)
ids = [f"ex-{i:07d}" for i in range(n)]
names = np.array([f"desk-{i:02d}" for i in range(50)])[np.concatenate([desk, desk])]
pq.write_table(pa.table({
    "example_id": ids + ids,
    "version": ["v1"] * n + ["v2"] * n,
    "key": ["score"] * (2 * n),
    "repetition": np.zeros(2 * n, dtype=np.int64),
    "outcome": ["scored"] * (2 * n),
    "score": np.concatenate([before, after]).astype(float),
    "segment.desk": pa.array(names, type=pa.string()),
}), path, compression="zstd")
"""
FLOOR = """
import sys
import numpy as np, pyarrow.parquet as pq
table = pq.read_table(sys.argv[1])
codes = {}
for name in ("example_id", "version", "segment.desk"):
    column = table.column(name).combine_chunks()
    codes[name] = (column if not hasattr(column, "chunks") else column.combine_chunks()).dictionary_encode().indices.to_numpy()
score = table.column("score").to_numpy()
place = codes["segment.desk"].astype(np.int64) * 2 + codes["version"]
print(np.bincount(place, weights=score) / np.bincount(place))
"""
HIDDEN = """
import sys
class Hide:
    def find_spec(self, name, path=None, target=None):
        if name == "pandas":
            raise ModuleNotFoundError("No module named 'pandas'", name="pandas")
sys.meta_path.insert(0, Hide())
"""
LOADED = f"""
import sys
from seatrial.cli.app import run
run(sys.argv[1:])
print("loaded:", *[name for name in {UNWANTED!r} if name in sys.modules])
"""


def write_evidence(rows: int, path: Path) -> None:
    """One key, one dimension of 50 values, rows / 2 examples in two versions; the same bytes every time."""
    expect(spawn([ours(), "-c", WRITE, str(rows), str(path)], environment()))


def measure(say: Callable[[str], None], *, quick: bool = False) -> list[dict[str, Any]]:
    """Rows of wall, CPU and memory at the record size, of growth with the rows, and of what was imported on the way."""
    python, env = ours(), environment()
    sizes = QUICK_SIZES if quick else SIZES
    record = sizes[-1] if quick else RECORD
    with tempfile.TemporaryDirectory() as folder:
        files = {rows: Path(folder) / f"{rows}.parquet" for rows in sizes}
        for rows, path in files.items():
            say(f"  writing {rows:,} rows")
            write_evidence(rows, path)

        def gate(path: Path, code: str = CLI) -> Took:
            arguments = ["gate", "--evidence", str(path), "--baseline", "v1", "--candidate", "v2"]
            return expect(spawn([python, "-c", code, *arguments], env))

        ways: dict[str, Callable[[], Took]] = {
            f"gate {rows:,}": lambda path=path: gate(path)  # type: ignore[misc]  # bound now
            for rows, path in files.items()
        }
        for rows, path in files.items():
            ways[f"floor {rows:,}"] = lambda path=path: expect(spawn([python, "-c", FLOOR, str(path)], env))  # type: ignore[misc]  # bound now
        ways["no pandas"] = lambda: gate(files[record], HIDDEN + CLI)
        took = shuffled(ways, 1 if quick else 5, random.Random(20), say)
        loaded = gate(files[sizes[1]], LOADED).out.rpartition("loaded:")[2].split()
        loaded_light = gate(files[sizes[1]], HIDDEN + LOADED).out.rpartition("loaded:")[2].split()
    mine, bare = ({rows: took[f"{who} {rows:,}"] for rows in sizes} for who in ("gate", "floor"))
    rows_ = [
        _row(f"gate, {what}", mine[record], bare[record], unit, record)
        for what, unit in (("wall", "s wall"), ("CPU", "s CPU"), ("peak memory", "MB"))
    ]
    rows_.append(_row("gate, wall, where pandas is not installed", took["no pandas"], bare[record], "s wall", record))
    rows_ += [_row("gate, CPU", mine[rows], bare[rows], "s CPU", rows) for rows in sizes if rows != record]
    start, small, (large, largest) = sizes[0], sizes[1], sizes[-2:]
    rows_ += [
        _growth("start apart", mine, bare, few=(start, large), many=(start, largest)),
        _growth("between sizes", mine, bare, few=(small, large), many=(large, largest)),
    ]
    for where, names in (("this environment", loaded), ("where pandas is not installed", loaded_light)):
        rows_.append(
            {
                "what": f"gate, modules loaded of {' and '.join(UNWANTED)}, {where}",
                "ours": len(names),
                "floor": None,
                "ratio": None,
                "unit": "modules",
                "n": sizes[1],
                "note": ", ".join(names),
            }
        )
    return rows_


Span: TypeAlias = tuple[int, int]
"""Rows of a smaller and of a larger file; what the larger takes longer is divided by how many more it has."""


def _growth(
    how: str, mine: Mapping[int, list[Took]], bare: Mapping[int, list[Took]], *, few: Span, many: Span
) -> dict[str, Any]:
    """How much dearer a row of `many` is than one of `few`: 1 is linear."""
    ours_, floor = (
        _dearer({rows: middle([one.cpu_s for one in took]) for rows, took in of.items()}, few, many)
        for of in (mine, bare)
    )
    return {
        "what": f"growth {how}, CPU of a row from {many[0]:,} to {many[1]:,} over {few[0]:,} to {few[1]:,}",
        "ours": ours_,
        "floor": floor,
        "ratio": None if ours_ is None or floor is None else ours_ / floor,
        "unit": "times",
        "n": many[1],
    }


def _dearer(cpu: Mapping[int, float], few: Span, many: Span) -> float | None:
    """None where noise was larger than what the rows cost: a smaller file took longer than a larger one."""
    early, late = ((cpu[span[1]] - cpu[span[0]]) / (span[1] - span[0]) for span in (few, many))
    return late / early if early > 0 and late > 0 else None


_TAKE: dict[str, Callable[[Took], float]] = {
    "s wall": lambda took: took.wall_s,
    "s CPU": lambda took: took.cpu_s,
    "MB": lambda took: took.peak_mb,
}


def _row(what: str, mine: list[Took], bare: list[Took] | None, unit: str, rows: int) -> dict[str, Any]:
    take = _TAKE[unit]
    found = middle([take(one) for one in mine])
    floor = None if bare is None else middle([take(one) for one in bare])
    return {
        "what": what,
        "ours": found,
        "floor": floor,
        "ratio": None if floor is None else found / floor,
        "unit": unit,
        "n": rows,
    }
