"""Admissible: what keeps a verdict table from deciding in a gate, before any licence is looked at."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from seatrial.judge.licence import UNSAID

if TYPE_CHECKING:
    from seatrial.judge.scores import Scores
    from seatrial.table import Table

IDENTITY = re.compile(r".+@\d+#[0-9a-f]+")


def inadmissible(table: Table, scores: Scores) -> tuple[str, ...]:
    """Sentences; empty where a valid licence is all that is asked for."""
    found = []
    if not scores.orders:
        found.append("one order only, so position bias cannot be seen")
    unpinned = [name for name in scores.judges if not IDENTITY.fullmatch(name)]
    if not scores.judges:
        found.append("the judge is not named")
    elif unpinned:
        found.append(f"judge {unpinned[0]!r} is no pinned identity NAME@VERSION#HASH")
    if not table.has("reported_model"):
        found.append("the model that answered is not recorded")
    if not table.has("family") or any(word in UNSAID for word in table.codes("family").values):
        found.append("the family of the judge's model is unknown")
    return tuple(found)
