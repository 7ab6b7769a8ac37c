"""Dialect: how a text file writes its table, as given on the command line or as its bytes show without doubt."""

from __future__ import annotations

import codecs
import csv
import io
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from seatrial.errors import DataError, UsageError
from seatrial.table.typed import NOTHING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from seatrial.table.codes import Codes

SEPARATORS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars"}
"""What separates the values of a line, and how a sentence names it."""
SPELLED = {"tab": "\t", "\\t": "\t", "comma": ",", "semicolon": ";", "bar": "|"}
"""How a shell writes a separator."""
DECIMALS = (".", ",")
GLANCE = 262_144
"""Bytes from which the separator is found."""
LINES = 200
"""Lines of these that have to be of one width."""
BOMS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_COMMA = re.compile(r"[+-]?(?:\d+|\d{1,3}(?:\.\d{3})+)?,\d+ ?%?")
_THOUSANDS = re.compile(r"[+-]?[1-9]\d{0,2}(?:,\d{3})+")
_POINT = re.compile(r"[+-]?\d*\.\d+ ?%?")
_COMPLETE = re.compile(r"[+-]?\d+ ?%?")
_DIFFERENT = 500
"""Different values of a column that are looked at for its decimal mark."""


@dataclass(frozen=True, slots=True)
class Dialect:
    """How a file writes its table; None is found out.

    Attributes:
        separator: between the values of a line.
        encoding: of the text, as Python names it.
        decimal: the decimal mark, `.` or `,`.
        na: words that say there is no value, beside the ones everybody uses.
        sheet: the sheet of a workbook.
    """

    separator: str | None = None
    encoding: str | None = None
    decimal: str | None = None
    na: tuple[str, ...] = ()
    sheet: str | None = None

    def __post_init__(self) -> None:
        """Raise a UsageError where a value is none."""
        if self.separator is not None:
            found = SPELLED.get(self.separator.lower(), self.separator)
            if len(found) != 1 or found in '"\r\n':
                raise UsageError(
                    f"--separator {self.separator!r} is not one character; choose one of: , ; tab |, or another single one"
                )
            object.__setattr__(self, "separator", found)
        if self.encoding is not None:
            try:
                codecs.lookup(self.encoding)
            except LookupError:
                raise UsageError(
                    f"--encoding {self.encoding!r} is unknown; choose for example one of: utf-8, utf-16, cp1252, latin-1, cp1250, gb18030"
                ) from None
        if self.decimal is not None and self.decimal not in DECIMALS:
            raise UsageError(f"--decimal {self.decimal!r} is no decimal mark; choose one of: {' '.join(DECIMALS)}")


PLAIN = Dialect()


def sniffed(path: Path, given: Dialect = PLAIN) -> tuple[Dialect, tuple[str, ...]]:
    """The dialect of a text file with what was not given found out, and what was found that is not commas and UTF-8.

    Raises:
        DataError: it cannot be known; names the option that settles it.
    """
    try:
        content = path.read_bytes() if given.encoding is None else b""
        notes: list[str] = []
        encoding = given.encoding or _encoding(content, path, notes)
        with path.open(encoding=encoding, newline="") as file:
            text = file.read(GLANCE)
    except UnicodeDecodeError as error:
        raise DataError(
            f"{path} is not in {given.encoding} ({error.reason} at byte {error.start}); name another with --encoding"
        ) from error
    except OSError as error:
        raise DataError(f"{path} cannot be opened: {error.strerror}") from error
    separator = given.separator
    if separator is None:
        separator = _separator(text, path)
        if separator != ",":
            notes.append(f"separated by {SEPARATORS[separator]}")
    return replace(given, separator=separator, encoding=encoding), tuple(notes)


def _encoding(content: bytes, path: Path, notes: list[str]) -> str:
    for mark, name in BOMS:
        if content.startswith(mark):
            if name != "utf-8-sig":
                notes.append("UTF-16")
            return name
    try:
        content.decode("utf-8")
    except UnicodeDecodeError as error:
        # Bytes that cp1252 does not know, or that no text has, are another encoding or no text at all.
        if not any(byte < 32 and byte not in (9, 10, 13) for byte in set(content)):
            try:
                content.decode("cp1252")
            except UnicodeDecodeError:
                pass
            else:
                notes.append("cp1252, as it is not UTF-8 (--encoding names another)")
                return "cp1252"
        raise DataError(
            f"{path} is not in UTF-8 ({error.reason} at byte {error.start}); save it as UTF-8, or name its encoding with --encoding"
        ) from error
    return "utf-8-sig"


def _separator(text: str, path: Path) -> str:
    """The one separator that gives every line as many values as the header, more than one; a comma where none does."""
    found = [mark for mark in SEPARATORS if _regular(text, mark)]
    if len(found) > 1:
        named = " or ".join(f"--separator {'tab' if mark == chr(9) else repr(mark)}" for mark in found)
        raise DataError(
            f"{path} could be separated by {' or '.join(SEPARATORS[mark] for mark in found)}: every line has as many as its header. Say {named}"
        )
    if found:
        return found[0]
    header = text.splitlines()[0] if text.splitlines() else ""
    # A ragged file is refused where it is read; the mark its header has most often is what it is read with.
    counts = {mark: header.count(mark) for mark in SEPARATORS}
    best = max(counts, key=lambda mark: counts[mark])
    return best if counts[best] and not counts[","] else ","


def _regular(text: str, separator: str) -> bool:
    complete = text if len(text) < GLANCE else text[: text.rfind("\n") + 1]
    width = 0
    try:
        for number, row in enumerate(csv.reader(io.StringIO(complete, newline=""), strict=True, delimiter=separator)):
            if not row:
                continue
            if not width:
                width = len(row)
                if width < 2:
                    return False
            if len(row) != width:
                return False
            if number >= LINES:
                break
    except csv.Error:
        return False
    return width > 1


def decimal_of(columns: Iterable[Codes]) -> str:
    """The decimal mark of a file: a comma where some column of numbers can mean nothing else and none has a point."""
    comma = False
    for column in columns:
        words = [word for text in column.values[:_DIFFERENT] if (word := text.strip()) and word.lower() not in NOTHING]
        if any(_POINT.fullmatch(word) for word in words) and all(
            _POINT.fullmatch(word) or _COMPLETE.fullmatch(word) for word in words
        ):
            return "."
        if any(_COMMA.fullmatch(word) for word in words) and all(
            _COMMA.fullmatch(word) or _COMPLETE.fullmatch(word) for word in words
        ):
            comma = comma or any(_COMMA.fullmatch(word) and not _THOUSANDS.fullmatch(word) for word in words)
    return "," if comma else "."
