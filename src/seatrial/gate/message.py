"""The messages that unscored rows carry, most frequent first."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import numpy as np

from seatrial.evidence.schema import SEGMENT_PREFIX
from seatrial.gate.row import OVERALL
from seatrial.privacy import strip_text
from seatrial.verdict import Outcome

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from numpy.typing import NDArray

    from seatrial.evidence import Evidence
    from seatrial.gate.row import Row

LONGEST = 160
"""Characters of a message that a sentence repeats."""

COLUMNS = ("reason", "error_kind")
"""Where a row says why it has no score; the first that says something speaks."""


def messages(
    evidence: Evidence,
    key: str,
    version: str,
    outcomes: Collection[Outcome],
    examples: NDArray[np.int64] | None = None,
) -> tuple[tuple[str, int], ...]:
    """(message, rows) of the rows of `version` on `key` whose outcome is one of `outcomes`, most frequent first.

    Rows without a message are left out; equal counts are ordered by the text, so that the order of rows has no influence.

    Args:
        evidence: a checked table.
        key: the evaluator key.
        version: version of the rows.
        outcomes: outcomes of the rows.
        examples: codes of the examples whose rows count; None: all of them.
    """
    mine = np.ones(len(evidence), dtype=bool)
    for name, wanted in (("key", {key}), ("version", {version}), ("outcome", set(map(str, outcomes)))):
        codes = evidence.codes(name)
        mine &= np.isin(codes.index, [i for i, value in enumerate(codes.values) if value in wanted])
    if examples is not None:
        mine &= np.isin(evidence.codes("example_id").index, examples)
    rows = np.flatnonzero(mine)
    columns = [
        (codes.values, codes.index[rows].tolist()) for codes in map(evidence.codes, filter(evidence.has, COLUMNS))
    ]
    counts: Counter[str] = Counter()
    for at in range(rows.size):
        counts[next((values[index[at]] for values, index in columns if index[at] >= 0 and values[index[at]]), "")] += 1
    del counts[""]
    return tuple(sorted(counts.items(), key=lambda item: (-item[1], item[0])))


def brief(message: str) -> str:
    """A message as part of a sentence: on one line, without personal data, cut where it is long."""
    text = strip_text(" ".join(message.split()))
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"


def messages_of(evidence: Evidence, versions: Mapping[str, str]) -> Callable[[Row, str, str], str]:
    """Gives the most frequent message of a row's cells; `versions` names the version of each arm."""

    def first(row: Row, arm: str, outcome: str) -> str:
        examples = None
        if row.segment != OVERALL:
            dimension, _, value = row.segment.partition("=")
            name = SEGMENT_PREFIX + dimension
            values = evidence.codes(name).values
            if value not in values:
                return ""
            examples = np.flatnonzero(evidence.by_example(name) == values.index(value))
        found = messages(evidence, row.key, versions[arm], (Outcome(outcome),), examples)
        return brief(found[0][0]) if found else ""

    return first
