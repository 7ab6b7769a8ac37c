"""Raw columns: what a file or a frame holds before it is known which column of the table it is."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from seatrial.table.codes import Codes, encode

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray


LARGEST = 2.0**53
"""Beyond it a float is no longer every whole number."""


@dataclass(frozen=True, slots=True)
class Spelling:
    """How a file writes numbers as text: its decimal mark, and words of its own for no value."""

    decimal: str = "."
    na: tuple[str, ...] = ()


POINT = Spelling()


class Raw(Protocol):
    """One column of a file: as text on request, as numbers or instants where it holds nothing else."""

    def __len__(self) -> int: ...

    def texts(self) -> Codes:
        """Every value as text."""

    def numbers(self) -> NDArray[np.float64] | None:
        """The values where every one is a number, a truth value or null; None where some are text."""

    def nulls(self) -> NDArray[np.bool_]:
        """Per row, whether nothing stands there; a written NaN is something."""

    def instants(self) -> NDArray[np.float64] | None:
        """Seconds since 1970 in UTC where the column has a type for instants; None where it is text or numbers."""

    def few(self, most: int) -> int | None:
        """How many different texts it holds, where it holds text and at most so many; else None."""

    @property
    def naive(self) -> bool:
        """Whether its instants name no time zone."""

    @property
    def nested(self) -> bool:
        """Whether it holds lists or objects."""

    @property
    def spelling(self) -> Spelling:
        """How its texts write numbers."""


@dataclass(frozen=True, slots=True)
class Text:
    """A column of text, as a CSV file has it."""

    codes: Codes
    spelling: Spelling = POINT

    def __len__(self) -> int:
        return len(self.codes)

    def texts(self) -> Codes:
        """The text itself."""
        return self.codes

    def numbers(self) -> None:
        """Text is no number before it is parsed."""

    def nulls(self) -> NDArray[np.bool_]:
        """Where no text stands."""
        return self.codes.index < 0

    def instants(self) -> None:
        """Text is no instant before it is parsed."""

    def few(self, most: int) -> int | None:
        """How many different texts, at most so many."""
        return len(self.codes.values) if len(self.codes.values) <= most else None

    naive = nested = False


@dataclass(frozen=True, slots=True)
class Listed:
    """A column of Python values, as JSON has it: texts, numbers, truth values, lists, objects and None."""

    values: Sequence[Any]
    spelling: Spelling = POINT

    def __len__(self) -> int:
        return len(self.values)

    def texts(self) -> Codes:
        """Texts as they are, everything else as its JSON, so that 7 here and "7" there are one id."""
        return encode([None if v is None else v if isinstance(v, str) else _json(v) for v in self.values])

    def numbers(self) -> NDArray[np.float64] | None:
        """Numbers and truth values; a number that no float can hold sends the column to its text."""
        if not {type(v) for v in self.values} <= {int, float, bool, type(None)}:
            return None
        try:
            return np.array([math.nan if v is None else v for v in self.values], dtype=np.float64)
        except OverflowError:
            return None

    def nulls(self) -> NDArray[np.bool_]:
        """Where None stands."""
        return np.fromiter((v is None for v in self.values), np.bool_, len(self.values))

    def instants(self) -> None:
        """JSON has no instants."""

    def few(self, most: int) -> int | None:
        """How many different texts, at most so many."""
        found: set[str] = set()
        for value in self.values:
            if value is not None:
                if not isinstance(value, str):
                    return None
                found.add(value)
                if len(found) > most:
                    return None
        return len(found)

    naive = False

    @property
    def nested(self) -> bool:
        """Whether some value is a list or an object."""
        return any(isinstance(v, (list, dict)) for v in self.values)


@dataclass(frozen=True, slots=True)
class Numbers:
    """A column of numbers, NaN where nothing stands."""

    values: NDArray[np.float64]

    def __len__(self) -> int:
        return int(self.values.size)

    def texts(self) -> Codes:
        """Each number as JSON has it."""
        return encode([None if math.isnan(x) else _json(x) for x in self.values.tolist()])

    def numbers(self) -> NDArray[np.float64]:
        """The numbers themselves."""
        return self.values

    def nulls(self) -> NDArray[np.bool_]:
        """Where no number stands."""
        return np.isnan(self.values)

    def instants(self) -> None:
        """A number is an instant only where a column of instants holds it."""

    def few(self, most: int) -> None:
        """Numbers are no texts."""

    naive = nested = False
    spelling = POINT


def _json(value: Any) -> str:
    if isinstance(value, float) and value.is_integer() and abs(value) < LARGEST:
        return str(int(value))  # as Arrow writes it: 7 in one file and 7.0 in another are one id
    return json.dumps(value, ensure_ascii=False, sort_keys=True, default=str)
