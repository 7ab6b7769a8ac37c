"""Quotes of a CSV: Arrow takes what follows one that nobody closed, lines and all, for one value, and rows vanish unseen."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING

from seatrial.errors import DataError

if TYPE_CHECKING:
    from pathlib import Path


def refuse_open_quotes(path: Path, longest: int) -> None:
    """Raise a DataError where a quoted value has no end, or goes on behind it; `longest` is the most characters of a value."""
    with path.open("rb") as raw:
        if not any(b'"' in block for block in iter(lambda: raw.read(1 << 20), b"")):
            return
    before = csv.field_size_limit(longest)
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows, began = csv.reader(file, strict=True), 1
            try:
                for _ in rows:
                    began = rows.line_num + 1
            except csv.Error as error:
                raise DataError(
                    f'{path} line {began:,}: a quote is left open, or text follows a closed one, in the row that begins here ({error}); write a value that holds a quote as "...""..."'
                ) from error
    finally:
        csv.field_size_limit(before)
