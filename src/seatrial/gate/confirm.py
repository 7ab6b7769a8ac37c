"""Confirm: rows that look suspicious at first are decided on fresh repetitions of their own examples, and on nothing else.

The first look screens: a row whose p (at the best case of what is missing) exceeds SCREEN is cleared. The others are tested
on repetitions made after the look, at the weights they always had. A cleared row enters the family with p = 1 and a
suspicious one with the p of data that no look has touched, so every p is valid and the family keeps its level.

A row that has to be shown not worse and was not is repeated, too, and asked once more on both looks pooled: an answer at
either look alone would pass too often.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from seatrial.errors import InvalidComparison
from seatrial.gate.not_worse import repetitions_help
from seatrial.gate.row import OVERALL
from seatrial.reason import NotShown
from seatrial.verdict import Verdict
from seatrial.wording import count, p_value

if TYPE_CHECKING:
    from collections.abc import Sequence

    from seatrial.evidence import Evidence
    from seatrial.gate.report import Report
    from seatrial.verdict import Finding

SCREEN = 0.3
REPETITIONS = 3
SHOWN = 6


@dataclass(frozen=True, slots=True)
class Look:
    """A row that looked suspicious, twice.

    Attributes:
        segment: `overall` or `NAME=value`.
        key: evaluator key.
        p: its p at the first look.
        p_fresh: on the fresh repetitions; None when none were made.
        n_fresh: clusters they were made of.
        confirmed: whether the row blocks on them; None when none were made.
    """

    segment: str
    key: str
    p: float
    p_fresh: float | None = None
    n_fresh: int = 0
    confirmed: bool | None = None


@dataclass(frozen=True, slots=True)
class Confirmed:
    """What confirming came to.

    Attributes:
        how: `fresh`, or why no fresh repetition was made: `unchanged`, `nothing_suspicious`, `deterministic`, `stands`, `label`.
        reason: its sentence.
        screen: p at or under which a row is suspicious.
        repetitions: fresh repetitions per example and version; 0 when none were made.
        rows: the suspicious rows.
        examples: examples that were repeated.
        calls: runs of the graph the fresh repetitions took, both versions.
        calls_saved: runs that so many repetitions of every example would have taken beyond those of both looks; negative
            when nearly everything was suspicious.
    """

    how: str
    reason: str
    screen: float
    repetitions: int = 0
    rows: tuple[Look, ...] = ()
    examples: int = 0
    calls: int = 0
    calls_saved: int = 0

    @property
    def sentence(self) -> str:
        """The line every report shows: both looks at each row, and what they cost."""
        if self.how != "fresh":
            return self.reason
        looks = [
            f"{look.segment} · {look.key} p {p_value(look.p)} → {p_value(look.p_fresh)} (n {look.n_fresh}){' blocks' if look.confirmed else ''}"
            for look in self.rows[:SHOWN]
        ]
        more = [f"{len(self.rows) - SHOWN} more"] if len(self.rows) > SHOWN else []
        return f"{self.reason}: {', '.join(looks + more)}"


def suspicious(report: Report) -> tuple[Finding, ...]:
    """The rows of the family that the first look does not clear, in reading order."""
    # A level above SCREEN would let a cleared row block; nobody plans with one, and the rule holds all the same.
    return tuple(
        f
        for f in report.findings
        if f.alpha_row is not None and f.p is not None and f.p <= max(SCREEN, report.budget.family)
    )


def unshown(report: Report) -> tuple[Finding, ...]:
    """The rows that the first look did not show not worse, and that more repetitions may show, in reading order."""
    return tuple(
        f
        for f in report.findings
        if f.alpha_row is not None and any(isinstance(one, NotShown) and repetitions_help(one) for one in f.reasons)
    )


def needed(report: Report) -> tuple[Finding, ...]:
    """The rows whose examples are repeated: the suspicious ones, and those that were not shown."""
    rows = suspicious(report)
    return (*rows, *(f for f in unshown(report) if f not in rows))


def resolved(report: Report, *, deterministic: bool = False) -> Confirmed | None:
    """Why no fresh repetition could change the answer; None when some are needed.

    Args:
        report: the first look.
        deterministic: the graph is made of rules, and a repetition of it is the same answer again.
    """
    rows = suspicious(report)
    looks = tuple(Look(f.segment, f.key, f.p) for f in rows if f.p is not None)
    if report.unchanged:
        return Confirmed("unchanged", "nothing to confirm: every output is identical", SCREEN)
    if not needed(report):
        return Confirmed(
            "nothing_suspicious",
            f"nothing to confirm: no row has p ≤ {SCREEN:g} at the first look and none is left to be shown, so no fresh repetition was run",
            SCREEN,
        )
    if deterministic:
        return Confirmed(
            "deterministic",
            "not repeated: the graph is made of rules and gives the same answers again; decided on what there is",
            SCREEN,
            rows=looks,
        )
    if report.anchor is not None and report.anchor.verdict is Verdict.FAIL:
        return Confirmed(
            "stands", "not repeated: it is worse than the anchor, whatever fresh repetitions say", SCREEN, rows=looks
        )
    beside = [f for f in report.findings if f.alpha_row is None and f.verdict is Verdict.FAIL]
    if beside:
        return Confirmed(
            "stands",
            f"not repeated: {beside[0].key} fails outside the family, whatever fresh repetitions say",
            SCREEN,
            rows=looks,
        )
    return None


def examples_of(evidence: Evidence, report: Report, rows: Sequence[Finding]) -> tuple[str, ...]:
    """Ids of the examples that `rows` are made of, sorted; those in quarantine stay out of the rows they are out of."""
    names, keys, versions = (evidence.codes(name) for name in ("example_id", "key", "version"))
    arms = np.isin(versions.index, [versions.values.index(v) for v in (report.baseline, report.candidate)])
    kept = {h.entry.example for h in report.quarantine.examples} if report.quarantine else set()
    total = report.quarantine.kept_complete if report.quarantine else ()
    found: set[str] = set()
    for f in rows:
        mine = arms & (keys.index == keys.values.index(f.key))
        if f.segment != OVERALL:
            dimension, _, value = f.segment.partition("=")
            codes = evidence.codes(f"segment.{dimension}")
            mine &= codes.index == (codes.values.index(value) if value in codes.values else -2)
        members = set(names.reported(mine))
        found |= members if f.segment in total else members - kept
    return tuple(sorted(found))


def complete(evidence: Evidence, fresh: Evidence, needed: Sequence[Finding], report: Report) -> None:
    """Every example of the needed rows was repeated with both versions, and looked at on their keys."""
    names, versions, keys = (fresh.codes(name) for name in ("example_id", "version", "key"))
    for key in dict.fromkeys(f.key for f in needed):
        if key not in keys.values:
            raise InvalidComparison(f"{fresh.source}: no fresh repetition was scored on {key!r}; run them again")
        examples = examples_of(evidence, report, [f for f in needed if f.key == key])
        requested = keys.index == keys.values.index(key)
        for version in (report.baseline, report.candidate):
            ran = versions.index == (versions.values.index(version) if version in versions.values else -2)
            have = set(names.reported(requested & ran))
            absent = [name for name in examples if name not in have]
            if absent:
                raise InvalidComparison(
                    f"{fresh.source}: {len(absent)} of {count(len(examples), 'example')} were not repeated with {version} on {key!r}: {', '.join(absent[:5])}; run them again"
                )


def same_provenance(evidence: Evidence, fresh: Evidence) -> None:
    """Another dataset or other evaluators make the second look another experiment."""
    for name in ("dataset_hash", "evaluator_version", "evaluator_hash", "graph"):
        sides = [set(e.codes(name).values) if e.has(name) else set() for e in (evidence, fresh)]
        if not sides[1] <= sides[0]:
            raise InvalidComparison(
                f"{fresh.source}: {name} is {', '.join(sorted(sides[1]))} in the fresh repetitions and {', '.join(sorted(sides[0])) or 'not known'} at the first look"
            )


def confirmed(
    looks: tuple[Look, ...],
    pooled: tuple[str, ...] = (),
    *,
    examples: int,
    everywhere: int,
    first: int,
    repetitions: int,
) -> Confirmed:
    """What the second look came to.

    Args:
        looks: the suspicious rows.
        pooled: names of the rows that were asked on both looks pooled whether they are not worse.
        examples: examples repeated.
        everywhere: examples of the first look.
        first: runs of the graph the first look took, both versions.
        repetitions: fresh repetitions per example and version.
    """
    calls = 2 * examples * repetitions
    saved = 2 * everywhere * repetitions - first - calls
    than = f"{abs(saved):,} {'fewer' if saved >= 0 else 'more'} than {count(repetitions, 'repetition')} of everything"
    return Confirmed(
        "fresh",
        f"{count(len(looks), 'suspicious row')} tested{f' and {len(pooled)} pooled' if pooled else ''} on {count(repetitions, 'fresh repetition')} of {count(examples, 'example')}, {count(calls, 'call')} ({than} from the start)",
        SCREEN,
        repetitions,
        looks,
        examples,
        calls,
        saved,
    )


def alone(labels: Sequence[str]) -> Confirmed:
    """What is said where a version was run under a label of its own, so that its code is not there to be run once more."""
    named = " and ".join(dict.fromkeys(labels))
    return Confirmed(
        "label",
        f"decided on these runs alone: {named} {'was' if len(set(labels)) == 1 else 'were'} recorded under {'a label' if len(set(labels)) == 1 else 'labels'}, and no version of the registry can repeat it; seatrial eval GRAPH --repeat 3 gives each run more answers before they are compared",
        SCREEN,
    )
