"""Sentences of a text, and the words of a sentence that carry content: lexical, for English first, deterministic."""

from __future__ import annotations

import re

ABBREVIATIONS = frozenset(
    ("approx", "dr", "e.g", "eg", "etc", "fig", "i.e", "ie", "inc", "mr", "mrs", "ms", "prof", "vs")
)
BREAK = re.compile(r"(?<=[.!?])[\"')\]]*\s+|\n+")
LIST_MARKS = re.compile(r"^[ \t]*(?:\d+[.)]|[-*•])[ \t]+", re.MULTILINE)
LINK = re.compile(r"\[([^\]]*)\]\([^)]*\)")
URL = re.compile(r"https?://\S+")
LEADING_MARKS = re.compile(r"\s*((?:\[[^\]]+\](?!\()|【[^】]+】)\s*)+")
WORD = re.compile(r"\d[\d,]*(?:\.\d+)?|[^\W\d_]+(?:['’][^\W\d_]+)?")
STOPWORDS = frozenset(
    re.findall(
        r"\w+",
        """a about after all also am an and any are as at be because been before being but by can could did do
        does for from had has have he her here his how i if in into is it its may me more most my of on or
        our out over she should so some such than that the their them then there these they this to up us
        was we were what when where which while who will with would you your""",
    )
)
"""Words that say nothing by themselves. Negations are not among them: they turn a sentence around."""

NUMBERS = {
    "one": "1",
    "two": "2",
    "three": "3",
    "four": "4",
    "five": "5",
    "six": "6",
    "seven": "7",
    "eight": "8",
    "nine": "9",
    "ten": "10",
    "eleven": "11",
    "twelve": "12",
}
NAME = re.compile(r"(?<=[\w,;:] )[A-Z][a-z]\w+")
NEGATION = re.compile(r"\b(?:not|no|never|none|neither|nor|without|cannot)\b|n['’]t\b", re.IGNORECASE)


def sentences(text: str) -> list[str]:
    """The sentences of a text without list marks and addresses; a citation behind a full stop is of the sentence before.

    >>> sentences("Dr. Ann paid 3.50 EUR. [1] It took 5 days!")
    ['Dr. Ann paid 3.50 EUR. [1]', 'It took 5 days!']
    """
    found: list[str] = []
    for part in BREAK.split(LIST_MARKS.sub("", URL.sub("", LINK.sub(r"\1", text)))):
        marks = LEADING_MARKS.match(part) if found else None
        if marks:
            found[-1] += f" {marks[0].strip()}"
        piece = part[marks.end() :] if marks else part
        last = found[-1].rsplit(maxsplit=1)[-1].strip("(\"'").casefold() if found else ""
        if found and last.endswith(".") and last[:-1] in ABBREVIATIONS:
            found[-1] += f" {piece}"
        elif piece.strip():
            found.append(piece.strip())
    return found


def content_words(text: str) -> frozenset[str]:
    """Words and numbers that carry content, without case, plural and thousands separators.

    >>> sorted(content_words("The refunds took five days, 1,500 EUR."))
    ['1500', '5', 'day', 'eur', 'refund', 'took']
    """
    return frozenset(_stem(word) for word in WORD.findall(text.casefold()) if word not in STOPWORDS)


def numbers(words: frozenset[str]) -> frozenset[str]:
    """Those of the words that are numbers."""
    return frozenset(word for word in words if word[0].isdigit())


def names(text: str) -> dict[str, str]:
    """Words with a capital letter that do not begin the sentence, by their form as content words.

    >>> names("Then Ann paid Bob.")
    {'ann': 'Ann', 'bob': 'Bob'}
    """
    return {_stem(word.casefold()): word for word in NAME.findall(text) if word.casefold() not in STOPWORDS}


def is_negated(text: str) -> bool:
    """Whether a word of negation stands in the text.

    >>> is_negated("We don't ship."), is_negated("We ship.")
    (True, False)
    """
    return NEGATION.search(text) is not None


def _stem(word: str) -> str:
    if word[0].isdigit():
        plain = word.replace(",", "")
        return plain.rstrip("0").rstrip(".") if "." in plain else plain
    word = NUMBERS.get(word, word).removesuffix("'s").removesuffix("’s")
    return word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith("ss") else word
