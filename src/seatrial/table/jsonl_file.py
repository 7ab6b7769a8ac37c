"""JSONL: one JSON object a line; an object that contradicts itself or is cut short is refused with its line."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from seatrial.errors import DataError
from seatrial.table.raw import POINT, Listed

if TYPE_CHECKING:
    from pathlib import Path

    from seatrial.table.raw import Raw, Spelling

LONGEST = 8_000_000
"""Most bytes of one line."""


def read_jsonl(path: Path, spelling: Spelling = POINT) -> tuple[dict[str, Raw], int]:
    """The columns of a JSONL file and the number of its rows; a name that a line lacks is null there."""
    rows: list[dict[str, Any]] = []
    try:
        with path.open("rb") as file:
            for number, line in enumerate(file, start=1):
                if len(line) > LONGEST:
                    raise DataError(f"{path} line {number} is longer than {LONGEST:,} bytes; a row is a few hundred")
                if line.strip():
                    rows.append(_object(line, number, path))
    except OSError as error:
        raise DataError(f"{path} cannot be opened: {error.strerror}") from error
    names = dict.fromkeys(name for row in rows for name in row)
    return {name: Listed([row.get(name) for row in rows], spelling) for name in names}, len(rows)


def _object(line: bytes, number: int, path: Path) -> dict[str, Any]:
    try:
        text = line.decode("utf-8-sig" if number == 1 else "utf-8")
        row = json.loads(text, parse_constant=refuse_constant, object_pairs_hook=only_once)
        if b"\\ud" in line.lower():
            # Half a surrogate pair is valid JSON and no text.
            json.dumps(row, ensure_ascii=False).encode()
    except UnicodeDecodeError as error:
        raise DataError(f"{path} line {number} is not UTF-8: {error.reason} at byte {error.start}") from error
    except (ValueError, RecursionError) as error:
        raise DataError(f"{path} line {number} is no JSON object (cut short?): {str(error)[:200]}") from error
    if not isinstance(row, dict):
        raise DataError(f"{path} line {number} is a {type(row).__name__}, not an object")
    return row


def only_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A JSON object; a ValueError where it has a name more than once."""
    row = dict(pairs)
    if len(row) != len(pairs):
        names = [name for name, _ in pairs]
        duplicates = next(name for name in row if names.count(name) > 1)
        raise ValueError(f"it has {duplicates!r} more than once; which one counts cannot be known")
    return row


def refuse_constant(word: str) -> float:
    """Raise a ValueError: JSON has no NaN and no infinity."""
    raise ValueError(f"{word} is no number in JSON")
