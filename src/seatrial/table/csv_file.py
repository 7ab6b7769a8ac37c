"""CSV: read with the standard library, every value as text, so that one odd value is an error with its row."""

from __future__ import annotations

import csv
from itertools import islice
from typing import TYPE_CHECKING, Any

from seatrial.errors import DataError
from seatrial.table.codes import Encoder
from seatrial.table.dialect import decimal_of
from seatrial.table.raw import Spelling, Text
from seatrial.table.title_row import LOOKED_AT, title_above

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from seatrial.table.codes import Codes
    from seatrial.table.raw import Raw

LONGEST = 8_000_000
"""Most characters of one value."""
PIECE = 250
"""Rows that are turned into columns at once: few enough to stay in the processor's cache, which halves the time."""
KNOWN = 1_000
"""Rows at the beginning from which it is known what the columns hold."""
ALIKE = 2
"""Columns in which a line inside of a quoted value holds a word of that column, when the line is a row of the file."""


def read_csv(
    path: Path,
    *,
    separator: str = ",",
    encoding: str = "utf-8-sig",
    decimal: str | None = None,
    na: tuple[str, ...] = (),
) -> tuple[dict[str, Raw], int]:
    """The columns of a CSV file and the number of its rows; without a `decimal` mark it is found out.

    Raises:
        DataError: it is no such file: not in this encoding, a row of another length, a quote left open, two columns of
            one name.
    """
    before = csv.field_size_limit(LONGEST)
    try:
        with path.open(encoding=encoding, newline="") as file:
            columns, rows = _columns(csv.reader(file, strict=True, delimiter=separator), path, separator, encoding)
        spelling = Spelling(decimal or decimal_of(columns.values()), na)
        return {name: Text(codes, spelling) for name, codes in columns.items()}, rows
    except csv.Error as error:
        line = _last_begun(path, separator, encoding)
        if "field limit" in str(error):
            raise DataError(
                f"{path} line {line:,}: a value is longer than {LONGEST:,} characters; is a quote left open, or is this no table?"
            ) from error
        raise DataError(
            f"{path} line {line:,}: a quote is left open, or text follows a closed one, in the row that begins here ({error}); "
            'write a value that holds a quote as "...""..."'
        ) from error
    except UnicodeDecodeError as error:
        raise DataError(
            f"{path} is not in {encoding.removesuffix('-sig').upper()} ({error.reason} at byte {error.start}); save it as UTF-8, or name its encoding with --encoding"
        ) from error
    except OSError as error:
        raise DataError(f"{path} cannot be opened: {error.strerror}") from error
    finally:
        csv.field_size_limit(before)


def _columns(reader: Any, path: Path, separator: str, encoding: str) -> tuple[dict[str, Codes], int]:
    names = next((row for row in reader if row), None)
    if names is None:
        raise DataError(f"{path} is empty")
    if "" in names[1:]:
        _refuse_title(path, separator, encoding)
    duplicates = sorted({name for name in names if names.count(name) > 1})
    if duplicates:
        raise DataError(f"{path} has the column {duplicates[0]!r} more than once; which one counts cannot be known")
    encoders = [Encoder() for _ in names]
    known: list[set[str]] = [set() for _ in names]
    several: list[tuple[int, str]] = []
    count, line = 0, reader.line_num
    while piece := list(islice(reader, PIECE)):
        begins = line + 1
        plain = reader.line_num - line == len(piece) and set(map(len, piece)) == {len(names)}
        line = reader.line_num
        if not plain and any(len(row) > len(names) for row in piece):
            _refuse_title(path, separator, encoding)
        if not plain:
            piece = _checked(piece, begins, len(names), several, path, separator)
        if any(not row[0] for row in piece):  # a spreadsheet's empty rows at the end: `;;;`
            piece = [row for row in piece if any(row)]
        columns = list(zip(*piece, strict=True))
        if count < KNOWN:
            for seen, values in zip(known, columns, strict=False):
                seen.update(value for value in values if "\n" not in value)
        count += len(piece)
        for encoder, values in zip(encoders, columns, strict=False):
            encoder.add(values)
    _refuse_swallowed(several, known, path, separator)
    return {name: encoder.codes() for name, encoder in zip(names, encoders, strict=True)}, count


def _refuse_title(path: Path, separator: str, encoding: str) -> None:
    """Raise where the first line is a title and the names of the columns stand further down."""
    with path.open(encoding=encoding, newline="") as file:
        reader = csv.reader(file, delimiter=separator)
        title = title_above(((reader.line_num, row) for row in islice(reader, LOOKED_AT)), "line")
    if title:
        raise DataError(f"{path}: {title}")


def _checked(
    piece: list[list[str]], line: int, width: int, several: list[tuple[int, str]], path: Path, separator: str
) -> list[list[str]]:
    """The rows of a piece without blank lines, all of one length; values of several lines are added to `several`."""
    rows = []
    for row in piece:
        breaks = 0
        for value in row:
            if lines := value.count("\n") or value.count("\r"):
                breaks += lines
                several.append((line, value))
        if row:
            if len(row) != width:
                raise DataError(
                    f"{path} line {line:,} has {len(row)} values, the header has {width}; is a value with {separator!r} in it not quoted?"
                )
            rows.append(row)
        line += 1 + breaks
    return rows


def _last_begun(path: Path, separator: str, encoding: str) -> int:
    """The line on which the row begins that cannot be read."""
    with path.open(encoding=encoding, newline="") as file:
        reader = csv.reader(file, strict=True, delimiter=separator)
        begun = 1
        try:
            for _ in reader:
                begun = reader.line_num + 1
        except csv.Error:
            pass
    return begun


def _refuse_swallowed(values: Iterable[tuple[int, str]], known: list[set[str]], path: Path, separator: str) -> None:
    """Raise where a value of several lines holds what are rows of the file, between two quotes left open."""
    for at, value in values:
        for line in value.splitlines()[1:]:
            row = line.split(separator)
            # A text with just so many separators is no row; one with the words of two columns in their places is.
            if len(row) >= len(known) and sum(one in seen for one, seen in zip(row, known, strict=False)) >= ALIKE:
                raise DataError(
                    f"{path} line {at:,}: a value in quotes goes over several lines and holds what looks like a row of the file "
                    f"({line[:80]!r}); is a quote left open here and another further down?"
                )
