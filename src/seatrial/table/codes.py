"""Codes: a text column as small integers into its different values."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from itertools import count
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Codes:
    """A text column: `values[index[row]]` is the row's text, index -1 is null."""

    values: tuple[str, ...]
    index: NDArray[np.int32]

    def __len__(self) -> int:
        return int(self.index.size)

    def used(self) -> Codes:
        """The same rows, without the values that no row holds."""
        present = self._present(self.index)
        if present.all():
            return self
        index = np.concatenate([np.cumsum(present, dtype=np.int32) - 1, np.array([-1], dtype=np.int32)])[self.index]
        return Codes(tuple(word for word, kept in zip(self.values, present.tolist(), strict=True) if kept), index)

    def values_in(self, rows: NDArray[np.bool_]) -> tuple[str, ...]:
        """The values that the rows of this mask hold, in the order of `values`."""
        # Not np.unique: without an index to return it loads numpy.ma, a hundredth of a second of every small gate.
        return tuple(self.values[i] for i in np.flatnonzero(self._present(self.index[rows])).tolist())

    reported = values_in

    def where(self, mask: NDArray[np.bool_]) -> Codes:
        """Only the rows of this mask."""
        return Codes(self.values, self.index[mask]).used()

    def text(self, row: int) -> str | None:
        """The text of one row; None where it is null."""
        at = int(self.index[row])
        return None if at < 0 else self.values[at]

    def _present(self, index: NDArray[np.int32]) -> NDArray[np.bool_]:
        return np.bincount(index + 1, minlength=len(self.values) + 1)[1:] > 0


class Encoder:
    """Builds `Codes` from texts that arrive in pieces; each different text is kept once."""

    def __init__(self) -> None:
        # The next free number is the default of a text not met before, so a whole piece is encoded without a Python loop.
        self._codes: defaultdict[str, int] = defaultdict(count().__next__)
        self._parts: list[NDArray[np.int32]] = []

    def add(self, texts: Sequence[str]) -> None:
        """Append texts; the empty text is null."""
        self._parts.append(np.fromiter(map(self._codes.__getitem__, texts), np.int32, len(texts)))

    def codes(self) -> Codes:
        """Everything added so far."""
        index = np.concatenate(self._parts) if self._parts else np.zeros(0, np.int32)
        empty = self._codes.get("")
        if empty is None:
            return Codes(tuple(self._codes), index)
        shift = np.arange(len(self._codes), dtype=np.int32)
        shift[empty + 1 :] -= 1
        shift[empty] = -1
        return Codes(tuple(text for text in self._codes if text), shift[index])


def constant(text: str, rows: int) -> Codes:
    """A column that holds the same text everywhere."""
    return Codes((text,), np.zeros(rows, dtype=np.int32))


def filled(codes: Codes, text: str) -> Codes:
    """The column with this text where it is null."""
    if not (codes.index < 0).any():
        return codes
    values = codes.values if text in codes.values else (*codes.values, text)
    return Codes(values, np.where(codes.index < 0, np.int32(values.index(text)), codes.index))


def rewritten(codes: Codes, change: Callable[[str], str | None]) -> Codes:
    """Every different text rewritten; None makes it null, and texts that became equal are one."""
    words: dict[str, int] = {}
    place = [-1 if (new := change(text)) is None else words.setdefault(new, len(words)) for text in codes.values]
    return Codes(tuple(words), np.array([*place, -1], dtype=np.int32)[codes.index])


def joined(parts: Sequence[Codes]) -> Codes:
    """The rows of all parts, in order."""
    words: dict[str, int] = {}
    indices = []
    for part in parts:
        if part.values == tuple(words):  # the same examples in every part, as a rule
            indices.append(part.index)
            continue
        place = [words.setdefault(word, len(words)) for word in part.values]
        indices.append(np.array([*place, -1], dtype=np.int32)[part.index])
    return Codes(tuple(words), np.concatenate(indices))


def encode(texts: Sequence[str | None]) -> Codes:
    """Texts as codes, None as null; the empty text stays a text."""
    codes: dict[str | None, int] = {None: -1}
    index = np.fromiter((codes.setdefault(text, len(codes) - 1) for text in texts), np.int32, len(texts))
    del codes[None]
    return Codes(tuple(codes), index)  # type: ignore[arg-type]
