"""Counts: of planned pairs, how many have a verdict in both orders, and what there is in place of the others."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from seatrial.judge.verdicts import ORDERS
from seatrial.verdict import ErrorKind, Outcome, ReasonClass

if TYPE_CHECKING:
    from collections.abc import Mapping

    from seatrial.judge.table import Rows

NO_ANSWER = (ErrorKind.OUTAGE, ErrorKind.KILL_SWITCH)


@dataclass(frozen=True, slots=True)
class Counts:
    """What a verdict table holds.

    Attributes:
        pairs: examples planned.
        judged: examples with a verdict in both orders of every draw, by most of the judges.
        outcomes: outcome, or the kind of what is missing -> rows.
        reason_class: why examples are missing, for machines; None where none is.
    """

    pairs: int
    judged: int
    outcomes: Mapping[str, int]
    reason_class: ReasonClass | None


def counts_of(rows: Rows) -> Counts:
    """Count examples and rows; an example that lacks one order is not judged."""
    have: dict[tuple[str, str], set[tuple[int, str]]] = {}
    planned: dict[str, dict[str, set[int]]] = {}
    for row in rows:
        example, judge = row["example_id"], row["judge"]
        planned.setdefault(example, {}).setdefault(judge, set()).add(row["repetition"])
        if row["outcome"] == Outcome.SCORED:
            have.setdefault((example, judge), set()).add((row["repetition"], row["order"]))
    full = 0
    for example, judges in planned.items():
        complete = sum(
            len(have.get((example, judge), ())) == len(ORDERS) * len(draws) for judge, draws in judges.items()
        )
        full += 2 * complete > len(judges)
    words = Counter(
        str(row["outcome"] if row["outcome"] == Outcome.SCORED else row["error_kind"] or row["outcome"]) for row in rows
    )
    missing = {word: times for word, times in words.items() if word != Outcome.SCORED}
    reason = None
    if missing:
        outage = sum(missing.get(kind, 0) for kind in NO_ANSWER)
        reason = (
            ReasonClass.OUTAGE if outage and max(missing, key=missing.__getitem__) in NO_ANSWER else ReasonClass.MISSING
        )
    return Counts(len(planned), full, dict(sorted(words.items())), reason)
