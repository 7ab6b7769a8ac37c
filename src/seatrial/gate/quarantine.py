"""Quarantine: flaky examples that are run, counted and shown, and for a while decide nothing."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from seatrial.gate.arms import mcnemar_applies
from seatrial.gate.row import OVERALL
from seatrial.stats.paired import mcnemar
from seatrial.verdict import Verdict
from seatrial.wording import count, p_value

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import date

    from numpy.typing import NDArray

    from seatrial.evidence import Evidence
    from seatrial.gate.arms import Arm, Arms
    from seatrial.gate.quarantine_file import Entry, Quarantine
    from seatrial.gate.row import Row

CRITICAL_SHARE = 0.05
"""A critical segment with a larger share in quarantine is judged with all its examples."""

LARGE_SHARE = 0.10
"""A segment with a larger share in quarantine is named in a warning."""

_TIE = 1e-12


@dataclass(frozen=True, slots=True)
class QuarantinedExample:
    """One example in quarantine and what became of it: `broke`, `fixed`, `same` or `unmeasured`, over the tested keys."""

    entry: Entry
    moved: str


@dataclass(frozen=True, slots=True)
class Quarantined:
    """What quarantine did to a decision.

    Attributes:
        examples: those the evidence holds.
        whole: critical segments judged with all their examples, because too many of them are in quarantine.
        with_them: the verdict if none of them were.
        with_them_reason: its sentence.
    """

    examples: tuple[QuarantinedExample, ...]
    kept_complete: tuple[str, ...]
    with_them: Verdict
    with_them_reason: str

    def moved(self, word: str) -> tuple[str, ...]:
        """Ids of the examples that `broke`, were `fixed`, ..."""
        return tuple(quarantined.entry.example for quarantined in self.examples if quarantined.moved == word)

    def beside(self, verdict: Verdict, reason: str) -> str:
        """`reason`, and where quarantine made a pass of it, that it did."""
        if verdict is not Verdict.PASS or self.with_them is Verdict.PASS:
            return reason
        return f"{reason} With the {count(len(self.examples), 'example')} in quarantine it would read {self.with_them.name}."

    @property
    def sentence(self) -> str:
        """The line every report shows."""
        regressed, fixed = self.moved("regressed"), self.moved("fixed")
        named = f" ({', '.join(regressed[:10])}{' ...' if len(regressed) > 10 else ''})" if regressed else ""
        until: dict[str, date] = {}
        for quarantined in self.examples:
            until[quarantined.entry.owner] = max(
                quarantined.entry.expires, until.get(quarantined.entry.owner, quarantined.entry.expires)
            )
        whose = ", ".join(f"{owner} until {day}" for owner, day in sorted(until.items()))
        return f"{count(len(self.examples), 'example')} shown and not judged: {len(regressed)} broke{named}, {len(fixed)} fixed; {whose}; with them: {self.with_them.name}"


def left_out(evidence: Evidence, quarantine: Quarantine) -> NDArray[np.bool_]:
    """Per example code of the evidence: is it in quarantine?"""
    names = {e.example for e in quarantine.entries}
    return np.array([name in names for name in evidence.codes("example_id").values], dtype=bool)


def without(a: Arms, out: NDArray[np.bool_]) -> Arms:
    """The arms without the examples that are `out` (by example code)."""
    keep = ~out[a.example]
    cluster, baseline, candidate = a.cluster[keep], _kept(a.baseline, keep), _kept(a.candidate, keep)
    return replace(
        a,
        example=a.example[keep],
        cluster=cluster,
        baseline=baseline,
        candidate=candidate,
        paired=mcnemar_applies(cluster, baseline, candidate),
    )


def shares(all_: Sequence[Row], judged: Sequence[Row]) -> tuple[frozenset[str], list[str]]:
    """Critical segments that too large a share was taken from, and a warning for every segment that lost much.

    Args:
        all_: rows with every example.
        judged: rows without those in quarantine.
    """
    left = {(r.segment, r.key): r.examples for r in judged}
    complete, wording = set(), {}
    for r in all_:
        taken = r.examples - left.get((r.segment, r.key), 0)
        if r.critical and taken > CRITICAL_SHARE * r.examples:
            complete.add(r.segment)
            wording[r.segment] = (
                f"{taken} of {count(r.examples, 'example')} of {r.segment}, a critical segment, are in quarantine: over {100 * CRITICAL_SHARE:g} % it hides nothing, and the segment is judged with them"
            )
        elif taken > LARGE_SHARE * r.examples:
            wording[r.segment] = (
                f"{taken} of {count(r.examples, 'example')} {'in all' if r.segment == OVERALL else f'of {r.segment}'} are in quarantine: over {100 * LARGE_SHARE:g} % it is hardly tested"
            )
    return frozenset(complete), list(wording.values())


def quarantined(evidence: Evidence, quarantine: Quarantine, aligned: Sequence[Arms]) -> tuple[QuarantinedExample, ...]:
    """What became of each example in quarantine that the evidence holds, over the tested keys."""
    if not quarantine.entries:
        return ()  # a million names need no table when nobody is looked up
    codes = {name: i for i, name in enumerate(evidence.codes("example_id").values)}
    return tuple(
        QuarantinedExample(e, _moved([_difference(a, codes[e.example]) for a in aligned]))
        for e in quarantine.entries
        if e.example in codes
    )


def one_sided(found: Sequence[QuarantinedExample]) -> Iterator[str]:
    """Chance flips both ways; examples in quarantine that only break are no flakiness, and that is said."""
    regressed, fixed = (sum(quarantined.moved == word for quarantined in found) for word in ("regressed", "fixed"))
    p = float(mcnemar(regressed, fixed, "exact"))
    if p <= 0.05:
        yield f"of the examples in quarantine {regressed} broke and {fixed} were fixed (p {p_value(p)}): flaky ones flip both ways, so the candidate is likely to have broken them"


def _difference(a: Arms, code: int) -> float | None:
    (at,) = np.flatnonzero(a.example == code)[:1] if (a.example == code).any() else (-1,)
    if at < 0 or a.baseline.missing_cells[at] or a.candidate.missing_cells[at]:
        return None
    return float(a.candidate.low[at] - a.baseline.low[at])


def _moved(differences: Sequence[float | None]) -> str:
    known = [d for d in differences if d is not None]
    if any(d < -_TIE for d in known):
        return "regressed"
    if any(d > _TIE for d in known):
        return "fixed"
    return "same" if known else "unmeasured"


def _kept(arm: Arm, keep: NDArray[np.bool_]) -> Arm:
    return replace(
        arm,
        low=arm.low[keep],
        high=arm.high[keep],
        missing_cells=arm.missing_cells[keep],
        provider=arm.provider[keep],
        planned=arm.planned[keep],
        outcome=arm.outcome[keep],
    )
