"""Prove that fixtures hold no personal data that is real: every text in every line of every `*.jsonl`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from seatrial.errors import DataError
from seatrial.privacy.find import find_pii

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class FixtureFinding:
    """Personal data in a fixture: which file, which line (from 1), what kind, masked."""

    file: str
    line: int
    kind: str
    excerpt: str


def fixture_findings(folder: Path) -> tuple[FixtureFinding, ...]:
    """Personal data that is not from a reserved range, in every `*.jsonl` below `folder`, or in one file.

    Raises:
        DataError: there is no such folder, or a file is no UTF-8 text: what cannot be read proves nothing.
    """
    if not folder.exists():
        raise DataError(f"there are no fixtures at {folder}; name a folder of .jsonl files, or one file")
    files = sorted(folder.rglob("*.jsonl")) if folder.is_dir() else [folder]
    return tuple(finding for file in files for finding in _in_file(file))


def _in_file(file: Path) -> Iterator[FixtureFinding]:
    try:
        lines = file.read_text(encoding="utf-8").split("\n")
    except UnicodeDecodeError as error:
        raise DataError(f"{file} is not UTF-8 at byte {error.start}, so nothing can be said about it") from None
    for number, line in enumerate(lines, start=1):
        for text in _texts(line):
            for finding in find_pii(text):
                yield FixtureFinding(str(file), number, finding.kind, finding.excerpt)


def _texts(line: str) -> Iterator[str]:
    """The texts in one line: unescaped where it is JSON, as it stands where it is not."""
    try:
        yield from _leaves(json.loads(line))
    except (ValueError, RecursionError):
        yield line


def _leaves(value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        for key, one in value.items():
            yield str(key)
            yield from _leaves(one)
    elif isinstance(value, list):
        for one in value:
            yield from _leaves(one)
    elif isinstance(value, str) or (isinstance(value, int) and not isinstance(value, bool)):
        yield str(value)
