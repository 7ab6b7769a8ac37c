"""Table: rows from outside under canonical names, held as numpy codes and numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from numpy.typing import NDArray

from seatrial.table.codes import Codes
from seatrial.table.column import SEGMENT_PREFIX

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

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

    def where(self, mask: NDArray[np.bool_]) -> Table:
        """Only the rows of this mask."""
        kept: dict[str, Data | Callable[[], Data]] = {}
        for name in self._columns:
            data = self.column(name)
            kept[name] = data.where(mask) if isinstance(data, Codes) else data[mask]
        return Table(kept, int(mask.sum()), self.source, self.metadata)
