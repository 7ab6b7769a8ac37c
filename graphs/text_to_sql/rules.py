"""The built-in model: a question becomes a SELECT by rules, guided by whatever its prompt says.

It links words to the schema, takes what the prompt's glossary explains, finds the period, the split, the ranking and the
limits, and joins the tables these touch. Words it does not know it passes over, as a hasty reader would: that is why a
better glossary gives better answers.
"""

from __future__ import annotations

import re

from .guide import Guide, Term, read
from .lexicon import ATTRIBUTES, DIMENSIONS, ENTITIES, NAMES, NUMBERS, normal, values
from .periods import Calendar, find
from .reading import Reading
from .statement import date_of, dated, select, whole

_UP = r"most|biggest|largest|highest|best|top|greatest|longest|priciest|dearest|strongest|heaviest"
_DOWN = r"fewest|smallest|lowest|least|worst|bottom|cheapest|weakest|lightest"
_NEW, _OLD = r"newest|latest|most recent|most recently|last", r"oldest|earliest|first|longest-standing"
_MORE = r"more than|over|above|exceeding|greater than|bigger than|larger than"
_FROM = r"at least|or more|no less than"
_LESS = r"less than|under|below|fewer than|cheaper than"
_ASKS_NAMES = r"\b(?:which|who|list|show|name)\b"
_SPENT = (
    r"\bspen[dt]s?\b|\bspending\b|\bbought for\b|\bbrought in\b|\bearn(?:ed|s)?\b"
    r"|\bhow much did \w+ (?:sell|make)\b|\bmoney\b"
)
_SUMMED = r"\btotal (?:value|amount|sum|of)\b|\bsum of\b|\bworth\b|\badd up\b|\baltogether\b|\bcombined\b|\bin total\b"
_SPLIT = r"\b(?:(?:broken|split|grouped) (?:down )?)?(?:per|by|for each|for every|in each|each|every|across) "
_OPERATORS = ((_FROM, ">="), (_MORE, ">"), (_LESS, "<"), (r"at most|up to|no more than", "<="))


def answer(system: str, user: str) -> str:
    """The reply to one request: `Workspace: TIER`, `Question: ...` and, on a second try, `Fault: ...`."""
    said = dict(re.findall(r"^(Workspace|Question|Fault): (.*)$", user, flags=re.MULTILINE))
    return translate(said.get("Question", user), said.get("Workspace", "free"), read(system), said.get("Fault", ""))


def translate(question: str, tier: str, guide: Guide, fault: str = "") -> str:
    """The SELECT for one question; glossary lines that use what `fault` names as unknown are left aside."""
    reading = Reading(normal(question))
    missing = re.search(r"\b[Cc]olumn:? '?(?:\w+\.)?(\w+)", fault)
    _glossary(reading, tuple(term for term in guide.terms if not (missing and missing[1] in " ".join(term.conditions))))
    reading.period, reading.text = find(reading.text, Calendar(guide.today, guide.first_month(tier)))
    split = _split(reading)
    _values(reading)
    _identities(reading)
    return _compose(reading, split)


def _glossary(reading: Reading, terms: tuple[Term, ...]) -> None:
    known = sorted(((word, term) for term in terms for word in term.words), key=lambda pair: -len(pair[0]))
    for word, term in known:
        if not reading.take(rf"\b{re.escape(word)}(?:s|es)?\b"):
            continue
        if term.measure and reading.measure is None:
            reading.measure = term.measure
        if term.measure is None or reading.measure == term.measure:
            reading.where += [condition for condition in term.conditions if condition not in reading.where]


def _values(reading: Reading) -> None:
    for words, column, value in values():
        if column == "orders.status" and value == "paid" and re.search(r"\binvoices?\b|\bbills?\b", reading.text):
            continue
        if reading.take(rf"\b{re.escape(words)}\b"):
            reading.linked.setdefault(column, []).append(value)
    if re.search(r"\b(?:invoices?|bills?)\b", reading.text) and reading.take(r"\b(?:paid|settled)\b"):
        reading.where.append("invoices.paid_on IS NOT NULL")
    for column, found in reading.linked.items():
        listed = ", ".join("'" + value.replace("'", "''") + "'" for value in found)
        negated = column == "orders.status" and reading.take(r"\b(?:not|never|were not)\b")
        operator = ("NOT IN" if negated else "IN") if len(found) > 1 or negated else "="
        reading.where.append(f"{column} {operator} ({listed})" if operator != "=" else f"{column} = {listed}")


def _identities(reading: Reading) -> None:
    found = re.search(r"\b(order|invoice) (?:number |no |#)?(\d+)\b", reading.text)
    if found:
        reading.where.append(f"{found[1]}s.id = {found[2]}")


def _split(reading: Reading) -> str | None:
    for column, nouns in DIMENSIONS:
        if reading.take(rf"{_SPLIT}(?:the )?(?:(?:product|customer|order) )?(?:{nouns})\b"):
            return column
    if reading.take(r"\bmonth by month\b|\bmonthly\b"):
        return "MONTH"
    return None


def _compose(reading: Reading, split: str | None) -> str:
    text = reading.text
    subjects = _subjects(reading)
    counted = re.search(r"\bhow many\b|\bnumber of\b|\bcount\b|\bhow often\b", text)
    limit, order = _ranking(reading)
    _bounds(reading, subjects)
    measure = reading.measure or _measure(reading, subjects, counted is not None)
    subject = next(iter((_named(text[counted.end() :]) if counted else []) + subjects), None)
    attribute = next((column for column, pattern in ATTRIBUTES if re.search(pattern, text)), None)
    if (counted or split) and not measure:
        measure = "COUNT(*)" if subject is None else f"COUNT(DISTINCT {subject}.id)"
    dimension = split or _dimension(text, subjects, measure, order)
    if attribute and not measure and not order:
        return select([attribute], reading, None, [], None, "")
    if dimension and measure:
        shown = dated(dimension, reading, measure)
        by_measure = order in {"ASC", "DESC"}
        tail = f"{whole(measure, reading, shown)} {order}, 1" if by_measure else "1"
        return select([shown, measure], reading, shown, reading.having, limit if by_measure else None, tail)
    if measure and not order:
        return select([measure], reading, None, [], None, "")
    table = subject or (subjects[0] if subjects else "orders")
    if reading.having:
        return select([NAMES[table], "COUNT(*)"], reading, NAMES[table], reading.having, limit, "1")
    if order:
        number = date_of(table, reading) if order in {"NEW", "OLD"} else NUMBERS.get(table)
        if number:
            direction = {"NEW": "DESC", "OLD": "ASC"}.get(order, order)
            return select([NAMES[table], number], reading, None, [], limit or 1, f"{number} {direction}, 1")
    return select([NAMES[table]], reading, "", [], None, NAMES[table])


def _subjects(reading: Reading) -> list[str]:
    """The tables the question names, in its order; where it names none, "who" and a product's name still tell."""
    named = _named(reading.text)
    if named:
        return named
    if re.search(r"\bwho\b", reading.text):
        return ["customers"]
    return ["products"] if {"products.category", "products.name"} & set(reading.linked) else []


def _named(text: str) -> list[str]:
    places = ((re.search(rf"\b(?:{nouns})\b", text), table) for table, nouns in ENTITIES)
    return [table for _, table in sorted((found.start(), table) for found, table in places if found)]


def _ranking(reading: Reading) -> tuple[int | None, str]:
    """How many are wanted and in which direction: ASC, DESC, NEW, OLD, or none."""
    for words, direction in ((_NEW, "NEW"), (_OLD, "OLD"), (_UP, "DESC"), (_DOWN, "ASC")):
        found = re.search(rf"\b(\d+ )?(?:{words})\b(?! than)( \d+)?", reading.text)
        if found and not re.search(rf"\bat {found[0].strip()}", reading.text):
            return int(found[1] or found[2] or 1), direction
    return None, ""


def _bounds(reading: Reading, subjects: list[str]) -> None:
    for words, operator in _OPERATORS:
        found = re.search(rf"\b(?:{words}) (\d+)\b ?(\w+)?", reading.text)
        if not found and words == _FROM:
            found = re.search(r"\b(\d+) or more\b ?(\w+)?", reading.text)
        if not found:
            continue
        counted = next((table for table, nouns in ENTITIES if re.fullmatch(nouns, found[2] or "")), None)
        if counted:
            reading.having.append(f"COUNT(DISTINCT {counted}.id) {operator} {found[1]}")
        elif reading.measure and subjects and re.search(_ASKS_NAMES, reading.text):
            reading.having.append(f"{reading.measure} {operator} {found[1]}")
        else:
            table = next((table for table in subjects if table in NUMBERS), "orders")
            reading.where.append(f"{NUMBERS[table]} {operator} {found[1]}")
        return


def _measure(reading: Reading, subjects: list[str], counted: bool) -> str | None:
    text = reading.text
    table = next((table for table in subjects if table in NUMBERS), "orders")
    if re.search(r"\baverage|\bmean\b|\btypical\b", text):
        return f"ROUND(AVG({NUMBERS[table]}), 2)"
    if not counted and re.search(_SPENT, text):
        reading.where.append("orders.status = 'paid'")
        return "SUM(orders.amount)"
    if not counted and re.search(_SUMMED, text):
        return f"SUM({NUMBERS[table]})"
    for counted_table, nouns in ENTITIES:
        if re.search(
            rf"\b(?:has|have|had|placed?|saw|made|got|with) (?:the )?(?:{_UP}|{_DOWN}) (?:\w+ )?(?:{nouns})\b", text
        ):
            return f"COUNT(DISTINCT {counted_table}.id)"
    if reading.having and not counted:
        return reading.having[0].rsplit(" ", 2)[0]
    return None


def _dimension(text: str, subjects: list[str], measure: str | None, order: str) -> str | None:
    """What a ranking ranks: `which region`, `top 3 customers`, `the industry that`."""
    if not measure or (not order and not re.search(_ASKS_NAMES, text)):
        return None
    for column, nouns in DIMENSIONS:
        if re.search(rf"\b(?:which|what|top \d+|bottom \d+|\d+|the|best|worst|biggest) (?:\w+ )?(?:{nouns})\b", text):
            return column
    return "customers.name" if re.search(r"\bwho\b", text) else (NAMES.get(subjects[0]) if subjects else None)
