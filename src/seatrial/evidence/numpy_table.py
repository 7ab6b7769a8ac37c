"""Coded: evidence that was made in this process, held as numpy codes and numbers from the start.

A gate of a run that has just ended need not load Arrow, write a file and read it again. What is not plainly of its
column's type is no business of this room: Arrow's rules (`evidence.shape`) say what it means, or refuse it.
"""

from __future__ import annotations

import math
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from seatrial.evidence.schema import EVIDENCE_COLUMNS, SEGMENT_PREFIX
from seatrial.evidence.table import Codes, Evidence
from seatrial.evidence.write import Repeated

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pyarrow as pa
    from numpy.typing import NDArray

    Column: TypeAlias = Codes | NDArray[np.float64]

_TYPES = {column.name: column.type for column in EVIDENCE_COLUMNS}
_FULL = ("example_id", "version", "key", "repetition", "outcome")
_LARGEST = 2.0**53


class Coded(Evidence):
    """Evidence whose columns are codes (text) and floats (numbers, NaN where there is none)."""

    columns: Mapping[str, Column]

    def __init__(self, columns: Mapping[str, Column], source: str, metadata: Mapping[str, str]) -> None:
        for name, value in (("columns", columns), ("source", source), ("metadata", metadata)):
            object.__setattr__(self, name, value)  # frozen, as every evidence is

    @cached_property
    def table(self) -> pa.Table:
        """The same rows in Arrow, for those who ask."""
        import pyarrow as pa  # noqa: PLC0415 - nobody may ask

        from seatrial.evidence.arrow import listed  # noqa: PLC0415

        made = {}
        for name, column in self.columns.items():
            if isinstance(column, Codes):
                words = (*column.values, None)  # index -1 is the last
                made[name] = listed([words[i] for i in column.index.tolist()], pa.string())
            else:
                kind = pa.int64() if _TYPES[name] == "int64" else pa.float64()
                number = int if _TYPES[name] == "int64" else float
                made[name] = listed([None if math.isnan(x) else number(x) for x in column.tolist()], kind)
        return pa.table(made)

    def __len__(self) -> int:
        return len(self.numbers("repetition"))

    @cached_property
    def names(self) -> tuple[str, ...]:
        """As in every evidence."""
        return tuple(self.columns)

    def codes(self, name: str) -> Codes:
        """As in every evidence."""
        column = self.columns[name]
        assert isinstance(column, Codes), name  # noqa: S101 - our bug
        return column

    def numbers(self, name: str) -> NDArray[np.float64]:
        """As in every evidence."""
        column = self.columns[name]
        assert not isinstance(column, Codes), name  # noqa: S101 - our bug
        return column

    def missing(self, name: str) -> NDArray[np.bool_]:
        """As in every evidence."""
        column = self.columns[name]
        return column.index < 0 if isinstance(column, Codes) else np.isnan(column)

    def is_text(self, name: str) -> bool:
        """As in every evidence."""
        return isinstance(self.columns[name], Codes)

    def where(self, mask: NDArray[np.bool_]) -> Coded:
        """As in every evidence."""
        kept: dict[str, Column] = {
            name: Codes(column.values, column.index[mask]).used() if isinstance(column, Codes) else column[mask]
            for name, column in self.columns.items()
        }
        return Coded(kept, self.source, self.metadata)

    def named(self, version: str) -> Coded:
        """As in every evidence."""
        return self._with("version", Codes((version,), np.zeros(len(self), dtype=np.int32)))

    def rescored(self, score: NDArray[np.float64]) -> Coded:
        """As in every evidence."""
        return self._with("score", score)

    def later(self, by: int) -> Coded:
        """As in every evidence."""
        return self._with("repetition", self.numbers("repetition") + by)

    def _with(self, name: str, column: Column) -> Coded:
        return Coded({**self.columns, name: column}, self.source, self.metadata)


def coded(
    columns: Mapping[str, Sequence[Any] | Repeated], source: str, metadata: Mapping[str, str] | None = None
) -> Coded | None:
    """Evidence of whole columns in canonical names, not checked yet; None where a value is not plainly of its column's type."""
    made: dict[str, Column] = {}
    for name, values in columns.items():
        short = values if isinstance(values, Repeated) else Repeated(values)
        kind = _TYPES.get(name, "string" if _is_dimension(name) else "")
        if not kind:
            return None
        column = _text(short) if kind == "string" else _number(short, whole=kind == "int64")
        if column is None or (_is_dimension(name) and not _is_clean(column)):
            return None
        made[name] = column
    if "score" not in made or any(name not in made or _has_gaps(made[name]) for name in _FULL):
        return None
    rows = {len(column.index if isinstance(column, Codes) else column) for column in made.values()}
    if len(rows) != 1 or rows == {0}:
        return None
    return Coded(made, source, metadata or {})


def joined(parts: Sequence[Coded], source: str, metadata: Mapping[str, str]) -> Coded:
    """The rows of all parts, in order; a column that a part lacks says nothing there."""
    names = dict.fromkeys(name for part in parts for name in part.columns)
    return Coded({name: _join(parts, name) for name in names}, source, metadata)


def _join(parts: Sequence[Coded], name: str) -> Column:
    there = [part.columns.get(name) for part in parts]
    if not any(isinstance(column, Codes) for column in there):
        return np.concatenate(
            [np.full(len(part), np.nan) if one is None else one for part, one in zip(parts, there, strict=True)]
        )
    words: dict[str, int] = {}
    index = []
    for part, one in zip(parts, there, strict=True):
        if not isinstance(one, Codes):
            index.append(np.full(len(part), -1, dtype=np.int32))
            continue
        place = [words.setdefault(word, len(words)) for word in one.values]
        index.append(np.array([*place, -1], dtype=np.int32)[one.index])
    return Codes(tuple(words), np.concatenate(index))


def _text(column: Repeated) -> Codes | None:
    if not {type(word) for word in column.values} <= {str, type(None)}:
        return None
    words = dict.fromkeys(column.values)
    words.pop(None, None)
    try:
        "".join(words).encode()
    except UnicodeEncodeError:  # half a surrogate pair
        return None
    place = {word: i for i, word in enumerate(words)}
    index = np.array([place.get(word, -1) for word in column.values], dtype=np.int32)
    return Codes(tuple(words), _stretched(index, column))


def _number(column: Repeated, *, whole: bool) -> NDArray[np.float64] | None:
    kinds = {type(value) for value in column.values}
    if not kinds <= ({int, type(None)} if whole else {int, float, type(None)}):
        return None
    try:
        values = np.array([np.nan if value is None else value for value in column.values], dtype=np.float64)
    except OverflowError:
        return None
    there = values[~np.isnan(values)]
    # A NaN that somebody wrote is no gap.
    if values.size - there.size != column.values.count(None) or np.abs(there).max(initial=0) > _LARGEST:
        return None
    return _stretched(values, column)


def _stretched(short: NDArray[Any], column: Repeated) -> NDArray[Any]:
    once = short if column.each == 1 else np.repeat(short, column.each)
    return once if column.times == 1 else np.tile(once, column.times)


def _is_dimension(name: str) -> bool:
    return name.startswith(SEGMENT_PREFIX) and "=" not in name


def _is_clean(column: Column) -> bool:
    """Whether every row names a segment, and none with space around it."""
    return isinstance(column, Codes) and not _has_gaps(column) and all(w and w == w.strip() for w in column.values)


def _has_gaps(column: Column) -> bool:
    return bool((column.index < 0).any()) if isinstance(column, Codes) else bool(np.isnan(column).any())
