"""Find the stretch of time a question speaks of: half-open dates, on the calendar of who asks."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

from .guide import MONTHS

if TYPE_CHECKING:
    from collections.abc import Callable

MONTH = r"(?P<month>" + "|".join(MONTHS) + ")"
YEAR = r"(?P<year>20\d\d)"
_ORDINALS = {
    "first": 1,
    "1st": 1,
    "second": 2,
    "2nd": 2,
    "third": 3,
    "3rd": 3,
    "fourth": 4,
    "4th": 4,
    "final": 4,
    "opening": 1,
    "closing": 4,
}
_ORDINAL = "|".join(_ORDINALS)
_FISCAL_YEAR = r"(?:(?:of|in|for)? ?(?:the )?(?:fiscal year |fiscal |fy ?)?(?P<year>20\d\d|2\d\b)| ?of (?P<which>this|last)(?: fiscal)? year)?"
_NUMBERS = {"two": 2, "three": 3, "six": 6, "nine": 9, "twelve": 12, "ten": 10, "thirty": 30, "sixty": 60, "ninety": 90}


@dataclass(frozen=True, slots=True)
class Period:
    """`since` is in, `until` is out; None is open."""

    since: date | None
    until: date | None


@dataclass(frozen=True, slots=True)
class Calendar:
    """Today, and the month (1..12) in which the asker's fiscal year starts. A fiscal year is named after the year it starts in."""

    today: date
    first_month: int

    def fiscal_year(self) -> int:
        """The fiscal year today lies in."""
        return self.today.year - (self.today.month < self.first_month)

    def span(self, year: int, start: int, months: int) -> Period:
        """`months` months of fiscal `year`, from the `start`-th (0 = its first)."""
        first = date(year, self.first_month, 1)
        return Period(shift(first, start), shift(first, start + months))


def shift(day: date, months: int) -> date:
    """The same day, `months` later; days beyond the 28th become the 28th."""
    count = day.year * 12 + day.month - 1 + months
    return date(count // 12, count % 12 + 1, min(day.day, 28))


def find(text: str, calendar: Calendar) -> tuple[Period | None, str]:
    """The first period `text` speaks of, and the text without it."""
    for pattern, meaning in _RULES:
        found = pattern.search(text)
        if found:
            return meaning(found, calendar), text[: found.start()] + " " + text[found.end() :]
    return None, text


def _year(found: re.Match[str], calendar: Calendar) -> int:
    groups = found.groupdict()
    if groups.get("year"):
        return int(groups["year"]) % 100 + 2000
    return calendar.fiscal_year() - (groups.get("which") == "last")


def _quarter(found: re.Match[str], calendar: Calendar) -> Period:
    name = found["quarter"]
    number = _ORDINALS.get(name) or int(name[-1])
    return calendar.span(_year(found, calendar), 3 * (number - 1), 3)


def _half(found: re.Match[str], calendar: Calendar) -> Period:
    second = found["half"] in {"second", "2nd", "h2", "back"}
    return calendar.span(_year(found, calendar), 6 * second, 6)


def _near_quarter(found: re.Match[str], calendar: Calendar) -> Period:
    months = (calendar.today.month - calendar.first_month) % 12
    current = calendar.span(calendar.fiscal_year(), months // 3 * 3, 3)
    if found["near"] in {"this", "current", "running"} or current.since is None:
        return current
    return Period(shift(current.since, -3), current.since)


def _fiscal(found: re.Match[str], calendar: Calendar) -> Period:
    return calendar.span(_year(found, calendar), 0, 12)


def _month(found: re.Match[str], calendar: Calendar) -> Period:
    number = MONTHS.index(found["month"]) + 1
    year = int(found["year"]) if found["year"] else calendar.today.year - (number > calendar.today.month)
    first = date(year, number, 1)
    return _side(found, Period(first, shift(first, 1)))


def _calendar_year(found: re.Match[str], _: Calendar) -> Period:
    year = int(found["year"])
    return _side(found, Period(date(year, 1, 1), date(year + 1, 1, 1)))


def _side(found: re.Match[str], period: Period) -> Period:
    side = found["side"]
    if side in {"since", "from"}:
        return Period(period.since, None)
    if side == "after":
        return Period(period.until, None)
    if side in {"before", "prior to"}:
        return Period(None, period.since)
    return period


def _months_between(found: re.Match[str], calendar: Calendar) -> Period:
    first, last = MONTHS.index(found["month"]) + 1, MONTHS.index(found["last"]) + 1
    year = int(found["year"]) if found["year"] else calendar.today.year
    return Period(date(year, first, 1), shift(date(year, last, 1), 1))


def _trailing(found: re.Match[str], calendar: Calendar) -> Period:
    count = _NUMBERS.get(found["count"]) or int(found["count"])
    unit = found["unit"]
    if unit == "month":
        return Period(shift(calendar.today, -count), None)
    return Period(calendar.today - timedelta(days=count * (7 if unit == "week" else 1)), None)


def _near(found: re.Match[str], calendar: Calendar) -> Period:
    last = found["near"] in {"last", "previous"}
    if found["unit"] == "month":
        first = shift(calendar.today.replace(day=1), -last)
        return Period(first, shift(first, 1))
    return Period(date(calendar.today.year - last, 1, 1), date(calendar.today.year - last + 1, 1, 1))


def _day(found: re.Match[str], _: Calendar) -> Period:
    day = date.fromisoformat(found["day"])
    return _side(found, Period(day, day + timedelta(days=1)))


_SIDE = r"(?:\b(?P<side>since|from|after|before|prior to|in|during|of|for) )?"
_NEAR = r"(?P<near>this|current|running|last|previous)"

_RULES: tuple[tuple[re.Pattern[str], Callable[[re.Match[str], Calendar], Period]], ...] = (
    (re.compile(rf"\b(?P<quarter>q[1-4]|(?:{_ORDINAL})(?= quarter))(?: quarter)? ?{_FISCAL_YEAR}"), _quarter),
    (re.compile(rf"\b(?P<half>h[12]|(?:first|1st|second|2nd|back)(?= half))(?: half)? ?{_FISCAL_YEAR}"), _half),
    (re.compile(rf"\b{_NEAR} quarter\b"), _near_quarter),
    (re.compile(r"\b(?P<which>this|last)(?: current)? (?:fiscal|financial) year\b|\bfiscal year to date\b"), _fiscal),
    (re.compile(r"\b(?:fiscal year|fiscal|fy) ?(?P<year>20\d\d|\d\d)\b"), _fiscal),
    (
        re.compile(
            rf"\b(?:between|from) {MONTH} (?:and|to|through|until) (?P<last>{'|'.join(MONTHS)})(?: (?:of )?{YEAR})?\b"
        ),
        _months_between,
    ),
    (re.compile(rf"{_SIDE}(?P<day>20\d\d-\d\d-\d\d)\b"), _day),
    (re.compile(rf"{_SIDE}\b{MONTH}(?: (?:of )?{YEAR})?\b"), _month),
    (
        re.compile(r"\b(?:last|past|previous) (?P<count>\d+|" + "|".join(_NUMBERS) + r") (?P<unit>day|week|month)s\b"),
        _trailing,
    ),
    (re.compile(rf"\b{_NEAR} (?P<unit>month|year)\b"), _near),
    (re.compile(rf"{_SIDE}\b{YEAR}\b"), _calendar_year),
)
