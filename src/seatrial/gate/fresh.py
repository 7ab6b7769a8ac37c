"""Fresh rows: the suspicious rows of a first look, once more, on repetitions made after it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from seatrial.errors import InvalidComparison
from seatrial.gate import confirm
from seatrial.gate.arms import arms
from seatrial.gate.rows import in_full, rows_of, without_quarantined
from seatrial.gate.validity import baseline_is_valid, known_critical
from seatrial.wording import count

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from seatrial.evidence import Evidence
    from seatrial.gate.arms import Arms
    from seatrial.gate.comparison import Comparison
    from seatrial.gate.row import Row
    from seatrial.verdict import Finding


@dataclass(frozen=True, slots=True)
class FreshRows:
    """Rows on fresh repetitions.

    Attributes:
        rows: position of a row of the plan -> the same row on the fresh repetitions.
        needed: the suspicious rows of the first look, in reading order.
        evidence: the fresh repetitions.
        judged: key -> its arms on them, without the examples in quarantine.
        repetitions: how many, per example and version.
    """

    rows: Mapping[int, Row]
    needed: tuple[Finding, ...]
    evidence: Evidence
    judged: Mapping[str, Arms]
    repetitions: int

    @property
    def names(self) -> frozenset[tuple[str, str]]:
        """(segment, key) of the rows."""
        return frozenset((r.segment, r.key) for r in self.rows.values())


def fresh_rows(
    c: Comparison, compared: Evidence, rows: Sequence[Row], critical: frozenset[str], kept_complete: frozenset[str]
) -> FreshRows:
    """The suspicious `rows` of the examples that are `compared`, on the repetitions of the comparison's second look.

    Raises:
        InvalidComparison: the fresh repetitions lack an example, come from other data or other evaluators, or their
            baseline crashed.
    """
    assert c.second_stage is not None  # noqa: S101 - asked only then
    first, fresh = c.second_stage.first, c.second_stage.evidence
    needed = confirm.suspicious(first)
    confirm.complete(compared, fresh, needed, first)
    confirm.same_provenance(compared, fresh)
    known_critical(fresh, c.critical)
    aligned = {key: arms(fresh, key, c.baseline, c.candidate) for key in {f.key: None for f in needed}}
    judged = without_quarantined(fresh, aligned, c.quarantine)
    for key, a in judged.items():
        baseline_is_valid(fresh, a, aligned[key], c.policy, c.baseline, critical, kept_complete)
    repeated = rows_of(fresh, judged.values(), critical)
    if kept_complete:
        repeated = in_full(repeated, rows_of(fresh, aligned.values(), critical), kept_complete)
    found = _matched(rows, repeated, needed, fresh)
    return FreshRows(found, needed, fresh, judged, int(np.unique(fresh.numbers("repetition")).size))


def _matched(first: Sequence[Row], second: Sequence[Row], needed: Sequence[Finding], fresh: Evidence) -> dict[int, Row]:
    repeated = {(r.segment, r.key): r for r in second}
    wanted = {(f.segment, f.key) for f in needed}
    found = {}
    for i, r in enumerate(first):
        if (r.segment, r.key) not in wanted:
            continue
        other = repeated.get((r.segment, r.key))
        if other is None or other.n != r.n:
            raise InvalidComparison(
                f"{fresh.source}: {r.segment} · {r.key} has {count(r.n, 'cluster')} at the first look and {0 if other is None else other.n} in the fresh repetitions; a row is confirmed on all of its examples"
            )
        found[i] = other
    return found
