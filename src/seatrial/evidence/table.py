"""Evidence: the tidy table itself, checked once, read as numpy codes and numbers."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from seatrial.evidence.arrow import from_numpy, one_array, texts, to_numpy
from seatrial.evidence.columns import SEGMENT_PREFIX
from seatrial.evidence.order import numbered

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray


_NAN, _NONE = from_numpy(np.array([np.nan]))[0], from_numpy(np.array([-1], dtype=np.int32))[0]
"""What stands in numpy for a null number and for a null text."""


@dataclass(frozen=True, slots=True)
class Codes:
    """A text column as small integers: `values[index[row]]` is the row's text, index -1 is null."""

    values: tuple[str, ...]
    index: NDArray[np.int32]


@dataclass(frozen=True)
class Evidence:
    """One evidence table in canonical columns, already checked (`evidence.check`), and where it came from.

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

    def has(self, name: str) -> bool:
        """Whether the column is there at all."""
        return name in self.table.column_names

    @cached_property
    def dimensions(self) -> tuple[str, ...]:
        """Names of the segment dimensions, without their prefix, in the table's order."""
        return tuple(
            name.removeprefix(SEGMENT_PREFIX) for name in self.table.column_names if name.startswith(SEGMENT_PREFIX)
        )

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

    def codes(self, name: str) -> Codes:
        """A text column as codes; encoded once."""
        if name not in self._encoded:
            self._encoded[name] = encode(self.table.column(name))
        return self._encoded[name]

    def numbers(self, name: str) -> NDArray[np.float64]:
        """A number column as floats, null as NaN (which never leaves the rooms that call this)."""
        if name not in self._floats:
            column = one_array(pc.cast(self.table.column(name), pa.float64(), safe=False))
            self._floats[name] = to_numpy(pc.fill_null(column, _NAN) if column.null_count else column)
        return self._floats[name]

    def named(self, version: str) -> Evidence:
        """The same rows under another version name."""
        place = self.table.column_names.index("version")
        return Evidence(
            self.table.set_column(place, "version", constant(version, len(self))), self.source, self.metadata
        )


def constant(value: str, rows: int) -> pa.DictionaryArray:
    """A text column that says the same everywhere."""
    return pa.DictionaryArray.from_arrays(from_numpy(np.zeros(rows, dtype=np.int32)), texts(value))


def encode(column: Any) -> Codes:
    """Dictionary-encode a text column."""
    array = one_array(column.unify_dictionaries() if isinstance(column, pa.ChunkedArray) else column)
    if not pa.types.is_dictionary(array.type):
        if not array.null_count:
            words, index = numbered(array)
            return Codes(tuple(words.to_pylist()), index)
        array = pc.dictionary_encode(array)
    codes = pc.cast(array.indices, pa.int32())
    index = to_numpy(pc.fill_null(codes, _NONE) if codes.null_count else codes)
    values = np.array(array.dictionary.to_pylist(), dtype=object)
    used = np.bincount(index + 1, minlength=values.size + 1)[1:] > 0
    if not used.all():
        # A categorical column brings the words it might have held; evidence holds what its rows say.
        index = np.concatenate([np.cumsum(used, dtype=np.int32) - 1, np.array([-1], dtype=np.int32)])[index]
        values = values[used]
    return Codes(tuple(values.tolist()), index)
