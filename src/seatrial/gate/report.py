"""Report: what a merge gate answers; frozen, complete, and the only thing that surfaces read."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from seatrial.verdict import Verdict

if TYPE_CHECKING:
    from collections.abc import Mapping

    from seatrial.gate.budget import Budget
    from seatrial.gate.confirm import Confirmed
    from seatrial.gate.override import Applied
    from seatrial.gate.quarantine import Quarantined
    from seatrial.gate.reruns import Reruns
    from seatrial.verdict import Finding, ReasonClass
    from seatrial.vote import Standing


class Against(StrEnum):
    """What the candidate was compared with where the verdict was decided."""

    BASELINE = "baseline"
    ANCHOR = "anchor"


@dataclass(frozen=True, slots=True)
class Report:
    """One merge decision.

    >>> report.exit_code
    0

    Attributes:
        verdict: PASS, FAIL or INCONCLUSIVE.
        reason_class: why it is INCONCLUSIVE; None otherwise.
        reason: the verdict's own sentence.
        mode: `observe` and `warn` do not act on the verdict.
        source: file or runs the evidence came from.
        graph: graph the evidence speaks of; empty when it does not say.
        baseline: version compared with.
        candidate: version judged.
        policy: name, hash and owner of the rules.
        budget: what the decision may spend of alpha, and on what.
        must_detect: drop that critical segments are shown not to have had.
        must_detect_overall: drop that all examples together are shown not to have had.
        goal: what exit 0 takes.
        tolerated: exit 2 is 0 here: the policy lets pass what could not be told for too few examples or missing cells alone.
        prices: hash of the price table that a cost was measured with; empty where none was.
        floors: proven floors that the policy names: together they may block .05 of candidates that are exactly on them.
        churn: share of flips under no change that power was computed with.
        family_size: rows that shared alpha.
        counts: planned cells, scored cells, examples and keys, outcomes per arm, and `fractions`, the keys with scores between 0 and 1, where there are any.
        overall: the primary key's overall row.
        segments: every other gating row, critical first, then worst first.
        reported: rows of keys that do not gate.
        unchanged: every output was identical.
        causes: what broke answers of the failing segments (or all) say, most frequent first: (reason, answers).
        regressed: how many such answers there are, with or without a word.
        flips: (example, key, segments, score before, score after, reason) of examples whose score moved, worst first.
        warnings: what a reader must know and no row says.
        confirm: what new repetitions of suspicious rows showed; None where none were made.
        quarantine: examples that are shown and not judged; None when there are none.
        anchor: the same candidate against the last release, which can only stop; None without an anchor.
        decided_by: which of the two comparisons the verdict is that of.
        undecided: rows that could not be judged and whose answer the verdict waits for.
        overrides: failing rows that an override accepts.
        standings: judge of the policy -> what its win rate was allowed to do; with the evidence and the policy it is all
            that the verdict hangs on.
        segments_version: version of the segments file of the compared runs; empty where the evidence does not say.
        segments_hash: what put their examples into segments, dimension by dimension; empty likewise.
        reruns: which look at the candidate this is, and the runs it pools; None where nothing was looked at before, or it is not known.
    """

    verdict: Verdict
    reason_class: ReasonClass | None
    reason: str
    mode: str
    source: str
    graph: str
    baseline: str
    candidate: str
    policy: Mapping[str, str]
    budget: Budget
    must_detect: float
    must_detect_overall: float
    floors: int
    goal: str
    prices: str
    tolerated: bool
    churn: float
    family_size: int
    counts: Mapping[str, object]
    overall: Finding
    segments: tuple[Finding, ...]
    reported: tuple[Finding, ...]
    unchanged: bool
    causes: tuple[tuple[str, int], ...]
    regressed: int
    flips: tuple[Flip, ...]
    warnings: tuple[str, ...]
    confirm: Confirmed | None = None
    quarantine: Quarantined | None = None
    anchor: Report | None = None
    decided_by: Against = Against.BASELINE
    undecided: int = 0
    overrides: tuple[Applied, ...] = ()
    standings: Mapping[str, Standing] = field(default_factory=dict)
    segments_version: str = ""
    segments_hash: str = ""
    reruns: Reruns | None = None

    @property
    def alpha(self) -> float:
        """At most this share of unchanged candidates is blocked, by whatever row and whatever it is compared with."""
        return self.budget.total

    @property
    def segments_file(self) -> Mapping[str, str | None]:
        """Version of the segments file, and the hash of each dimension's rules; null where the evidence does not say."""
        return {"version": self.segments_version or None, "hash": self.segments_hash or None}

    @property
    def exit_code(self) -> int:
        """0 / 1 / 2 by verdict in mode `block`; 0 in `observe` and `warn`, whatever the verdict, and where it is `tolerated`.

        A FAIL of which every failing row is overridden counts as what the other rows say: 0, or 2 where one is undecided.
        """
        if self.mode != "block":
            return 0
        verdict = self.verdict
        if self.overridden:
            verdict = Verdict.INCONCLUSIVE if self.undecided else Verdict.PASS
        if verdict is Verdict.INCONCLUSIVE and self.tolerated:
            return Verdict.PASS.exit_code
        return verdict.exit_code

    @property
    def stopping(self) -> tuple[Finding, ...]:
        """The rows that fail, of this comparison and of the anchor's."""
        anchored = self.anchor.findings if self.anchor else ()
        return tuple(f for f in (*self.findings, *anchored) if f.verdict is Verdict.FAIL)

    @property
    def overridden(self) -> bool:
        """Whether an override accepts every failing row; the verdict stays FAIL."""
        answered = {(one.override.segment, one.override.key) for one in self.overrides}
        return bool(answered) and all((f.segment, f.key) in answered for f in self.stopping)

    @property
    def findings(self) -> tuple[Finding, ...]:
        """Every gating row, the primary overall row first."""
        return (self.overall, *self.segments)


@dataclass(frozen=True, slots=True)
class Flip:
    """One example whose score moved between the versions."""

    example: str
    key: str
    segments: tuple[str, ...]
    before: float
    after: float
    reason: str
