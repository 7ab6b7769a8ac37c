"""Evidence: the tidy table itself, checked once, read as numpy codes and numbers."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from seatrial.evidence.schema import SEGMENT_PREFIX

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pyarrow as pa
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Codes:
    """A text column as small integers: `values[index[row]]` is the row's text, index -1 is null."""

    values: tuple[str, ...]
    index: NDArray[np.int32]

    def used(self) -> Codes:
        """The same rows, without the words that none of them says."""
        there = self._there(self.index)
        if there.all():
            return self
        index = np.concatenate([np.cumsum(there, dtype=np.int32) - 1, np.array([-1], dtype=np.int32)])[self.index]
        return Codes(tuple(word for word, said in zip(self.values, there.tolist(), strict=True) if said), index)

    def said(self, rows: NDArray[np.bool_]) -> tuple[str, ...]:
        """The words that some of `rows` say, in the order of `values`."""
        # Not np.unique: without an index to return it loads numpy.ma, a hundredth of a second of every small gate.
        return tuple(self.values[i] for i in np.flatnonzero(self._there(self.index[rows])).tolist())

    def _there(self, index: NDArray[np.int32]) -> NDArray[np.bool_]:
        return np.bincount(index + 1, minlength=len(self.values) + 1)[1:] > 0


@dataclass(frozen=True)
class Evidence:
    """One evidence table in canonical columns, already checked (`evidence.check`), and where it came from.

    Arrow holds what was read from a file, and is asked a column at a time; evidence made in this process needs no Arrow
    (`evidence.coded`).

    Attributes:
        table: Arrow table with canonical and `segment.NAME` columns.
        source: file or run it was read from; named in every error.
        metadata: provenance that belongs to the whole table (`interleaved`, ...).
    """

    table: pa.Table
    source: str
    metadata: Mapping[str, str] = field(default_factory=dict)

    def __len__(self) -> int:
        return int(self.table.num_rows)

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Its columns, in order."""
        return tuple(self.table.column_names)

    def has(self, name: str) -> bool:
        """Whether the column is there at all."""
        return name in self.names

    @cached_property
    def dimensions(self) -> tuple[str, ...]:
        """Names of the segment dimensions, without their prefix, in the table's order."""
        return tuple(name.removeprefix(SEGMENT_PREFIX) for name in self.names if name.startswith(SEGMENT_PREFIX))

    @cached_property
    def versions(self) -> tuple[str, ...]:
        """Versions the table holds, sorted."""
        return tuple(sorted(self.codes("version").values))

    @cached_property
    def keys(self) -> tuple[str, ...]:
        """Evaluator keys the table holds, sorted."""
        return tuple(sorted(self.codes("key").values))

    @cached_property
    def _encoded(self) -> dict[str, Codes]:
        return {}

    @cached_property
    def _floats(self) -> dict[str, NDArray[np.float64]]:
        return {}

    @cached_property
    def _by_example(self) -> dict[str, NDArray[np.int64]]:
        return {}

    def codes(self, name: str) -> Codes:
        """A text column as codes; encoded once."""
        if name not in self._encoded:
            from seatrial.evidence.arrow_column import codes_of  # noqa: PLC0415 - Arrow, for evidence that Arrow holds

            self._encoded[name] = codes_of(self.table.column(name))
        return self._encoded[name]

    def numbers(self, name: str) -> NDArray[np.float64]:
        """A number column as floats, null as NaN (which never leaves the rooms that call this)."""
        if name not in self._floats:
            from seatrial.evidence.arrow_column import numbers_of  # noqa: PLC0415 - as above

            self._floats[name] = numbers_of(self.table.column(name))
        return self._floats[name]

    def missing(self, name: str) -> NDArray[np.bool_]:
        """Per row, whether the column says nothing there; a NaN that a file holds is something, and wrong."""
        from seatrial.evidence.arrow_column import missing_in  # noqa: PLC0415 - as above

        return missing_in(self.table.column(name))

    def is_text(self, name: str) -> bool:
        """Whether the column holds text, and is asked for its codes; else for its numbers."""
        from seatrial.evidence.arrow_column import is_text  # noqa: PLC0415 - as above

        return is_text(self.table.column(name))

    def word(self, name: str, row: int) -> str:
        """What a text column says on a row."""
        codes = self.codes(name)
        return codes.values[int(codes.index[row])]

    def where(self, mask: NDArray[np.bool_]) -> Evidence:
        """Only the rows where `mask` is true."""
        from seatrial.evidence.arrow_column import where  # noqa: PLC0415 - as above

        return Evidence(where(self.table, mask), self.source, self.metadata)

    def by_example(self, name: str) -> NDArray[np.int64]:
        """Of a text column that says the same on every row of an example: its code, example by example."""
        if name not in self._by_example:
            examples = self.codes("example_id")
            found = np.zeros(len(examples.values), dtype=np.int64)
            found[examples.index] = self.codes(name).index
            self._by_example[name] = found
        return self._by_example[name]

    def named(self, version: str) -> Evidence:
        """The same rows under another version name."""
        from seatrial.evidence.arrow_column import constant, replaced  # noqa: PLC0415 - as above

        return Evidence(replaced(self.table, "version", constant(version, len(self))), self.source, self.metadata)

    def rescored(self, score: NDArray[np.float64]) -> Evidence:
        """The same rows with other scores; NaN is no score."""
        import pyarrow as pa  # noqa: PLC0415 - evidence that Arrow holds

        from seatrial.evidence.arrow_column import replaced  # noqa: PLC0415 - as above

        column = pa.chunked_array([pa.array(score, mask=np.isnan(score))])
        return Evidence(replaced(self.table, "score", column), self.source, self.metadata)

    def later(self, by: int) -> Evidence:
        """The same rows as later repetitions."""
        from seatrial.evidence.arrow_column import plus, replaced  # noqa: PLC0415 - as above

        later = plus(self.table.column("repetition"), by)
        return Evidence(replaced(self.table, "repetition", later), self.source, self.metadata)
