"""The three verdicts, their exit codes, and the words an example's outcome may take.

Unknown is never a number and never a pass: a row that was not scored has an outcome that says why, and a question that
could not be answered is INCONCLUSIVE.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


class Verdict(StrEnum):
    """PASS, FAIL or INCONCLUSIVE; `exit_code` is what a process that reached it returns."""

    PASS = "pass"  # noqa: S105 - a verdict, not a password
    FAIL = "fail"
    INCONCLUSIVE = "inconclusive"

    @property
    def exit_code(self) -> int:
        """0 pass, 1 the evidence says no, 2 could not tell."""
        return _EXIT[self]

    @staticmethod
    def worst(verdicts: Iterable[Verdict]) -> Verdict:
        """FAIL dominates INCONCLUSIVE dominates PASS; of nothing, INCONCLUSIVE."""
        found = set(verdicts)
        for verdict in (Verdict.FAIL, Verdict.INCONCLUSIVE, Verdict.PASS):
            if verdict in found:
                return verdict
        return Verdict.INCONCLUSIVE


_EXIT = {Verdict.PASS: 0, Verdict.FAIL: 1, Verdict.INCONCLUSIVE: 2}


class Outcome(StrEnum):
    """What became of one planned example x repetition x version x key: exactly one of these words."""

    SCORED = "scored"
    TARGET_ERROR = "target_error"
    EVALUATOR_ERROR = "evaluator_error"
    UNPARSED = "unparsed"
    INTERRUPTED = "interrupted"
    SKIPPED = "skipped"


SYSTEM_FAILURES = frozenset({Outcome.TARGET_ERROR, Outcome.INTERRUPTED})
"""The system under test failed: an answer of worth 0, in both arms."""

MEASUREMENT_FAILURES = frozenset({Outcome.EVALUATOR_ERROR, Outcome.UNPARSED, Outcome.SKIPPED})
"""We failed to measure: missing, bounded by its best and worst case, never a number."""


class ErrorKind(StrEnum):
    """Why a row that is not `scored` is not; the last four go with `skipped` only."""

    TIMEOUT = "timeout"
    RECURSION_LIMIT = "recursion_limit"
    EXCEPTION = "exception"
    INVALID_OUTPUT = "invalid_output"
    KILL_SWITCH = "kill_switch"
    BUDGET = "budget"
    OUTAGE = "outage"
    UNRECORDED = "unrecorded"


class ReasonClass(StrEnum):
    """Why a verdict is INCONCLUSIVE, for machines that route on it."""

    USAGE = "usage"
    MISSING = "missing"
    UNDERPOWERED = "underpowered"
    INVALID = "invalid"
    OUTAGE = "outage"


class State(StrEnum):
    """The word a row carries in every report; it is the test's answer, never a reading of the picture."""

    BLOCKS = "blocks"
    CANNOT_TELL = "cannot_tell"
    WATCH = "watch"
    NO_DROP = "no_drop"
    BETTER = "better"
    REPORTED = "reported"


@dataclass(frozen=True, slots=True)
class Finding:
    """One row of a verdict: a key on a segment, every number that stands behind its word, and its sentence.

    Rates and differences are shares (0..1), candidate minus baseline. None means "not known", never zero.

    Attributes:
        segment: `overall` or `NAME=value`.
        key: evaluator key.
        critical: the segment is declared critical.
        n: planned clusters (examples, unless the evidence says otherwise).
        baseline: mean score of the baseline over what both versions answered.
        candidate: the candidate's.
        difference: candidate minus baseline.
        ci: 95 % interval of the difference.
        ci_row: interval at the row's own level.
        p: one-sided p against "not worse", at the best case of what is missing.
        p_adjusted: the same inside its family; comparable with the family's alpha.
        alpha_row: the row's level at the first step.
        threshold: what the adjusted p is compared with.
        verdict: this row's verdict; None on a key that does not gate.
        state: the word it carries.
        promotable: not worse by more than the key's margin, proven at one-sided .05.
        detectable_drop: smallest drop the row would have seen with power .8.
        needed_n: clusters it would need to see `must_detect`.
        broke: clusters that scored lower with the candidate.
        fixed: clusters that scored higher.
        missing: planned cells that nobody measured, both arms.
        outcomes: arm -> outcome word -> count.
        reason: its sentence.
    """

    segment: str
    key: str
    critical: bool
    n: int
    baseline: float | None
    candidate: float | None
    difference: float | None
    ci: tuple[float, float] | None
    ci_row: tuple[float, float] | None
    p: float | None
    p_adjusted: float | None
    alpha_row: float | None
    threshold: float | None
    verdict: Verdict | None
    state: State
    promotable: bool | None
    detectable_drop: float | None
    needed_n: int | None
    broke: int
    fixed: int
    missing: int
    outcomes: Mapping[str, Mapping[str, int]]
    reason: str
