"""Causes: which answers flipped, and the reason most of the broken ones give."""

from __future__ import annotations

from collections import Counter
from heapq import nsmallest
from typing import TYPE_CHECKING

import numpy as np

from seatrial.gate.report import Flip
from seatrial.gate.row import OVERALL

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from seatrial.evidence import Evidence
    from seatrial.gate.arms import Arms

KEPT = 200
_TIE = 1e-12


def causes_of(
    evidence: Evidence, gating: Sequence[Arms], candidate: str, failing: frozenset[str]
) -> tuple[tuple[tuple[str, int], ...], int]:
    """What the broke answers of the `failing` segments say, most frequent first, and how many such answers there are.

    With the overall row failing, or none, every broke answer counts; answers without a word are counted, not listed.
    """
    wording: Counter[str] = Counter()
    regressed = 0
    everywhere = not failing or OVERALL in failing
    for a in gating:
        places = [(dimension, *a.segment(evidence, dimension)) for dimension in evidence.dimensions]
        for at, reason in _regressed(evidence, a, candidate):
            if everywhere or failing & {f"{dimension}={values[of[at]]}" for dimension, values, of in places}:
                regressed += 1
                wording[reason] += 1
    listed = ((reason, count) for reason, count in wording.items() if reason)
    return tuple(sorted(listed, key=lambda item: (-item[1], item[0]))[:10]), regressed


def flips_of(evidence: Evidence, gating: Sequence[Arms], candidate: str) -> tuple[Flip, ...]:
    """Examples whose score moved, largest loss first, at most KEPT a direction."""
    names = evidence.codes("example_id").values
    flips = []
    for a in gating:
        reasons = dict(_regressed(evidence, a, candidate))
        places = [(dimension, *a.segment(evidence, dimension)) for dimension in evidence.dimensions]
        delta = a.candidate.low - a.baseline.low
        known = (a.baseline.missing_cells == 0) & (a.candidate.missing_cells == 0)
        for sign in (-1, 1):
            moved = np.flatnonzero(known & (sign * delta > _TIE))
            called = [names[example] for example in a.example[moved].tolist()]
            ranked = zip((-np.abs(delta[moved])).tolist(), called, moved.tolist(), strict=True)
            for _, name, i in nsmallest(KEPT, ranked):
                segments = tuple(f"{dimension}={values[of[i]]}" for dimension, values, of in places)
                flips.append(
                    Flip(
                        name,
                        a.key,
                        segments,
                        float(a.baseline.low[i]),
                        float(a.candidate.low[i]),
                        reasons.get(i, ""),
                    )
                )
    return tuple(flips)


def _regressed(evidence: Evidence, a: Arms, candidate: str) -> Iterator[tuple[int, str]]:
    """(position among planned examples, the candidate's reason) of each example that scored lower."""
    lower = (
        (a.candidate.low - a.baseline.low < -_TIE) & (a.baseline.missing_cells == 0) & (a.candidate.missing_cells == 0)
    )
    if not lower.any():
        return
    position: NDArray[np.int64] = np.full(len(evidence.codes("example_id").values), -1, dtype=np.int64)
    position[a.example[lower]] = np.flatnonzero(lower)
    versions, keys, examples = evidence.codes("version"), evidence.codes("key"), evidence.codes("example_id")
    mine = (versions.index == versions.values.index(candidate)) & (keys.index == keys.values.index(a.key))
    # A repetition that passed is no cause; of those that did not, the first one speaks.
    failed = ~(evidence.numbers("score") >= 1)
    rows = np.flatnonzero(mine & failed & (position[examples.index] >= 0))
    rows = rows[np.argsort(evidence.numbers("repetition")[rows], kind="stable")]
    columns = [evidence.codes(name) for name in ("reason", "error_kind", "outcome") if evidence.has(name)]
    places, first = np.unique(position[examples.index[rows]], return_index=True)
    wording = [(codes.values, codes.index[rows[first]].tolist()) for codes in columns]
    for n, at in enumerate(places.tolist()):
        word = next((values[index[n]] for values, index in wording if index[n] >= 0 and values[index[n]]), "")
        yield at, "" if word == "scored" else word
