"""The three verdicts, their exit codes, and the words an example's outcome may take.

Unknown is never a number and never a pass: a row that was not scored has an outcome that says why, and a question that
could not be answered is INCONCLUSIVE.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from seatrial.reason import Reason


class Verdict(StrEnum):
    """PASS, FAIL or INCONCLUSIVE; `exit_code` is what a process that reached it returns.

    >>> Verdict.worst([Verdict.PASS, Verdict.INCONCLUSIVE]).exit_code
    2
    """

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

ROUNDING = 1e-9
"""How far a score may lie outside 0..1 by rounding alone; a cosine of 1.0000000000000002 is 1."""


class Outcome(StrEnum):
    """What became of one planned example x repetition x version x key: exactly one of these words.

    >>> [word.value for word in Outcome]
    ['scored', 'target_error', 'evaluator_error', 'unparsed', 'interrupted', 'skipped']

    Attributes:
        SCORED: the system answered and the answer has a score.
        TARGET_ERROR: the system under test crashed, hung or gave no usable answer.
        EVALUATOR_ERROR: the evaluator crashed or returned something that is no score.
        UNPARSED: the evaluator abstained, or its answer could not be read.
        INTERRUPTED: the system stopped at an `interrupt()` without a scripted answer.
        SKIPPED: the run was never made.
    """

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
    """Why a row that is not `scored` is not; the last four go with `skipped` only.

    >>> ErrorKind("timeout")
    <ErrorKind.TIMEOUT: 'timeout'>

    Attributes:
        TIMEOUT: no answer in time.
        RECURSION_LIMIT: no end within the steps a graph may take.
        EXCEPTION: it raised.
        INVALID_OUTPUT: what came back was no answer.
        KILL_SWITCH: model calls were turned off.
        BUDGET: the money or the tokens were spent.
        OUTAGE: the provider was down.
        UNRECORDED: a replay had no recording of it.
    """

    TIMEOUT = "timeout"
    RECURSION_LIMIT = "recursion_limit"
    EXCEPTION = "exception"
    INVALID_OUTPUT = "invalid_output"
    KILL_SWITCH = "kill_switch"
    BUDGET = "budget"
    OUTAGE = "outage"
    UNRECORDED = "unrecorded"


class ReasonClass(StrEnum):
    """Why nothing was decided, for machines that route on it.

    >>> ReasonClass("underpowered")
    <ReasonClass.UNDERPOWERED: 'underpowered'>

    Attributes:
        USAGE: the command, a file or the configuration is wrong; change what the message names.
        MISSING: too many scores are missing; run what is missing again.
        UNDERPOWERED: too few examples for the drop that must be ruled out; add examples or repetitions, or accept a larger `must_detect`.
        INVALID: the data contradict themselves or cannot be compared; read the reason, then collect the data again.
        OUTAGE: a provider or a service did not answer; try again later.
    """

    USAGE = "usage"
    MISSING = "missing"
    UNDERPOWERED = "underpowered"
    INVALID = "invalid"
    OUTAGE = "outage"


class State(StrEnum):
    """The word a row carries in every report; it is the test's answer, never a reading of the picture.

    >>> report.overall.state
    <State.NO_DROP: 'no_drop'>

    Attributes:
        BLOCKS: it fails: a drop is proven, or a limit is shown to be exceeded.
        CANNOT_TELL: it is inconclusive, and the verdict waits for it.
        WATCH: it passes, and looks worse or varies.
        NO_DROP: no drop is proven.
        BETTER: it is shown to be better.
        REPORTED: it decides nothing.
    """

    BLOCKS = "blocks"
    CANNOT_TELL = "cannot_tell"
    WATCH = "watch"
    NO_DROP = "no_drop"
    BETTER = "better"
    REPORTED = "reported"


@dataclass(frozen=True, slots=True)
class Finding:
    """One row of a verdict: a key on a segment, the numbers it rests on, and its sentence.

    Rates and differences are shares (0..1), candidate minus baseline. None means "not known", never zero.

    >>> report.overall.n, report.overall.difference
    (40, 0.0)

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
        regressed: clusters that scored lower with the candidate.
        fixed: clusters that scored higher.
        missing: planned scores that are missing, both arms.
        outcomes: arm -> outcome word -> count.
        reason: its sentence.
        sequential: the e-value of a row that is judged as the data comes in.
        reasons: why it is not decided, or looks worse, as numbers; the largest first.
    """

    segment: str
    key: str
    critical: bool = False
    n: int = 0
    baseline: float | None = None
    candidate: float | None = None
    difference: float | None = None
    ci: tuple[float, float] | None = None
    ci_row: tuple[float, float] | None = None
    p: float | None = None
    p_adjusted: float | None = None
    alpha_row: float | None = None
    threshold: float | None = None
    verdict: Verdict | None = None
    state: State = State.REPORTED
    promotable: bool | None = None
    detectable_drop: float | None = None
    needed_n: int | None = None
    regressed: int = 0
    fixed: int = 0
    missing: int = 0
    outcomes: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    reason: str = ""
    sequential: Sequential | None = None
    reasons: tuple[Reason, ...] = ()


@dataclass(frozen=True, slots=True)
class Sequential:
    """Evidence that may be looked at any time: the log of an e-value, and the log of the threshold at which it acts.

    Attributes:
        log_e: natural log of the e-value against "not worse".
        log_threshold: natural log of 1 / alpha of the row.
    """

    log_e: float
    log_threshold: float

    @property
    def acts(self) -> bool:
        """Whether the threshold is reached."""
        return self.log_e >= self.log_threshold


@dataclass(frozen=True, slots=True)
class Decision:
    """The header that every decision carries: what reports, ledgers, MLflow and webhooks read.

    Attributes:
        kind: what was decided: `feedback`, `winrate`, `agreement`, `drift`, `rollout`, `ab` ...; names the JSON format
            `seatrial/<kind>/1`.
        subject: what it is about, e.g. `email_classify` or `support v3 → v4`.
        verdict: PASS, FAIL or INCONCLUSIVE.
        reason: one sentence, with its numbers.
        reason_class: why it could not be told; None on PASS and FAIL.
        findings: its rows, in reading order.
        policy_hash: hash of the rules that were fixed before looking; empty where there are none.
        evidence_hash: hash of the data it was decided on.
        warnings: sentences for the reader that do not change the verdict.
        facts: what the decision rests on, as (name, value), e.g. ("Horizon", "14 days").
        details: plain data of this kind of decision, JSON only: names of fields are part of its format.
        mode: `block` acts on the verdict; `warn` and `observe` show it and exit 0 on FAIL and INCONCLUSIVE; `warn-only`
            exits 0 on FAIL alone.
        next_step: what the reader can do about it; empty where there is nothing to do.
    """

    kind: str
    subject: str
    verdict: Verdict
    reason: str
    reason_class: ReasonClass | None = None
    findings: tuple[Finding, ...] = ()
    policy_hash: str = ""
    evidence_hash: str = ""
    warnings: tuple[str, ...] = ()
    facts: tuple[tuple[str, str], ...] = ()
    details: Mapping[str, Any] = field(default_factory=dict)
    mode: str = "block"
    next_step: str = ""

    @property
    def exit_code(self) -> int:
        """Of the process: the verdict's, or 0 where the mode shows the verdict and does not act on it."""
        if self.mode in ("warn", "observe") or (self.mode == "warn-only" and self.verdict is Verdict.FAIL):
            return 0
        return self.verdict.exit_code
