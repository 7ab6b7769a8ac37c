"""Key columns: scores that stand side by side in a file become rows of one key each."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from seatrial.errors import UsageError, did_you_mean
from seatrial.evidence.schema import EVIDENCE_COLUMNS
from seatrial.evidence.scores import scored
from seatrial.table.codes import Codes, encode
from seatrial.table.raw import Listed, Numbers, Text
from seatrial.table.typed import typed

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from seatrial.evidence.reading import Reading
    from seatrial.table.raw import Raw

_SCORE = next(column for column in EVIDENCE_COLUMNS if column.name == "score")


@dataclass(frozen=True, slots=True)
class ResultFile:
    """One file, read: its columns, its rows, what it says of itself and what was found out about its text."""

    source: str
    raw: Mapping[str, Raw]
    rows: int
    stamp: Mapping[str, str]
    notes: Sequence[str]


def with_keys(files: Sequence[ResultFile], reading: Reading) -> list[ResultFile]:
    """Each column of scores as rows of a key of its name."""
    for name in reading.key_columns:
        for file in files:
            if name not in file.raw:
                raise UsageError(
                    f"--key-columns: {file.source} has no column {name!r}; it has: {', '.join(file.raw)}{did_you_mean(name, file.raw)}"
                )
    if "score" in reading.mapping or "key" in reading.mapping:
        raise UsageError("--key-columns makes key and score of several columns; leave --map key and --map score out")
    sources = [file.source for file in files]
    scores = [
        scored([file.raw[name] for file in files], sources, name, reading.scores)[0] for name in reading.key_columns
    ]
    times = len(reading.key_columns)
    made = []
    for i, file in enumerate(files):
        columns: dict[str, Raw] = {
            name: _repeated(raw, times)
            for name, raw in file.raw.items()
            if name not in reading.key_columns and name not in ("score", "key")
        }
        columns["key"] = Text(encode([key for key in reading.key_columns for _ in range(file.rows)]))
        columns["score"] = Numbers(np.concatenate([_as_numbers(column[i], file.source) for column in scores]))
        made.append(replace(file, raw=columns, rows=file.rows * times))
    return made


def _as_numbers(raw: Raw, source: str) -> NDArray[np.float64]:
    found = typed(raw, _SCORE, source)
    assert isinstance(found, np.ndarray)  # noqa: S101 - our bug
    return found


def _repeated(raw: Raw, times: int) -> Raw:
    if isinstance(raw, Listed):
        return Listed([*raw.values] * times, raw.spelling)
    numbers = raw.numbers()
    if numbers is not None:
        return Numbers(np.tile(numbers, times))
    codes = raw.texts()
    return Text(Codes(codes.values, np.tile(codes.index, times)), raw.spelling)
