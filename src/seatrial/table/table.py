"""Table: rows from outside under canonical names, held as numpy codes and numbers."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Self, TypeAlias

import numpy as np
from numpy.typing import NDArray

from seatrial.table.codes import Codes
from seatrial.table.column import SEGMENT_PREFIX

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

Data: TypeAlias = Codes | NDArray[np.float64]
"""What one column holds: text as codes, numbers and instants as floats with NaN where nothing stands."""


class Table:
    """Rows under canonical column names.

    A column may be given as a function, which is called when the column is first read: text that no rule reads is never
    encoded.

    Attributes:
        source: the file, run or query it came from; named in every error.
        metadata: provenance of the table as a whole.
    """

    def __init__(
        self,
        columns: Mapping[str, Data | Callable[[], Data]],
        rows: int,
        source: str,
        metadata: Mapping[str, str] | None = None,
    ) -> None:
        self._columns = dict(columns)
        self._rows = rows
        self.source = source
        self.metadata = dict(metadata or {})

    def __len__(self) -> int:
        return self._rows

    @property
    def names(self) -> tuple[str, ...]:
        """Its columns, in order."""
        return tuple(self._columns)

    @property
    def dimensions(self) -> tuple[str, ...]:
        """Names of the segment dimensions, without their prefix, in the table's order."""
        return tuple(name.removeprefix(SEGMENT_PREFIX) for name in self._columns if name.startswith(SEGMENT_PREFIX))

    def has(self, name: str) -> bool:
        """Whether the column is there at all."""
        return name in self._columns

    def column(self, name: str) -> Data:
        """A column, whatever it holds."""
        data = self._columns[name]
        if callable(data):
            data = self._columns[name] = data()
        return data

    def is_text(self, name: str) -> bool:
        """Whether the column holds text."""
        return isinstance(self.column(name), Codes)

    def codes(self, name: str) -> Codes:
        """A text column."""
        data = self.column(name)
        assert isinstance(data, Codes), name  # noqa: S101 - our bug
        return data

    def numbers(self, name: str) -> NDArray[np.float64]:
        """A number or time column; NaN where nothing stands."""
        data = self.column(name)
        assert not isinstance(data, Codes), name  # noqa: S101 - our bug
        return data

    def missing(self, name: str) -> NDArray[np.bool_]:
        """Per row, whether nothing stands in the column."""
        data = self.column(name)
        return data.index < 0 if isinstance(data, Codes) else np.isnan(data)

    def text(self, name: str, row: int) -> str:
        """The text of a text column on a row; empty where nothing stands."""
        return self.codes(name).text(row) or ""

    def values(self, name: str) -> list[Any]:
        """A column row by row as texts or numbers, None where nothing stands."""
        data = self.column(name)
        if isinstance(data, Codes):
            words = (*data.values, None)  # index -1 is the last
            return [words[i] for i in data.index.tolist()]
        missing = np.isnan(data).tolist()
        number = int if self.is_complete(name) else float
        return [None if absent else number(x) for x, absent in zip(data.tolist(), missing, strict=True)]

    def is_complete(self, name: str) -> bool:
        """Whether the numbers of a column are whole numbers, and are given as such by `values`."""
        return False

    def rows(self, names: Sequence[str] | None = None) -> list[dict[str, Any]]:
        """Every row as name -> value, None where nothing stands; of all columns or of these."""
        wanted = self.names if names is None else names
        columns = [self.values(name) for name in wanted]
        return [dict(zip(wanted, row, strict=True)) for row in zip(*columns, strict=True)]

    def where(self, mask: NDArray[np.bool_]) -> Self:
        """Only the rows of this mask."""

        def kept(name: str) -> Data:
            data = self.column(name)
            return data.where(mask) if isinstance(data, Codes) else data[mask]

        return self._with({name: partial(kept, name) for name in self._columns}, int(mask.sum()))

    def replaced(self, name: str, data: Data) -> Self:
        """The same rows with another column of that name, in its place or at the end."""
        shared: dict[str, Data | Callable[[], Data]] = {one: partial(self.column, one) for one in self._columns}
        return self._with(shared | {name: data}, self._rows)

    def stamped(self, **metadata: str) -> Self:
        """The same rows with more metadata."""
        shared = {name: partial(self.column, name) for name in self._columns}
        return type(self)(shared, self._rows, self.source, self.metadata | metadata)

    def called(self, source: str) -> Self:
        """The same rows under another source, as errors name it."""
        return type(self)(
            {name: partial(self.column, name) for name in self._columns}, self._rows, source, self.metadata
        )

    def _with(self, columns: Mapping[str, Data | Callable[[], Data]], rows: int) -> Self:
        return type(self)(columns, rows, self.source, self.metadata)
