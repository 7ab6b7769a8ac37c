"""Rows of a decision: per key the overall row and one row per segment, with and without examples in quarantine."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from seatrial.gate import quarantine
from seatrial.gate.row import OVERALL, row

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

    from seatrial.evidence import Evidence
    from seatrial.gate.arms import Arms
    from seatrial.gate.quarantine_file import Quarantine
    from seatrial.gate.row import Row


def rows_of(evidence: Evidence, aligned: Iterable[Arms], critical: frozenset[str]) -> tuple[Row, ...]:
    """Every row of these keys: overall, then each segment that has examples or is critical."""
    return tuple(r for a in aligned for r in _rows(evidence, a, critical))


def without_quarantined(evidence: Evidence, aligned: Mapping[str, Arms], kept: Quarantine) -> dict[str, Arms]:
    """The same arms without the examples in quarantine."""
    if not kept.entries:
        return dict(aligned)
    out = quarantine.left_out(evidence, kept)
    return {key: quarantine.without(a, out) for key, a in aligned.items()}


def in_full(rows: Iterable[Row], everything: Iterable[Row], segments: Collection[str]) -> tuple[Row, ...]:
    """`rows`, with those of `segments` as they are in `everything`."""
    full = {(r.segment, r.key): r for r in everything if r.segment in segments}
    return tuple(full.get((r.segment, r.key), r) for r in rows)


def _rows(evidence: Evidence, aligned: Arms, critical: frozenset[str]) -> Iterator[Row]:
    yield row(aligned, OVERALL, critical=False, members=None)
    for dimension in evidence.dimensions:
        values, of_example = aligned.segment(evidence, dimension)
        order = np.argsort(of_example, kind="stable")
        edges = np.searchsorted(of_example[order], np.arange(len(values) + 1))
        named = {value: order[edges[i] : edges[i + 1]] for i, value in enumerate(values)}
        absent = [name.partition("=")[2] for name in critical if name.partition("=")[:2] == (dimension, "=")]
        for value in sorted({*values, *absent}):
            members = named.get(value, np.empty(0, dtype=np.int64))
            declared = dimension in critical or f"{dimension}={value}" in critical
            if members.size or declared:
                yield row(aligned, f"{dimension}={value}", declared, members)
