"""Units seen: hashes of the units of every exposure counted so far, kept on disk between looks.

A further look has to know which of its units were exposed before. With these a look reads its own window and searches sorted
hashes, where it would otherwise read every exposure of the rollout. They are a cache: a look holds them to the table's own
number of rows and sum of times, adds what was recorded late, and reads everything anew where they do not agree.
"""

from __future__ import annotations

import json
import math
import os
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    Hashes = NDArray[np.uint64]

SCHEMA = "seatrial/units-seen/1"
MOST = 200_000_000
"""Exposures (8 bytes each) above which a look lets the database find repeated units."""
RATIO = 4
"""A sorted run is merged into the one before it once that is less than so many times as long."""


@dataclass(frozen=True, slots=True)
class Tally:
    """What a set of exposures is recognised by.

    Attributes:
        rows: how many.
        times: sum of the times of exposure, in milliseconds.
        recorded: the latest time of recording, in seconds since 1970; -inf where there is none.
    """

    rows: int = 0
    times: int = 0
    recorded: float = -math.inf

    def __add__(self, other: Tally) -> Tally:
        return Tally(self.rows + other.rows, self.times + other.times, max(self.recorded, other.recorded))

    def same(self, other: Tally) -> bool:
        """Whether these are the same exposures, as far as rows and times tell."""
        return (self.rows, self.times) == (other.rows, other.times)


@dataclass(frozen=True, slots=True)
class UnitsSeen:
    """Hashes of the units of every exposure before a time, one per exposure.

    Attributes:
        until: that time, in seconds since 1970; -inf before the first look.
        tally: of those exposures.
        runs: sorted arrays of hashes, the longest first.
    """

    until: float = -math.inf
    tally: Tally = field(default_factory=Tally)
    runs: tuple[Hashes, ...] = ()

    def adding(self, hashes: Hashes, tally: Tally, until: float) -> UnitsSeen:
        """With the exposures of these hashes, which reach up to `until`."""
        runs, last = list(self.runs), np.sort(hashes)
        while runs and len(runs[-1]) < RATIO * len(last):
            last = np.sort(np.concatenate((runs.pop(), last)))
        kept = (*runs, last) if len(last) else tuple(runs)
        return UnitsSeen(max(self.until, until), self.tally + tally, kept)

    def repeated(self, hashes: Hashes) -> Hashes:
        """Those of these hashes that belong to several exposures."""
        wanted = np.unique(hashes)
        times = np.zeros(len(wanted), np.int64)
        for run in self.runs:
            times += np.searchsorted(run, wanted, "right") - np.searchsorted(run, wanted, "left")
        return wanted[times > 1]

    def all_repeated(self) -> Hashes:
        """Every hash that belongs to several exposures."""
        everything = self.runs[0] if len(self.runs) == 1 else np.sort(np.concatenate((*self.runs, _NONE)))
        return np.unique(everything[1:][everything[1:] == everything[:-1]])


_NONE: Hashes = np.empty(0, np.uint64)


class SeenFolder:
    """Where the units seen by one rollout are kept: a list, `seen.json`, and a file of 8 bytes a hash for each run.

    Args:
        folder: of this rollout and this table alone.
        engine: name and version of what makes the hashes; another one's are not read.
    """

    def __init__(self, folder: Path, engine: str) -> None:
        self._folder, self._engine = folder, engine

    def read(self) -> UnitsSeen:
        """What was kept; nothing where there is nothing, or anything about it is not as it was written."""
        try:
            listed = json.loads((self._folder / "seen.json").read_text(encoding="utf-8"))
            if (listed["schema"], listed["engine"]) != (SCHEMA, self._engine):
                return UnitsSeen()
            runs = tuple(self._run(one) for one in listed["runs"])
            found = UnitsSeen(listed["until"], Tally(*listed["tally"]), runs)
        except (OSError, ValueError, KeyError, TypeError):
            return UnitsSeen()
        return found if sum(map(len, runs)) == found.tally.rows else UnitsSeen()

    def write(self, seen: UnitsSeen) -> None:
        """Keep it; a folder that cannot be written costs the next look its time and nothing else."""
        names = [_name(run) for run in seen.runs]
        tally = [seen.tally.rows, seen.tally.times, seen.tally.recorded]
        listed = {"schema": SCHEMA, "engine": self._engine, "until": seen.until, "tally": tally, "runs": names}
        with suppress(OSError):
            self._folder.mkdir(parents=True, exist_ok=True)
            for name, run in zip(names, seen.runs, strict=True):
                if not (self._folder / name).exists():
                    self._put(name, run.tobytes())
            self._put("seen.json", json.dumps(listed).encode())
            for old in self._folder.glob("*.u64"):
                if old.name not in names:
                    old.unlink(missing_ok=True)

    def _run(self, name: str) -> Hashes:
        run: Hashes = np.memmap(self._folder / name, np.uint64, mode="r")
        if _name(run) != name:
            raise ValueError(name)
        return run

    def _put(self, name: str, data: bytes) -> None:
        part = self._folder / f".{name}.{os.getpid()}"
        part.write_bytes(data)
        part.replace(self._folder / name)


def _name(run: Hashes) -> str:
    """A file's name says how many hashes it holds and what they sum to, so that a damaged one is noticed."""
    return f"{len(run)}-{int(run.sum(dtype=np.uint64)):016x}.u64"
