"""Evidence: the tidy table itself, checked once, held as numpy codes and numbers."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from seatrial.errors import MissingExtra
from seatrial.evidence.schema import kind_of
from seatrial.table.codes import Codes, constant
from seatrial.table.column import Kind
from seatrial.table.table import Table

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

__all__ = ["Codes", "Evidence"]


class Evidence(Table):
    """One evidence table in canonical columns, already checked (`evidence.check`), and where it came from.

    >>> evidence.versions
    ('new', 'old')

    Attributes:
        source: file or run it was read from; named in every error.
        metadata: provenance that belongs to the whole table (`interleaved`, ...).
    """

    @cached_property
    def versions(self) -> tuple[str, ...]:
        """Versions the table holds, sorted."""
        return tuple(sorted(self.codes("version").values))

    @cached_property
    def keys(self) -> tuple[str, ...]:
        """Evaluator keys the table holds, sorted."""
        return tuple(sorted(self.codes("key").values))

    @cached_property
    def _by_example(self) -> dict[str, NDArray[np.int64]]:
        return {}

    def is_complete(self, name: str) -> bool:
        """Whether the numbers of a column are whole numbers, and are given as such by `values`."""
        return kind_of(name) is Kind.COMPLETE

    def by_example(self, name: str) -> NDArray[np.int64]:
        """Of a text column that is the same on every row of an example: its code, example by example."""
        if name not in self._by_example:
            examples = self.codes("example_id")
            found = np.zeros(len(examples.values), dtype=np.int64)
            found[examples.index] = self.codes(name).index
            self._by_example[name] = found
        return self._by_example[name]

    def named(self, version: str) -> Self:
        """The same rows under another version name."""
        return self.replaced("version", constant(version, len(self)))

    def rescored(self, score: NDArray[np.float64]) -> Self:
        """The same rows with other scores; NaN is no score."""
        return self.replaced("score", score)

    def later(self, by: int) -> Self:
        """The same rows as later repetitions."""
        return self.replaced("repetition", self.numbers("repetition") + by)

    def write(self, path: Path) -> None:
        """Write it as Parquet, metadata included; `read_evidence` reads it back.

        Raises:
            MissingExtra: pyarrow is not installed.
        """
        from seatrial.evidence.write import write_parquet  # noqa: PLC0415 - Arrow, for who asks for a file

        try:
            write_parquet({name: self.values(name) for name in self.names}, path, self.metadata)
        except ImportError:
            raise MissingExtra("pyarrow", "parquet", f"writing {path.name}") from None

    def to_pandas(self) -> Any:
        """The table as a pandas data frame: text as categories, numbers as floats with NaN where nothing stands.

        Raises:
            MissingExtra: pandas is not installed.
        """
        from seatrial.evidence.frame import to_pandas  # noqa: PLC0415 - pandas, for who asks for it

        return to_pandas(self)

    @classmethod
    def from_pandas(
        cls,
        frame: Any,
        *,
        mapping: Mapping[str, Sequence[str]] | None = None,
        segments: Sequence[str] = (),
        ignore: Sequence[str] = (),
        version: str | None = None,
        blank: str = "missing",
        source: str = "data frame",
    ) -> Evidence:
        """Read a pandas data frame or an Arrow table as evidence and check it, as `read_evidence` does a file.

        Raises:
            DataError: it does not hold evidence; names source, column, row and what to do.
            UsageError: the mapping names columns that do not exist, or this is no data frame.
        """
        from seatrial.evidence.frame import frame_evidence  # noqa: PLC0415 - as above

        return frame_evidence(
            frame, mapping=mapping, segments=segments, ignore=ignore, version=version, blank=blank, source=source
        )
