"""Column: what one column of a table is called, what it holds and what it means."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

SEGMENT_PREFIX = "segment."
"""A dimension stands in a column `segment.NAME`; a segment is written `NAME=value` everywhere."""


class Kind(StrEnum):
    """What a column holds, and how it is held in memory."""

    TEXT = "text"
    """Text; held as `Codes`."""
    NUMBER = "number"
    """A finite number or a yes/no; held as float64, NaN where nothing stands."""
    COMPLETE = "whole"
    """A whole number up to 2^53; held as float64, NaN where nothing stands."""
    TIME = "time"
    """An instant; held as seconds since 1970-01-01T00:00Z in float64, NaN where nothing stands."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column that a table may have.

    Attributes:
        name: its canonical name.
        kind: what it holds.
        meaning: what it says, in a few words; shown in help and reference pages.
        required: whether a table without it is refused.
        nan: whether a written NaN counts as missing; otherwise it is refused.
        distinct: whether it is another text on nearly every row, so that a dictionary of it costs more than it saves.
    """

    name: str
    kind: Kind
    meaning: str
    required: bool = False
    nan: bool = True
    distinct: bool = False
