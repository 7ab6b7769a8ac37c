"""Plan: every refusal, row, test and level of a decision, fixed before a score is looked at.

Unchanged comes first: outputs that are identical everywhere, with identical scores, make every question of validity moot.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from seatrial.errors import DataError, InvalidComparison
from seatrial.evidence.unmatched import unmatched
from seatrial.gate import quarantine
from seatrial.gate.arms import arms
from seatrial.gate.common import common, critical_covered
from seatrial.gate.family import row_weights
from seatrial.gate.fresh import fresh_rows
from seatrial.gate.message import messages_of
from seatrial.gate.must_pass import without_extra_runs
from seatrial.gate.rows import in_full, rows_of, without_quarantined
from seatrial.gate.unchanged import is_unchanged, rescored
from seatrial.gate.validity import (
    baseline_is_valid,
    differing_provenance,
    gating_rules,
    known_critical,
    known_segments,
    known_versions,
)
from seatrial.wording import count, verb

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from seatrial.evidence import Evidence
    from seatrial.gate.arms import Arms
    from seatrial.gate.common import Common
    from seatrial.gate.comparison import Comparison
    from seatrial.gate.fresh import FreshRows
    from seatrial.gate.policy import KeyRule
    from seatrial.gate.quarantine import QuarantinedExample
    from seatrial.gate.row import Row

    Message = Callable[[Row, str, str], str]
    """(row, `baseline` or `candidate`, outcome) -> the most frequent message of those cells."""


@dataclass(frozen=True, slots=True)
class Plan:
    """Two versions lined up and found fit to be compared, and how each row will be tested.

    Attributes:
        asked: the comparison it plans.
        common: which examples the versions share.
        evidence: the examples that are compared, without the repetitions that only contract tests have.
        answered: the same, and what the candidate answered to other examples.
        rules: gating keys.
        primary: the key whose overall row is the report's first.
        lined_up: key -> arms with every example.
        judged: key -> arms without the examples in quarantine, where the key is tested.
        rows: rows of the tested keys, those left out of the family included.
        levels: per row its share of the family's alpha; None where it left the family before looking.
        unchanged: every output is identical.
        held: examples in quarantine that the evidence holds.
        whole: critical segments judged with them all the same.
        fresh: rows that are decided on fresh repetitions; None at the first look.
        warnings: what a reader must know and no row says.
    """

    comparison: Comparison
    common: Common
    evidence: Evidence
    answered: Evidence
    rules: tuple[KeyRule, ...]
    primary: str
    aligned: Mapping[str, Arms]
    judged: Mapping[str, Arms]
    rows: tuple[Row, ...]
    levels: tuple[float | None, ...]
    unchanged: bool
    quarantined: tuple[QuarantinedExample, ...]
    kept_complete: frozenset[str]
    fresh: FreshRows | None
    warnings: tuple[str, ...]

    @property
    def tested(self) -> tuple[KeyRule, ...]:
        """Keys of the score family."""
        return _tested(self.rules)

    @property
    def message(self) -> Message:
        """Gives the most frequent message of a row's cells, of the look that decides the row."""
        versions = {"baseline": self.comparison.baseline, "candidate": self.comparison.candidate}
        before = messages_of(self.evidence, versions)
        if self.fresh is None:
            return before
        after, repeated = messages_of(self.fresh.evidence, versions), self.fresh.names
        return lambda row, arm, outcome: (after if (row.segment, row.key) in repeated else before)(row, arm, outcome)


def plan_of(c: Comparison) -> Plan:
    """Line up two versions and plan every test.

    Raises:
        UsageError: a version or a critical dimension is not in the evidence; lists what is.
        ConfigError: the policy names a key the evidence does not hold.
        InvalidComparison: the two arms cannot be compared (dataset hashes differ, the baseline crashed, one example).
    """
    known_versions(c.evidence, c.baseline, c.candidate)
    shared = common(c.evidence, c.policy, c.baseline, c.candidate)
    evidence = without_extra_runs(shared.compared, c.policy.must_pass)
    rules = gating_rules(evidence, c.policy, c.baseline, c.candidate, c.standings)
    known_segments(evidence, rules, c.policy)
    critical, names = known_critical(evidence, c.critical), tuple(rule.name for rule in rules)
    # Identical outputs are no regression and not worse; better they are not.
    unchanged = c.policy.goal != "superior" and is_unchanged(shared.compared, names, c.baseline, c.candidate)
    warnings = [*shared.sentences(), *_differences(evidence, c, names, unchanged), *_unsaid(evidence, c)]
    aligned = {name: arms(evidence, name, c.baseline, c.candidate, repetitions=c.policy.repetitions) for name in names}
    tested = {rule.name: aligned[rule.name] for rule in _tested(rules)}
    judged = {**aligned, **without_quarantined(evidence, tested, c.quarantine)}
    primary = _primary(rules)
    critical_covered(c.evidence, shared, c.policy, (c.baseline, c.candidate), critical)
    if not unchanged:
        _comparable(evidence, c, primary, judged[primary])
        warnings += [one.sentence for one in rescored(shared.compared, names, c.baseline, c.candidate)]
    warnings += _dropped(aligned)
    rows = rows_of(evidence, (judged[key] for key in tested), critical)
    kept, complete = quarantine.quarantined(evidence, c.quarantine, [*tested.values()]), frozenset[str]()
    if kept:
        full = rows_of(evidence, tested.values(), critical)
        complete, wording = quarantine.shares(full, rows)
        rows = in_full(rows, full, complete)
        warnings += [*wording, *quarantine.one_sided(kept)]
    for key in () if unchanged else tested:
        baseline_is_valid(evidence, judged[key], aligned[key], c.policy, c.baseline, critical, complete)
    return Plan(
        comparison=c,
        common=shared,
        evidence=evidence,
        answered=without_extra_runs(shared.answered, c.policy.must_pass),
        rules=rules,
        primary=primary,
        aligned=aligned,
        judged=judged,
        rows=rows,
        levels=_levels(c, rows, rules),
        unchanged=unchanged,
        quarantined=kept,
        kept_complete=complete,
        fresh=fresh_rows(c, evidence, rows, _tested(rules), critical, complete) if c.second_stage is not None else None,
        warnings=tuple(warnings),
    )


def _differences(evidence: Evidence, c: Comparison, names: tuple[str, ...], unchanged: bool) -> Iterator[str]:
    return differing_provenance(evidence, c.policy, c.baseline, c.candidate, names, refuse=not unchanged)


def _tested(rules: tuple[KeyRule, ...]) -> tuple[KeyRule, ...]:
    return tuple(rule for rule in rules if not rule.zero_tolerance)


def _primary(rules: tuple[KeyRule, ...]) -> str:
    return next((rule.name for rule in rules if rule.primary), (*_tested(rules), *rules)[0].name)


def _levels(c: Comparison, rows: tuple[Row, ...], rules: tuple[KeyRule, ...]) -> tuple[float | None, ...]:
    weights = row_weights(rows, _tested(rules), c.policy)
    return tuple(c.budget.family * weight if weight > 0 else None for weight in weights)


def _unsaid(evidence: Evidence, c: Comparison) -> Iterator[str]:
    if read_as := evidence.metadata.get("read_as"):
        yield f"taken: {read_as}"
    yield from _blank_scores(evidence)
    yield from _no_segments(evidence)
    yield from c.quarantine.warnings


def _comparable(evidence: Evidence, c: Comparison, primary: str, judged: Arms) -> None:
    """Raise an InvalidComparison where the versions have no example in common, or fewer than two are judged."""
    keys, versions, examples = evidence.codes("key"), evidence.codes("version"), evidence.codes("example_id")
    mine = keys.index == keys.values.index(primary)
    sides = [examples.index[mine & (versions.index == versions.values.index(v))] for v in (c.baseline, c.candidate)]
    if not set(sides[0].tolist()) & set(sides[1].tolist()):
        old, new = ([examples.values[i] for i in dict.fromkeys(side.tolist())] for side in sides)
        raise InvalidComparison(
            f"{evidence.source}: {c.baseline} and {c.candidate} have no example in common. {unmatched(old, new, c.baseline, c.candidate)}"
        )
    if judged.example.size < 2:
        raise InvalidComparison(
            f"{evidence.source}: {count(int(judged.example.size), 'example')} of {primary!r} cannot be compared; a comparison starts at 2"
        )


def _dropped(aligned: Mapping[str, Arms]) -> Iterator[str]:
    for a in aligned.values():
        if a.dropped:
            yield f"{a.key}: {count(a.dropped, 'repetition')} of the candidate {verb(a.dropped, 'were')} left out: the baseline never ran them, or the policy plans fewer"


def _no_segments(evidence: Evidence) -> Iterator[str]:
    unnamed = evidence.metadata.get("could_be_segments")
    if unnamed:
        yield f"no segment was judged, so a drop in one may hide in the average; columns of few values are {unnamed}: --segment COLUMN makes one a dimension"


def _blank_scores(evidence: Evidence) -> Iterator[str]:
    for name, taken in (
        (
            "blank_scores",
            "counted as missing, which is never a number and never a pass. Where the system failed there, --blank failure counts them as 0",
        ),
        ("blank_failures", "counted as failures of the system, score 0, as --blank failure says"),
    ):
        wording = evidence.metadata.get(name, "0")
        if not wording.isdecimal():
            raise DataError(f"{evidence.source}: its metadata says {name} = {wording!r}, which is no number")
        if int(wording):
            yield f"{count(int(wording), 'row')} with neither score nor outcome: {taken}; a column of outcomes says it row by row (--map outcome=COLUMN)"
