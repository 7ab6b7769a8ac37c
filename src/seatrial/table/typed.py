"""Typed: a raw column becomes text, numbers or instants, or the sentence that says which row cannot.

Only the different texts of a column are parsed, so a million rows of a CSV cost as much as their few values.
"""

from __future__ import annotations

from datetime import UTC, datetime, tzinfo
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from seatrial.errors import DataError
from seatrial.table.codes import Codes
from seatrial.table.column import Column, Kind
from seatrial.table.raw import LARGEST, POINT

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from seatrial.table.raw import Raw, Spelling
    from seatrial.table.table import Data

YES = ("true", "yes", "pass", "passed", "t", "y")
NO = ("false", "no", "fail", "failed", "f", "n")
"""How exports write a pass and a fail, in any case."""
ABSENT = ("", "nan", "none", "null", "n/a", "na")
"""How exports write that there is no number or instant, in any case."""
NOTHING = (*ABSENT, "-", "–", "#n/a")
"""How people and spreadsheets write it, too, in any case."""


def typed(raw: Raw, column: Column, source: str, *, zone: tzinfo | None = None) -> Data | Callable[[], Data]:
    """The column as its kind is held; text is converted when it is first read.

    Args:
        raw: what the file holds.
        column: what it is to be.
        source: the file, for errors.
        zone: the time zone of instants that name none; None refuses them.

    Raises:
        DataError: a value is not of the column's kind; names file, row and column.
    """
    if column.kind is Kind.TEXT:
        return raw.texts
    if column.kind is Kind.TIME:
        return _instants(raw, column, source, zone)
    return _numbers(raw, column, source)


def _numbers(raw: Raw, column: Column, source: str) -> NDArray[np.float64]:
    values = raw.numbers()
    if values is None:
        values = _parsed(raw.texts(), partial(number_of, spelling=raw.spelling), column, source)
    if not column.nan:
        written = np.flatnonzero(np.isnan(values) & ~raw.nulls())
        if written.size:
            row = int(written[0])
            wording = "NaN" if raw.numbers() is not None else repr(raw.texts().text(row))
            raise DataError(
                f"{source} row {row + 1}: {column.name} is {wording}, which is no number; leave it empty where there is none"
            )
    if column.kind is Kind.COMPLETE:
        wrong = np.flatnonzero(~np.isnan(values) & ((values % 1 != 0) | (np.abs(values) > LARGEST)))
        if wrong.size:
            row = int(wrong[0])
            raise DataError(
                f"{source} row {row + 1}: {column.name} is {values[row]:.17g}, which is not a whole number of at most 2^53"
            )
    infinite = np.flatnonzero(np.isinf(values))
    if infinite.size:
        row = int(infinite[0])
        raise DataError(f"{source} row {row + 1}: {column.name} is {values[row]}, which is not a finite number")
    return values


def _instants(raw: Raw, column: Column, source: str, zone: tzinfo | None) -> NDArray[np.float64]:
    kept = raw.instants()
    if kept is not None:
        if not raw.naive:
            return kept
        if zone is None:
            raise _without_zone(source, column, int((~np.isnan(kept)).sum()), _first_instant(kept))
        return np.array([_in_zone(one, zone) for one in kept.tolist()], dtype=np.float64)
    seconds = raw.numbers()
    if seconds is not None:
        return seconds
    texts = raw.texts()
    moments = [_moment(word) for word in texts.values]
    naive = [i for i, one in enumerate(moments) if isinstance(one, datetime) and one.tzinfo is None]
    if naive and zone is None:
        rows = np.isin(texts.index, naive)
        raise _without_zone(source, column, int(rows.sum()), texts.values[naive[0]])
    parsed: list[float] = []
    for i, one in enumerate(moments):
        if isinstance(one, datetime):
            parsed.append((one if one.tzinfo else one.replace(tzinfo=zone)).timestamp())
        elif one is None:
            parsed.append(np.nan)
        else:
            raise _refused(texts, i, column, source, "a time such as 2026-03-01T09:30:00+00:00")
    return np.array([*parsed, np.nan], dtype=np.float64)[texts.index]


def _without_zone(source: str, column: Column, count: int, example: str) -> DataError:
    return DataError(
        f"{source}: {count:,} values of {column.name} name no time zone, e.g. {example!r}; "
        "write them with an offset, or say which zone they are in with --timezone (e.g. --timezone UTC)"
    )


def _first_instant(kept: NDArray[np.float64]) -> str:
    present = kept[~np.isnan(kept)]
    return datetime.fromtimestamp(float(present[0]), UTC).replace(tzinfo=None).isoformat() if present.size else ""


def _in_zone(seconds: float, zone: tzinfo) -> float:
    if np.isnan(seconds):
        return seconds
    return datetime.fromtimestamp(seconds, UTC).replace(tzinfo=zone).timestamp()


def _moment(word: str) -> datetime | str | None:
    """The instant a text names; None where it says that there is none; the text itself where it is neither."""
    text = word.strip()
    if text.lower() in ABSENT:
        return None
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return word


def _parsed(texts: Codes, parse: Callable[[str], float | None], column: Column, source: str) -> NDArray[np.float64]:
    parsed: list[float] = []
    for i, word in enumerate(texts.values):
        number = parse(word)
        if number is None:
            other = (
                ""
                if column.required
                else f"; where the file calls another thing {column.name}, --ignore {column.name} leaves it out"
            )
            raise _refused(
                texts, i, column, source, f"a number, nor a pass or a fail (true, yes, pass; false, no, fail){other}"
            )
        parsed.append(number)
    return np.array([*parsed, np.nan], dtype=np.float64)[texts.index]


def number_of(word: str, spelling: Spelling = POINT) -> float | None:
    """The number a text means; NaN where it says that there is none; None where it is something else."""
    text = word.strip()
    lower = text.lower()
    if lower in ABSENT or text in spelling.na:
        return float("nan")
    if lower in YES or lower in NO:
        return float(lower in YES)
    if "_" in text:  # 1_0 is Python, not data
        return None
    if spelling.decimal == ",":
        text = text.replace(".", "").replace(",", ".") if "," in text else text
    try:
        return float(text)
    except ValueError:
        return None


def _refused(texts: Codes, value: int, column: Column, source: str, expected: str) -> DataError:
    row = int(np.flatnonzero(texts.index == value)[0]) + 1
    return DataError(f"{source} row {row}: {column.name} is {texts.values[value][:60]!r}, which is not {expected}")
