"""Propose: columns of few values that an example keeps in both versions become segments that nobody had to name."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from seatrial.evidence.recognize import ANSWERS, SCORE, plain
from seatrial.evidence.schema import NAMES, SEGMENT_PREFIX
from seatrial.table.codes import Codes, filled, joined, rewritten
from seatrial.table.read import UNKNOWN

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from seatrial.evidence.recognize import Taken
    from seatrial.evidence.table import Evidence
    from seatrial.table.raw import Raw

FEW = 20
"""Different values of a column that may be a segment."""
NEVER = {*ANSWERS, *SCORE}
"""Names of columns that are a version's doing."""


def with_segments(
    files: Sequence[Mapping[str, Raw]], parts: Sequence[Evidence], taken: Taken
) -> tuple[list[Evidence], list[str]]:
    """The parts with each such column as a dimension, and what these are: `tier (2)`, with the number of its values.

    A column whose value of some example differs between rows is what a version did, and is left out.

    Args:
        files: the columns of each file.
        parts: the same files as evidence.
        taken: what was made of the columns already.
    """
    used = {*NAMES, *taken.ignore, *(one for names in taken.mapping.values() for one in names)}
    examples = joined([part.codes("example_id") for part in parts])
    made, found = list(parts), []
    for name in files[0]:
        if name in used or name.startswith(SEGMENT_PREFIX) or "=" in name or _leaf(name) in NEVER:
            continue
        columns = [file.get(name) for file in files]
        texts = [_few_texts(raw) for raw in columns if raw is not None]
        if len(texts) != len(files) or any(one is None for one in texts):
            continue
        codes = [filled(rewritten(one, lambda text: text.strip() or None), UNKNOWN) for one in texts if one is not None]
        both = joined(codes)
        pairs = np.unique(examples.index.astype(np.int64) * max(len(both.values), 1) + both.index)
        values, known = len(both.used().values), len(examples.values)
        if not 2 <= values <= min(FEW, known / 2) or len(pairs) != known:
            continue
        found.append(f"{name} ({values})")
        made = [part.replaced(SEGMENT_PREFIX + name, one) for part, one in zip(made, codes, strict=True)]
    return [part.stamped(could_be_segments="") for part in made], found


def _leaf(name: str) -> str:
    return plain(name.rpartition(".")[2])


def _few_texts(raw: Raw) -> Codes | None:
    """The texts of a column of few values; None of free text, of fractions and of lists."""
    if raw.nested:
        return None
    numbers = raw.numbers()
    if numbers is not None and (len(set(numbers[:1000].tolist())) > FEW or (numbers[~np.isnan(numbers)] % 1).any()):
        return None
    texts = raw.texts()
    if len(texts.values) > FEW:
        return None
    return None if any("." in word and word.replace(".", "").isdigit() for word in texts.values) else texts
