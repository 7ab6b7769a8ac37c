"""Asked: the rows a decision is made of, lined up from the evidence before any of them is tested."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from seatrial.errors import DataError, InvalidComparison
from seatrial.gate import quarantine
from seatrial.gate.arms import arms
from seatrial.gate.must_pass import without_extra_runs
from seatrial.gate.row import OVERALL, row
from seatrial.gate.unchanged import is_unchanged, rescored
from seatrial.gate.validity import baseline_stands, differing_provenance, gating_rules, known_critical, known_versions
from seatrial.wording import count

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

    from seatrial.evidence import Evidence
    from seatrial.gate.arms import Arms
    from seatrial.gate.policy import KeyRule, Policy
    from seatrial.gate.quarantine import Held
    from seatrial.gate.quarantine_file import Quarantine
    from seatrial.gate.row import Row


@dataclass(frozen=True, slots=True)
class Asked:
    """Two versions lined up, and found fit to be compared.

    Attributes:
        rules: gating keys.
        tested: those of the alpha family.
        leading: the key whose overall row leads.
        vital: critical segments.
        lined_up: key -> arms with every example.
        judged: key -> arms without the examples in quarantine, where the key is tested.
        rows: rows of the tested keys, those left out of the family included.
        unchanged: every output is identical.
        held: examples in quarantine that the evidence holds.
        whole: critical segments judged with them all the same.
        warnings: what a reader must know and no row says.
    """

    rules: tuple[KeyRule, ...]
    tested: tuple[KeyRule, ...]
    leading: str
    vital: frozenset[str]
    lined_up: Mapping[str, Arms]
    judged: Mapping[str, Arms]
    rows: tuple[Row, ...]
    unchanged: bool
    held: tuple[Held, ...]
    whole: frozenset[str]
    warnings: tuple[str, ...]


def ask(
    everything: Evidence, policy: Policy, baseline: str, candidate: str, critical: Collection[str], held: Quarantine
) -> Asked:
    """Line up two versions; the arguments and errors are those of `merge.check`."""
    evidence = without_extra_runs(everything, policy.must_pass)
    known_versions(evidence, baseline, candidate)
    rules = gating_rules(evidence, policy, baseline, candidate)
    vital = known_critical(evidence, critical)
    warnings = [
        *differing_provenance(evidence, policy, baseline, candidate, [rule.name for rule in rules]),
        *_blank_scores(evidence),
        *_no_segments(evidence),
        *held.warnings,
    ]
    lined_up = {
        rule.name: arms(evidence, rule.name, baseline, candidate, repetitions=policy.repetitions) for rule in rules
    }
    tested = tuple(rule for rule in rules if not rule.zero_tolerance)
    judged = {**lined_up, **without_held(evidence, {rule.name: lined_up[rule.name] for rule in tested}, held)}
    leading = next((rule.name for rule in rules if rule.primary), (*tested, *rules)[0].name)
    examples = int(judged[leading].example.size)
    if not _in_common(evidence, leading, baseline, candidate):
        raise InvalidComparison(
            f"{evidence.source}: {baseline} and {candidate} have no example in common; map their common id with --map example_id=COLUMN"
        )
    if examples < 2:
        raise InvalidComparison(
            f"{evidence.source}: {count(examples, 'example')} of {leading!r} cannot be compared; a comparison starts at 2"
        )
    gating = tuple(lined_up.values())
    unchanged = is_unchanged(everything, tuple(lined_up), baseline, candidate)
    if not unchanged:
        warnings += [one.sentence for one in rescored(everything, tuple(lined_up), baseline, candidate)]
    warnings += [
        f"{a.key}: {a.dropped} repetitions of the candidate were left out: the baseline never ran them, or the policy plans fewer"
        for a in gating
        if a.dropped
    ]
    rows = rows_of(evidence, (judged[rule.name] for rule in tested), vital)
    found = quarantine.held(evidence, held, [lined_up[rule.name] for rule in tested])
    whole: frozenset[str] = frozenset()
    if found:
        full = rows_of(evidence, (lined_up[rule.name] for rule in tested), vital)
        whole, said = quarantine.shares(full, rows)
        rows = in_full(rows, full, whole)
        warnings += [*said, *quarantine.one_sided(found)]
    if not unchanged:
        for rule in tested:
            baseline_stands(evidence, judged[rule.name], lined_up[rule.name], policy, baseline, vital, whole)
    return Asked(rules, tested, leading, vital, lined_up, judged, rows, unchanged, found, whole, tuple(warnings))


def without_held(evidence: Evidence, lined_up: Mapping[str, Arms], held: Quarantine) -> dict[str, Arms]:
    """The same arms without the examples in quarantine."""
    if not held.entries:
        return dict(lined_up)
    out = quarantine.left_out(evidence, held)
    return {key: quarantine.without(a, out) for key, a in lined_up.items()}


def rows_of(evidence: Evidence, lined_up: Iterable[Arms], vital: frozenset[str]) -> tuple[Row, ...]:
    """Every row of these keys: overall, then each segment that has examples or is critical."""
    return tuple(r for a in lined_up for r in _rows(evidence, a, vital))


def in_full(rows: Iterable[Row], everything: Iterable[Row], whole: Collection[str]) -> tuple[Row, ...]:
    """`rows`, with those of the segments in `whole` as they are in `everything`."""
    full = {(r.segment, r.key): r for r in everything if r.segment in whole}
    return tuple(full.get((r.segment, r.key), r) for r in rows)


def _rows(evidence: Evidence, lined_up: Arms, vital: frozenset[str]) -> Iterator[Row]:
    yield row(lined_up, OVERALL, critical=False, members=None)
    for dimension in evidence.dimensions:
        values, of_example = lined_up.segment(evidence, dimension)
        order = np.argsort(of_example, kind="stable")
        edges = np.searchsorted(of_example[order], np.arange(len(values) + 1))
        named = {value: order[edges[i] : edges[i + 1]] for i, value in enumerate(values)}
        absent = [name.partition("=")[2] for name in vital if name.partition("=")[:2] == (dimension, "=")]
        for value in sorted({*values, *absent}):
            members = named.get(value, np.empty(0, dtype=np.int64))
            critical = dimension in vital or f"{dimension}={value}" in vital
            if members.size or critical:
                yield row(lined_up, f"{dimension}={value}", critical, members)


def _in_common(evidence: Evidence, key: str, baseline: str, candidate: str) -> bool:
    keys, versions, examples = evidence.codes("key"), evidence.codes("version"), evidence.codes("example_id")
    mine = keys.index == keys.values.index(key)
    first, second = (
        examples.index[mine & (versions.index == versions.values.index(version))] for version in (baseline, candidate)
    )
    seen = np.zeros(len(examples.values), dtype=bool)
    seen[first] = True
    return bool(seen[second].any())


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
        said = evidence.metadata.get(name, "0")
        if not said.isdecimal():
            raise DataError(f"{evidence.source}: its metadata says {name} = {said!r}, which is no number")
        if int(said):
            yield f"{count(int(said), 'row')} with neither score nor outcome: {taken}; a column of outcomes says it row by row (--map outcome=COLUMN)"
