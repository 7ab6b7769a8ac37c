"""Fresh rows: the suspicious rows of a first look on repetitions made after it, and unshown ones on both looks pooled."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from seatrial.errors import InvalidComparison
from seatrial.evidence.combine import combine
from seatrial.gate import confirm
from seatrial.gate.arms import arms
from seatrial.gate.looks import OneLook, one_after_another, planned_of
from seatrial.gate.not_worse import rules_out, shown
from seatrial.gate.rows import in_full, rows_of, without_quarantined
from seatrial.gate.validity import baseline_is_valid, known_critical
from seatrial.wording import count

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from seatrial.evidence import Evidence
    from seatrial.gate.arms import Arms
    from seatrial.gate.comparison import Comparison
    from seatrial.gate.policy import KeyRule
    from seatrial.gate.row import Row
    from seatrial.verdict import Finding


@dataclass(frozen=True, slots=True)
class FreshRows:
    """Rows on fresh repetitions.

    Attributes:
        rows: position of a row of the plan -> the same row on the fresh repetitions, where it was suspicious.
        pooled: position of a row that the first look did not show not worse -> the row on both looks together.
        needed: the suspicious rows of the first look, in reading order.
        evidence: the fresh repetitions.
        judged: key -> its arms on them, without the examples in quarantine.
        repetitions: how many, per example and version.
    """

    rows: Mapping[int, Row]
    pooled: Mapping[int, Row]
    needed: tuple[Finding, ...]
    evidence: Evidence
    judged: Mapping[str, Arms]
    repetitions: int

    @property
    def names(self) -> frozenset[tuple[str, str]]:
        """(segment, key) of the rows."""
        return frozenset((r.segment, r.key) for r in self.rows.values())


def fresh_rows(
    c: Comparison,
    compared: Evidence,
    rows: Sequence[Row],
    tested: Sequence[KeyRule],
    critical: frozenset[str],
    kept_complete: frozenset[str],
) -> FreshRows:
    """The suspicious `rows` of the examples that are `compared`, on the repetitions of the comparison's second look.

    Raises:
        InvalidComparison: the fresh repetitions lack an example, come from other data or other evaluators, or their
            baseline crashed.
    """
    assert c.second_stage is not None  # noqa: S101 - asked only then
    first, fresh = c.second_stage.first, c.second_stage.evidence
    needed, suspicious = confirm.needed(first), confirm.suspicious(first)
    confirm.complete(compared, fresh, needed, first)
    confirm.same_provenance(compared, fresh)
    known_critical(fresh, c.critical)
    tries = int(np.unique(fresh.numbers("repetition")).size)
    keys = tuple({f.key: None for f in needed})
    judged, repeated = _rows_of(c, fresh, keys, critical, kept_complete)
    aligned = {key: arms(fresh, key, c.baseline, c.candidate) for key in judged}
    for key, a in judged.items():
        baseline_is_valid(fresh, a, aligned[key], c.policy, c.baseline, critical, kept_complete)
    names = {(f.segment, f.key) for f in needed}
    open_ = [
        i
        for i, r in enumerate(rows)
        if (r.segment, r.key) in names
        and not shown(r, rules_out(r, tested, c.policy))
        and rules_out(r, tested, c.policy) is not None
    ]
    pooled: Mapping[int, Row] = {}
    if open_:
        versions = compared.codes("version")
        first_runs = compared.numbers("repetition")[versions.index == versions.values.index(c.baseline)]
        looks = (
            OneLook((compared,), planned_of(first_runs, c.policy.repetitions)),
            OneLook((fresh,), planned_of(fresh.numbers("repetition"), None)),
        )
        tables, plan = one_after_another(looks)
        _, together = _rows_of(c, combine(tables, fresh.source), keys, critical, kept_complete, plan)
        pooled = _matched(rows, together, {(rows[i].segment, rows[i].key) for i in open_}, fresh)
    found = _matched(rows, repeated, {(f.segment, f.key) for f in suspicious}, fresh)
    return FreshRows(found, pooled, suspicious, fresh, judged, tries)


def _rows_of(
    c: Comparison,
    evidence: Evidence,
    keys: Sequence[str],
    critical: frozenset[str],
    kept_complete: frozenset[str],
    repetitions: int | None = None,
) -> tuple[dict[str, Arms], tuple[Row, ...]]:
    """Arms without the examples in quarantine, and every row of these keys."""
    aligned = {key: arms(evidence, key, c.baseline, c.candidate, repetitions=repetitions) for key in keys}
    judged = without_quarantined(evidence, aligned, c.quarantine)
    rows = rows_of(evidence, judged.values(), critical)
    if kept_complete:
        rows = in_full(rows, rows_of(evidence, aligned.values(), critical), kept_complete)
    return judged, rows


def _matched(
    first: Sequence[Row], second: Sequence[Row], wanted: Collection[tuple[str, str]], fresh: Evidence
) -> dict[int, Row]:
    repeated = {(r.segment, r.key): r for r in second}
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
