"""Causes: which answers flipped, and the reason most of the broken ones give."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import numpy as np

from seatrial.gate.report import Flip

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from seatrial.evidence import Evidence
    from seatrial.gate.arms import Arms

KEPT = 200
_TIE = 1e-12


def causes_of(evidence: Evidence, gating: Sequence[Arms], baseline: str, candidate: str) -> tuple[tuple[str, int], ...]:
    """(reason, count) over broke answers of every gating key, most frequent first; answers without a word are not listed."""
    said = Counter(reason for a in gating for _, reason in _broke(evidence, a, candidate) if reason)
    return tuple(sorted(said.items(), key=lambda item: (-item[1], item[0]))[:10])


def flips_of(evidence: Evidence, gating: Sequence[Arms], baseline: str, candidate: str) -> tuple[Flip, ...]:
    """Examples whose score moved, largest loss first, at most KEPT a direction."""
    names = evidence.codes("example_id").values
    flips = []
    for a in gating:
        reasons = dict(_broke(evidence, a, candidate))
        places = [(dimension, *a.segment(evidence, dimension)) for dimension in evidence.dimensions]
        delta = a.candidate.low - a.baseline.low
        known = (a.baseline.lost == 0) & (a.candidate.lost == 0)
        for sign in (-1, 1):
            moved = np.flatnonzero(known & (sign * delta > _TIE))
            keep = sorted(moved, key=lambda i: (-abs(delta[i]), names[a.example[i]]))[:KEPT]
            for i in keep:
                segments = tuple(f"{dimension}={values[of[i]]}" for dimension, values, of in places)
                flips.append(
                    Flip(
                        names[a.example[i]],
                        a.key,
                        segments,
                        float(a.baseline.low[i]),
                        float(a.candidate.low[i]),
                        reasons.get(int(i), ""),
                    )
                )
    return tuple(flips)


def _broke(evidence: Evidence, a: Arms, candidate: str) -> Iterator[tuple[int, str]]:
    """(position among planned examples, the candidate's reason) of each example that scored lower."""
    lower = (a.candidate.low - a.baseline.low < -_TIE) & (a.baseline.lost == 0) & (a.candidate.lost == 0)
    if not lower.any():
        return
    position: NDArray[np.int64] = np.full(len(evidence.codes("example_id").values), -1, dtype=np.int64)
    position[a.example[lower]] = np.flatnonzero(lower)
    versions, keys, examples = evidence.codes("version"), evidence.codes("key"), evidence.codes("example_id")
    mine = (versions.index == versions.values.index(candidate)) & (keys.index == keys.values.index(a.key))
    rows = np.flatnonzero(mine & (position[examples.index] >= 0))
    columns = [evidence.codes(name) for name in ("reason", "error_kind", "outcome") if evidence.has(name)]
    seen: set[int] = set()
    for row in rows:
        at = int(position[examples.index[row]])
        if at in seen:
            continue
        seen.add(at)
        words = (codes.values[codes.index[row]] for codes in columns if codes.index[row] >= 0)
        word = next((word for word in words if word), "")
        yield at, "" if word == "scored" else word
