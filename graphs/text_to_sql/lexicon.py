"""The words of a question that point at tables, columns and values of the schema; what they mean is the same in any prompt."""

from __future__ import annotations

import re

from .schema import CUSTOMERS, INDUSTRIES, PRODUCTS, REGIONS, STATUSES, TIERS

ENTITIES = (
    ("customers", r"customers?|clients?|accounts?|compan(?:y|ies)|buyers?"),
    ("invoices", r"invoices?|bills?"),
    ("orders", r"orders?|purchases?"),
    ("products", r"products?|articles?|things? we sell"),
    ("regions", r"regions?"),
)
"""Table and the nouns that name it."""

NAMES = {
    "customers": "customers.name",
    "products": "products.name",
    "regions": "regions.name",
    "orders": "orders.id",
    "invoices": "invoices.id",
}
"""How one row of a table is called in an answer."""

DIMENSIONS = (
    ("customers.tier", r"tiers?|plans?"),
    ("customers.industry", r"industr(?:y|ies)|sectors?"),
    ("products.category", r"categor(?:y|ies)|product lines?"),
    ("orders.status", r"status(?:es)?"),
    ("regions.name", r"regions?|territor(?:y|ies)"),
    ("customers.name", r"customers?|clients?|accounts?|compan(?:y|ies)"),
    ("products.name", r"products?"),
    ("MONTH", r"months?|monthly"),
    ("YEAR", r"years?|yearly"),
)
"""What a question can be split by; MONTH and YEAR cut the date of whatever is counted."""

ATTRIBUTES = (
    ("customers.tier", r"\bwhich (?:tier|plan)\b|\bwhat (?:tier|plan)\b|\b(?:tier|plan) (?:is|of)\b"),
    ("customers.industry", r"\b(?:which|what) (?:industry|sector)\b|\b(?:industry|sector) (?:is|of)\b"),
    ("products.category", r"\b(?:which|what) category\b|\bcategory (?:is|of)\b"),
    (
        "products.price",
        r"\bhow much (?:is|does|are)\b|\bwhat (?:do|does)\b.*\bcost\b|\bprices?\b (?:of|for)|\bcosts? of\b",
    ),
    ("customers.signed_on", r"\bwhen did\b.*\b(?:sign|join)|\b(?:signing|signup) dates?\b|\bsince when\b"),
    ("regions.name", r"\b(?:which|what) region\b|\bwhere is\b|\bregion (?:is|of)\b|\bbased in which\b"),
    ("orders.status", r"\bstatus of\b|\bwhat(?: is the)? status\b"),
    ("orders.ordered_on", r"\bwhen was order\b|\bdate of order\b|\bplaced on what\b"),
    (
        "orders.amount",
        r"\bamount of order\b|\bhow (?:big|large|much) was order\b|\border \d+ worth\b|\bvalue of order\b",
    ),
    ("invoices.due_on", r"\bwhen is invoice\b.*\bdue\b|\bdue dates?\b"),
    ("invoices.paid_on", r"\bwhen was invoice\b.*\bpaid\b"),
    ("invoices.amount", r"\bamount (?:on|of) invoice\b|\bhow much is invoice\b"),
)
"""What is asked about one named thing."""

NUMBERS = {"orders": "orders.amount", "invoices": "invoices.amount", "products": "products.price"}
"""The column by which a row of a table is big or small."""

DATES = {"orders": "orders.ordered_on", "invoices": "invoices.issued_on", "customers": "customers.signed_on"}

COUNTING = {
    "one": 1,
    "two": 2,
    "three": 3,
    "four": 4,
    "five": 5,
    "six": 6,
    "seven": 7,
    "eight": 8,
    "nine": 9,
    "ten": 10,
    "a dozen": 12,
    "twenty": 20,
}

_EXTRA = (
    ("healthcare", "health care"),
    ("pending", "undecided"),
    ("cancelled", "canceled"),
    ("cancelled", "cancel"),
    ("refunded", "refund"),
    ("pending", "waiting"),
)


def values() -> tuple[tuple[str, str, str], ...]:
    """Every value a question may name: its words, the column it stands in, the value; longest words first."""
    known = [(name.lower(), "products.name", name) for name, _, _ in PRODUCTS]
    known += [(name.lower(), "customers.name", name) for name in CUSTOMERS]
    known += [(name.lower(), "regions.name", name) for name in REGIONS]
    known += [("asia-pacific", "regions.name", "Asia Pacific"), ("european", "regions.name", "Europe")]
    known += [(name, "customers.industry", name) for name in INDUSTRIES]
    known += [(name, "products.category", name) for name in sorted({category for _, category, _ in PRODUCTS})]
    known += [(name, "customers.tier", name) for name in TIERS]
    known += [(name, "orders.status", name) for name in STATUSES]
    known += [(words, "orders.status" if value in STATUSES else "customers.industry", value) for value, words in _EXTRA]
    return tuple(sorted(known, key=lambda entry: -len(entry[0])))


def normal(question: str) -> str:
    """Lower case, no punctuation that carries no meaning here, thousands without commas, counting words as figures."""
    text = re.sub(r"(?<=\d),(?=\d{3})", "", question.lower())
    text = re.sub(r"['’]s\b|['’](?=\s|$)", "", text)
    text = re.sub(r"[?!.,;:\"()$€]", " ", text)
    text = text.replace("most expensive", "priciest")
    for word, number in COUNTING.items():
        text = re.sub(rf"\b(top|bottom|than|least|most|the) {word}\b(?! quarter| half)", rf"\1 {number}", text)
    return " " + " ".join(text.split()) + " "
