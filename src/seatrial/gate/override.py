"""Override: a failing row is accepted by a named owner, with a reason, until a date; the verdict stays what it is.

A line of `gates/overrides.jsonl` says who lets which row of which graph through, why and until when. It is bound to the
baseline and to the candidate it was written for, so that the next change is judged anew, and to the drop that was seen, so
that a deeper one is.
"""

from __future__ import annotations

import json
import math
from dataclasses import asdict, dataclass, replace
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from seatrial.errors import DataError, UsageError
from seatrial.wording import count, points

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from seatrial.gate.report import Report
    from seatrial.verdict import Finding

LONGEST_DAYS = 30
RENEWALS = 2
DEEPER = 0.02
"""How much deeper than what was overridden a row may fall: what the same candidate moves by itself between two runs."""


@dataclass(frozen=True, slots=True)
class Bound:
    """What two arms are, by content: another baseline or another candidate is another question."""

    baseline: str
    candidate: str


@dataclass(frozen=True, slots=True)
class Override:
    """One line of the file.

    Attributes:
        graph: assistant id; empty for evidence that names none.
        segment: `overall` or `NAME=value`.
        key: evaluator key.
        reason: why it may pass, in a sentence.
        author: who answers for it.
        made: ISO day it was written.
        expires: ISO day after which it no longer stands.
        baseline: content hash of the baseline it was written for.
        candidate: likewise.
        difference: candidate minus baseline of the row when it was written; None where the row has none.
    """

    graph: str
    segment: str
    key: str
    reason: str
    author: str
    made: str
    expires: str
    baseline: str
    candidate: str
    difference: float | None

    def is_active(self, today: date) -> bool:
        """Whether it was written by that day and has not expired; a day ahead may be another clock's."""
        return date.fromisoformat(self.made) - timedelta(days=1) <= today <= date.fromisoformat(self.expires)


@dataclass(frozen=True, slots=True)
class Applied:
    """An override that lets a failing row of this report through, and how often it was written before."""

    override: Override
    renewals: int


def read_overrides(text: str, source: Path) -> tuple[Override, ...]:
    """Every line of the file, oldest first.

    Raises:
        DataError: a line is no override; one that cannot be read lets nothing through.
    """
    found = []
    # Not splitlines: a reason may hold a character that it takes for the end of a line.
    for number, line in enumerate(text.removesuffix("\n").split("\n") if text else (), start=1):
        try:
            one = Override(**json.loads(line))
            _refuse_impossible(one)
        except (ValueError, TypeError) as error:
            raise DataError(
                f"{source} line {number} is no override ({error}); the file is appended to by seatrial override and by nothing else"
            ) from error
        found.append(one)
    return tuple(found)


def _refuse_impossible(one: Override) -> None:
    """Raise a ValueError for what `write_for` would never have written: a line typed by hand lets no more through."""
    for name, value in asdict(one).items():
        if name != "difference" and (not isinstance(value, str) or not (value.strip() or name == "graph")):
            raise ValueError(f"{name} is {value!r}")
    depth = one.difference
    if depth is not None and (
        isinstance(depth, bool) or not isinstance(depth, (int, float)) or not math.isfinite(depth)
    ):
        raise ValueError(f"difference is {depth!r}")
    days = (date.fromisoformat(one.expires) - date.fromisoformat(one.made)).days
    if not 0 < days <= LONGEST_DAYS:
        raise ValueError(f"it lasts {days} days, and {LONGEST_DAYS} are the most")


def override_line(override: Override) -> str:
    """One line of the file, newline included."""
    return json.dumps(asdict(override), ensure_ascii=False, sort_keys=True) + "\n"


def _failing(report: Report, segment: str, key: str) -> list[Finding]:
    """The failing rows of a segment and a key; a UsageError that lists what fails where there are none."""
    mine = [f for f in report.stopping if (f.segment, f.key) == (segment, key)]
    if not mine:
        have = "; ".join(f"--segment {f.segment} --key {f.key}" for f in report.stopping)
        raise UsageError(
            f"{segment} · {key} does not fail, so there is nothing to override; {'what fails: ' + have if have else 'nothing fails'}"
        )
    return mine


def write_for(
    report: Report,
    bound: Bound,
    before: Sequence[Override],
    *,
    segment: str,
    key: str,
    reason: str,
    author: str,
    expires: date,
    today: date,
) -> Override:
    """The override of one failing row of a report.

    Raises:
        UsageError: the row does not fail, the reason or the author is blank, the date is past or too far, or the same
            question was renewed twice already.
    """
    mine = _failing(report, segment, key)
    for name, value in (("--reason", reason), ("--author", author)):
        if not value.strip():
            raise UsageError(f"{name} is blank; an override has an author and a reason")
    days = (expires - today).days
    if not 0 < days <= LONGEST_DAYS:
        raise UsageError(
            f"--expires {expires.isoformat()} is {count(days, 'day')} away; an override lasts 1 to {LONGEST_DAYS} days, and can be renewed {RENEWALS} times"
        )
    written = _same(before, report.graph, segment, key, bound)
    if len(written) > RENEWALS:
        raise UsageError(
            f"{segment} · {key} was overridden on {', '.join(o.made for o in written)} already; {RENEWALS} renewals are the most. Fix it, or accept what it scores as the baseline"
        )
    return Override(
        graph=report.graph,
        segment=segment,
        key=key,
        reason=reason.strip(),
        author=author.strip(),
        made=today.isoformat(),
        expires=expires.isoformat(),
        baseline=bound.baseline,
        candidate=bound.candidate,
        difference=_deepest(mine),
    )


def write_rows(
    report: Report,
    bound: Bound,
    before: Sequence[Override],
    rows: Iterable[tuple[str, str]],
    *,
    reason: str,
    author: str,
    expires: date,
    today: date,
) -> tuple[tuple[Override, bool], ...]:
    """The overrides of several failing rows, each once, and whether each is new: all of them, or none.

    A row that an active override lets through until `expires` or longer is given that one: to repeat a command is no renewal.

    Args:
        report: the verdict.
        bound: what its two arms are by content.
        before: every override on record, oldest first.
        rows: (segment, key) of each.
        reason: why they may pass.
        author: who answers for them.
        expires: last day.
        today: the day of writing.

    Raises:
        UsageError: as `write_for`, for any of them.
    """
    written = []
    for segment, key in dict.fromkeys(rows):
        deepest = _deepest(_failing(report, segment, key))
        covering = [
            one
            for one in _same(before, report.graph, segment, key, bound)
            if one.is_active(today) and date.fromisoformat(one.expires) >= expires and not _deeper(deepest, one)
        ]
        if covering:
            written.append((covering[-1], False))
            continue
        row = {"segment": segment, "key": key, "reason": reason, "author": author}
        written.append((write_for(report, bound, before, **row, expires=expires, today=today), True))
    return tuple(written)


def apply(report: Report, overrides: Sequence[Override], bound: Bound, today: date) -> Report:
    """The report with the overrides that let its failing rows through, and a warning for each that would have and does not."""
    applied, warnings = [], []
    # A row may fail against the baseline and against the anchor: one answer covers both, at the deeper of the two.
    for segment, key in dict.fromkeys((f.segment, f.key) for f in report.stopping):
        deepest = _deepest([f for f in report.stopping if (f.segment, f.key) == (segment, key)])
        mine = [o for o in overrides if (o.graph, o.segment, o.key) == (report.graph, segment, key)]
        bound_here = _same(mine, report.graph, segment, key, bound)
        renewed = len(bound_here) - 1
        current = [o for o in bound_here if o.is_active(today) and not _deeper(deepest, o)]
        if current and renewed > RENEWALS:
            warnings.append(f"{segment} · {key}: overridden {renewed + 1} times; {RENEWALS} renewals are the most")
        elif current:
            applied.append(Applied(current[-1], renewed))
        elif mine:
            warnings.append(f"{segment} · {key}: {_refusal(mine[-1], bound, deepest, today)}")
    return replace(report, overrides=tuple(applied), warnings=(*report.warnings, *warnings))


def still_failing(report: Report, overrides: Sequence[Override], bound: Bound, today: date) -> tuple[Finding, ...]:
    """The failing rows nobody answers for yet, each once."""
    answered = {(one.override.segment, one.override.key) for one in apply(report, overrides, bound, today).overrides}
    left = {(f.segment, f.key): f for f in report.stopping if (f.segment, f.key) not in answered}
    return tuple(left.values())


def renewals(overrides: Sequence[Override]) -> Iterator[tuple[Override, int]]:
    """The last override of every question, and how often it was renewed."""
    last: dict[tuple[Any, ...], list[Override]] = {}
    for one in dict.fromkeys(overrides):
        last.setdefault((one.graph, one.segment, one.key, one.baseline, one.candidate), []).append(one)
    for same in last.values():
        yield same[-1], len(same) - 1


def _same(overrides: Sequence[Override], graph: str, segment: str, key: str, bound: Bound) -> list[Override]:
    """The overrides of one question, oldest first; a line that a merge of two branches doubled counts once."""
    return [
        o
        for o in dict.fromkeys(overrides)
        if (o.graph, o.segment, o.key, o.baseline, o.candidate)
        == (graph, segment, key, bound.baseline, bound.candidate)
    ]


def _deepest(findings: Sequence[Finding]) -> float | None:
    known = [f.difference for f in findings if f.difference is not None]
    return min(known) if known else None


def _deeper(difference: float | None, override: Override) -> bool:
    if difference is None or override.difference is None:
        return difference is not override.difference
    return difference < override.difference - DEEPER


def _refusal(override: Override, bound: Bound, difference: float | None, today: date) -> str:
    who = f"the override of {override.author} ({override.made})"
    if (override.baseline, override.candidate) != (bound.baseline, bound.candidate):
        other = "candidate" if override.candidate != bound.candidate else "baseline"
        return f"{who} was written for another {other} and does not apply"
    if not override.is_active(today):
        over = date.fromisoformat(override.expires) < today
        return f"{who} expired on {override.expires}" if over else f"{who} was written on a day that has not come yet"
    return f"{who} was for {points(override.difference)}, and it is {points(difference)} now"
