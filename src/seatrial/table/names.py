"""Names: which column of a file is which column of the table, by `--map`, `--segment`, `--ignore` or by its own name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from seatrial.errors import DataError, NotFound, UsageError, did_you_mean
from seatrial.table.codes import Codes
from seatrial.table.column import SEGMENT_PREFIX
from seatrial.table.raw import Text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from seatrial.table.column import Column
    from seatrial.table.raw import Raw


@dataclass(frozen=True, slots=True)
class Named:
    """The columns of a file under canonical names.

    Attributes:
        columns: canonical or `segment.NAME` -> raw column.
        others: columns of the file that nothing was made of.
    """

    columns: Mapping[str, Raw]
    others: tuple[str, ...]


def name_columns(
    have: Mapping[str, Raw],
    columns: Sequence[Column],
    source: str,
    *,
    mapping: Mapping[str, Sequence[str]],
    segments: Sequence[str] = (),
    ignore: Sequence[str] = (),
) -> Named:
    """Give every column of a file its canonical name.

    A mapped name wins over a column of that name. `--segment tier` finds the column `tier` or `segment.tier`.

    Args:
        have: the file's columns.
        columns: what the table may hold.
        source: the file, for errors.
        mapping: canonical name -> the file's columns it is made of; several are joined by `/`.
        segments: the file's columns that become dimensions.
        ignore: the file's columns that are not what their name says.

    Raises:
        UsageError: a name on the command line is not in the file, or not one a table has; lists those that are.
        NotFound: a required column is missing; says how to map it.
    """
    known = tuple(column.name for column in columns)
    found: dict[str, Raw] = {
        name: raw
        for name, raw in have.items()
        if name not in ignore and (name in known or name.startswith(SEGMENT_PREFIX))
    }
    used = {*found, *ignore}
    _must_have(have, ignore, source, "--ignore")
    for target, sources in mapping.items():
        if target not in known and not target.startswith(SEGMENT_PREFIX):
            raise UsageError(
                f"--map {target}=...: no column is called {target!r}; choose one of: {', '.join(known)}, segment.NAME{did_you_mean(target, known)}"
            )
        _must_have(have, sources, source, f"--map {target}={','.join(sources)}")
        found[target] = have[sources[0]] if len(sources) == 1 else _joined([have[one] for one in sources])
        used |= set(sources)
    for name in segments:
        column = name if name in have else SEGMENT_PREFIX + name
        if column not in have:
            _must_have(have, (name,), source, "--segment")
        if have[column].nested:
            raise UsageError(f"--segment {name}: {source} holds objects there; a segment is one word or number per row")
        found[SEGMENT_PREFIX + column.removeprefix(SEGMENT_PREFIX)] = have[column]
        used.add(column)
    odd = [name for name in found if name.startswith(SEGMENT_PREFIX) and "=" in name]
    if odd:
        raise DataError(
            f"{source}: dimension {odd[0].removeprefix(SEGMENT_PREFIX)!r} has '=' in its name; a segment is written NAME=value"
        )
    for needed in columns:
        if needed.required and needed.name not in found:
            raise NotFound(
                f"{source} has no column {needed.name} ({needed.meaning}); map it with --map {needed.name}=COLUMN. "
                f"Columns: {', '.join(have)}."
            )
    return Named(found, tuple(name for name in have if name not in used))


def _must_have(have: Mapping[str, Raw], wanted: Sequence[str], source: str, flag: str) -> None:
    for name in wanted:
        if name not in have:
            raise UsageError(
                f"{flag}: {source} has no column {name!r}; it has: {', '.join(have)}{did_you_mean(name, have)}"
            )


def _joined(parts: Sequence[Raw]) -> Text:
    """Several columns as one text; a `/` inside a later part is escaped, so that a/b + c and a + b/c stay two ids."""
    texts = [part.texts() for part in parts]
    first = Codes(tuple(word.replace("\\", "\\\\") for word in texts[0].values), texts[0].index)
    for other in texts[1:]:
        there = (first.index >= 0) & (other.index >= 0)
        width = max(len(other.values), 1)
        different, index = np.unique(
            first.index.astype(np.int64)[there] * width + other.index[there], return_inverse=True
        )
        tail = [word.replace("\\", "\\\\").replace("/", "\\/") for word in other.values]
        words = [f"{first.values[pair // width]}/{tail[pair % width]}" for pair in different.tolist()]
        joined = np.full(len(first), -1, np.int32)
        joined[there] = index
        first = Codes(tuple(words), joined)
    return Text(first)
