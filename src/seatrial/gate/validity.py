"""Validity: whether two versions may be compared at all, decided before a score is looked at."""

from __future__ import annotations

import shlex
from itertools import chain
from typing import TYPE_CHECKING

import numpy as np

from seatrial.errors import ConfigError, InvalidComparison, UsageError, did_you_mean, nearest
from seatrial.evidence.schema import POINTWISE, WINRATE
from seatrial.gate.arms import FAILED, RAN
from seatrial.gate.common import hashed
from seatrial.gate.message import brief, messages
from seatrial.gate.pointwise import licensed
from seatrial.gate.policy import KeyRule
from seatrial.segment import changed_dimensions, named
from seatrial.verdict import SYSTEM_FAILURES
from seatrial.wording import count, percent, verb

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from seatrial.evidence import Evidence
    from seatrial.gate.arms import Arms
    from seatrial.gate.policy import Policy
    from seatrial.vote import Standing

RECORD_MARGIN = 0.02
"""How far a baseline may crash beyond its own record."""


def known_versions(evidence: Evidence, baseline: str, candidate: str) -> None:
    """Both versions stand in the evidence and are two."""
    for name, version in (("baseline", baseline), ("candidate", candidate)):
        if version not in evidence.versions:
            raise UsageError(
                f"{name} {version!r} is not in {evidence.source}; it holds: {', '.join(evidence.versions)}{did_you_mean(version, evidence.versions)}"
            )
    if baseline == candidate:
        raise UsageError(f"baseline and candidate are both {baseline!r}; a version is not compared with itself")


def gating_rules(
    evidence: Evidence, policy: Policy, baseline: str, candidate: str, standings: Mapping[str, Standing]
) -> tuple[KeyRule, ...]:
    """The policy's keys, or every key equally; each has rows of both versions.

    A judge's win rate is a score against one half that only the candidate has: it is no key to compare two versions by.
    A judge's word on one answer gates where the policy names it, as far as its licence goes.
    """
    keys, versions = evidence.codes("key"), evidence.codes("version")
    rows_of = {version: versions.index == versions.values.index(version) for version in (baseline, candidate)}
    mine = np.bincount(keys.index[rows_of[baseline] | rows_of[candidate]], minlength=len(keys.values))
    present = sorted(
        key
        for key, rows in zip(keys.values, mine.tolist(), strict=True)
        if rows and not key.startswith((WINRATE, POINTWISE))
    )
    rules = licensed(policy, standings) if policy.keys else tuple(KeyRule(key) for key in present)
    if not rules:
        raise InvalidComparison(
            f"{evidence.source}: only judges have scored {baseline} and {candidate}, and none of their keys gates; it holds: {', '.join(evidence.keys) or 'no key'}"
        )
    measured = {measure.name for measure in policy.measures}
    for rule in rules:
        if rule.name.startswith(WINRATE):
            raise ConfigError(
                f"{policy.source}: key {rule.name!r} is a win rate against 1/2 and cannot be compared with the baseline's; take it out "
                "and ask seatrial judge winrate VERDICTS"
            )
        if rule.name in measured:
            raise ConfigError(
                f"{policy.source}: {rule.name!r} is a key and a measurement, and rows of one name cannot be told apart; give the key another name"
            )
        if rule.name not in keys.values:
            raise ConfigError(
                f"{policy.source}: key {rule.name!r} gates but is not in {evidence.source}; it holds: {', '.join(evidence.keys)}{did_you_mean(rule.name, evidence.keys)}"
            )
        scored = keys.index == keys.values.index(rule.name)
        for version, rows in rows_of.items():
            if not (scored & rows).any():
                raise InvalidComparison(
                    f"{evidence.source}: key {rule.name!r} gates but version {version!r} has no row of it; evaluate both versions with the same evaluators, an accepted baseline with pytest --seatrial-update-baseline"
                )
    return rules


def known_segments(evidence: Evidence, rules: Collection[KeyRule], policy: Policy) -> None:
    """Every segment that a key's rule names is in the evidence: a floor on one that is not would hold nothing.

    Raises:
        ConfigError: the evidence has no such dimension, or no example of such a value.
    """
    for rule in rules:
        for one in rule.segments:
            place = f'{policy.source}: [key.{rule.name}.segment."{one.segment}"]'
            dimension, _, value = one.segment.partition("=")
            if dimension not in evidence.dimensions:
                raise ConfigError(
                    f"{place}: {evidence.source} has no dimension {dimension!r}; it has: {', '.join(evidence.dimensions) or 'none'}{_near(evidence, one.segment)}"
                )
            have = evidence.codes(f"segment.{dimension}").values
            if value not in have:
                raise ConfigError(
                    f"{place}: no example of {evidence.source} is in it, so nothing can be told of it; {dimension} has: {', '.join(sorted(have))}{_near(evidence, one.segment)}"
                )


def known_critical(evidence: Evidence, critical: Collection[str]) -> frozenset[str]:
    """The critical segments, each of a dimension the evidence has; a bare value is one where one dimension has it."""
    return frozenset(_of_a_dimension(evidence, name) for name in critical)


def _of_a_dimension(evidence: Evidence, name: str) -> str:
    have = evidence.dimensions
    dimension, sign, _ = name.partition("=")
    if dimension in have:
        return name
    with_it = [] if sign else [one for one in have if name in evidence.codes(f"segment.{one}").values]
    if len(with_it) == 1:
        return f"{with_it[0]}={name}"
    if with_it:
        choices = ", ".join(f"{one}={name}" for one in with_it)
        raise UsageError(f"critical segment {name!r} is a value of several dimensions; choose one of: {choices}")
    raise UsageError(
        f"critical segment {name!r}: the evidence has no dimension {dimension!r}; it has: {', '.join(have) or 'none (--segment COLUMN makes one)'}{_one_each(name) or _near(evidence, name)}"
    )


def _near(evidence: Evidence, name: str) -> str:
    """The segment, its dimension or its value that a misspelt one is nearest to."""
    values = {one: evidence.codes(f"segment.{one}").values for one in evidence.dimensions}
    dimension, sign, value = name.partition("=")
    if not sign:
        return did_you_mean(name, [*values, *chain(*values.values())])
    near = nearest(dimension, values)
    of_it = nearest(value, values.get(near, ()))
    return f"; did you mean '{near}={of_it}'?" if of_it else ""


def _one_each(name: str) -> str:
    """That several segments are several options, where a name looks like a list."""
    parts = [part.strip() for part in name.split(",") if part.strip()]
    if len(parts) < 2:
        return ""
    dimension, sign, _ = parts[0].partition("=")
    each = [part if "=" in part else f"{dimension}{sign}{part}" if sign else part for part in parts]
    return f". --critical is given once per segment: {' '.join(f'--critical {shlex.quote(one)}' for one in each)}"


def known_values(evidence: Evidence, critical: Collection[str]) -> None:
    """Each critical `NAME=value` typed by hand occurs in the evidence; a misspelt one would guard nobody."""
    for name in known_critical(evidence, critical):
        dimension, sign, value = name.partition("=")
        have = evidence.codes(f"segment.{dimension}").values
        if sign and value not in have:
            raise UsageError(
                f"critical segment {name!r}: {dimension} has no value {value!r}; it has: {', '.join(sorted(have))}{_one_each(name) or _near(evidence, name)}"
            )


def differing_provenance(
    evidence: Evidence, policy: Policy, baseline: str, candidate: str, gating: Collection[str], *, refuse: bool = True
) -> Iterator[str]:
    """Different data or different evaluators make two arms two experiments.

    Without `refuse` a difference is only named: where every output is identical it can have done no harm.

    Raises:
        InvalidComparison: they differ, and `refuse` says so.
    """
    versions = evidence.codes("version")
    for name in ("dataset_hash", "evaluator_version", "evaluator_hash", "graph", "segments_hash"):
        if not evidence.has(name) or (name == "dataset_hash" and hashed(evidence, baseline, candidate)):
            continue  # example by example it is known what changed, and that is not compared
        codes, keys = evidence.codes(name), evidence.codes("key")
        groups = [keys.values.index(key) for key in gating] if name.startswith("evaluator_") else (None,)
        for key in groups:
            mine = np.ones(len(evidence), dtype=bool) if key is None else keys.index == key
            sides = [
                set(codes.reported(mine & (versions.index == versions.values.index(v)))) for v in (baseline, candidate)
            ]
            if sides[0] == sides[1] and len(sides[0]) <= 1:
                continue
            if not sides[0] or not sides[1]:
                # Foreign evidence often says nothing on either side; on one side only, nobody can check.
                yield f"{name} is known for {baseline if sides[0] else candidate} only: whether both saw the same cannot be checked"
                continue
            if name == "segments_hash":
                yield _other_segments(evidence, (baseline, candidate), sides, refuse=refuse)
                continue
            what = f"{name}{f' of key {keys.values[key]!r}' if key is not None else ''} differs: {baseline} has {', '.join(sorted(sides[0]))}; {candidate} has {', '.join(sorted(sides[1]))}"
            if refuse and name == "evaluator_hash":
                raise InvalidComparison(
                    f"{evidence.source}: the evaluator of key {keys.values[key or 0]!r} changed: {baseline} was scored by {', '.join(sorted(sides[0]))}, {candidate} by {', '.join(sorted(sides[1]))} (hash of its code, helpers and arguments). Score both with one evaluator: run both versions again; an accepted baseline is renewed with pytest --seatrial-update-baseline"
                )
            if refuse and policy.dataset_mismatch == "refuse":
                raise InvalidComparison(
                    f'{evidence.source}: {what}. Evaluate both again on the same data, or say dataset_mismatch = "warn" in the policy'
                )
            yield what


def _other_segments(evidence: Evidence, versions: tuple[str, str], sides: Sequence[set[str]], *, refuse: bool) -> str:
    """The dimensions that put the examples of two versions into segments by other rules."""
    found = sorted(sides[0] | sides[1])
    changed = sorted({name for one in found for name in changed_dimensions(found[0], one)})
    what = f"segments.toml was changed between {' and '.join(versions)}: the {named(changed)} {verb(len(changed), 'are')} defined otherwise, so their segments are not the same examples"
    if refuse:
        raise InvalidComparison(
            f"{evidence.source}: {what}. Run both again with one segments file; an accepted baseline is renewed with pytest --seatrial-update-baseline"
        )
    return what


def baseline_is_valid(
    evidence: Evidence,
    judged: Arms,
    everything: Arms,
    policy: Policy,
    baseline: str,
    critical_values: frozenset[str],
    kept_complete: frozenset[str],
) -> None:
    """A crashed baseline must not lower the bar: not overall, and not on one segment of `critical_values`.

    More of its own runs than its record and 2 points is refused; a single failed run, of however few, is not. Each segment
    is asked on the examples it is judged with: those of `whole` on `everything`.
    """
    _refuse_crashed(evidence, judged, np.ones(judged.example.size, dtype=bool), policy, baseline, "")
    for arms, in_full in ((judged, False), (everything, True)):
        for dimension in evidence.dimensions if kept_complete or not in_full else ():
            values, of_example = arms.segment(evidence, dimension)
            for code, value in enumerate(values):
                name = f"{dimension}={value}"
                if (name in kept_complete) is in_full and (dimension in critical_values or name in critical_values):
                    _refuse_crashed(evidence, arms, of_example == code, policy, baseline, f" of {name}")


def _refuse_crashed(
    evidence: Evidence, arms: Arms, members: NDArray[np.bool_], policy: Policy, baseline: str, where: str
) -> None:
    outcomes = arms.baseline.outcome[members]
    crashed, ran = int(np.count_nonzero(FAILED[outcomes])), int(np.count_nonzero(RAN[outcomes]))
    if crashed > max(1.0, (policy.baseline_system_failures + RECORD_MARGIN) * ran):
        raise InvalidComparison(
            f"{evidence.source}: baseline {baseline} failed on {crashed} of {count(ran, 'run')}{where} ({percent(crashed / ran)}) on key {arms.key}: "
            f"{_stated(messages(evidence, arms.key, baseline, SYSTEM_FAILURES, arms.example[members]), crashed)}. "
            "A crashed baseline lowers the bar: correct what made it fail, evaluate it again and compare with that run. "
            f"Its record in the policy (baseline_system_failures) is {percent(policy.baseline_system_failures)}, and 2 points more are tolerated"
        )


def _stated(found: Sequence[tuple[str, int]], of: int) -> str:
    """`KeyError: 'total' (52 of 60), TimeoutError (8)`: the two most frequent messages."""
    if not found:
        return "no row says why"
    named = [f"{brief(message)} ({n:,} of {of:,})" for message, n in found[:2]]
    return " and ".join([", ".join(named), *([count(len(found) - 2, "other message")] if len(found) > 2 else [])])
