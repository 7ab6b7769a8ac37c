"""Year: the days over which a yearly gate spends its alpha."""

from __future__ import annotations

import math
from datetime import UTC, date, datetime

from seatrial.feedback.cells import Year

DAY = 86400.0


def year_at(now: float, begins: str) -> Year:
    """The year that holds `now`.

    Args:
        now: seconds since 1970.
        begins: `MM-DD`, every year; or one date `YYYY-MM-DD`, from which everything counts.
    """
    today = datetime.fromtimestamp(now, UTC)
    if len(begins) == 10:
        first = date.fromisoformat(begins)
    else:
        first = _anniversary(today.year, begins)
        if first > today.date():
            first = _anniversary(today.year - 1, begins)
    begin = datetime(first.year, first.month, first.day, tzinfo=UTC).timestamp()
    return Year(begin, max(0, math.floor((now - begin) / DAY) + 1))


def _anniversary(year: int, day: str) -> date:
    month, day_of_month = map(int, day.split("-"))
    if (month, day_of_month) == (2, 29):
        month, day_of_month = 3, 1
    return date(year, month, day_of_month)
