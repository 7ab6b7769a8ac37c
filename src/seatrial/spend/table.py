"""Spend as a table: sums of tokens, priced and grouped; what cannot be priced is counted beside the sum, never as zero."""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from seatrial.errors import UsageError
from seatrial.price import Tokens

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from seatrial.price import Prices
    from seatrial.store.calls import CallSum

FREE = ("builtin",)
"""Models made of rules: they cost nothing."""

COLUMNS = ("graph", "feature", "owner", "version", "node", "tool", "model", "day", "month", "tenant")
SEGMENT = "segment."
NONE = "none"
"""Value of a group whose calls have none: no tenant was sent, say."""


@dataclass(frozen=True, slots=True)
class Spent:
    """One group.

    Attributes:
        group: a value for each column that was asked for.
        calls: how many.
        unknown: calls whose cost is not known: they reported no tokens, or their model has no price.
        usd: cost of the others.
        tokens: of all that reported them.
        reasoning: likewise.
        outcomes: threads with the outcome that was asked for; None where none was.
    """

    group: tuple[str, ...]
    calls: int
    unknown: int
    usd: float
    tokens: Tokens
    reasoning: int
    outcomes: int | None = None

    @property
    def usd_per_outcome(self) -> float | None:
        """Cost of one outcome; None without any, and where some of the cost is not known."""
        return self.usd / self.outcomes if self.outcomes and not self.unknown else None


def check_columns(columns: Sequence[str]) -> tuple[str, ...]:
    """The columns, if each may be grouped by and stands once.

    Raises:
        UsageError: one may not; the message lists those that may.
    """
    for column in columns:
        if column not in COLUMNS and not (column.startswith(SEGMENT) and column != SEGMENT):
            raise UsageError(f"--by {column!r} is unknown; choose among: {', '.join(COLUMNS)}, {SEGMENT}NAME")
    if len(set(columns)) != len(columns):
        raise UsageError(f"--by names a column twice: {', '.join(columns)}")
    return tuple(columns)


def group_of(row: CallSum, columns: Sequence[str]) -> tuple[str, ...]:
    """Value of each column; `none` where the calls have none."""
    return tuple(_value(row, column) or NONE for column in columns)


def spend(
    rows: Iterable[CallSum],
    prices: Prices,
    columns: Sequence[str] = (),
    outcomes: Mapping[tuple[str, ...], int] | None = None,
) -> list[Spent]:
    """Cost by group, the most expensive first.

    Args:
        rows: sums of calls that are alike.
        prices: applied now.
        columns: from `check_columns`; none = one group of everything.
        outcomes: threads with an outcome, by group.
    """
    groups: defaultdict[tuple[str, ...], list[CallSum]] = defaultdict(list)
    for row in rows:
        groups[group_of(row, columns)].append(row)
    found = [_spent(group, mine, prices, outcomes) for group, mine in groups.items()]
    return sorted(found, key=lambda one: (-one.usd, -one.unknown, one.group))


def _spent(
    group: tuple[str, ...], rows: Sequence[CallSum], prices: Prices, outcomes: Mapping[tuple[str, ...], int] | None
) -> Spent:
    costs, unknown = [], 0
    for row in rows:
        usd = 0.0 if row.model in FREE else prices.usd(row.model, row.tokens)
        unknown += row.calls if usd is None and row.calls else row.uncounted
        if usd is not None:
            costs.append(usd)
    return Spent(
        group,
        sum(row.calls for row in rows),
        unknown,
        math.fsum(costs),
        Tokens(*(sum(row.tokens[place] for row in rows) for place in range(len(Tokens._fields)))),
        sum(row.reasoning for row in rows),
        None if outcomes is None else outcomes.get(group, 0),
    )


def day_text(day: int) -> str:
    """`2026-03-02`."""
    return datetime.fromtimestamp(day * 86_400, UTC).date().isoformat()


def _value(row: CallSum, column: str) -> str:
    if column == "day":
        return day_text(row.day)
    if column == "month":
        return day_text(row.day)[:7]
    if column == "tenant" or column.startswith(SEGMENT):
        return row.segments.get(column.removeprefix(SEGMENT), "")
    return str(getattr(row, column))
