"""Quotes of a CSV: Arrow takes what follows one that nobody closed, lines and all, for one value, and rows vanish unseen."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING

from seatrial.errors import DataError

if TYPE_CHECKING:
    from pathlib import Path


KNOWN = 1_000
"""Lines at the beginning from which it is known what the columns hold."""

ALIKE = 2
"""Columns in which a line inside of a value has a word of that column."""


def refuse_open_quotes(path: Path, longest: int) -> None:
    """Raise a DataError where a quoted value has no end, or goes on behind it; `longest` is the most characters of a value."""
    with path.open("rb") as raw:
        if not any(b'"' in block for block in iter(lambda: raw.read(1 << 20), b"")):
            return
    before = csv.field_size_limit(longest)
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows, began = csv.reader(file, strict=True), 1
            known: list[set[str]] = []
            swallowed: list[tuple[int, str]] = []
            try:
                for row in rows:
                    if rows.line_num > began:
                        swallowed += [(began, value) for value in row]
                    elif began <= KNOWN:
                        known = known or [set() for _ in row]
                        for seen, value in zip(known, row, strict=False):
                            seen.add(value)
                    if began > KNOWN:
                        _refuse_swallowed(path, swallowed, known)
                        swallowed = []
                    began = rows.line_num + 1
            except csv.Error as error:
                raise DataError(
                    f'{path} line {began:,}: a quote is left open, or text follows a closed one, in the row that begins here ({error}); write a value that holds a quote as "...""..."'
                ) from error
            _refuse_swallowed(path, swallowed, known)
    finally:
        csv.field_size_limit(before)


def _refuse_swallowed(path: Path, values: list[tuple[int, str]], known: list[set[str]]) -> None:
    """Raise a DataError where a value of several lines holds what are rows of the file, between two quotes left open."""
    for at, value in values:
        for line in value.splitlines()[1:]:
            row = line.split(",")
            # A text with just so many commas is no row; one with the words of two columns in their places is.
            if len(row) >= len(known) and sum(one in seen for one, seen in zip(row, known, strict=False)) >= ALIKE:
                raise DataError(
                    f"{path} line {at:,}: a value in quotes goes over several lines and holds what looks like a row of the file ({line[:80]!r}); is a quote left open here and another further down?"
                )
